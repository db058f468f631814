/*
 * What the listener of transport http knows a requester by: a token of each
 * association, or a certificate that names it.
 */
#ifndef TRANSPORT_HTTP_HTTP_SECRETS_H
#define TRANSPORT_HTTP_HTTP_SECRETS_H

#include "common/config/config.h"
#include "transport/http/http_words.h"
#include "transport/http/libmicrohttpd.h"

struct http_known {
	const char *name; /* the association's; the configuration has it */
	struct buf file;
	struct slice token; /* empty: known by its certificate alone */
	bool
	    dialed; /* by us: who comes as its other end is told so, and no more */
};

struct http_secrets {
	struct buf certificate, key, client_ca; /* PEM; empty: none */
	struct http_known *known;
	size_t n;
};

/* Read all files that the listener of this node needs, of the n associations.
 * ERR_CONFIG: one is not right, or two have the same token.  Of those that we dial
 * nothing is needed: their token counts where it is there, and no other's.
 * Owned: http_secrets_clear, also after a failure. */
int http_secrets_read(const struct config *c,
    const struct association *const *list, size_t n, struct http_secrets *out,
    struct err *e);
void http_secrets_clear(struct http_secrets *s);

/* Whose token it is; all are looked at. */
bool http_secrets_by_token(const struct http_secrets *s, struct slice token,
    size_t *which);
/* Whose certificate the peer of this TLS session has: one of its DNS names, or
 * its common name, is the association's name.  False: it has none, or one that
 * is not vouched for, or that names none or several; those that we dial are
 * looked at after the others. */
bool http_secrets_by_certificate(const struct http_secrets *s,
    gnutls_session_t tls, size_t *which);

#endif
