/*
 * What the hub sent on the return path: the inbox of a spoke, read from its
 * cursor on.  A RESYNC makes the configuration be spooled again; a TASK is kept.
 */
#ifndef SPOKE_INCOMING_H
#define SPOKE_INCOMING_H

#include "common/config/node.h"
#include "common/operator/notice.h"

/* Act on what is new, then move the cursor, then archive what lies behind it.
 * Any prefix may be repeated.  What an answer made the outbox drop is told. */
int incoming_take(const struct node *n, const struct association *a,
    struct notices *told, struct err *e);

#endif
