/*
 * A channel whose bytes a child of ours carries: the child reads the network, so
 * it sees one association and gives up all else.  What the transports that have
 * such a child share: the socket pair, the fork, the child's first steps, and
 * the report at its end.
 */
#ifndef TRANSPORT_CHANNEL_CHILD_H
#define TRANSPORT_CHANNEL_CHILD_H

#include <sys/resource.h>

#include "transport/transport.h"

struct channel_child_opts {
	const struct association *association;
	struct mono deadline; /* whatever it waits for, it is cut then */
	/* In the child: carry bytes between `local`, which is non-blocking, and the
	 * far end until both have ended.  *wire_bytes is shared with the parent:
	 * it grows as bytes go. */
	int (*carry)(const struct association *a, struct mono deadline,
	    int local, uint64_t *wire_bytes, struct err *e);
};

/* As transport_ops.dial; a deadline of ns 0 is none. */
int channel_child_start(const struct channel_child_opts *o, struct channel *out,
    struct err *e);
/* In the child: so many seconds of processor time from its beginning, or none
 * but the hard limit: RLIM_INFINITY. */
void channel_child_cpu(rlim_t seconds);
/* In the parent: let go of what is shared with the child. */
void channel_child_unshare(struct channel *c);

#endif
