/*
 * When a daemon has something to collect: whenever the cycle that now lies in,
 * of any period and offset that a collector has, is another than the last one
 * seen.  So a clock that jumps costs at most a cycle.  Does no I/O.
 */
#ifndef SPOKE_TURNS_H
#define SPOKE_TURNS_H

#include "common/base/clock.h"
#include "common/config/config.h"

/* The cycles of one period and offset. */
struct turn {
	int64_t period_s, offset_s;
	int64_t cycle_s; /* the last one seen; -1: none */
};

struct turns {
	struct turn *at;
	size_t n;
};

/* Of all collectors, nothing seen; in place of what was there. */
void turns_make(struct turns *t, const struct config *c);
/* Another cycle has begun since the last call.  *wait_ms: until the next does,
 * if that is sooner than what stands there. */
bool turns_due(struct turns *t, struct wall now, int64_t *wait_ms);
/* What was due could not be begun: it is due again. */
void turns_forget(struct turns *t);
void turns_clear(struct turns *t);

#endif
