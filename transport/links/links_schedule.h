/*
 * When each link that this end dials is begun.  Does no I/O: events and a
 * monotonic clock reading go in, "begin this one" and the next time to ask come
 * out.  The states stand in doc/architecture.md.
 *
 * Links are spread over their period by a hash of their name, so a restart does
 * not bunch them.  One that fails comes again after a delay that is doubled,
 * capped and jittered.  At most so many run at once, and links in trouble (the
 * last session failed, or took long) take at most half of these places: however
 * many are dead or slow, the others are never kept waiting.
 */
#ifndef TRANSPORT_LINKS_LINKS_SCHEDULE_H
#define TRANSPORT_LINKS_LINKS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"

struct links_schedule;

struct links_schedule_opts {
	size_t at_once; /* running, without kept ones; 0: 64 */
	uint64_t seed;  /* of the jitter */
};

struct links_schedule_link {
	const char *name;
	int64_t period_ms; /* from one begin to the next; of one that is kept
	                      open: 0, it begins when it is not running */
	bool kept;
};

enum links_schedule_end {
	LINK_WELL,
	LINK_MOVED,  /* failed, but not before something was delivered */
	LINK_FAILED, /* the delay is doubled */
	LINK_TWIN,   /* another process of this machine is at it */
	LINK_HELD,   /* the month's budget does not allow one now */
	LINK_PARTED, /* a kept one was ended by the far end: no failure yet */
};

/* Borrows opts; NULL: all defaults. */
struct links_schedule *links_schedule_new(
    const struct links_schedule_opts *opts);
void links_schedule_free(struct links_schedule *s);

/* Returns its number, from 0 up.  Copies what it needs. */
size_t links_schedule_add(struct links_schedule *s,
    const struct links_schedule_link *link, struct mono now);
/* The same number goes on as another's configuration: what it knows of the
 * link `from` of the schedule `old` (its next time, its trouble) holds. */
void links_schedule_inherit(struct links_schedule *s, size_t link,
    const struct links_schedule *old, size_t from);

/* True: begin *link now; it runs from here on.  Call until false. */
bool links_schedule_next(struct links_schedule *s, struct mono now,
    size_t *link);
void links_schedule_ended(struct links_schedule *s, size_t link,
    enum links_schedule_end how, struct mono now);
/* Something waits to be sent: as soon as may be, unless it is in its delay
 * after a failure.  While it runs: once more afterwards. */
void links_schedule_told(struct links_schedule *s, size_t link,
    struct mono now);

/* When links_schedule_next wants to be called without an event; INT64_MAX ns:
 * never. */
struct mono links_schedule_wake(const struct links_schedule *s);
bool links_schedule_running(const struct links_schedule *s, size_t link);
/* Failures in a row. */
unsigned links_schedule_failures(const struct links_schedule *s, size_t link);
/* Its last session did not end well: it failed, or the far end ended it. */
bool links_schedule_again(const struct links_schedule *s, size_t link);

#endif
