/*
 * outbox/mark: what a sender must know when its segments are gone.
 */
#ifndef COMMON_SPOOL_MARK_H
#define COMMON_SPOOL_MARK_H

#include "common/base/slots.h"
#include "common/spool/cursor.h"

struct mark {
	struct spool_point acked; /* and the stream */
	uint64_t next;            /* the number that comes next; never reused */
	uint64_t generation;      /* of the last CONFIG; 0: none */
	struct stream_id replaces; /* the stream before this one; zero: none */
};

/* False: there is none, or it is damaged. */
bool mark_get(const struct slots *s, struct mark *out);
int mark_put(struct slots *s, const struct mark *m, struct err *e);

#endif
