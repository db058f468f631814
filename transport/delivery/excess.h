/*
 * What waits beyond the month's budget (budget.h): where the policy is to drop the
 * oldest, the end that holds it drops it, by its own count of the wire.
 */
#ifndef TRANSPORT_DELIVERY_EXCESS_H
#define TRANSPORT_DELIVERY_EXCESS_H

#include "common/config/node.h"

/* *keep as in budget_answer, at a spoke that is called; the hub decides when to
 * deliver, but only the spoke can drop.  Anywhere else UINT64_MAX. */
int excess_of_called(const struct node *n, const struct association *a,
    uint64_t *keep, struct err *e);
/* Drop the oldest messages for the hub until no more than keep bytes wait, and count
 * them as lost.  UINT64_MAX: drop none. */
int excess_drop(const struct node *n, const struct association *a,
    uint64_t keep, struct err *e);

#endif
