/*
 * What a session that was killed left open in an inbox.  It was acknowledged,
 * and hubd reads sealed segments alone: until the next session, which seals it,
 * might come never.
 */
#ifndef TRANSPORT_DELIVERY_LEFTOVER_H
#define TRANSPORT_DELIVERY_LEFTOVER_H

#include "common/config/config.h"
#include "common/config/node.h"

/* Seal it, in a child.  1: a session runs and has a segment open, which is its
 * own to seal: look again.  0: none is open now. */
int leftover_look(const struct node *n, const struct association *a,
    struct err *e);

#endif
