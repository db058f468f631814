/*
 * What of a state that comes and goes a line of a command tells, and at which pace.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/operator/notice_lines.h"
#include "common/operator/notice_pace.h"

enum {
	MINUTE = 60,
	HOUR = 3600,
	DAY = 24 * HOUR,
	T = 1795852800,
	DOWN = 1, /* words */
	KEY = 2,
};

/* More than are kept. */
#define NINE                                                       \
	"00000001000000020000000300000004000000050000000600000007" \
	"0000000800000009"

static struct notice_lines lines;

static struct notice_line_event
event(int64_t now_s, uint32_t words)
{
	return (struct notice_line_event){ .association = "alps",
		.key = "delivery",
		.now_s = now_s,
		.gather_s = 5 * MINUTE,
		.repeat_s = 4 * HOUR,
		.words = words };
}

static bool
begins(int64_t now_s, uint32_t words)
{
	const struct notice_line_event x = event(now_s, words);

	return notice_lines_began(&lines, &x);
}

static bool
changes(int64_t now_s, uint32_t words)
{
	const struct notice_line_event x = event(now_s, words);

	return notice_lines_changed(&lines, &x);
}

static bool
ends(int64_t now_s)
{
	const struct notice_line_event x = event(now_s, 0);

	return notice_lines_ended(&lines, &x);
}

/* Each run of step_s in turn fails and goes well. */
static unsigned
told_while_it_flaps(int64_t from_s, int64_t to_s, int64_t step_s)
{
	unsigned told = 0;

	for (int64_t t = from_s; t < to_s; t += 2 * step_s) {
		bool began = begins(t, DOWN);

		assert_int_equal(ends(t + step_s), began);
		told += began;
	}
	return told;
}

static int
forget(void **state)
{
	(void)state;
	notice_lines_clear(&lines);
	return 0;
}

static void
the_pace_grows_from_the_fourth_return_to_that_of_a_reminder(void **state)
{
	static const struct {
		unsigned returns;
		int64_t gather_s, most_s, want_s;
	} row[] = {
		{ 0, 300, 14400, 0 },
		{ 3, 300, 14400, 0 },
		{ 4, 300, 14400, 600 },
		{ 5, 300, 14400, 1200 },
		{ 8, 300, 14400, 9600 },
		{ 9, 300, 14400, 14400 },
		{ 4, 0, 14400, 120 }, /* a minute at least, doubled */
		{ 4, 300, 60, 60 },
		{ 4000000000, 300, 14400, 14400 },
		{ 4000000000, 0, INT64_MAX / 4, INT64_MAX / 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(notice_pace_s(row[i].returns, row[i].gather_s,
				     row[i].most_s),
		    row[i].want_s);
}

static void
the_first_four_of_a_day_are_told_each(void **state)
{
	(void)state;
	assert_int_equal(told_while_it_flaps(T, T + 8 * MINUTE, MINUTE), 4);
	assert_false(begins(T + 8 * MINUTE, DOWN));
	assert_false(ends(T + 9 * MINUTE));
	assert_int_equal(notice_lines_returns(&lines, "alps", "delivery"), 4);
	/* another state has its own count */
	assert_int_equal(notice_lines_returns(&lines, "bern", "delivery"), 0);
}

static void
what_flaps_all_day_is_told_a_dozen_times(void **state)
{
	static const int64_t step_s[] = { MINUTE, 5 * MINUTE, 10 * MINUTE,
		HOUR };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		(void)forget(NULL);
		assert_in_range(told_while_it_flaps(T, T + DAY, step_s[i]), 6,
		    14);
		/* and six times a day, the pace of a reminder, from then on */
		assert_in_range(
		    told_while_it_flaps(T + DAY, T + 2 * DAY, step_s[i]), 4, 7);
	}
}

static void
a_day_without_it_begins_anew(void **state)
{
	(void)state;
	(void)told_while_it_flaps(T, T + HOUR, MINUTE);
	assert_int_equal(told_while_it_flaps(T + HOUR + DAY,
			     T + HOUR + DAY + 8 * MINUTE, MINUTE),
	    4);
	/* one that lasts for days and returns is the same one */
	assert_true(begins(T + 9 * DAY, DOWN));
	notice_lines_set_clock(&lines, T + 12 * DAY);
	assert_true(ends(T + 12 * DAY));
	assert_true(begins(T + 12 * DAY + HOUR, DOWN));
	assert_int_equal(notice_lines_returns(&lines, "alps", "delivery"), 1);
}

static void
other_words_are_told_at_once(void **state)
{
	(void)state;
	(void)told_while_it_flaps(T, T + HOUR, MINUTE);
	assert_true(begins(T + HOUR, KEY));
	assert_true(ends(T + HOUR + MINUTE));
	assert_false(begins(T + HOUR + 2 * MINUTE, KEY));
	assert_false(ends(T + HOUR + 3 * MINUTE));
}

static void
the_last_eight_words_are_known(void **state)
{
	(void)state;
	for (uint32_t w = 1; w <= 9; w++) {
		assert_true(begins(T + w * MINUTE, w));
		assert_true(ends(T + w * MINUTE));
	}
	assert_false(begins(T + HOUR, 2));
	assert_false(ends(T + HOUR));
	assert_true(begins(T + HOUR, 1)); /* forgotten */
	assert_false(begins(T + HOUR, 9));
}

static void
words_differ_but_for_milliseconds(void **state)
{
	const uint32_t a = notice_lines_words(SLICE("port 22 after 12 ms: no"));

	(void)state;
	assert_int_equal(a,
	    notice_lines_words(SLICE("port 22 after 7 ms: no")));
	assert_int_not_equal(a,
	    notice_lines_words(SLICE("port 23 after 12 ms: no")));
	assert_int_not_equal(a,
	    notice_lines_words(SLICE("port 22 after 12 ms: yes")));
	assert_int_equal(notice_lines_words(SLICE("")), 0);
}

static void
another_cause_while_it_lasts_is_told_once(void **state)
{
	(void)state;
	assert_true(begins(T, DOWN));
	assert_true(changes(T + MINUTE, KEY));
	assert_true(ends(T + 2 * MINUTE));
	(void)told_while_it_flaps(T + 3 * MINUTE, T + HOUR, MINUTE);
	/* both were told today */
	assert_false(begins(T + HOUR, DOWN));
	assert_false(changes(T + HOUR + MINUTE, KEY));
	assert_false(ends(T + HOUR + 2 * MINUTE));
	/* where the other was not, it is, and its end */
	(void)forget(NULL);
	(void)told_while_it_flaps(T, T + HOUR, MINUTE);
	assert_false(begins(T + HOUR, DOWN));
	assert_true(changes(T + HOUR + MINUTE, KEY));
	assert_true(ends(T + HOUR + 2 * MINUTE));
}

static void
a_clock_that_goes_back_makes_no_wait_longer(void **state)
{
	unsigned told = 0;

	(void)state;
	(void)told_while_it_flaps(T + 400 * DAY, T + 400 * DAY + HOUR, MINUTE);
	notice_lines_set_clock(&lines, T);
	for (int64_t t = T; t < T + 5 * HOUR; t += 2 * MINUTE) {
		told += begins(t, DOWN);
		(void)ends(t + MINUTE);
	}
	assert_in_range(told, 1, 3);
}

/* Each run reads what the one before it wrote. */
static void
it_is_kept_in_a_file(void **state)
{
	struct buf file = { 0 };
	unsigned told = 0;

	(void)state;
	for (int64_t t = T; t < T + 20 * MINUTE; t += MINUTE) {
		struct slice in = buf_slice(&file), line;

		(void)forget(NULL);
		while (slice_cut(&in, '\n', &line)) {
			assert_true(slice_skip(&line, SLICE("line\t")));
			assert_true(notice_lines_parse(&lines, line));
		}
		if ((t - T) / MINUTE % 2 == 0)
			told += begins(t, DOWN);
		else
			(void)ends(t);
		buf_clear(&file);
		notice_lines_print(&lines, &file);
	}
	assert_int_equal(told, 4);
	assert_string_equal(file.p,
	    "line\tover\t1795853940\t1795853160\t9\t00000001\talps\tdelivery\n");
	buf_clear(&file);
}

static void
strange_lines_are_passed_over(void **state)
{
	static const char *const row[] = { "", "told", "told\t1\t1\t1\t1\ta",
		"off\t1\t1\t1\t\ta\tb", "told\t-1\t1\t1\t\ta\tb",
		"told\t1\tx\t1\t\ta\tb", "told\t1\t1\t1000001\t\ta\tb",
		"told\t1\t1\t1\t0000000\ta\tb", "told\t1\t1\t1\t0000000g\ta\tb",
		"told\t1\t1\t1\t" NINE "\ta\tb" };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_false(notice_lines_parse(&lines, slice_str(row[i])));
	assert_int_equal(lines.n, 0);
	assert_true(notice_lines_parse(&lines, SLICE("told\t1\t1\t1\t\ta\tb")));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, forget)
	const struct CMUnitTest tests[] = {
		TEST(
		    the_pace_grows_from_the_fourth_return_to_that_of_a_reminder),
		TEST(the_first_four_of_a_day_are_told_each),
		TEST(what_flaps_all_day_is_told_a_dozen_times),
		TEST(a_day_without_it_begins_anew),
		TEST(other_words_are_told_at_once),
		TEST(the_last_eight_words_are_known),
		TEST(words_differ_but_for_milliseconds),
		TEST(another_cause_while_it_lasts_is_told_once),
		TEST(a_clock_that_goes_back_makes_no_wait_longer),
		TEST(it_is_kept_in_a_file),
		TEST(strange_lines_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
