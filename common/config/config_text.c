/*
 * Reading one file of the configuration; see config_text.h.
 *
 * libconfuse 3.3 expands ${NAME}, counts the line of a block comment twice,
 * skips what its grammar has no place for and ends an open block at the end of
 * the file.  The scan here knows strings, comments and braces, no more, and
 * settles those four.
 */
#include <config.h> /* not the one beside this file */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/config/config_text.h"

enum {
	DOLLAR = 1 /* stands for '$' while libconfuse reads */
};

struct scan {
	const char *path;
	char *p; /* the text, changed in place */
	size_t n, at;
	int line;
	int depth;     /* of braces */
	int open_line; /* where the outermost that is open began */
	struct err *e;
};

/* --- The bytes ---------------------------------------------------------- */

/* RFC 3629; what each character means is another's, of the values. */
static bool
is_utf8(struct slice s)
{
	while (s.n > 0) {
		const unsigned char *p = (const unsigned char *)s.p;
		size_t more = p[0] < 0x80 ? 0
		    : p[0] < 0xc2         ? 4
		    : p[0] < 0xe0         ? 1
		    : p[0] < 0xf0         ? 2
		    : p[0] < 0xf5         ? 3
					  : 4;

		if (more >= s.n || more > 3)
			return false;
		for (size_t i = 1; i <= more; i++)
			if ((p[i] & 0xc0) != 0x80)
				return false;
		if ((p[0] == 0xe0 && p[1] < 0xa0) ||
		    (p[0] == 0xed && p[1] > 0x9f) ||
		    (p[0] == 0xf0 && p[1] < 0x90) ||
		    (p[0] == 0xf4 && p[1] > 0x8f))
			return false;
		s.p += more + 1;
		s.n -= more + 1;
	}
	return true;
}

static int
check_line(const char *path, int line, struct slice s, struct err *e)
{
	size_t i;

	if (s.n > CONFIG_TEXT_LINE_MAX)
		return err_set(e, ERR_CONFIG,
		    "%s:%d: the line is longer than %d bytes", path, line,
		    CONFIG_TEXT_LINE_MAX);
	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\r')
			return err_set(e, ERR_CONFIG,
			    "%s:%d: a carriage return: lines end in LF alone",
			    path, line);
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return err_set(e, ERR_CONFIG,
			    "%s:%d: a control character (0x%02x)", path, line,
			    c);
	}
	if (!is_utf8(s))
		return err_set(e, ERR_CONFIG, "%s:%d: is not UTF-8", path,
		    line);
	return 0;
}

static int
check_bytes(const char *path, struct slice in, struct err *e)
{
	struct slice line;
	int number = 1;

	if (slice_starts(in, SLICE("\xef\xbb\xbf")))
		return err_set(e, ERR_CONFIG,
		    "%s:1: begins with a byte order mark: remove it", path);
	for (; slice_cut(&in, '\n', &line); number++)
		if (check_line(path, number, line, e) == -1)
			return -1;
	return check_line(path, number, in, e);
}

/* --- Strings and comments ------------------------------------------------ */

static int
complain(const struct scan *s, int line, const char *what)
{
	return err_set(s->e, ERR_CONFIG, "%s:%d: %s", s->path, line, what);
}

/* The byte `ahead` of here, or a line's end past the text. */
static char
peek(const struct scan *s, size_t ahead)
{
	if (s->n - s->at <= ahead)
		return '\n';
	return s->p[s->at + ahead];
}

static void
step(struct scan *s)
{
	if (s->p[s->at] == '\n')
		s->line++;
	else if (s->p[s->at] == '$')
		s->p[s->at] = DOLLAR;
	s->at++;
}

static void
blank(struct scan *s)
{
	if (s->p[s->at] != '\n')
		s->p[s->at] = ' ';
	step(s);
}

static int
skip_string(struct scan *s, char quote)
{
	int line = s->line;

	for (step(s); s->at < s->n; step(s)) {
		if (s->p[s->at] == quote) {
			step(s);
			return 0;
		}
		if (s->p[s->at] == '\\' && s->n - s->at > 1)
			step(s);
	}
	return complain(s, line, "a string begins here and does not end");
}

static void
blank_line(struct scan *s)
{
	while (s->at < s->n && s->p[s->at] != '\n')
		blank(s);
}

static int
blank_block(struct scan *s)
{
	int line = s->line;

	blank(s);
	for (blank(s); s->at < s->n; blank(s)) {
		if (s->p[s->at] == '*' && peek(s, 1) == '/') {
			blank(s);
			blank(s);
			return 0;
		}
	}
	return complain(s, line, "a comment begins here and does not end");
}

static int
scan_slash(struct scan *s)
{
	char next = peek(s, 1);

	if (next == '/') {
		blank_line(s);
		return 0;
	}
	if (next == '*')
		return blank_block(s);
	if (strchr(" \t\n#\"'={}()+,", next) != NULL)
		return complain(s, s->line,
		    "a slash ends a word here: put it in double quotes");
	step(s);
	return 0;
}

static int
scan_one(struct scan *s)
{
	switch (s->p[s->at]) {
	case '"':
	case '\'':
		return skip_string(s, s->p[s->at]);
	case '#':
		blank_line(s);
		return 0;
	case '/':
		return scan_slash(s);
	case '{':
		if (s->depth++ == 0)
			s->open_line = s->line;
		break;
	case '}':
		s->depth--;
		break;
	case '*':
		return complain(s, s->line,
		    "a '*' stands bare: put the word in double quotes");
	case '+':
		if (peek(s, 1) != '=')
			return complain(s, s->line,
			    "a '+' stands bare: put the word in double quotes");
		break;
	default:
		break;
	}
	step(s);
	return 0;
}

static int
clean(const char *path, struct buf *text, struct err *e)
{
	struct scan s = { path, text->p, text->n, .line = 1, .e = e };

	if (check_bytes(path, buf_slice(text), e) == -1)
		return -1;
	while (s.at < s.n)
		if (scan_one(&s) == -1)
			return -1;
	if (s.depth > 0)
		return complain(&s, s.open_line,
		    "a block begins here and does not end");
	return 0;
}

void
config_text_restore(char *value)
{
	for (; *value != '\0'; value++)
		if (*value == DOLLAR)
			*value = '$';
}

/* --- The file ------------------------------------------------------------ */

static int
check_file(const char *path, const struct stat *st, struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_CONFIG, "%s: is not a regular file",
		    path);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(e, ERR_CONFIG,
		    "%s: others than its owner may write it: chmod go-w", path);
	if (st->st_size > CONFIG_TEXT_MAX)
		return err_set(e, ERR_CONFIG, "%s: is larger than %d bytes",
		    path, CONFIG_TEXT_MAX);
	return 0;
}

int
config_text_read(const char *path, struct config_text *out, struct err *e)
{
	struct config_text t = { .text = { .limit = CONFIG_TEXT_MAX + 1 } };
	struct stat st;
	int fd, rc = -1;

	/* What it is becomes known only when it is open, so do not wait. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		err_sys(e, "%s", path);
		if (e->sys == ENOENT)
			e->kind = ERR_MISSING;
		else if (e->sys == EACCES && stat(path, &st) == 0 &&
		    st.st_uid == geteuid())
			err_set(e, ERR_CONFIG,
			    "%s: Permission denied: chmod u+r", path);
		goto out;
	}
	if (check_file(path, &st, e) == -1 ||
	    io_read_upto(fd, CONFIG_TEXT_MAX + 1, &t.text, e) == -1)
		goto out;
	if (t.text.n > CONFIG_TEXT_MAX) {
		err_set(e, ERR_CONFIG, "%s: is larger than %d bytes", path,
		    CONFIG_TEXT_MAX);
		goto out;
	}
	if (clean(path, &t.text, e) == -1)
		goto out;
	t.device = st.st_dev;
	t.inode = st.st_ino;
	t.owner = st.st_uid;
	*out = t;
	t.text = (struct buf){ 0 };
	rc = 0;
out:
	if (fd != -1)
		close(fd);
	buf_clear(&t.text);
	return rc;
}

void
config_text_clear(struct config_text *t)
{
	buf_clear(&t->text);
}
