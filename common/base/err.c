/*
 * Errors as values; see err.h.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/err.h"

/* Ends a text that did not fit in "...". */
static void
mark_cut(char *msg, int wanted)
{
	if (wanted >= ERR_MSG_SIZE)
		memcpy(msg + ERR_MSG_SIZE - 4, "...", 4);
}

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->sys = 0;
	va_start(ap, fmt);
	mark_cut(e->msg, vsnprintf(e->msg, sizeof(e->msg), fmt, ap));
	va_end(ap);
	return -1;
}

int
err_sys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	char what[ERR_MSG_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	err_set(e, ERR_SYS, "%s: %s", what, strerror(saved));
	e->sys = saved;
	return -1;
}

int
err_wrap(struct err *e, const char *fmt, ...)
{
	char outer[ERR_MSG_SIZE], inner[ERR_MSG_SIZE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	(void)vsnprintf(outer, sizeof(outer), fmt, ap);
	va_end(ap);
	memcpy(inner, e->msg, sizeof(inner));
	n = snprintf(e->msg, sizeof(e->msg), "%s: %s", outer, inner);
	mark_cut(e->msg, n);
	return -1;
}

void
err_clear(struct err *e)
{
	*e = (struct err){ .kind = ERR_NONE };
}

bool
err_from_outside(struct err *e)
{
	e->msg[sizeof(e->msg) - 1] = '\0';
	if ((unsigned)e->kind <= ERR_INTERNAL)
		return true;
	err_clear(e);
	return false;
}

const char *
err_kind_name(enum err_kind kind)
{
	static const char *const name[] = {
		[ERR_NONE] = "none",
		[ERR_SYS] = "system",
		[ERR_TEMP] = "temporary",
		[ERR_INPUT] = "input",
		[ERR_CONFIG] = "configuration",
		[ERR_USAGE] = "usage",
		[ERR_MISSING] = "missing",
		[ERR_HOST] = "host",
		[ERR_CREATE] = "create",
		[ERR_PROTOCOL] = "protocol",
		[ERR_DENIED] = "denied",
		[ERR_INTERNAL] = "internal",
	};
	return name[kind];
}

/* What the kernel refused, as a caller's next step. */
static int
sys_exit_code(int sys)
{
	switch (sys) {
	case ENOMEM:
		return EX_OSERR;
	case EACCES:
	case EPERM:
		return EX_NOPERM;
	case EIO:
	case EBADF:
		return EX_IOERR;
	case ENOENT:
	case ENOTDIR:
		return EX_NOINPUT;
	case EROFS:
		return EX_CANTCREAT;
	default: /* full, short of descriptors, interrupted, unreachable */
		return EX_TEMPFAIL;
	}
}

int
err_exit_code(const struct err *e)
{
	switch (e->kind) {
	case ERR_NONE:
		return EX_OK;
	case ERR_SYS:
		return sys_exit_code(e->sys);
	case ERR_TEMP:
		return EX_TEMPFAIL;
	case ERR_INPUT:
		return EX_DATAERR;
	case ERR_CONFIG:
		return EX_CONFIG;
	case ERR_USAGE:
		return EX_USAGE;
	case ERR_MISSING:
		return EX_NOINPUT;
	case ERR_HOST:
		return EX_UNAVAILABLE; /* 69, as documented; EX_NOHOST is for mail */
	case ERR_CREATE:
		return EX_CANTCREAT;
	case ERR_PROTOCOL:
		return EX_PROTOCOL;
	case ERR_DENIED:
		return EX_NOPERM;
	case ERR_INTERNAL:
		return EX_SOFTWARE;
	}
	return EX_SOFTWARE;
}

int
err_worse_exit(int a, int b)
{
	static const int order[] = { EX_CONFIG, EX_NOPERM, EX_PROTOCOL,
		EX_DATAERR, EX_TEMPFAIL };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return a > b ? a : b;
}
