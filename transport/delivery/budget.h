/*
 * The budget of a month: what may go over the wire, decided from what went
 * (wire.h).  Does no I/O.
 *
 * At 80 % the operator is warned.  When all of it is used, what waits goes only
 * every budget-interval; where the policy is to drop the oldest, also no more
 * goes than that part of the budget which such an interval is of a month.
 */
#ifndef TRANSPORT_DELIVERY_BUDGET_H
#define TRANSPORT_DELIVERY_BUDGET_H

#include "common/config/config.h"
#include "transport/delivery/wire.h"

enum budget_level {
	BUDGET_FINE,
	BUDGET_NEAR,  /* 80 % are used */
	BUDGET_SPENT, /* all of it is: nothing is kept open */
};

struct budget_answer {
	enum budget_level level;
	uint64_t used;
	int64_t wait_s; /* until a session may be begun; 0: now */
	/* Drop the oldest until no more than so many bytes of messages wait;
	 * UINT64_MAX: drop nothing. */
	uint64_t keep;
};

/* For a session that is to begin, and as for one that runs: its level. */
struct budget_answer budget_ask(const struct association *a,
    const struct wire *w, struct wall now);

#endif
