/*
 * When the end of a session that is kept open is no trouble: the far end is
 * reloaded, restarted or has a newer one, or a line between was closed, and a call
 * finds it there again.  Who accepts and hangs up again and again is trouble: the
 * second time without a session between that lasted.  Does no I/O.
 */
#ifndef TRANSPORT_DELIVERY_PARTING_H
#define TRANSPORT_DELIVERY_PARTING_H

#include "common/base/err.h"
#include "transport/delivery/delivery.h"

enum {
	PARTING_SETTLED_MS = 75 * 1000, /* one that lived so long was up */
};

struct parting {
	const struct err *why; /* it ended */
	const struct delivery_result *result;
	int64_t lived_ms;
	bool again; /* the one before it did not end well either */
};

/* It was open and had done its work, and the far end ended it: not we, for what
 * the far end did or did not do in time, nor any cause that one of the two has. */
bool parting_is_fair(const struct parting *p);

#endif
