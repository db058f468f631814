/*
 * How far a delivery is, for who sits at a terminal: one line of standard error
 * that is written over, once it has taken a second, and wiped at the end.
 */
#ifndef TRANSPORT_COMMANDS_PROGRESS_H
#define TRANSPORT_COMMANDS_PROGRESS_H

#include "common/command/ground.h"
#include "transport/delivery/delivery.h"

struct progress {
	const struct ground *ground; /* NULL: nobody watches */
	const char *association;
	uint64_t acked, total; /* of our outbox: before, and what waits */
	struct mono begun;
	bool shown; /* the line is there */
};

/* What waits in the outbox is what is to be done; of what the far end has for
 * us nobody knows.  Borrows both. */
void progress_begin(struct progress *p, const struct ground *g,
    const struct association *a);
/* To be given to a delivery, which must end before p does. */
struct delivery_show progress_show(struct progress *p);

#endif
