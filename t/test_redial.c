/*
 * When a delivery that failed is begun once more.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/delivery/redial.h"

#define S(n)  ((n)*INT64_C(1000))
#define AT(s) ((struct mono){ S(s) * INT64_C(1000000) })
#define MOST  UINT64_MAX

enum {
	BEGUN_S = 5000, /* no clock begins at 0 */
};

static struct err
failed_with(enum err_kind kind, int sys)
{
	struct err e = { 0 };

	err_set(&e, kind, "it failed");
	e.sys = sys;
	return e;
}

/* What is worth another try, and what is not. */
static void
only_what_may_get_through_is_begun_again(void **state)
{
	static const struct {
		enum err_kind kind;
		int sys;
		bool again;
	} rows[] = {
		{ ERR_TEMP, REDIAL_BUSY, true },
		{ ERR_TEMP, REDIAL_TURNED_AWAY, true },
		{ ERR_TEMP, 0, false },            /* no answer to a connect */
		{ ERR_TEMP, ECONNREFUSED, false }, /* nobody is there */
		{ ERR_TEMP, EHOSTUNREACH, false },
		{ ERR_TEMP, EPIPE, false },      /* cut when it was open */
		{ ERR_TEMP, ECONNRESET, false }, /* the same */
		{ ERR_TEMP, EBUSY, false },      /* a twin is at it */
		{ ERR_TEMP, EDQUOT, false },     /* the budget is used up */
		{ ERR_TEMP, ENOSPC, false },
		{ ERR_SYS, REDIAL_BUSY, false }, /* our own trouble */
		{ ERR_SYS, REDIAL_TURNED_AWAY, false },
		{ ERR_DENIED, 0, false },
		{ ERR_CONFIG, 0, false },
		{ ERR_PROTOCOL, 0, false },
		{ ERR_INPUT, 0, false },
		{ ERR_HOST, 0, false },
		{ ERR_INTERNAL, REDIAL_TURNED_AWAY, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct redial r = { .tries = 3, .deadline = AT(BEGUN_S + 600) };
		struct err e = failed_with(rows[i].kind, rows[i].sys);
		int64_t wait_ms = -1;

		assert_int_equal(redial_after(&r, &e, AT(BEGUN_S), 0, &wait_ms),
		    rows[i].again);
		if (rows[i].again)
			assert_true(wait_ms > 0);
	}
}

/* The pauses of failures in a row, by the least and by the greatest chance. */
static void
pauses_grow_and_are_chance(void **state)
{
	static const struct {
		int sys;
		unsigned tries;
		struct {
			int64_t least_ms, most_ms; /* 0: none */
		} pause[8];
	} rows[] = {
		{ REDIAL_TURNED_AWAY, 3, { { 1000, 10000 }, { 5000, 45000 } } },
		{ REDIAL_TURNED_AWAY, 2, { { 1000, 10000 } } },
		{ REDIAL_TURNED_AWAY, 1, { { 0, 0 } } },
		{ REDIAL_TURNED_AWAY, 0, { { 0, 0 } } },
		{ REDIAL_TURNED_AWAY, 5,
		    { { 1000, 10000 }, { 5000, 45000 }, { 5000, 45000 },
			{ 5000, 45000 } } },
		{ REDIAL_BUSY, 1,
		    { { 500, 1000 }, { 1000, 2000 }, { 2000, 4000 },
			{ 4000, 8000 }, { 8000, 16000 }, { 15000, 30000 },
			{ 15000, 30000 }, { 15000, 30000 } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct redial low = { .tries = rows[i].tries,
			.deadline = AT(BEGUN_S + 600) };
		struct redial high = low;
		struct err e = failed_with(ERR_TEMP, rows[i].sys);

		for (size_t n = 0; n < 8; n++) {
			int64_t least = rows[i].pause[n].least_ms, ms = -1;
			uint64_t span =
			    (uint64_t)(rows[i].pause[n].most_ms - least);

			assert_int_equal(
			    redial_after(&low, &e, AT(BEGUN_S), 0, &ms),
			    least != 0);
			if (least == 0)
				break;
			assert_int_equal(ms, least);
			assert_true(redial_after(&high, &e, AT(BEGUN_S),
			    span - 1, &ms));
			assert_int_equal(ms, rows[i].pause[n].most_ms - 1);
		}
	}
}

/* Nothing is begun that the deadline would cut at once. */
static void
deadline_is_kept(void **state)
{
	static const struct {
		int64_t deadline_ms; /* from now */
		int sys;
		bool again;
	} rows[] = {
		{ 1001, REDIAL_TURNED_AWAY, true },
		{ 1000, REDIAL_TURNED_AWAY, false },
		{ 0, REDIAL_TURNED_AWAY, false },
		{ -5000, REDIAL_TURNED_AWAY, false },
		{ 501, REDIAL_BUSY, true },
		{ 500, REDIAL_BUSY, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct redial r = { .tries = 3,
			.deadline =
			    mono_add_ms(AT(BEGUN_S), rows[i].deadline_ms) };
		struct err e = failed_with(ERR_TEMP, rows[i].sys);
		int64_t ms;

		assert_int_equal(redial_after(&r, &e, AT(BEGUN_S), 0, &ms),
		    rows[i].again);
	}
}

/* Who has no deadline has a schedule of his own, and a place that others want. */
static void
without_a_deadline_nobody_is_waited_for(void **state)
{
	static const int sys[] = { REDIAL_BUSY, REDIAL_TURNED_AWAY };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct redial r = { .tries = 3 };
		struct err e = failed_with(ERR_TEMP, sys[i]);
		int64_t ms;

		assert_false(redial_after(&r, &e, AT(BEGUN_S), MOST, &ms));
	}
}

/* A far end that is busy in between costs no try, and the other way about. */
static void
the_two_are_counted_apart(void **state)
{
	static const int sys[] = { REDIAL_BUSY, REDIAL_TURNED_AWAY, REDIAL_BUSY,
		REDIAL_TURNED_AWAY, REDIAL_BUSY };
	struct redial r = { .tries = 3, .deadline = AT(BEGUN_S + 600) };
	struct err turned_away = failed_with(ERR_TEMP, REDIAL_TURNED_AWAY);
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(sys) / sizeof(sys[0]); i++) {
		struct err e = failed_with(ERR_TEMP, sys[i]);

		assert_true(redial_after(&r, &e, AT(BEGUN_S), MOST, &ms));
	}
	assert_false(redial_after(&r, &turned_away, AT(BEGUN_S), MOST, &ms));
}

int
main(void)
{
#define T(f) cmocka_unit_test(f)
	static const struct CMUnitTest tests[] = {
		T(only_what_may_get_through_is_begun_again),
		T(pauses_grow_and_are_chance),
		T(deadline_is_kept),
		T(without_a_deadline_nobody_is_waited_for),
		T(the_two_are_counted_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
