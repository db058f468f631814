/*
 * The grid of cycles, and what a mark says about the next.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spoke/schedule.h"

static void
cycles_lie_on_multiples_of_the_period(void **state)
{
	static const struct {
		int64_t now, period, offset, cycle;
	} rows[] = {
		{ 1000000000, 60, 0, 999999960 },
		{ 999999960, 60, 0, 999999960 },
		{ 999999959, 60, 0, 999999900 },
		{ 1000000000, 1, 0, 1000000000 },
		{ 1000000000, 300, 10, 999999910 },
		{ 999999909, 300, 10, 999999610 },
		{ 86399, 86400, 0, 0 },
		{ 5, 60, 10, -50 }, /* a clock at the beginning of time */
		{ 100, 60, 130, 70 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(
		    schedule_cycle(rows[i].now, rows[i].period, rows[i].offset),
		    rows[i].cycle);
}

/* Never early, for then it would be asked for ever; never later than a period,
 * whatever the clock reads. */
static void
the_next_cycle_is_waited_for(void **state)
{
	static const struct {
		int64_t now_ms, period, offset, wait_ms;
	} rows[] = {
		{ 999999960000, 60, 0, 60000 },
		{ 999999960001, 60, 0, 59999 },
		{ 1000000019999, 60, 0, 1 },
		{ 1000000000500, 1, 0, 500 },
		{ 1000000000000, 300, 10, 210000 },
		{ 0, 86400, 0, 86400000 },
		{ 5000, 60, 10, 5000 },
		{ -1, 60, 0, 1 }, /* a clock before its beginning */
		{ -1500, 60, 0, 1500 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct wall now = { rows[i].now_ms };
		int64_t ms =
		    schedule_wait_ms(now, rows[i].period, rows[i].offset);
		struct wall then = { now.ms + ms }, before = { then.ms - 1 };

		assert_int_equal(ms, rows[i].wait_ms);
		assert_int_equal(schedule_cycle(wall_s(then), rows[i].period,
				     rows[i].offset) *
			1000,
		    then.ms);
		assert_int_not_equal(schedule_cycle(wall_s(before),
					 rows[i].period, rows[i].offset) *
			1000,
		    then.ms);
	}
}

static void
a_mark_decides(void **state)
{
	static const struct {
		struct schedule_mark mark;
		int64_t cycle;
		enum schedule_verdict verdict;
	} rows[] = {
		{ { 0, 0 }, 60, SCHEDULE_RUN }, /* the first */
		{ { 60, 60 }, 60, SCHEDULE_WAIT },
		{ { 60, 60 }, 120, SCHEDULE_RUN },
		{ { 60, 60 }, 6000, SCHEDULE_RUN }, /* none is made up */
		{ { 120, 60 }, 120, SCHEDULE_RESUME },
		{ { 120, 0 }, 180, SCHEDULE_RUN },
		{ { 180, 180 }, 120, SCHEDULE_AHEAD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(schedule_next(&rows[i].mark, rows[i].cycle),
		    rows[i].verdict);
}

static void
marks_are_read_back(void **state)
{
	static const char *const bad[] = { "", "5", "5 6", "-5 -5", "5 5 5",
		" 5 5", "05 5", "a b" };
	const struct schedule_mark m = { 1000000000, 999999940 };
	struct schedule_mark got = { 0 };
	struct buf b = { 0 };

	(void)state;
	schedule_print(&m, &b);
	assert_true(schedule_parse(buf_slice(&b), &got));
	assert_int_equal(got.begun_s, m.begun_s);
	assert_int_equal(got.done_s, m.done_s);
	buf_clear(&b);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(schedule_parse(slice_str(bad[i]), &got));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cycles_lie_on_multiples_of_the_period),
		cmocka_unit_test(the_next_cycle_is_waited_for),
		cmocka_unit_test(a_mark_decides),
		cmocka_unit_test(marks_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
