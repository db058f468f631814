/*
 * Takes what others place in the staging directories of this hub (transport
 * rsync, where the spoke dials), and makes ready what they are to get: in a
 * confined child for each association, when something was named there.
 */
#ifndef HUB_CARRIED_H
#define HUB_CARRIED_H

#include <uv.h>

#include "common/config/config.h"

struct carried;

/* Looks at all of them at once, then watches.  Borrows config.  The caller is
 * not confined: keys may lie anywhere. */
int carried_open(uv_loop_t *loop, const struct config *config,
    struct carried **out, struct err *e);
/* Children that are at work end; freed by the loop. */
void carried_close(struct carried *c);

#endif
