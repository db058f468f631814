/*
 * What a delivery came to, whoever began it: which of it is counted, and what a
 * person is told.
 */
#ifndef TRANSPORT_DELIVERY_OUTCOME_H
#define TRANSPORT_DELIVERY_OUTCOME_H

#include "common/config/node.h"
#include "common/operator/notice.h"
#include "transport/delivery/delivery.h"
#include "transport/delivery/wire.h"

/* The notices of a delivery that failed. */
#define OUTCOME_FAILED        "delivery"
#define OUTCOME_FORK_TO_HUB   "fork-to-hub"
#define OUTCOME_FORK_TO_SPOKE "fork-to-spoke"
#define OUTCOME_FORK          "fork" /* as hubd's own: it is let go by accept */
/* Of what is lost. */
#define OUTCOME_LOST    "lost"
#define OUTCOME_DAMAGED "outbox"
#define OUTCOME_DROPPED "dropped"

/* What one that still runs has used, but for bytes that only its channel knows. */
struct wire_use outcome_sofar(const struct delivery_result *r);
/* The same of one of a that is over.  Of what is carried, only what moved is a
 * delivery. */
struct wire_use outcome_use(const struct association *a,
    const struct delivery_result *r, int rc, const struct err *e);

/* Who called did not say a word, and went: a look at the port, which is no
 * delivery and ends no trouble. */
bool outcome_is_look(const struct association *a,
    const struct delivery_result *r);

/* The directory of transport dir is not there, and silent-after has not passed
 * since it was.  That is no trouble to who looks by himself: a stick is elsewhere
 * most of the time.  Only reads: wire_set_clock comes before it. */
bool outcome_is_away(const struct node *n, const struct association *a,
    const struct err *e);

/* An exchange ended with a fork, and so the two ends have met: there is no other
 * trouble.  outcome_tell_failed says so itself, but where rsync is run here and it
 * may be of a look alone. */
void outcome_tell_met(struct notices *n, const struct association *a,
    const struct err *e);
/* A failure, whoever began: the notice of its kind.  otherwise: the command to run
 * next, where nothing else lets it go.  True: it is news. */
bool outcome_tell_failed(struct notices *n, const struct association *a,
    const struct err *e, const char *otherwise);
/* One failed, and none went well since. */
bool outcome_is_trouble(const struct notices *n, const struct association *a);
/* What a failure tells a person to do. */
void outcome_next(const struct association *a, const struct err *e,
    const char *otherwise, char *out, size_t size);
/* A delivery went well; of carried files an exchange did, or a look, at the end
 * that is called. */
void outcome_tell_over(struct notices *n, const struct association *a,
    const struct delivery_result *r);
/* Of those, a fork alone: all that a look ends at the end that calls. */
void outcome_tell_no_fork(struct notices *n, const struct association *a,
    const struct delivery_result *r);
/* What is lost, until a delivery without: at the hub, what it heard of; at either
 * end, what of its own outbox was damaged.  And a session that went well made room
 * for what else would be dropped. */
void outcome_tell_lost(struct notices *n, const struct association *a,
    const struct delivery_result *r, int rc);
/* Whoever opened an outbox found that many of it damaged. */
void outcome_tell_damaged(struct notices *n, const struct association *a,
    uint64_t messages);
/* At the spoke: an outbox gave up so many, as spool-full says. */
void outcome_tell_dropped(struct notices *n, const struct association *a,
    uint64_t messages);
/* At the hub, while a session lasts. */
void outcome_tell_heard_lost(struct notices *n, const struct association *a,
    uint64_t messages);
/* What was refused, whoever began: a state, until a delivery without; of carried
 * files, until all is here (struct delivery_result).  True: it
 * is news.  *why: what was carried and is not taken; ERR_NONE: nothing. */
bool outcome_tell_refused(struct notices *n, const struct association *a,
    const struct delivery_result *r, int rc, struct err *why);

#endif
