/*
 * What a daemon has to collect, as its clock goes on, jumps and goes back.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spoke/turns.h"

enum {
	LOOK_MS = 5000
};

static bool
due(struct turns *t, int64_t now_ms, int64_t *wait_ms)
{
	*wait_ms = LOOK_MS;
	return turns_due(t, (struct wall){ now_ms }, wait_ms);
}

static void
a_cycle_is_due_once(void **state)
{
	struct config_collector collector[] = {
		{ .period_s = 60 },
		{ .period_s = 60 },
		{ .period_s = 300, .offset_s = 10 },
	};
	const struct config c = { .collector = collector, .n_collector = 3 };
	static const struct {
		int64_t now_ms, wait_ms;
		bool due;
	} rows[] = {
		{ 1000000000000, LOOK_MS, true },
		{ 1000000000000, LOOK_MS, false },
		{ 1000000017000, 3000, false },
		{ 1000000020000, LOOK_MS, true },
		{ 1000000021000, LOOK_MS, false },
		{ 1000000209999, 1, true },       /* three were missed */
		{ 1000000210000, LOOK_MS, true }, /* the other's */
		{ 1000000100000, LOOK_MS, true }, /* it went back */
		{ 1000000100001, LOOK_MS, false },
	};
	struct turns t = { .n = 0 };
	int64_t wait_ms;

	(void)state;
	turns_make(&t, &c);
	assert_int_equal(t.n, 2);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(due(&t, rows[i].now_ms, &wait_ms),
		    rows[i].due);
		assert_int_equal(wait_ms, rows[i].wait_ms);
	}
	turns_forget(&t);
	assert_true(due(&t, 1000000100002, &wait_ms));
	turns_clear(&t);
}

static void
without_collectors_nothing_is(void **state)
{
	const struct config c = { .n_collector = 0 };
	struct turns t = { .n = 0 };
	int64_t wait_ms;

	(void)state;
	turns_make(&t, &c);
	assert_false(due(&t, 1000000000000, &wait_ms));
	assert_int_equal(wait_ms, LOOK_MS);
	turns_clear(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cycle_is_due_once),
		cmocka_unit_test(without_collectors_nothing_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
