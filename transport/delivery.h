/*
 * A spool, a session and a channel brought together: what push, pull, receive
 * and serve share.  The thin shell around transport/session.h.
 */
#ifndef TRANSPORT_DELIVERY_H
#define TRANSPORT_DELIVERY_H

#include "common/base/clock.h"
#include "common/config/config.h"
#include "common/spool/inbox.h"
#include "common/spool/outbox.h"
#include "transport/session.h"
#include "transport/transport.h"

struct delivery_opts {
	const struct config *config;
	const struct association *association;
	enum session_role role;
	bool opener;
	struct mono deadline; /* the session is cut then */
	struct channel *channel;
};

struct delivery_result {
	struct session_counts counts;
	struct spool_point acked;   /* of our outbox */
	struct spool_point durable; /* of our inbox */
	bool renewed;               /* we began a new stream: tell once */
	bool replaced;              /* the peer began one: tell once */
	uint64_t lost;              /* numbers newly recorded as lost */
	uint64_t quarantined;
};

/* Run one session to its end. */
int delivery_run(const struct delivery_opts *o, struct delivery_result *r,
    struct err *e);

/* Verify and put the messages in `bytes` (whole ones, of a batch or of a staged
 * file) into an inbox and commit them.  *refused is the number of the first
 * damaged one, 0: none.  Poison goes to quarantine and counts as taken. */
int delivery_take(struct inbox *in, struct slice bytes, uint64_t *refused,
    struct delivery_result *r, struct err *e);

#endif
