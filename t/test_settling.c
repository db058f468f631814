/*
 * The settling machine, played: each row is a history of one tree, an event a
 * word, with what is expected of it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hub/ingest/settling.h"

enum event {
	END,
	TICK,     /* a: ms that pass */
	CONFIG,   /* generation a; want: a verdict */
	PART,     /* generation a, part b of 3; want: a verdict */
	DATA,     /* generation a; want: a verdict */
	STATUS,   /* want: a verdict */
	NEXT,     /* want: an action */
	STATE,    /* want: a state */
	WAKE,     /* a: ms from the start, 0: never */
	POISONED, /* generation a */
	HELD,     /* generation a */
	HURRY,
	DRAINED,  /* a: ok */
	COMPILED, /* a: ok */
	BEGIN,    /* a new stream */
	WHO,      /* a: events from here on are of this association */
};

struct step {
	enum event event;
	uint64_t a;
	uint32_t b;
	int want;
};

struct row {
	const char *name;
	struct step step[24];
};

#define SEE(what, expected)                                \
	{                                                  \
		.event = what, .want = SETTLING_##expected \
	}
#define GEN(what, generation, expected)                                     \
	{                                                                   \
		.event = what, .a = generation, .want = SETTLING_##expected \
	}
#define PART_OF(generation, part, expected)                \
	{                                                  \
		.event = PART, .a = generation, .b = part, \
		.want = SETTLING_##expected                \
	}
#define DO(what, value)                   \
	{                                 \
		.event = what, .a = value \
	}

/* The delay is 30 s, at most 100 s; association 0 begins with generation 1
 * compiled, association 1 with none. */
static const struct row rows[] = {
	{ "compiled generation is stored in every state",
	    {
		SEE(STATE, STABLE),
		GEN(DATA, 1, STORE),
		GEN(CONFIG, 2, CHANGED),
		GEN(DATA, 1, STORE),
		DO(TICK, 30000),
		SEE(NEXT, DRAIN),
		GEN(DATA, 1, STORE),
		DO(DRAINED, true),
		SEE(NEXT, COMPILE),
		GEN(DATA, 1, STORE),
	    } },
	{ "a repeat neither settles nor compiles",
	    {
		GEN(CONFIG, 1, SAME),
		PART_OF(1, 2, SAME),
		SEE(STATE, STABLE),
		SEE(NEXT, NOTHING),
		DO(WAKE, 0),
	    } },
	{ "a change settles, drains, compiles, flows",
	    {
		GEN(CONFIG, 2, CHANGED),
		SEE(STATE, WAITING),
		DO(WAKE, 30000),
		GEN(DATA, 2, WAIT),
		SEE(NEXT, NOTHING),
		DO(TICK, 29999),
		SEE(NEXT, NOTHING),
		DO(TICK, 1),
		SEE(NEXT, DRAIN),
		SEE(NEXT, NOTHING),
		SEE(STATE, DRAINING),
		GEN(DATA, 2, WAIT),
		DO(DRAINED, true),
		SEE(NEXT, COMPILE),
		SEE(NEXT, NOTHING),
		GEN(DATA, 2, WAIT),
		DO(COMPILED, true),
		SEE(NEXT, FLOW),
		SEE(NEXT, NOTHING),
		GEN(DATA, 2, STORE),
		SEE(STATE, STABLE),
		DO(WAKE, 0),
	    } },
	{ "many changes cost one compilation, within the longest delay",
	    {
		GEN(CONFIG, 2, CHANGED),
		DO(TICK, 29000),
		GEN(CONFIG, 3, CHANGED),
		DO(WAKE, 59000),
		DO(TICK, 29000),
		GEN(CONFIG, 4, CHANGED),
		DO(TICK, 29000),
		GEN(CONFIG, 5, CHANGED),
		DO(WAKE, 100000),
		DO(TICK, 12999),
		SEE(NEXT, NOTHING),
		DO(TICK, 1),
		SEE(NEXT, DRAIN),
		DO(DRAINED, true),
		SEE(NEXT, COMPILE),
		DO(COMPILED, true),
		SEE(NEXT, FLOW),
		GEN(DATA, 5, STORE),
		GEN(DATA, 4, MARK),
		SEE(NEXT, NOTHING),
	    } },
	{ "a change during the compilation settles after it",
	    {
		GEN(CONFIG, 2, CHANGED),
		DO(TICK, 30000),
		SEE(NEXT, DRAIN),
		DO(DRAINED, true),
		SEE(NEXT, COMPILE),
		GEN(CONFIG, 3, CHANGED),
		DO(COMPILED, true),
		SEE(STATE, WAITING),
		SEE(NEXT, FLOW),
		GEN(DATA, 2, STORE),
		GEN(DATA, 3, WAIT),
		DO(WAKE, 60000),
	    } },
	{ "a failed compilation leaves the last good tree, tries again",
	    {
		GEN(CONFIG, 2, CHANGED),
		DO(TICK, 30000),
		SEE(NEXT, DRAIN),
		DO(DRAINED, true),
		SEE(NEXT, COMPILE),
		DO(COMPILED, false),
		SEE(NEXT, NOTHING),
		GEN(DATA, 1, STORE),
		GEN(DATA, 2, WAIT),
		DO(WAKE, 130000),
		DO(TICK, 100000),
		SEE(NEXT, DRAIN),
		DO(DRAINED, true),
		SEE(NEXT, COMPILE),
		DO(COMPILED, true),
		SEE(NEXT, FLOW),
	    } },
	{ "stores that fail hold the compilation up",
	    {
		GEN(CONFIG, 2, CHANGED),
		DO(TICK, 30000),
		SEE(NEXT, DRAIN),
		DO(DRAINED, false),
		SEE(STATE, WAITING),
		SEE(NEXT, NOTHING),
		DO(TICK, 100000),
		SEE(NEXT, DRAIN),
	    } },
	{ "fatal loss: marked, asked for once, stored when the CONFIG came",
	    {
		GEN(DATA, 2, MARK),
		SEE(NEXT, RESYNC),
		SEE(NEXT, NOTHING),
		GEN(DATA, 2, MARK),
		SEE(NEXT, NOTHING),
		GEN(CONFIG, 2, CHANGED),
		GEN(DATA, 2, WAIT),
		DO(TICK, 30000),
		SEE(NEXT, DRAIN),
		DO(DRAINED, true),
		SEE(NEXT, COMPILE),
		DO(COMPILED, true),
		SEE(NEXT, FLOW),
		GEN(DATA, 3, MARK),
		SEE(NEXT, RESYNC),
	    } },
	{ "no configuration at all is fatal loss too",
	    {
		DO(WHO, 1),
		GEN(DATA, 1, MARK),
		SEE(NEXT, RESYNC),
		GEN(CONFIG, 1, CHANGED),
		GEN(DATA, 1, WAIT),
	    } },
	{ "poison keeps the configuration before it, and asks for nothing",
	    {
		GEN(CONFIG, 2, CHANGED),
		DO(POISONED, 2),
		SEE(STATE, STABLE),
		GEN(DATA, 2, MARK),
		GEN(DATA, 1, STORE),
		SEE(NEXT, NOTHING),
		GEN(CONFIG, 2, CHANGED),
		DO(POISONED, 2),
		GEN(CONFIG, 3, CHANGED),
		GEN(DATA, 3, WAIT),
	    } },
	{ "poison after a good change keeps that change",
	    {
		GEN(CONFIG, 2, CHANGED),
		GEN(CONFIG, 3, CHANGED),
		DO(POISONED, 3),
		SEE(STATE, WAITING),
		GEN(DATA, 2, WAIT),
		GEN(DATA, 3, MARK),
		DO(TICK, 30000),
		SEE(NEXT, DRAIN),
		DO(DRAINED, true),
		SEE(NEXT, COMPILE),
		DO(COMPILED, true),
		SEE(NEXT, FLOW),
		GEN(DATA, 2, STORE),
	    } },
	{ "what an operator accepts is held",
	    {
		GEN(CONFIG, 2, CHANGED),
		DO(POISONED, 2),
		GEN(DATA, 2, MARK),
		DO(HELD, 2),
		SEE(STATE, WAITING),
		GEN(DATA, 2, WAIT),
		DO(HELD, 2),
		DO(WAKE, 30000),
	    } },
	{ "parts make a change when the last has come",
	    {
		PART_OF(2, 1, PART),
		SEE(STATE, STABLE),
		PART_OF(2, 2, PART),
		PART_OF(2, 3, CHANGED),
		GEN(DATA, 2, WAIT),
	    } },
	{ "part 1 begins the set anew",
	    {
		PART_OF(2, 1, PART),
		PART_OF(2, 2, PART),
		PART_OF(2, 1, PART),
		PART_OF(2, 3, PART),
		PART_OF(2, 1, PART),
		PART_OF(2, 2, PART),
		PART_OF(2, 3, CHANGED),
	    } },
	{ "nothing may come between parts",
	    {
		PART_OF(2, 1, PART),
		PART_OF(2, 2, PART),
		SEE(STATUS, STORE),
		PART_OF(2, 3, PART),
		GEN(DATA, 2, MARK),
		SEE(NEXT, RESYNC),
	    } },
	{ "parts are of one generation",
	    {
		PART_OF(2, 1, PART),
		PART_OF(3, 2, PART),
		PART_OF(2, 3, PART),
		SEE(STATE, STABLE),
	    } },
	{ "another association of the tree does not wait",
	    {
		DO(WHO, 1),
		GEN(CONFIG, 1, CHANGED),
		DO(TICK, 30000),
		SEE(NEXT, DRAIN),
		DO(DRAINED, true),
		SEE(NEXT, COMPILE),
		DO(COMPILED, true),
		DO(WHO, 0),
		GEN(CONFIG, 2, CHANGED),
		GEN(DATA, 2, WAIT),
		DO(WHO, 1),
		GEN(DATA, 1, STORE),
	    } },
	{ "STATUS and RESULT never wait",
	    {
		GEN(CONFIG, 2, CHANGED),
		SEE(STATUS, STORE),
	    } },
	{ "an operator's word ends the delay",
	    {
		GEN(CONFIG, 2, CHANGED),
		DO(HURRY, 0),
		SEE(NEXT, DRAIN),
	    } },
	{ "an operator may compile what did not change",
	    {
		DO(HURRY, 0),
		SEE(NEXT, DRAIN),
		DO(DRAINED, true),
		SEE(NEXT, COMPILE),
		DO(COMPILED, true),
		SEE(NEXT, FLOW),
		SEE(STATE, STABLE),
	    } },
	{ "a new stream's generations begin anew",
	    {
		GEN(CONFIG, 2, CHANGED),
		DO(BEGIN, 0),
		SEE(STATE, STABLE),
		GEN(DATA, 1, MARK),
		SEE(NEXT, RESYNC),
		GEN(CONFIG, 1, CHANGED),
		GEN(DATA, 1, WAIT),
	    } },
};

struct play {
	struct settling *s;
	struct mono now;
	unsigned who;
	uint64_t msgid;
};

static int
send_message(struct play *p, const struct step *t)
{
	struct message m = {
		.msgid = ++p->msgid,
		.type = t->event == DATA ? MESSAGE_DATA : MESSAGE_CONFIG,
		.timestamp = 1085528682,
		.generation = t->a,
		.part = t->event == PART ? t->b : 1,
		.parts = t->event == PART ? 3 : 1,
	};

	if (t->event == STATUS)
		m.type = MESSAGE_STATUS;
	return (int)settling_message(p->s, p->who, &m, p->now);
}

static int
do_step(struct play *p, const struct step *t)
{
	unsigned who;

	switch (t->event) {
	case TICK:
		p->now = mono_add_ms(p->now, (int64_t)t->a);
		break;
	case CONFIG:
	case PART:
	case DATA:
	case STATUS:
		return send_message(p, t);
	case NEXT:
		return (int)settling_next(p->s, p->now, &who);
	case STATE:
		return (int)settling_state(p->s);
	case WAKE:
		return settling_wake(p->s).ns !=
		    (t->a == 0 ? INT64_MAX : (int64_t)t->a * 1000000);
	case POISONED:
		settling_poisoned(p->s, p->who, t->a);
		break;
	case HELD:
		settling_held(p->s, p->who, t->a, p->now);
		break;
	case HURRY:
		settling_hurry(p->s, p->now);
		break;
	case DRAINED:
		settling_drained(p->s, t->a, p->now);
		break;
	case COMPILED:
		settling_compiled(p->s, t->a, p->now);
		break;
	case BEGIN:
		settling_begin(p->s, p->who);
		break;
	case WHO:
		p->who = (unsigned)t->a;
		break;
	case END:
		break;
	}
	return t->want;
}

static void
each_history_plays_as_written(void **state)
{
	const struct settling_opts opts = { .delay_ms = 30000,
		.max_ms = 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct play p = { .s = settling_new(&opts) };

		settling_add(p.s, 0, 1);
		settling_add(p.s, 1, 0);
		for (size_t k = 0; rows[i].step[k].event != END; k++) {
			int got = do_step(&p, rows[i].step + k);

			if (got != rows[i].step[k].want)
				fail_msg("%s: step %zu gave %d, not %d",
				    rows[i].name, k + 1, got,
				    rows[i].step[k].want);
		}
		settling_free(p.s);
	}
}

static void
resync_names_who_and_what(void **state)
{
	const struct settling_opts opts = { .delay_ms = 1, .max_ms = 1 };
	struct settling *s = settling_new(&opts);
	struct message m = { .type = MESSAGE_DATA, .generation = 7 };
	unsigned who = 0;

	(void)state;
	settling_add(s, 0, 1);
	settling_add(s, 5, 3);
	(void)settling_message(s, 5, &m, (struct mono){ 0 });
	assert_int_equal(settling_next(s, (struct mono){ 0 }, &who),
	    SETTLING_RESYNC);
	assert_int_equal(who, 5);
	assert_int_equal(settling_asked(s, 5), 7);
	assert_int_equal(settling_asked(s, 0), 0);
	settling_free(s);
}

static void
states_have_names(void **state)
{
	(void)state;
	assert_string_equal(settling_state_name(SETTLING_STABLE), "stable");
	assert_string_equal(settling_state_name(SETTLING_COMPILING),
	    "compiling");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_history_plays_as_written),
		cmocka_unit_test(resync_names_who_and_what),
		cmocka_unit_test(states_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
