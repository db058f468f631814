/*
 * Collecting: run what is due, once, and spool what it saw for every association
 * of its tree.  What `spoke collect` and each cycle of `spoke daemon` do.
 */
#ifndef SPOKE_COLLECT_H
#define SPOKE_COLLECT_H

#include "common/command/ground.h"

struct collect_opts {
	bool at_once;     /* whether it is due or not */
	const char *only; /* this collector alone, beside the schedule */
};

/* Borrows g, which was opened for changing.  What another process runs at this
 * moment is passed over.  0: *status is the exit status; -1: nothing could be
 * done. */
int collect_run(struct ground *g, const struct collect_opts *o, int *status,
    struct err *e);

#endif
