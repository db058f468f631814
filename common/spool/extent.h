/*
 * Which numbers a receiver has: all up to a point, and runs behind gaps.  Does
 * no I/O.
 */
#ifndef COMMON_SPOOL_EXTENT_H
#define COMMON_SPOOL_EXTENT_H

#include "common/spool/cursor.h"
#include "common/spool/ledger.h"

/* Messages that follow each other. */
struct extent_run {
	uint64_t first, last;
	uint32_t first_prev;  /* Prev of first */
	uint32_t last_digest; /* of last */
};

/* Zero-initialised: nothing. */
struct extent {
	struct spool_point have; /* nothing is missing up to here */
	/* ascending, apart, all behind have.msgid + 1 */
	struct extent_run *run;
	size_t n, cap;
};

void extent_copy(struct extent *to, const struct extent *from);
/* Does it have the message?  (What the ledger passes over counts.) */
bool extent_has(const struct extent *x, uint64_t msgid);
/* Add a run that is not there yet.  False: its Prev, or that of its neighbour,
 * is not the digest of the one before it; nothing was added then. */
bool extent_add(struct extent *x, struct extent_run r, const struct ledger *l);
/* The same of what a directory lists, in ascending order: nothing is
 * compared, and what is there already is passed over. */
void extent_load(struct extent *x, struct extent_run r);
/* The ledger grew. */
void extent_pass_lost(struct extent *x, const struct ledger *l);
uint64_t extent_held(const struct extent *x); /* messages in runs */
void extent_clear(struct extent *x);

#endif
