/*
 * When the end of a kept session is no trouble; see parting.h.
 */
#include "config.h"

#include <errno.h>

#include "transport/delivery/parting.h"

/* What the far end says when it is asked to stop, and what a channel says of one
 * that ended before its session did. */
static bool
is_word_of_end(const struct err *e)
{
	return e->kind == ERR_TEMP &&
	    (e->sys == 0 || e->sys == EAGAIN || e->sys == EPIPE ||
		e->sys == ECONNRESET);
}

/* Nothing that was sent waits for a first acknowledgement. */
static bool
has_worked(const struct session_counts *n)
{
	return n->acked + n->taken > 0 || n->sent == 0;
}

bool
parting_is_fair(const struct parting *p)
{
	const struct delivery_result *r = p->result;

	return r->opened && r->counts.cut == 0 && is_word_of_end(p->why) &&
	    has_worked(&r->counts) &&
	    (!p->again || p->lived_ms >= PARTING_SETTLED_MS);
}
