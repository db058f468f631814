/*
 * When an association delivered last, and how many bytes it had on the wire in
 * this month: <state>/wire/<association>.
 */
#ifndef TRANSPORT_WIRE_H
#define TRANSPORT_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"

struct wire {
	int64_t last_s; /* epoch; 0: never */
	int month;      /* 202611, UTC */
	uint64_t bytes; /* in that month */
};

/* In UTC. */
int wire_month(struct wall now);
/* What is not there, or damaged, is zero. */
int wire_read(int state_dir, const char *association, struct wire *out,
    struct err *e);
/* What of it is of the month that now is. */
uint64_t wire_of_month(const struct wire *w, struct wall now);

struct wire_session {
	uint64_t bytes; /* both directions */
	bool delivered;
	struct wall ended;
};

/* Count one session.  A month that lies before the one that is kept does not
 * begin it anew: the clock went back. */
int wire_add(int state_dir, const char *association,
    const struct wire_session *session, struct err *e);

#endif
