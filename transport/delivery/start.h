/*
 * Where a sender goes on, from what its receiver says that it has: the table of
 * doc/protocol.5, "What each end does with a HELLO".  Does no I/O.
 */
#ifndef TRANSPORT_DELIVERY_START_H
#define TRANSPORT_DELIVERY_START_H

#include "common/spool/cursor.h"

/* out and acked are the sender's newest message and the newest acknowledged.
 * *at: what the receiver has of the stream, to go on behind; whether all behind
 * it is held is the caller's to see.  False: the two do not fit together, a new
 * stream must begin. */
bool start_find(const struct spool_point *out, const struct spool_point *acked,
    const struct spool_point *theirs, struct spool_point *at);

#endif
