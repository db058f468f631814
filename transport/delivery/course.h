/*
 * A delivery while it runs, whoever began it.  One that is kept open lasts for months,
 * so it is counted meanwhile, notices that are over are cleared, and what came is
 * acted upon.
 */
#ifndef TRANSPORT_DELIVERY_COURSE_H
#define TRANSPORT_DELIVERY_COURSE_H

#include "common/config/node.h"
#include "common/operator/notice.h"
#include "transport/delivery/delivery.h"
#include "transport/delivery/wire.h"

struct course {
	const struct node *node;
	const struct association *association;
	struct notices *notices;
	delivery_took *took;
	struct wire_tally tally;
	uint64_t acked, taken, lost; /* when looked at last */
	bool open, told;
	bool sent_well, took_well; /* something, since its begin */
};

/* Borrows all until the last call.  took: NULL, another program acts. */
void course_begin(struct course *c, const struct node *n,
    const struct association *a, struct notices *notices, delivery_took *took);
/* Count what it did so far, and clear the notices of what is well again. */
void course_look(struct course *c, const struct delivery_sofar *now);
/* Act on what came.  -1: that failed, and a notice says so until it succeeds; *told:
 * that is news. */
int course_take(const struct course *c, bool *told, struct err *e);
/* The same while a session lasts: notices are flushed at once. */
int course_came(const struct course *c);

#endif
