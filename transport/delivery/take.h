/*
 * The check of what came, whichever way: messages of a batch or of a staged
 * file are verified, put into the inbox and made durable.  What needs the
 * configuration is hubd's business.
 */
#ifndef TRANSPORT_DELIVERY_TAKE_H
#define TRANSPORT_DELIVERY_TAKE_H

#include "common/spool/inbox.h"
#include "transport/delivery/delivery.h"

/* Whole messages, as a batch or a staged file names them. */
struct delivery_batch {
	struct slice bytes;
	struct stream_id stream;
	uint64_t first, last;
	uint32_t digest; /* of last; not compared when carried */
	/* a segment as it stands: what is behind last in it is not read, and it
	 * may be larger than a batch */
	bool carried;
	/* a stream that replaces another begins with CONFIG */
	bool config_first;
	size_t message_max; /* 0: LIMIT_MESSAGE */
	bool waits; /* do not commit, unless something of it is refused */

	struct spool_point taken;   /* so far; msgid 0: nothing */
	struct spool_point durable; /* and committed, with all before it */
	bool undone; /* a commit failed: what waited for one is gone, too */
	uint64_t refused; /* the first that is damaged; 0: none */
	struct err why;   /* of that */
	/* why it cannot be taken on; INBOX_TAKEN: it can */
	enum inbox_verdict stopped;
};

/* Verify, put into the inbox and commit, with one sync for each batch's size, or
 * none yet where it `waits`.
 * Poison goes to quarantine and counts as taken.  -1: the batch cannot be taken
 * on (a fork, a full disk, ...); what b->durable says is durable nevertheless. */
int delivery_take(struct inbox *in, struct delivery_batch *b,
    struct delivery_result *r, struct err *e);

#endif
