/*
 * What a person is told of an outbox that was written to.
 */
#ifndef SPOKE_TOLD_H
#define SPOKE_TOLD_H

#include "common/command/ground.h"
#include "common/spool/outbox.h"

/* By whoever wrote to it, when what it wrote is committed: that messages were
 * dropped for it, until half of the spool is free again; that some were damaged; that
 * sent/ is kept. */
void told_outbox(struct ground *g, const struct association *a,
    const struct outbox_state *s);

#endif
