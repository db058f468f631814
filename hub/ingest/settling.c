/*
 * The settling machine: four states a tree, and for each association which
 * generation is compiled, which is held beyond it, and which CONFIG parts came
 * so far.  One function sets the state.
 */
#include "config.h"

#include "hub/ingest/settling.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/mem.h"

struct party {
	bool known;
	uint64_t compiled;    /* in the live tree; 0: none */
	uint64_t compiling;   /* held when the compilation began */
	uint64_t held;        /* the newest complete one; 0: none */
	uint64_t held_before; /* what `held` goes back to when it is poison */
	uint64_t poisoned;    /* 0: none */
	uint64_t asked;       /* by RESYNC; 0: nothing since the last CONFIG */
	bool ask;             /* the RESYNC is still to be sent */
	/* The set of CONFIG parts that is coming in; part 0: none. */
	uint64_t set_generation, set_timestamp, set_msgid;
	uint32_t set_part, set_parts;
};

struct settling {
	struct settling_opts opts;
	enum settling_state state;
	bool told;                /* the state's action was handed out */
	bool flow;                /* so is to be */
	struct mono since, until; /* WAITING: the first change; the end */
	struct party *party;
	unsigned n;
};

const char *
settling_state_name(enum settling_state s)
{
	static const char *const names[] = {
		[SETTLING_STABLE] = "stable",
		[SETTLING_WAITING] = "settling",
		[SETTLING_DRAINING] = "draining",
		[SETTLING_COMPILING] = "compiling",
	};

	return names[s];
}

struct settling *
settling_new(const struct settling_opts *o)
{
	struct settling *s = mem_alloc(sizeof(*s));

	s->opts = *o;
	s->state = SETTLING_STABLE;
	return s;
}

static struct party *
party(struct settling *s, unsigned who)
{
	assert(who < s->n && s->party[who].known);
	return s->party + who;
}

void
settling_add(struct settling *s, unsigned who, uint64_t generation)
{
	if (who >= s->n) {
		s->party =
		    mem_resize(s->party, (size_t)who + 1, sizeof(*s->party));
		for (unsigned i = s->n; i <= who; i++)
			s->party[i] = (struct party){ .known = false };
		s->n = who + 1;
	}
	s->party[who] = (struct party){
		.known = true,
		.compiled = generation,
		.held = generation,
	};
}

static void
set_state(struct settling *s, enum settling_state state)
{
	s->state = state;
	s->told = false;
}

/* Whether a configuration is held that the live tree does not show. */
static bool
behind(const struct settling *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->party[i].held != s->party[i].compiled)
			return true;
	return false;
}

/* Begin the delay, or extend it, but not past its longest. */
static void
wait_on(struct settling *s, struct mono now)
{
	if (s->state == SETTLING_STABLE) {
		set_state(s, SETTLING_WAITING);
		s->since = now;
	}
	if (s->state == SETTLING_WAITING)
		s->until = mono_earlier(mono_add_ms(now, s->opts.delay_ms),
		    mono_add_ms(s->since, s->opts.max_ms));
}

static void
hold(struct settling *s, struct party *p, uint64_t generation, struct mono now)
{
	p->held_before = p->held;
	p->held = generation;
	p->poisoned = 0;
	wait_on(s, now);
}

static enum settling_verdict
on_config(struct settling *s, struct party *p, const struct message *m,
    struct mono now)
{
	bool follows = p->set_part > 0 && m->part == p->set_part + 1 &&
	    m->parts == p->set_parts && m->msgid == p->set_msgid + 1 &&
	    m->generation == p->set_generation &&
	    m->timestamp == p->set_timestamp;

	if (m->generation == p->held) {
		p->set_part = 0;
		return SETTLING_SAME;
	}
	if (m->part != 1 && !follows) {
		p->set_part = 0;
		return SETTLING_PART;
	}
	p->set_part = m->part;
	p->set_parts = m->parts;
	p->set_msgid = m->msgid;
	p->set_generation = m->generation;
	p->set_timestamp = m->timestamp;
	if (m->part < m->parts)
		return SETTLING_PART;
	p->set_part = 0;
	p->asked = 0;
	p->ask = false;
	hold(s, p, m->generation, now);
	return SETTLING_CHANGED;
}

/* Ask once for what is not held; a repeat of what was poison would not help,
 * and what is older than the configuration held is not sent again. */
static void
ask_for(struct party *p, uint64_t generation)
{
	if (generation == p->poisoned || generation < p->held ||
	    generation == p->asked)
		return;
	p->asked = generation;
	p->ask = true;
}

static enum settling_verdict
on_data(struct party *p, const struct message *m)
{
	p->set_part = 0;
	if (m->generation == p->compiled && p->compiled != 0)
		return SETTLING_STORE;
	if (m->generation == p->held && p->held != 0)
		return SETTLING_WAIT;
	ask_for(p, m->generation);
	return SETTLING_MARK;
}

enum settling_verdict
settling_message(struct settling *s, unsigned who, const struct message *m,
    struct mono now)
{
	struct party *p = party(s, who);

	switch (m->type) {
	case MESSAGE_CONFIG:
		return on_config(s, p, m, now);
	case MESSAGE_DATA:
		return on_data(p, m);
	case MESSAGE_STATUS:
	case MESSAGE_RESULT:
	case MESSAGE_TASK:
	case MESSAGE_RESYNC:
		break;
	}
	p->set_part = 0;
	return SETTLING_STORE;
}

void
settling_poisoned(struct settling *s, unsigned who, uint64_t generation)
{
	struct party *p = party(s, who);

	p->poisoned = generation;
	if (p->held != generation || p->held == p->compiled)
		return;
	p->held = p->held_before;
	if (s->state == SETTLING_WAITING && !behind(s))
		set_state(s, SETTLING_STABLE);
}

void
settling_held(struct settling *s, unsigned who, uint64_t generation,
    struct mono now)
{
	struct party *p = party(s, who);

	if (p->held != generation)
		hold(s, p, generation, now);
}

void
settling_hurry(struct settling *s, struct mono now)
{
	wait_on(s, now);
	s->until = now;
}

/* What failed is tried again by itself, though not at once. */
static void
try_again(struct settling *s, struct mono now)
{
	set_state(s, SETTLING_WAITING);
	s->since = now;
	s->until = mono_add_ms(now, s->opts.max_ms);
}

static bool
next_to_ask(struct settling *s, unsigned *who)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (s->party[i].ask) {
			s->party[i].ask = false;
			*who = i;
			return true;
		}
	}
	return false;
}

static enum settling_action
state_action(struct settling *s)
{
	if (s->told)
		return SETTLING_NOTHING;
	s->told = true;
	switch (s->state) {
	case SETTLING_STABLE:
	case SETTLING_WAITING:
		return SETTLING_NOTHING;
	case SETTLING_DRAINING:
		return SETTLING_DRAIN;
	case SETTLING_COMPILING:
		return SETTLING_COMPILE;
	}
	abort();
}

enum settling_action
settling_next(struct settling *s, struct mono now, unsigned *who)
{
	if (next_to_ask(s, who))
		return SETTLING_RESYNC;
	if (s->flow) {
		s->flow = false;
		return SETTLING_FLOW;
	}
	if (s->state == SETTLING_WAITING && now.ns >= s->until.ns)
		set_state(s, SETTLING_DRAINING);
	return state_action(s);
}

void
settling_drained(struct settling *s, bool ok, struct mono now)
{
	assert(s->state == SETTLING_DRAINING);
	if (!ok) {
		try_again(s, now);
		return;
	}
	for (unsigned i = 0; i < s->n; i++)
		s->party[i].compiling = s->party[i].held;
	set_state(s, SETTLING_COMPILING);
}

void
settling_compiled(struct settling *s, bool ok, struct mono now)
{
	assert(s->state == SETTLING_COMPILING);
	if (!ok) {
		try_again(s, now);
		return;
	}
	for (unsigned i = 0; i < s->n; i++)
		s->party[i].compiled = s->party[i].compiling;
	s->flow = true;
	set_state(s, SETTLING_STABLE);
	if (behind(s))
		wait_on(s, now);
}

void
settling_begin(struct settling *s, unsigned who)
{
	settling_add(s, who, 0);
	if (s->state == SETTLING_WAITING && !behind(s))
		set_state(s, SETTLING_STABLE);
}

struct mono
settling_wake(const struct settling *s)
{
	if (s->state == SETTLING_WAITING)
		return s->until;
	return (struct mono){ INT64_MAX };
}

enum settling_state
settling_state(const struct settling *s)
{
	return s->state;
}

uint64_t
settling_newest(const struct settling *s, unsigned who)
{
	return s->party[who].held;
}

uint64_t
settling_asked(const struct settling *s, unsigned who)
{
	return s->party[who].asked;
}

void
settling_free(struct settling *s)
{
	if (s == NULL)
		return;
	free(s->party);
	free(s);
}
