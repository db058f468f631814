/*
 * Deliveries that this end begins: a channel to the far end, a session over it,
 * its bytes counted, the month's budget kept; again, while the far end is busy.
 * What push, pull and the daemons share.
 */
#ifndef TRANSPORT_DELIVERY_OUTBOUND_H
#define TRANSPORT_DELIVERY_OUTBOUND_H

#include "common/operator/notice.h"
#include "transport/delivery/delivery.h"

struct outbound_opts {
	const struct config *config;
	const struct node *node;
	const struct association *association;
	struct mono deadline; /* ns 0: none, of a session that stays open */
	struct notices *notices;
	bool beyond_budget;  /* whatever was used */
	bool stay;           /* keep it open where the association says so */
	bool again;          /* of such a one: the last did not end well */
	unsigned tries;      /* sessions that may fail to open; 0: one */
	delivery_took *took; /* NULL: another program acts */
	struct delivery_show show;
};

struct outbound_end {
	struct delivery_result result;
	bool quiet; /* no failure: a twin is at it, or the budget is used up */
	bool told;  /* what failed was news */
	/* No failure: the far end ended one that was kept open (parting.h). */
	bool parted;
	struct err err;
	/* Carried files that are not taken, whatever else went well; ERR_NONE:
	 * there are none. */
	struct err refused;
	bool refused_told; /* that was news */
};
/* What a person must know of it is told, and what came is acted upon.  -1:
 * end->err, which an operator has been told of unless it is quiet, they parted or
 * we were asked to stop. */
int outbound_run(const struct outbound_opts *o, struct outbound_end *end);

/* What a person does about it, without its -c. */
void outbound_next(const struct association *a, const struct err *e, char *out,
    size_t size);

/* Up to n milliseconds, so that many sites do not begin at once. */
int64_t outbound_spread_ms(int64_t n);
void outbound_sleep_ms(int64_t ms);

#endif
