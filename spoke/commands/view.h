/*
 * What status and check tell of an association.
 */
#ifndef SPOKE_COMMANDS_VIEW_H
#define SPOKE_COMMANDS_VIEW_H

#include "common/spool/peek.h"
#include "spoke/commands/commands.h"
#include "spoke/wire.h"

struct view {
	const struct association *a;
	struct peek peek;
	struct wire wire;
	uint64_t wire_bytes_month; /* of the present month */
	int64_t lag_s;             /* age of the oldest that waits, or 0 */
	/* "idle", "waiting", or what was raised: "spool", "delivery" */
	const char *state;
};

/* Borrows n, the node's notices opened for reading. */
int view_look(const struct ground *g, const struct notices *n,
    const struct association *a, struct view *out, struct err *e);

#endif
