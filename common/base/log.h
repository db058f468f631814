/*
 * The log: one event a line, `what key=value ...`, to standard error (with
 * <priority> under systemd's journal) or to syslog.  Bytes from outside go
 * through log_escape.  Keeps errno.
 */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include <stddef.h>

#include "common/base/buf.h"

enum log_level {
	LOG_LEVEL_ERR,  /* someone must act */
	LOG_LEVEL_WARN, /* degraded, we go on */
	LOG_LEVEL_INFO, /* a state changed, or one line per batch */
	LOG_LEVEL_DEBUG,
};

enum log_target {
	/* journal's priorities if stderr is the journal's stream, plain on a
	 * terminal or file, else syslog */
	LOG_TARGET_AUTO,
	LOG_TARGET_STDERR,
	LOG_TARGET_SYSLOG,
};

enum {
	LOG_LINE_MAX = 1024
}; /* longer lines end in "..." */

void log_open(const char *program, enum log_target target, enum log_level most);
/* After all descriptors from 3 up were closed in a child. */
void log_reopen(void);
void log_set_level(enum log_level most);
/* Lines go to standard error. */
bool log_on_stderr(void);
/* They go to the journal, or to syslog, which keep them for who looks. */
bool log_is_kept(void);
void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* s on one line into out (size > 4): printable ASCII as it is, the backslash
 * doubled, all else \xNN, cut with "...".  Returns out. */
const char *log_escape(char *out, size_t size, struct slice s);
/* The same of text that holds such parts already: the backslash stays. */
const char *log_escape_again(char *out, size_t size, struct slice s);

#endif
