/*
 * Whether a delivery that failed is begun once more, and when.  Does no I/O.
 *
 * A far end that is *busy* said so: it is asked again until the deadline.  One
 * that *turned us away*, because too many came at once, is called again a few
 * times, after a pause that grows and is mostly chance, so that a crowd comes
 * apart.  All else is left to the next run: who is not there, is silent or
 * refuses us will be the same in a minute, and what was cut goes on there.
 */
#ifndef TRANSPORT_DELIVERY_REDIAL_H
#define TRANSPORT_DELIVERY_REDIAL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"

/* What an ERR_TEMP's sys says of it. */
#define REDIAL_BUSY        EAGAIN
#define REDIAL_TURNED_AWAY ECONNABORTED

struct redial {
	unsigned tries;       /* how often we may be turned away; 0: once */
	struct mono deadline; /* ns 0: none, and nobody is waited for */
	/* So far. */
	unsigned busy, turned_away;
};

/* It failed for e at `now`.  True: begin again after *wait_ms; random is any
 * number. */
bool redial_after(struct redial *r, const struct err *e, struct mono now,
    uint64_t random, int64_t *wait_ms);

#endif
