/*
 * What a power cut may leave.  A scenario runs once with its system calls
 * recorded; then every state that the model allows at every point of it is
 * built in a fresh directory and checked with the real code.
 *
 * The model: bytes are kept only by a sync of their file, names only by a sync
 * of their directory.  What was not synced is kept, lost, half kept or zeros,
 * each file and each name by itself.  A rename is one step (both names or
 * neither), and is kept by the sync of both directories.
 *
 * The syncs of a set may be turned to nothing: a check that never notices
 * proves that they are not needed.  Link with $(crash_model_ldflags).
 */
#ifndef T_CRASH_MODEL_H
#define T_CRASH_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum {
	CRASH_NOTES = 4,
	CRASH_WHY_SIZE = 200
};

struct crash_scenario {
	/* Not recorded, and all durable; may be NULL. */
	void (*prepare)(int top);
	/* Recorded.  Tells by crash_note what it has promised so far. */
	void (*run)(int top);
	/* Does `top` keep the promises?  Else says in `why` what is broken. */
	bool (*check)(int top, const uint64_t note[CRASH_NOTES],
	    char why[CRASH_WHY_SIZE]);
};

struct crash_result {
	unsigned syncs;                /* that the scenario asked for */
	unsigned states;               /* that were checked, all different */
	unsigned violations;           /* with skip: ends at the first */
	char why[CRASH_WHY_SIZE + 64]; /* the first */
};

/* skip: the set of syncs that do nothing; bit 0 is the first. */
void crash_model_run(const struct crash_scenario *s, uint64_t skip,
    struct crash_result *r);
/* From now on this is promised. */
void crash_note(unsigned which, uint64_t value);

#endif
