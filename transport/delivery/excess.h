/*
 * What waits beyond the month's budget (budget.h): where the policy is to drop the
 * oldest, the end that holds it drops it, by its own count of the wire.
 */
#ifndef TRANSPORT_DELIVERY_EXCESS_H
#define TRANSPORT_DELIVERY_EXCESS_H

#include "common/config/node.h"

/* At a spoke that is called, as budget_answer's keep: when to deliver is the hub's
 * to decide.  Anywhere else nothing is dropped so. */
int excess_of_called(const struct node *n, const struct association *a,
    uint64_t *keep, struct err *e);
/* The oldest messages for the hub go, until no more than keep bytes wait, and are
 * counted; UINT64_MAX: none does. */
int excess_drop(const struct node *n, const struct association *a,
    uint64_t keep, struct err *e);

#endif
