/*
 * What a person is told of an outbox that was written to.
 */
#ifndef SPOKE_TOLD_H
#define SPOKE_TOLD_H

#include "common/command/ground.h"
#include "common/spool/outbox.h"

/* To be called by whoever wrote to it, after the commit.  Tells that messages were
 * dropped (until half of the spool is free again), that some were damaged, and that
 * sent/ is kept for fear of a wrong clock. */
void told_outbox(struct ground *g, const struct association *a,
    const struct outbox_state *s);

#endif
