/*
 * What status and check tell of an association.
 */
#ifndef SPOKE_COMMANDS_VIEW_H
#define SPOKE_COMMANDS_VIEW_H

#include "common/command/status.h"
#include "spoke/commands/commands.h"

struct view {
	/* state: "idle", "waiting", or what was raised: "spool", "delivery" */
	struct status s;
};

/* Borrows n, the node's notices opened for reading. */
int view_look(const struct ground *g, const struct notices *n,
    const struct association *a, struct view *out, struct err *e);

#endif
