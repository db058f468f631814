/*
 * A spool, a session and a channel brought together: what push, pull, receive
 * and serve share.  The thin shell around transport/session/session.h.
 */
#ifndef TRANSPORT_DELIVERY_DELIVERY_H
#define TRANSPORT_DELIVERY_DELIVERY_H

#include "common/base/clock.h"
#include "common/config/node.h"
#include "common/spool/inbox.h"
#include "common/spool/outbox.h"
#include "transport/session/session.h"
#include "transport/transport.h"

/* What a session did so far. */
struct delivery_sofar {
	uint64_t bytes; /* on the wire, as far as that is known */
	bool open;      /* the two ends have agreed */
	/* what was acknowledged and taken, newest: a change is a delivery */
	uint64_t acked, taken;
	uint64_t lost; /* as delivery_lost */
	struct session_counts counts;
};

/* For a person who watches: called a few times a second while a session runs, and
 * with NULL when it is over. */
struct delivery_show {
	void (*show)(void *arg, const struct delivery_sofar *now); /* or NULL */
	void *arg;
};

struct notices;
/* Acts on what came in the inbox of `a`, as far as that is sealed.  What an answer
 * made the outbox drop is told by `told`. */
typedef int delivery_took(const struct node *n, const struct association *a,
    struct notices *told, struct err *e);

struct delivery_opts {
	const struct config *config;
	const struct association *association;
	bool opener;          /* we opened the channel */
	bool ahead;           /* and it will open: code while it does */
	bool once;            /* it ends when all is delivered, kept or not */
	struct mono deadline; /* the session is cut then; ns 0: none */
	/* Stays open: channel_close has the cause of what failed in it. */
	const struct channel *channel;
	/* Called every few seconds while it runs, and at once when one that stays
	 * open begins, or look_bytes more went over the wire (0: not for that).
	 * True: end in order.  NULL: none. */
	bool (*look)(void *arg, const struct delivery_sofar *now);
	uint64_t look_bytes;
	uint64_t leave_bytes; /* then it ends in order by itself; 0: never */
	/* Called when a session that is kept open begins, and whenever something
	 * that came was sealed, a moment after it came.  -1: it is called again
	 * in some seconds.  NULL: none. */
	int (*came)(void *arg);
	void *arg;
	struct delivery_show show;
};

struct delivery_result {
	struct session_counts counts;
	bool opened;                /* the two ends had agreed */
	uint64_t metered;           /* bytes, by the channel's meter */
	struct spool_point acked;   /* of our outbox */
	struct spool_point durable; /* of our inbox */
	/* Why we began a new stream, to be told once; START_ON: we did not. */
	enum start_verdict renewed;
	bool replaced; /* the peer began one: tell once */
	uint64_t lost; /* numbers newly recorded as lost */
	/* of our outbox: given up for the budget; found damaged, or, when a new
	 * stream began, without their CONFIG: kept in quarantine */
	uint64_t dropped, damaged;
	uint64_t quarantined; /* refused or poisonous: kept there */
	uint64_t poisonous;   /* of them, those that were acknowledged */
	/* Carried: something came from the other end, or went to where it looks.
	 * Not by a mere look. */
	bool moved;
	/* Carried: all that the other end says it sends is here (of one that
	 * does not say: something came), so nothing refused before is missing. */
	bool all_here;
	uint64_t ignored;         /* carried files that are none of ours */
	uint64_t unbelieved_acks; /* carried, damaged or by a stranger */
	uint64_t unsigned_files;  /* that wait for a signature for long */
	uint64_t refused_files;   /* carried: they are not what they say */
	struct err refused;       /* why, the first of them */
	bool more;                /* carried: than one look is for */
	uint64_t staging_full;    /* rsyncs that were ended: no room for more */
	int stopped;              /* the signal that asked us to end, or 0 */
	int64_t wait_s;           /* EDQUOT: until the budget allows one */
};

/* Run one session to its end: role and mode are the association's.  SIGTERM or
 * SIGINT end it in order; that they came is in r, and they are the caller's to
 * act upon.  r is filled in either case.  -1: ERR_TEMP with
 * EBUSY: a session of this association is running on this machine (an opener
 * gives way, another takes over);
 * EAGAIN: the peer is busy, come again soon;
 * EPIPE: the stream ended early, channel_close may know why.
 * ERR_INPUT with ENOTUNIQ: what came is a fork; EREMCHG: the far end says so of
 * what is ours; EEXIST: of bare messages, and waits to be let go here.
 * The peer was told of all else. */
int delivery_run(const struct delivery_opts *o, struct delivery_result *r,
    struct err *e);
/* How many things of the far end's were refused: sessions, messages, batches,
 * acknowledgements, files.  Not what lies in a carried directory and is ignored. */
uint64_t delivery_refused(const struct delivery_result *r);
/* How many messages for the hub were found to be lost: at the spoke, what it dropped
 * or found damaged; at the hub, what it was told of. */
uint64_t delivery_lost(const struct association *a,
    const struct delivery_result *r);
/* A line for each thing in it that an operator may want to know. */
void delivery_log(const struct association *a, const struct delivery_result *r);
/* Which of the two streams is forked, if one is. */
enum delivery_fork {
	DELIVERY_NO_FORK,
	DELIVERY_FORK_TO_HUB,   /* stands until the spoke begins another */
	DELIVERY_FORK_TO_SPOKE, /* stands until the hub begins another */
	DELIVERY_FORK_BARE,     /* stands until it is let go here */
};
enum delivery_fork delivery_fork(const struct association *a,
    const struct err *e);
/* Tell the peer why there will be no session; best effort. */
void delivery_refuse(const struct channel *c, const struct err *why);

#endif
