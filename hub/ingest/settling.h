/*
 * The state machine of one hub tree between configurations: when a changed
 * CONFIG is compiled, which DATA flows and which waits.  doc/architecture.md
 * has the table.  Does no I/O.
 */
#ifndef HUB_INGEST_SETTLING_H
#define HUB_INGEST_SETTLING_H

#include "common/base/clock.h"
#include "common/message/message.h"

enum settling_state {
	SETTLING_STABLE,  /* the compiled tree is the newest configuration */
	SETTLING_WAITING, /* a CONFIG changed: more may follow */
	/* the delay is over: DATA of the old one goes to the stores */
	SETTLING_DRAINING,
	SETTLING_COMPILING,
};

const char *settling_state_name(enum settling_state s);

enum settling_verdict {
	SETTLING_STORE, /* DATA under the compiled configuration: store it */
	SETTLING_WAIT,  /* DATA of a generation that is held but not compiled */
	/* DATA of a generation that is not held, or of a poisoned one: archive
	 * it and mark it */
	SETTLING_MARK,
	SETTLING_SAME, /* CONFIG of the generation that is held: nothing to do */
	SETTLING_CHANGED, /* CONFIG set complete: the delay begins or is extended */
	SETTLING_PART, /* CONFIG part: more to come, or out of place */
};

enum settling_action {
	SETTLING_NOTHING,
	SETTLING_RESYNC,  /* ask the spoke `who` for its CONFIG */
	SETTLING_DRAIN,   /* flush the stores, then settling_drained */
	SETTLING_COMPILE, /* compile the tree, then settling_compiled */
	SETTLING_FLOW,    /* swapped in: associations' waiting DATA flows */
};

struct settling;

struct settling_opts {
	int64_t delay_ms; /* from the last change to the compilation */
	/* The same from the first change, at most; and the wait before a
	 * compilation that failed is tried again. */
	int64_t max_ms;
};

struct settling *settling_new(const struct settling_opts *o);
/* An association of this tree, known by a small number from 0; generation: the
 * compiled one, 0: none. */
void settling_add(struct settling *s, unsigned who, uint64_t generation);
/* STATUS and RESULT never wait: SETTLING_STORE. */
enum settling_verdict settling_message(struct settling *s, unsigned who,
    const struct message *m, struct mono now);
/* The CONFIG just taken fails for its content: the one before it stays. */
void settling_poisoned(struct settling *s, unsigned who, uint64_t generation);
/* This generation is held complete though no message says so now: it was found
 * in the archive at the start, or an operator accepted it. */
void settling_held(struct settling *s, unsigned who, uint64_t generation,
    struct mono now);
/* An operator wants the tree compiled now, whether it changed or not. */
void settling_hurry(struct settling *s, struct mono now);
/* What to do now; call until SETTLING_NOTHING.  *who is set for RESYNC. */
enum settling_action settling_next(struct settling *s, struct mono now,
    unsigned *who);
/* Not ok: the stores failed, the compilation waits. */
void settling_drained(struct settling *s, bool ok, struct mono now);
/* Not ok: the last good tree stays, and what was held is still to come. */
void settling_compiled(struct settling *s, bool ok, struct mono now);
/* A new stream of this association: its generations begin anew. */
void settling_begin(struct settling *s, unsigned who);
struct mono settling_wake(const struct settling *s); /* or INT64_MAX */
enum settling_state settling_state(const struct settling *s);
/* Of who: the newest complete generation, the last asked for; 0: none. */
uint64_t settling_newest(const struct settling *s, unsigned who);
uint64_t settling_asked(const struct settling *s, unsigned who);
void settling_free(struct settling *s);

#endif
