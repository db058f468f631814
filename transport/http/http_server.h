/*
 * The process of the listener: libmicrohttpd in a loop of ours, the streams of
 * the sessions, and what it costs to be a stranger.  Which request belongs where
 * is http_answerer.h.
 */
#ifndef TRANSPORT_HTTP_HTTP_SERVER_H
#define TRANSPORT_HTTP_HTTP_SERVER_H

#include "transport/http/http_secrets.h"

struct http_server_opts {
	int socket; /* listens */
	int control; /* to our parent: an association's number and a descriptor */
	const struct http_secrets *secrets;
	size_t sessions_most;
	/* Of each association, shared with our parent: requests that it may not
	 * make.  What is of nobody is only logged. */
	uint64_t *refused;
};

/* Confines itself; until the parent is gone. */
int http_server_run(const struct http_server_opts *o, struct err *e);
/* Would it begin with these certificates?  ERR_CONFIG: no. */
int http_server_check(const struct http_secrets *s, struct err *e);

#endif
