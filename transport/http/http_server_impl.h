/*
 * Inside of the listener's process: http_server.c has the loop and the streams,
 * http_server_request.c requests, http_server_peer.c connections.
 */
#ifndef TRANSPORT_HTTP_HTTP_SERVER_IMPL_H
#define TRANSPORT_HTTP_HTTP_SERVER_IMPL_H

#include <sys/socket.h>

#include "transport/http/http_answerer.h"
#include "transport/http/http_server.h"
#include "transport/http/libmicrohttpd.h"

enum {
	PEERS_MOST = 1000,
	PEERS_OF_ONE =
	    16, /* association: eight, those that are dead, a proxy's */
	AHEAD_MOST = 64 << 20, /* of all bodies that came before their turn */
	CONNECTION_MEMORY = 32 << 10, /* of each: head, and a part of body */
};

/* A connection. */
struct http_peer {
	struct http_peer *next, *before;
	int fd;
	struct mono since;  /* it began, or its last request was over */
	bool known;         /* it proved itself once */
	bool certified;     /* by its certificate, as: */
	size_t certificate; /* that association */
	size_t association; /* known: whose the last request was */
	bool busy;          /* a request has begun */
	bool cut;
	bool refused;     /* and counted */
	uint64_t counted; /* bytes, of the association */
	uint64_t moved;   /* bytes of a body, since: */
	struct mono moving;
};

/* The stream of an association's session. */
struct http_stream {
	int fd; /* -1: none */
	unsigned events;
	bool full; /* it takes nothing now */
};

/* A request that was let in. */
struct http_asked {
	struct http_asked *next, *before;
	struct http_server *s;
	struct MHD_Connection *connection;
	struct http_peer *peer;
	struct http_ticket ticket;
	uint64_t body_n;
	/* of its body, what waits for what goes before; were it left in the socket,
	 * a long link would stand still */
	struct buf ahead;
	bool asleep; /* suspended */
};

struct http_server {
	const struct http_server_opts *o;
	struct MHD_Daemon *daemon;
	int epoll;
	struct http_answerer *answerer;
	struct http_stream *stream; /* one an association */
	struct http_asked *asked;
	size_t ahead;           /* bytes that they keep */
	struct http_peer *peer; /* the oldest is the last */
	size_t n_peer;
	struct mono now;
	/* what was refused since the log was told */
	uint64_t refused;
	struct mono told;
};

/* http_server.c: a stream for a new session; false: not now. */
bool http_server_begin_stream(struct http_server *s, size_t association);
void http_server_end_stream(struct http_server *s, size_t association);

/* http_server_request.c: of libmicrohttpd, which has the server as cls. */
enum MHD_Result http_server_on_request(void *cls, struct MHD_Connection *c,
    const char *url, const char *method, const char *version, const char *data,
    size_t *data_n, void **request);
void http_server_on_over(void *cls, struct MHD_Connection *c, void **request,
    enum MHD_RequestTerminationCode why);
/* Wake what can go on; when to look again. */
void http_server_wake_requests(struct http_server *s, struct mono *wake);

/* http_server_head.c: 0, or the status that refuses a head of two meanings.  nobody:
 * it does not say whose it is, either. */
unsigned http_server_head(struct MHD_Connection *c, const char *path,
    const char *version, bool *nobody);

/* http_server_peer.c */
void http_server_on_peer(void *cls, struct MHD_Connection *c, void **peer,
    enum MHD_ConnectionNotificationCode why);
struct http_peer *http_server_peer_of(struct MHD_Connection *c);
/* Which association asks; false: nobody that we know. */
bool http_server_known(struct http_server *s, struct MHD_Connection *c,
    size_t *association);
/* May a request of that association begin on this connection?  One of its others,
 * that rests, may have to make room. */
bool http_server_has_room(struct http_server *s, struct MHD_Connection *c,
    size_t association);
/* What went over it is the association's that it is known as. */
void http_server_count_bytes(struct http_server *s, struct http_peer *p);
void http_server_count_all_bytes(struct http_server *s);
/* So long nobody could be heard. */
void http_server_forgive_peers(struct http_server *s, int64_t ms);
/* Cut what is slow, or strange for too long, or too many. */
void http_server_sweep_peers(struct http_server *s);
/* A request was, or a connection that brought none: it is counted, and the log is
 * told now and then. */
void http_server_refused(struct http_server *s, struct MHD_Connection *c,
    unsigned status);

#endif
