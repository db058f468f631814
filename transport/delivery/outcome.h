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

/* What a delivery that still runs has used, without the bytes that only its channel
 * knows of. */
struct wire_use outcome_sofar(const struct delivery_result *r);
/* The same of a delivery of a that is over: rc and e are what it returned.  Where
 * files are carried it counts as a delivery only if something moved. */
struct wire_use outcome_use(const struct association *a,
    const struct delivery_result *r, int rc, const struct err *e);

/* The far end called and hung up without a word: somebody looked at the port.  That
 * is no delivery, and clears no notice. */
bool outcome_is_look(const struct association *a,
    const struct delivery_result *r);

/* Transport dir failed for want of its directory, which was there less than
 * silent-after ago: a stick is elsewhere most of the time, so a daemon that looks by
 * itself calls that no trouble.  Call wire_set_clock before: this only reads. */
bool outcome_is_away(const struct node *n, const struct association *a,
    const struct err *e);

/* An exchange ended with a fork, so the two ends have met: clears the notice of a
 * delivery that failed.  outcome_tell_failed does it itself, except where rsync is
 * run here: there it cannot know whether there was an exchange or a mere look. */
void outcome_tell_met(struct notices *n, const struct association *a,
    const struct err *e);
/* A delivery failed, whoever began it: raise the notice for this kind of failure.
 * otherwise: the command that a person runs next, unless it is a fork.  True: it is
 * news. */
bool outcome_tell_failed(struct notices *n, const struct association *a,
    const struct err *e, const char *otherwise);
/* Did one fail, and none go well since? */
bool outcome_is_trouble(const struct notices *n, const struct association *a);
/* The command that a person runs next after failure e, as in the above. */
void outcome_next(const struct association *a, const struct err *e,
    const char *otherwise, char *out, size_t size);
/* A delivery went well: clear what outcome_tell_failed raised.  Where files are
 * carried: an exchange went well, or, at the end that does not dial, a look. */
void outcome_tell_over(struct notices *n, const struct association *a,
    const struct delivery_result *r);
/* Clear the notices of a fork alone: for a look at the end that dials, which says
 * nothing of the link. */
void outcome_tell_no_fork(struct notices *n, const struct association *a,
    const struct delivery_result *r);
/* Raise the notices of messages that are lost (at the hub, what the spoke said; at
 * either end, what is damaged in its own outbox), or clear them after a delivery
 * without any.  A session that went well also clears OUTCOME_DROPPED: it made room. */
void outcome_tell_lost(struct notices *n, const struct association *a,
    const struct delivery_result *r, int rc);
/* So many messages were found damaged when an outbox was opened. */
void outcome_tell_damaged(struct notices *n, const struct association *a,
    uint64_t messages);
/* At the spoke: so many were dropped from an outbox, as spool-full says. */
void outcome_tell_dropped(struct notices *n, const struct association *a,
    uint64_t messages);
/* At the hub, while a session lasts: the spoke said that so many are lost. */
void outcome_tell_heard_lost(struct notices *n, const struct association *a,
    uint64_t messages);
/* Raise the notice of what was refused, or clear it after a delivery without; where
 * files are carried, once all_here (struct delivery_result).  True: it is news.
 * *why: the carried files that are not taken; ERR_NONE: there are none. */
bool outcome_tell_refused(struct notices *n, const struct association *a,
    const struct delivery_result *r, int rc, struct err *why);

#endif
