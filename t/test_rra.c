/*
 * Round robin archives: what a list means at a step.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hub/stores/rra.h"

static void
expect(config_list list, uint32_t step_s, const char *const *want)
{
	struct rra_args got;
	struct err e = { 0 };

	assert_int_equal(rra_expand(list, step_s, &got, &e), 0);
	for (size_t i = 0; i < got.n; i++) {
		assert_non_null(want[i]);
		assert_string_equal(got.arg[i], want[i]);
	}
	assert_null(want[got.n]);
	rra_free(&got);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
the_default_at_five_minutes_and_at_ten_seconds(void **state)
{
	static const char *const none[] = { NULL };

	(void)state;
	expect(none, 300,
	    LIST("RRA:AVERAGE:0.5:1:4032", "RRA:AVERAGE:0.5:12:2160",
		"RRA:AVERAGE:0.5:288:1825", "RRA:MAX:0.5:12:2160",
		"RRA:MAX:0.5:288:1825"));
	expect(NULL, 10,
	    LIST("RRA:AVERAGE:0.5:1:17280", "RRA:AVERAGE:0.5:30:4032",
		"RRA:AVERAGE:0.5:360:2160", "RRA:AVERAGE:0.5:8640:1825",
		"RRA:MAX:0.5:360:2160", "RRA:MAX:0.5:8640:1825"));
}

static void
resolutions_are_rounded_up_to_whole_steps(void **state)
{
	(void)state;
	expect(LIST("AVERAGE:1x:2d"), 60, LIST("RRA:AVERAGE:0.5:1:2880"));
	expect(LIST("LAST:3x:1h"), 60, LIST("RRA:LAST:0.5:3:20"));
	expect(LIST("MIN:90s:1h"), 60, LIST("RRA:MIN:0.5:2:30"));
	expect(LIST("MAX:1:1h"), 60, LIST("RRA:MAX:0.5:1:60"));
	expect(LIST("MAX:1h:90m"), 60, LIST("RRA:MAX:0.5:60:2"));
	expect(LIST("AVERAGE:5m:1w"), 7, LIST("RRA:AVERAGE:0.5:43:2010"));
}

static void
equal_archives_become_one(void **state)
{
	(void)state;
	expect(LIST("AVERAGE:1x:2d", "AVERAGE:5m:1h", "MAX:1x:1h"), 300,
	    LIST("RRA:AVERAGE:0.5:1:576", "RRA:MAX:0.5:1:12"));
	expect(LIST("AVERAGE:1x:2d", "AVERAGE:1h:90d", "AVERAGE:1d:5y"), 86400,
	    LIST("RRA:AVERAGE:0.5:1:1825"));
}

static void
what_is_wrong_is_named(void **state)
{
	static const char *const row[] = { "", "AVERAGE", "AVERAGE:1x",
		"AVG:1x:2d", "average:1x:2d", "AVERAGE:x:2d", "AVERAGE:0:2d",
		"AVERAGE:1x:0d", "AVERAGE:1x:2x", "AVERAGE:-1:2d",
		"AVERAGE:1x:2d:3", "AVERAGE:1x:2q", "AVERAGE: 1x:2d",
		"AVERAGE:01:2d", "AVERAGE:1x:101y", "AVERAGE:1x:1000y",
		"AVERAGE:1s:1y", "AVERAGE:99999999999999999999:1d" };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct rra_args got = { .n = 77 };
		struct err e = { 0 };

		assert_int_equal(rra_expand(LIST(row[i]), 1, &got, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_non_null(strstr(e.msg, row[i]));
		assert_int_equal(got.n, 77);
	}
}

static void
the_most_rows_are_taken_and_no_more(void **state)
{
	struct rra_args got;
	struct err e = { 0 };

	(void)state;
	expect(LIST("LAST:1x:10000000"), 1, LIST("RRA:LAST:0.5:1:10000000"));
	assert_int_equal(rra_expand(LIST("LAST:1x:10000001"), 1, &got, &e), -1);
	assert_int_equal(rra_expand(NULL, 0, &got, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_default_at_five_minutes_and_at_ten_seconds),
		cmocka_unit_test(resolutions_are_rounded_up_to_whole_steps),
		cmocka_unit_test(equal_archives_become_one),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(the_most_rows_are_taken_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
