/*
 * Which of the sessions that failed are in the log.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/links/links_untold.h"

static struct links_untold u;

static struct mono
at_s(int64_t s)
{
	return (struct mono){ (1000 + s) * INT64_C(1000000000) };
}

/* A session that begins and fails at once: the count that it tells, 0: none. */
static uint64_t
fail_at(const char *association, int64_t s)
{
	uint64_t before = 99;
	bool tells = links_untold_ask(&u, association, at_s(s), &before);

	links_untold_failed(&u, association, tells, at_s(s));
	return tells ? before + 1 : 0;
}

static int
setup(void **state)
{
	(void)state;
	links_untold_clear(&u);
	return 0;
}

/* So many in one second. */
static void
flood(const char *association, int64_t s, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		fail_at(association, s);
}

static void
so_many_a_minute_are_told_then_one_with_a_count(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINKS_TELL_MOST; i++)
		assert_int_equal(fail_at("alps", i), 1);
	assert_int_equal(fail_at("alps", 30), 0);
	assert_int_equal(fail_at("alps", 59), 0);
	assert_int_equal(fail_at("alps", 60), 3);
	assert_int_equal(fail_at("alps", 61), 1);
	flood("alps", 62, LINKS_TELL_MOST);
	assert_int_equal(fail_at("alps", 500), 3);
	assert_int_equal(fail_at("alps", 501), 1);
}

static void
a_flood_is_so_many_lines_a_minute(void **state)
{
	uint64_t lines = 0, told = 0;

	(void)state;
	for (int64_t i = 0; i < 100 * 600; i++) { /* a hundred a second */
		uint64_t n = fail_at("alps", i / 100);

		lines += n > 0;
		told += n;
	}
	assert_int_equal(lines, 10 * LINKS_TELL_MOST);
	assert_in_range(told, 54000, 60000); /* all but the last minute's */
}

static void
one_hides_no_other(void **state)
{
	(void)state;
	flood("alps", 0, LINKS_TELL_MOST);
	assert_int_equal(fail_at("alps", 1), 0);
	assert_int_equal(fail_at("bern", 1), 1);
	assert_int_equal(fail_at("bern", 2), 1);
	assert_int_equal(fail_at("alps", 60), 2);
}

/* Of two that run beside each other both may tell, for both began when it was not
 * too much. */
static void
two_that_began_before_may_tell(void **state)
{
	uint64_t a, b;

	(void)state;
	flood("alps", 0, LINKS_TELL_MOST - 1);
	assert_true(links_untold_ask(&u, "alps", at_s(0), &a));
	assert_true(links_untold_ask(&u, "alps", at_s(0), &b));
	links_untold_failed(&u, "alps", true, at_s(1));
	links_untold_failed(&u, "alps", true, at_s(2));
	assert_int_equal(fail_at("alps", 3), 0);
	assert_int_equal(fail_at("alps", 62), 2);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, setup)
	static const struct CMUnitTest tests[] = {
		T(so_many_a_minute_are_told_then_one_with_a_count),
		T(a_flood_is_so_many_lines_a_minute),
		T(one_hides_no_other),
		T(two_that_began_before_may_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
