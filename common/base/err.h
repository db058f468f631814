/*
 * Errors as values: what went wrong, whose turn it is to act, one line for a
 * person.  The finder fills, the middle wraps, one place logs.
 */
#ifndef COMMON_BASE_ERR_H
#define COMMON_BASE_ERR_H

#include <stdbool.h>

enum err_kind {
	ERR_NONE,
	ERR_SYS,      /* the kernel said no: see sys */
	ERR_TEMP,     /* busy, unreachable or full: retry with backoff */
	ERR_INPUT,    /* outside bytes break a format or limit: quarantine */
	ERR_CONFIG,   /* operator's mistake: go on as before */
	ERR_USAGE,    /* wrong words on the command line */
	ERR_MISSING,  /* a file named by the caller is not there */
	ERR_HOST,     /* a host name does not resolve */
	ERR_CREATE,   /* a file named by the caller cannot be made */
	ERR_PROTOCOL, /* the peer does not speak our protocol or version */
	ERR_DENIED,   /* a key, an owner or an account is not the right one */
	ERR_INTERNAL, /* our own bug */
};

enum {
	ERR_MSG_SIZE = 512
};

/* Zero-initialised means no error.  Never allocated, freely copied. */
struct err {
	enum err_kind kind;
	int sys;                /* errno, or 0 */
	char msg[ERR_MSG_SIZE]; /* "outer: inner"; cut with "..." */
};

/* Fill e (never NULL) and return -1. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with ERR_SYS, errno and its text behind ": ". */
int err_sys(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Put "context: " before what e says already.  Returns -1. */
int err_wrap(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void err_clear(struct err *e);
/* What another process wrote there: its text ends, and it is safe to use.  False,
 * and then it says nothing: its kind is none that there is. */
bool err_from_outside(struct err *e);

const char *err_kind_name(enum err_kind kind);
/* The <sysexits.h> status of e: ERR_NONE 0, ERR_TEMP 75, ... ERR_SYS by its
 * errno: full or short of descriptors 75, memory 71, EIO 74, access 77. */
int err_exit_code(const struct err *e);
/* Of several associations' statuses: 78, 77, 76, 65, 75, then any other. */
int err_worse_exit(int a, int b);

#endif
