/*
 * Sessions that the far end begins: run, counted, told.  What receive, serve and
 * the listeners share.
 */
#ifndef TRANSPORT_DELIVERY_INBOUND_H
#define TRANSPORT_DELIVERY_INBOUND_H

#include "common/config/node.h"
#include "common/operator/notice.h"
#include "transport/delivery/delivery.h"
#include "transport/delivery/wire.h"

/* The notices of a delivery that failed. */
#define INBOUND_FAILED        "delivery"
#define INBOUND_FORK_TO_HUB   "fork-to-hub"
#define INBOUND_FORK_TO_SPOKE "fork-to-spoke"

struct inbound_opts {
	const struct config *config;
	const struct node *node;
	const struct association *association; /* as the channel proved it */
	struct notices *notices;
	const struct channel *channel; /* stays open; carried files: NULL */
	bool hushed;                   /* of one that fails the caller tells */
	delivery_took *took;           /* NULL: another program acts */
};

/* Until the session's end, and what came is acted upon.  -1 as delivery_run, or
 * that failed. */
int inbound_answer(const struct inbound_opts *o, struct delivery_result *r,
    struct err *e);

/* What came of one, logged, counted and told: for who has run it. */
void inbound_settle(const struct inbound_opts *o,
    const struct delivery_result *r, int rc, const struct err *e);

/* The directory of transport dir is not there, and silent-after has not passed
 * since it was.  That is no trouble to who looks by himself: a stick is elsewhere
 * most of the time.  Only reads: wire_set_clock comes before it. */
bool inbound_is_away(const struct node *n, const struct association *a,
    const struct err *e);

/* A session that is kept open for months tells what went well while it runs;
 * zero-initialised. */
struct inbound_kept {
	uint64_t acked, taken; /* when looked at last */
	bool open, told;
	bool sent_well, took_well; /* something, since its begin */
};
/* What came is acted upon, and told where it cannot be, until it can.  -1: *told,
 * it is news. */
struct inbound_taker {
	const struct node *node;
	const struct association *association;
	struct notices *notices;
	delivery_took *took; /* NULL: nothing is done */
};
int inbound_take(const struct inbound_taker *t, bool *told, struct err *e);

/* What a delivery of a used, but for bytes that only its channel knows.  Of what
 * is carried, only what moved is one. */
struct wire_use inbound_use(const struct association *a,
    const struct delivery_result *r, int rc, const struct err *e);
/* Count what it did, for whoever began it. */
void inbound_look(struct inbound_kept *k, struct wire_tally *t,
    const struct delivery_sofar *now);
/* Trouble with deliveries is over when the two ends have agreed again, a fork when
 * something of its direction went well. */
void inbound_is_well(struct inbound_kept *k, struct notices *n,
    const struct association *a);

/* An exchange ended with a fork, and so the two ends have met: there is no other
 * trouble.  inbound_tell_failed says so itself, but where rsync is run here and it
 * may be of a look alone. */
void inbound_tell_met(struct notices *n, const struct association *a,
    const struct err *e);
/* A failure, whoever began: the notice of its kind.  otherwise: the command to run
 * next, where nothing else lets it go.  True: it is news. */
bool inbound_tell_failed(struct notices *n, const struct association *a,
    const struct err *e, const char *otherwise);
/* What that tells a person to do. */
void inbound_next(const struct association *a, const struct err *e,
    const char *otherwise, char *out, size_t size);
/* A delivery went well; of carried files an exchange did, or a look, at the end
 * that is called. */
void inbound_tell_over(struct notices *n, const struct association *a,
    const struct delivery_result *r);
/* What was refused, whoever began: a state, until a delivery without; of carried
 * files, until all is here (struct delivery_result).  True: it
 * is news.  *why: what was carried and is not taken; ERR_NONE: nothing. */
bool inbound_tell_refused(struct notices *n, const struct association *a,
    const struct delivery_result *r, int rc, struct err *why);

#endif
