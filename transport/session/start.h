/*
 * Where a sender goes on, from what its receiver says that it has: the table of
 * doc/protocol.5, "What each end does with a HELLO".  Does no I/O.
 */
#ifndef TRANSPORT_SESSION_START_H
#define TRANSPORT_SESSION_START_H

#include "common/spool/cursor.h"

/* Whether a sender's stream goes on, or why it begins another. */
enum start_verdict {
	START_ON,
	START_UNKNOWN, /* the receiver knows no stream of it any more */
	START_COPY, /* it has what was never sent: our spool is an old copy */
	START_GONE, /* it lacks what is not held any more */
};

/* out and acked are the sender's newest message and the newest acknowledged.
 * *at: what the receiver has of the stream, to go on behind; whether all behind
 * it is held, START_GONE, is the caller's to see. */
enum start_verdict start_find(const struct spool_point *out,
    const struct spool_point *acked, const struct spool_point *theirs,
    struct spool_point *at);

#endif
