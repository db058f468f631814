/*
 * The addresses of a far end.
 */
#ifndef TRANSPORT_HOST_H
#define TRANSPORT_HOST_H

#include <netdb.h>

#include "common/base/err.h"

/* For streams; port is a number, or NULL.  Owned: freeaddrinfo.  ERR_HOST: there
 * is no such host, and `key` is where the configuration names it. */
int host_look_up(const char *host, const char *port, const char *key,
    struct addrinfo **out, struct err *e);

#endif
