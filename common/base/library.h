/*
 * A library that is loaded when it is first used.  What a program is linked
 * with it loads at each start, and binds at once: libcurl with what it brings
 * is twenty-five libraries and 5 ms of processor time, librrd fifty and 5 ms,
 * libxml2 1.4 ms, libgnutls 1.4 ms, libssh2 0.8 ms.  A command that reads a
 * status takes less, and a site's push pays at both ends.
 *
 * Whose it is lists the functions in a header, without what their names begin
 * with, and has a struct of pointers to them:
 *
 *	#define LIBFOO_FUNCTIONS(F) F(open) F(close)
 */
#ifndef COMMON_BASE_LIBRARY_H
#define COMMON_BASE_LIBRARY_H

#include <stddef.h>

#include "common/base/err.h"

struct library_function {
	const char *name;
	void *at; /* the pointer to it, of whatever type */
};

struct library {
	const char *name;    /* "libfoo" */
	const char *soname;  /* of dlopen(3): "libfoo.so.1" */
	const char *package; /* which has it on Debian */
	const struct library_function *functions;
	size_t n;
};

/* Fill the pointers.  To be called before a program confines itself or starts a
 * thread; again costs next to nothing.  What is loaded stays to the end of the
 * program.  ERR_MISSING: it is not installed, or lacks a function; ERR_SYS with
 * ENOMEM: it is there, and memory is short or the file is bad. */
int library_load(const struct library *l, struct err *e);

#endif
