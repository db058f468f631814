/*
 * Runs of rsync(1): its command line, its environment, what its end means, and
 * an end to it where it brings more than there is room for.
 */
#ifndef TRANSPORT_RSYNC_RSYNC_RUN_H
#define TRANSPORT_RSYNC_RSYNC_RUN_H

#include "transport/delivery/outbound.h"

/* The runs of one exchange, and what came of them. */
struct rsync {
	const struct outbound_opts *o;
	uint64_t keep; /* of what waits; UINT64_MAX: all */
	int staging;   /* its lock is held; borrowed */
	uint64_t wire_bytes;
	bool reached; /* the far end: something was got */
	/* a get was ended, since staging/ has no more room: what came whole lies
	 * there */
	bool full;
	/* a run ended for what the far end said, or did not say in time */
	bool cut;
	int stopped; /* the signal that asked us to end, or 0 */
};

/* The far outbox into staging/; had: segments up to here need not come; plain:
 * those that are not compressed shall. */
int rsync_get(struct rsync *s, uint64_t had, bool plain, struct err *e);
/* outbox/ into the far staging. */
int rsync_put(struct rsync *s, struct err *e);
/* Do our own segments go as they are? */
bool rsync_goes_plain(const struct association *a);

#endif
