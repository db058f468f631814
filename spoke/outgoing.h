/*
 * The outbox as a storage type: configuration and values of one association go
 * in, CONFIG and DATA come out, with one sync.  An open one holds the lock of
 * the outbox and, with it, of the tokens.
 */
#ifndef SPOKE_OUTGOING_H
#define SPOKE_OUTGOING_H

#include "common/config/node.h"
#include "common/spool/outbox.h"
#include "spoke/tokens.h"
#include "spoke/values.h"

struct outgoing;

/* ERR_TEMP: the lock is held for longer than wait_ms. */
int outgoing_open(const struct node *n, const struct association *a,
    int wait_ms, struct outgoing **out, struct err *e);
/* To be changed by readings_apply and its like; ours. */
struct tokens *outgoing_tokens(struct outgoing *o);
const struct outbox_state *outgoing_state(const struct outgoing *o);

/* Prepare a CONFIG where the configuration differs from the last, with
 * changed_s as its Timestamp, or is due again now. */
int outgoing_put_config(struct outgoing *o, uint64_t changed_s, uint64_t now_s,
    struct err *e);
/* Prepare DATA, a message for each time stamp; sorts the values.  `like`: what
 * else the messages say (Collector, Correlation, X-...), or NULL. */
int outgoing_put_values(struct outgoing *o, struct values *v,
    const struct message *like, struct err *e);
/* Prepare the CONFIG of that generation again (0: the present one).  The present
 * one follows an older one.  *known false: there is no such CONFIG. */
int outgoing_repeat(struct outgoing *o, uint64_t generation, uint64_t now_s,
    bool *known, struct err *e);
/* Prepare a message that is neither. */
int outgoing_put_message(struct outgoing *o, struct message *m, struct err *e);
/* Tokens first, then all that was prepared, with one sync; sealed where nobody
 * else would. */
int outgoing_commit(struct outgoing *o, struct err *e);

/* The newest message, committed or prepared. */
struct spool_point outgoing_prepared(const struct outgoing *o);
/* See outbox_holds. */
int outgoing_holds(struct outgoing *o, const struct spool_point *at,
    bool *holds, struct err *e);

/* Whether DATA of this source, read at from_s or later, is in the outbox: what
 * a cycle that was cut off may have left. */
int outgoing_has(struct outgoing *o, const char *source, uint64_t from_s,
    bool *has, struct err *e);
/* Begin a new stream with all that is held. */
int outgoing_renew(struct outgoing *o, struct err *e);
/* What was not committed is forgotten. */
void outgoing_close(struct outgoing *o);

#endif
