/*
 * What an association had on the wire, for `status` and for the budget, when it
 * delivered last, and how much of what came was refused:
 * <state>/wire/<association>.  All of a session is one write.
 *
 * Months are UTC's, and clocks may be wrong.  The count is of the newest month
 * seen.  A clock that reads an earlier month does not begin that count anew: it
 * goes on, and beside it goes the count of the month that the clock reads.  Only
 * when two months in a row passed below the newest one was that a clock too far
 * ahead, and is forgotten.
 */
#ifndef TRANSPORT_DELIVERY_WIRE_H
#define TRANSPORT_DELIVERY_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"

struct wire_count {
	int month; /* 202611, UTC; 0: none */
	uint64_t bytes;
};

struct wire {
	int64_t last_s;           /* the last delivery, epoch; 0: never */
	int64_t tried_s;          /* the last session of any kind */
	struct wire_count newest; /* bytes since that month began */
	struct wire_count below; /* the month that is read when it is earlier */
	/* The messages in newest's bytes, before they were compressed; 0 where
	 * only the other end sends. */
	uint64_t plain;
	/* What was refused of the far end, ever; and how many refused files lie in
	 * a carried directory, where each look meets them again. */
	uint64_t refused, lying;
	int64_t looked_s; /* the last look at what others bring; 0: never */
	/* Messages for the hub that it never gets, ever: dropped, or damaged. */
	uint64_t lost;
};

struct wire_use {
	uint64_t bytes; /* both directions */
	uint64_t plain; /* of messages sent, as they lie in the spool */
	uint64_t refused, lost;
	bool looked;    /* at what others brought: */
	uint64_t lying; /* so many files are refused where they lie */
	bool session;   /* one ended, or is about to begin */
	bool delivered; /* and well */
};

/* In UTC; 0: a clock outside of any calendar. */
int wire_month(struct wall now);
/* What was used counts for now.  Does no I/O. */
void wire_count(struct wire *w, const struct wire_use *u, struct wall now);
/* Bytes of the month that now is, or more where the clock is in doubt. */
uint64_t wire_of_month(const struct wire *w, struct wall now);

/* What is not there, or damaged, is zero. */
int wire_read(int state_dir, const char *association, struct wire *out,
    struct err *e);
/* When the far end was last met, or what it brings looked at; 0: never. */
int64_t wire_seen_s(const struct wire *w);
/* Where wire_seen_s lies in the future, since the clock was set back, it becomes now.
 * Never fails: it logs. */
void wire_set_clock(int state_dir, const char *association, struct wall now);
/* The same counted in the file, under its lock; durable. */
int wire_add(int state_dir, const char *association, const struct wire_use *u,
    struct wall now, struct err *e);

/* Count messages that were lost outside of a session; 0 writes nothing.  Never fails:
 * it logs. */
void wire_lost(int state_dir, const char *association, uint64_t messages);

/* A session, counted as it goes: a kept one lives for months, and what it used
 * must outlive a kill.  Zero-initialised but for the first three. */
struct wire_tally {
	int state_dir;
	const char *association;
	uint64_t step; /* bytes that are counted at once; 0: as many as any */
	uint64_t bytes, plain, refused, lost; /* in the file */
	struct mono counted_at;
	bool delivered; /* something was, and is not in the file yet */
};
/* The step with which a month's budget is kept; 0 where there is none. */
uint64_t wire_step(uint64_t budget);
/* What was used since the session's begin.  Counted when it is much, some seconds
 * after a delivery, or when a minute has passed. */
void wire_tally_add(struct wire_tally *t, const struct wire_use *sofar,
    struct mono now);
/* The last count.  Never fails: it logs. */
void wire_tally_end(struct wire_tally *t, const struct wire_use *all);

#endif
