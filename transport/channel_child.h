/*
 * A channel whose bytes a child of ours carries: the child reads the network, so
 * it sees one association and gives up all else.  What the transports that have
 * such a child share: the socket pair, the fork, the child's first steps, and
 * the report at its end.
 */
#ifndef TRANSPORT_CHANNEL_CHILD_H
#define TRANSPORT_CHANNEL_CHILD_H

#include <stdbool.h>
#include <sys/resource.h>

#include "transport/transport.h"

/* As transport_dial. */
int channel_child_start(transport_carry *carry, const struct association *a,
    struct mono deadline, struct channel *out, struct err *e);
/* In the child: so many seconds of processor time from its beginning, or none
 * but the hard limit: RLIM_INFINITY. */
void channel_child_cpu(rlim_t seconds);
/* In the child: our program is gone.  What it said may still be read, but no session
 * is to begin with it: that would be a dead one's, and take the place of the next. */
bool channel_child_is_orphan(int local);
/* In the parent: let go of what is shared with the child. */
void channel_child_unshare(struct channel *c);

#endif
