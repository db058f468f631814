/*
 * The process of the listener: libmicrohttpd in a loop of ours, the streams of
 * the sessions, and what it costs to be a stranger.  Which request belongs where
 * is http_answerer.h.
 */
#ifndef TRANSPORT_HTTP_HTTP_SERVER_H
#define TRANSPORT_HTTP_HTTP_SERVER_H

#include "common/base/clock.h"
#include "transport/http/http_secrets.h"
#include "transport/transport.h"

/* Of an association, in memory that the listener's parent reads. */
struct http_tally {
	uint64_t refused; /* requests that it may not make */
	/* bytes of its connections, heads, TLS and its handshakes too */
	struct channel_meter wire;
};

struct http_server_opts {
	int socket; /* listens */
	int control; /* to our parent: an association's number and a descriptor */
	const struct http_secrets *secrets;
	size_t sessions_most;
	struct http_tally
	    *tally; /* of each; what is of nobody is only logged */
};

/* Confines itself; until the parent is gone. */
int http_server_run(const struct http_server_opts *o, struct err *e);
/* Would it begin with these certificates?  ERR_CONFIG: no. */
int http_server_check(const struct http_secrets *s, struct err *e);
/* After that: is the time of our certificate now?  ERR_CONFIG: no. */
int http_server_check_dates(const struct http_secrets *s, struct wall now,
    struct err *e);

#endif
