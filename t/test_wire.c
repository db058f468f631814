/*
 * Counts of bytes on the wire: months, clocks that jump, the file.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/slots.h"
#include "t/scratch.h"
#include "transport/delivery/wire.h"

static struct wall
at(int year, int month, int day)
{
	struct tm tm = { .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day };

	return (struct wall){ (int64_t)timegm(&tm) * 1000 };
}

static void
use(struct wire *w, uint64_t bytes, struct wall now)
{
	wire_count(w, &(struct wire_use){ .bytes = bytes }, now);
}

static void
months_are_those_of_utc(void **state)
{
	struct wall end = at(2026, 12, 1);

	(void)state;
	assert_int_equal(wire_month(at(2026, 11, 27)), 202611);
	assert_int_equal(wire_month(end), 202612);
	end.ms--;
	assert_int_equal(wire_month(end), 202611);
	assert_int_equal(wire_month(at(2028, 2, 29)), 202802);
	assert_int_equal(wire_month((struct wall){ INT64_MAX }), 0);
	assert_int_equal(wire_month((struct wall){ -1 }), 196912);
}

static void
a_month_begins_anew(void **state)
{
	struct wire w = { 0 };

	(void)state;
	assert_int_equal(wire_of_month(&w, at(2026, 11, 1)), 0);
	use(&w, 100, at(2026, 11, 1));
	use(&w, 50, at(2026, 11, 30));
	assert_int_equal(wire_of_month(&w, at(2026, 11, 30)), 150);
	assert_int_equal(wire_of_month(&w, at(2026, 12, 1)), 0);
	use(&w, 7, at(2026, 12, 1));
	assert_int_equal(wire_of_month(&w, at(2026, 12, 1)), 7);
	use(&w, UINT64_MAX, at(2026, 12, 2));
	assert_int_equal(wire_of_month(&w, at(2026, 12, 1)), UINT64_MAX);
}

/* A machine without a battery for its clock: 1970 until it hears the time. */
static void
a_clock_that_goes_back_begins_nothing_anew(void **state)
{
	struct wire w = { 0 };

	(void)state;
	use(&w, 1000, at(2026, 11, 20));
	for (int boot = 1; boot <= 5; boot++) {
		assert_int_equal(wire_of_month(&w, at(1970, 1, 1)),
		    boot == 1 ? 1000 : 1000 + 10 * (boot - 1));
		use(&w, 10, at(1970, 1, 1));
		assert_int_equal(wire_of_month(&w, at(2026, 11, 20)),
		    1000 + 10 * boot);
	}
	use(&w, 1, at(2026, 11, 21));
	use(&w, 10, at(2026, 10, 31)); /* a month, by mistake */
	assert_int_equal(wire_of_month(&w, at(2026, 10, 31)), 1061);
	assert_int_equal(wire_of_month(&w, at(2026, 11, 21)), 1061);
	/* the month's turn, and a correction of some seconds */
	use(&w, 5, at(2026, 12, 1));
	use(&w, 2, at(2026, 11, 30));
	assert_int_equal(wire_of_month(&w, at(2026, 11, 30)), 1063);
	use(&w, 3, at(2026, 12, 1));
	assert_int_equal(wire_of_month(&w, at(2026, 12, 1)), 10);
}

static void
a_clock_far_ahead_is_forgotten(void **state)
{
	struct wire w = { 0 };

	(void)state;
	use(&w, 1000, at(2026, 11, 20));
	use(&w, 1, at(2099, 1, 1)); /* a mistake */
	use(&w, 10, at(2026, 11, 21));
	assert_int_equal(wire_of_month(&w, at(2026, 11, 21)), 1010);
	assert_int_equal(wire_of_month(&w, at(2026, 12, 1)), 0);
	use(&w, 3, at(2026, 12, 1)); /* the next month is a new one */
	assert_int_equal(wire_of_month(&w, at(2026, 12, 1)), 3);
	use(&w, 4, at(2026, 12, 31));
	use(&w, 5, at(2027, 1, 1)); /* also over the year's end */
	assert_int_equal(wire_of_month(&w, at(2027, 1, 1)), 5);

	/* from the first: all counts until a month has passed */
	w = (struct wire){ 0 };
	use(&w, 100, at(2099, 1, 1));
	use(&w, 10, at(2026, 11, 1));
	assert_int_equal(wire_of_month(&w, at(2026, 11, 1)), 110);
	/* and off for some: one more */
	use(&w, 10, at(2027, 2, 1));
	assert_int_equal(wire_of_month(&w, at(2027, 2, 1)), 120);
	assert_int_equal(wire_of_month(&w, at(2027, 3, 1)), 0);
}

static void
counts_are_kept(void **state)
{
	const struct wire_use session = { .bytes = 10,
		.plain = 20,
		.refused = 3,
		.session = true,
		.looked = true,
		.delivered = true };
	int dir = scratch_open();
	struct wire w;
	struct err e = { 0 };
	int status;

	(void)state;
	assert_int_equal(wire_read(dir, "alps", &w, &e), 0);
	assert_int_equal(w.newest.month, 0);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			for (int n = 0; n < 25; n++)
				if (wire_add(dir, "alps", &session,
					at(2026, 11, 1), &e) == -1)
					_exit(1);
			_exit(0);
		}
	for (int i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(wire_read(dir, "alps", &w, &e), 0);
	assert_int_equal(w.newest.bytes, 1000);
	assert_int_equal(w.plain, 2000);
	assert_int_equal(w.refused, 300);
	assert_int_equal(w.last_s, wall_s(at(2026, 11, 1)));
	assert_int_equal(w.tried_s, w.last_s);
	assert_int_equal(w.looked_s, w.last_s);
	scratch_close(dir);
}

/* A clock and a month do nothing to it. */
static void
what_is_refused_or_lost_is_counted_for_ever(void **state)
{
	const struct wire_use three = { .refused = 3, .lost = 3 };
	struct wire w = { 0 };

	(void)state;
	wire_count(&w, &three, at(2026, 11, 27));
	wire_count(&w, &three, at(2099, 1, 1));
	wire_count(&w, &three, at(1970, 1, 1));
	assert_int_equal(w.refused, 9);
	assert_int_equal(w.lost, 9);
	wire_count(&w, &(struct wire_use){ .refused = UINT64_MAX },
	    at(2026, 11, 27));
	assert_int_equal(w.refused, UINT64_MAX);
}

static void
a_file_that_lies_there_is_counted_once(void **state)
{
	static const struct {
		bool looked;
		uint64_t lying, refused;
	} rows[] = {
		{ true, 2, 2 },
		{ true, 2, 2 },
		{ false, 0, 2 }, /* the directory was not there */
		{ true, 3, 3 },
		{ true, 0, 3 },
		{ true, 1, 4 },
	};
	struct wire w = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct wire_use u = { .looked = rows[i].looked,
			.lying = rows[i].lying };

		wire_count(&w, &u, at(2026, 11, 27));
		assert_int_equal(w.refused, rows[i].refused);
	}
}

/* A session's count goes into the file as it goes, each thing once. */
static void
a_session_is_counted_in_few_writes(void **state)
{
	int dir = scratch_open();
	struct wire_tally t = { .state_dir = dir, .association = "alps" };
	struct wire_use u = { 0 };
	struct mono now = { 1 };
	struct err e = { 0 };
	struct wire w;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		u.bytes++;
		u.refused++;
		wire_tally_add(&t, &u, now);
	}
	assert_int_equal(wire_read(dir, "alps", &w, &e), 0);
	assert_int_equal(w.refused, 0);
	wire_tally_add(&t, &u, mono_add_ms(now, 60000));
	assert_int_equal(wire_read(dir, "alps", &w, &e), 0);
	assert_int_equal(w.refused, 1000);
	u.refused += 5;
	wire_tally_end(&t, &u);
	assert_int_equal(wire_read(dir, "alps", &w, &e), 0);
	assert_int_equal(w.refused, 1005);
	assert_int_equal(w.newest.bytes, 1000);
	scratch_close(dir);
}

/* Of a delivery it is soon known, and of a budget each part. */
static void
a_delivery_is_counted_in_some_seconds_and_a_budget_in_parts(void **state)
{
	int dir = scratch_open();
	struct wire_tally t = { .state_dir = dir, .association = "alps" };
	struct wire_use u = { .bytes = 100 };
	struct mono now = { 1 };
	struct err e = { 0 };
	struct wire w;

	(void)state;
	t.delivered = true;
	wire_tally_add(&t, &u, now);
	wire_tally_add(&t, &u, mono_add_ms(now, 9000));
	assert_int_equal(wire_read(dir, "alps", &w, &e), 0);
	assert_int_equal(w.newest.bytes, 0);
	now = mono_add_ms(now, 10000);
	wire_tally_add(&t, &u, now);
	assert_int_equal(wire_read(dir, "alps", &w, &e), 0);
	assert_int_equal(w.newest.bytes, 100);
	t.step = wire_step(64 << 10);
	u.bytes += t.step - 1;
	wire_tally_add(&t, &u, now);
	assert_int_equal(wire_read(dir, "alps", &w, &e), 0);
	assert_int_equal(w.newest.bytes, 100);
	u.bytes++;
	wire_tally_add(&t, &u, now);
	assert_int_equal(wire_read(dir, "alps", &w, &e), 0);
	assert_int_equal(w.newest.bytes, 100 + (64 << 10) / 20);
	scratch_close(dir);
}

/* Files of versions that counted less. */
static void
a_look_in_the_future_is_now_once_the_clock_is_set(void **state)
{
	const struct wire_use look = { .looked = true };
	struct wire w;
	struct err e = { 0 };
	int fd = scratch_open();

	(void)state;
	assert_int_equal(wire_add(fd, "alps", &look, at(2030, 1, 1), &e), 0);
	wire_set_clock(fd, "alps", at(2031, 1, 1));
	assert_int_equal(wire_read(fd, "alps", &w, &e), 0);
	assert_int_equal(wire_seen_s(&w), wall_s(at(2030, 1, 1)));
	wire_set_clock(fd, "alps", at(2026, 11, 1));
	assert_int_equal(wire_read(fd, "alps", &w, &e), 0);
	assert_int_equal(wire_seen_s(&w), wall_s(at(2026, 11, 1)));
	scratch_close(fd);
}

static void
an_older_file_is_read(void **state)
{
	static const char *const texts[] = { "7 202611 10",
		"7 202611 10 8 202610 4 3" };
	int dir = scratch_open();
	struct err e = { 0 };
	struct wire w;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int sub = durable_make_dir(dir, "wire", &e);
		struct slots *s = NULL;

		assert_int_equal(slots_open(sub, "alps", &s, &e), 0);
		assert_int_equal(slots_put(s, slice_str(texts[i]), &e), 0);
		slots_close(s);
		close(sub);
		assert_int_equal(wire_read(dir, "alps", &w, &e), 0);
		assert_int_equal(w.newest.bytes, 10);
		assert_int_equal(w.plain, i == 0 ? 0 : 3);
		assert_int_equal(w.refused, 0);
	}
	scratch_close(dir);
}

static void
a_last_delivery_in_the_future_is_now(void **state)
{
	struct wire w = { .last_s = 0 };

	(void)state;
	wire_count(&w, &(struct wire_use){ .delivered = true, .looked = true },
	    (struct wall){ 5000 * 1000 });
	assert_int_equal(w.last_s, 5000);
	wire_count(&w, &(struct wire_use){ .bytes = 1 },
	    (struct wall){ 6000 * 1000 });
	assert_int_equal(w.last_s, 5000);
	wire_count(&w, &(struct wire_use){ .bytes = 1 },
	    (struct wall){ 4000 * 1000 });
	assert_int_equal(w.last_s, 4000);
	assert_int_equal(w.looked_s, 4000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(months_are_those_of_utc),
		cmocka_unit_test(a_month_begins_anew),
		cmocka_unit_test(a_clock_that_goes_back_begins_nothing_anew),
		cmocka_unit_test(a_clock_far_ahead_is_forgotten),
		cmocka_unit_test(a_last_delivery_in_the_future_is_now),
		cmocka_unit_test(counts_are_kept),
		cmocka_unit_test(what_is_refused_or_lost_is_counted_for_ever),
		cmocka_unit_test(a_file_that_lies_there_is_counted_once),
		cmocka_unit_test(a_session_is_counted_in_few_writes),
		cmocka_unit_test(
		    a_delivery_is_counted_in_some_seconds_and_a_budget_in_parts),
		cmocka_unit_test(
		    a_look_in_the_future_is_now_once_the_clock_is_set),
		cmocka_unit_test(an_older_file_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
