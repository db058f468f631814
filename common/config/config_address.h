/*
 * Where a listener listens and where an url leads.  Does no I/O.
 */
#ifndef COMMON_CONFIG_CONFIG_ADDRESS_H
#define COMMON_CONFIG_CONFIG_ADDRESS_H

#include <stdbool.h>

struct config_address {
	char host[256]; /* without brackets; "": every address of the machine */
	char port[6];   /* 1 to 65535 */
};

/* "host:port", "[::1]:port", ":port".  False: it is none of them. */
bool config_address_parse(const char *text, struct config_address *out);
/* The host and port of "https://host[:port][/path]" or "http://...", without
 * user, question or fragment.  False: it is no such url. */
bool config_address_of_url(const char *url, bool *tls,
    struct config_address *out);
/* Two programs cannot listen at both. */
bool config_addresses_clash(const struct config_address *a,
    const struct config_address *b);
/* Nobody outside of this machine is there: 127.x, ::1, localhost. */
bool config_address_is_loopback(const struct config_address *a);

#endif
