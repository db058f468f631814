/*
 * Sessions that the far end begins: run, counted, told.  What receive, serve and
 * the listeners share.
 */
#ifndef TRANSPORT_DELIVERY_INBOUND_H
#define TRANSPORT_DELIVERY_INBOUND_H

#include "common/config/node.h"
#include "common/operator/notice.h"
#include "transport/delivery/delivery.h"

struct inbound_opts {
	const struct config *config;
	const struct node *node;
	const struct association *association; /* as the channel proved it */
	struct notices *notices;
	const struct channel *channel; /* stays open; carried files: NULL */
	bool hushed;                   /* of one that fails the caller tells */
	delivery_took *took;           /* NULL: another program acts */
};

/* Until the session's end, and what came is acted upon.  -1 as delivery_run, or
 * that failed. */
int inbound_answer(const struct inbound_opts *o, struct delivery_result *r,
    struct err *e);

/* What came of one, logged, counted and told: for who has run it. */
void inbound_settle(const struct inbound_opts *o,
    const struct delivery_result *r, int rc, const struct err *e);

#endif
