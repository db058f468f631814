/*
 * The log; see log.h.  The process's one global besides main's.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "common/base/log.h"

enum log_form {
	FORM_PLAIN,
	FORM_JOURNAL, /* sd-daemon(3): "<priority>text" on stderr */
	FORM_SYSLOG,
};

static struct {
	char program[64];
	enum log_level most;
	enum log_form form;
} log_state = { .program = "axletree", .most = LOG_LEVEL_INFO };

/* systemd names the stream it gave us as "device:inode". */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char mine[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
		return false;
	(void)snprintf(mine, sizeof(mine), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(stream, mine) == 0;
}

static bool
stderr_is_open(void)
{
	struct stat st, null;

	if (fstat(STDERR_FILENO, &st) == -1)
		return false;
	return stat("/dev/null", &null) == -1 || st.st_rdev != null.st_rdev ||
	    !S_ISCHR(st.st_mode);
}

void
log_open(const char *program, enum log_target target, enum log_level most)
{
	(void)snprintf(log_state.program, sizeof(log_state.program), "%s",
	    program);
	log_state.most = most;
	if (target == LOG_TARGET_SYSLOG ||
	    (target == LOG_TARGET_AUTO && !stderr_is_open()))
		log_state.form = FORM_SYSLOG;
	else if (stderr_is_journal())
		log_state.form = FORM_JOURNAL;
	else
		log_state.form = FORM_PLAIN;
	log_reopen();
}

void
log_reopen(void)
{
	if (log_state.form != FORM_SYSLOG)
		return;
	closelog();
	/* at once: a confined process opens no sockets later */
	openlog(log_state.program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_set_level(enum log_level most)
{
	log_state.most = most;
}

bool
log_on_stderr(void)
{
	return log_state.form != FORM_SYSLOG;
}

bool
log_is_kept(void)
{
	return log_state.form != FORM_PLAIN;
}

static int
syslog_priority(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERR:
		return LOG_ERR;
	case LOG_LEVEL_WARN:
		return LOG_WARNING;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_DEBUG:
		return LOG_DEBUG;
	}
	return LOG_ERR;
}

static void
emit(enum log_level level, const char *text)
{
	char line[LOG_LINE_MAX + 96];
	int n;
	ssize_t ignored;

	if (log_state.form == FORM_SYSLOG) {
		syslog(syslog_priority(level), "%s", text);
		return;
	}
	if (log_state.form == FORM_JOURNAL)
		n = snprintf(line, sizeof(line), "<%d>%s\n",
		    syslog_priority(level), text);
	else
		n = snprintf(line, sizeof(line), "%s: %s\n", log_state.program,
		    text);
	ignored = write(STDERR_FILENO, line, (size_t)n);
	(void)ignored; /* a log that cannot be written must not stop the work */
}

__attribute__((format(printf, 2, 0))) static void
vlog(enum log_level level, const char *fmt, va_list ap)
{
	int saved = errno;
	char raw[LOG_LINE_MAX + 1];

	if (level > log_state.most)
		return;
	if (vsnprintf(raw, sizeof(raw), fmt, ap) > LOG_LINE_MAX)
		memcpy(raw + LOG_LINE_MAX - 3, "...", 4);
	for (char *p = raw; *p != '\0'; p++) /* one event is one line */
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	emit(level, raw);
	errno = saved;
}

#define LOG_FUNCTION(name, level)       \
	void name(const char *fmt, ...) \
	{                               \
		va_list ap;             \
                                        \
		va_start(ap, fmt);      \
		vlog(level, fmt, ap);   \
		va_end(ap);             \
	}

LOG_FUNCTION(log_err, LOG_LEVEL_ERR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

static const char *
escape(char *out, size_t size, struct slice s, bool again)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char enc[5];
		size_t n;

		if (c == '\\' && !again) {
			memcpy(enc, "\\\\", n = 2);
		} else if (c >= 0x20 && c < 0x7f) {
			enc[0] = (char)c;
			n = 1;
		} else {
			enc[0] = '\\';
			enc[1] = 'x';
			enc[2] = hex[c >> 4];
			enc[3] = hex[c & 15];
			n = 4;
		}
		/* what follows must fit as well, or the dots in its place */
		if (at + n + (i + 1 < s.n ? 4 : 1) > size) {
			memcpy(out + at, "...", 4);
			return out;
		}
		memcpy(out + at, enc, n);
		at += n;
	}
	out[at] = '\0';
	return out;
}

const char *
log_escape(char *out, size_t size, struct slice s)
{
	return escape(out, size, s, false);
}

const char *
log_escape_again(char *out, size_t size, struct slice s)
{
	return escape(out, size, s, true);
}
