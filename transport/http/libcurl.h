/*
 * libcurl, loaded when it is first used: with what it brings it is twenty-five
 * libraries and 5 ms of processor time, which no other command or session has to
 * wait for.  Its functions have their own names and are declared by
 * <curl/curl.h>; a program that calls another one does not link before
 * libcurl.c has it.
 */
#ifndef TRANSPORT_HTTP_LIBCURL_H
#define TRANSPORT_HTTP_LIBCURL_H

#include "common/base/err.h"

/* Before any of them, a confinement and a thread.  ERR_MISSING: it is not
 * installed.  Stays to the end of the program. */
int libcurl_load(struct err *e);

#endif
