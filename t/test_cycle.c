/*
 * Collectors run together, each to its deadline; counters from run to run.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "spoke/cycle.h"
#include "t/scratch.h"

#define SHELL(script) ((const char *const[]){ "/bin/sh", "-c", script, NULL })

static void
all_run_at_once_and_each_has_an_outcome(void **state)
{
	const struct config_collector cc[] = {
		{ .name = "a",
		    .type = "exec",
		    .period_s = 60,
		    .kind = "GAUGE",
		    .command = SHELL("echo x:1") },
		{ .name = "b", /* half a second for it */
		    .type = "exec",
		    .period_s = 1,
		    .kind = "GAUGE",
		    .command = SHELL("echo x:1; sleep 60") },
		{ .name = "c",
		    .type = "exec",
		    .period_s = 60,
		    .kind = "GAUGE",
		    .command = (const char *const[]){ "/no/such", NULL } },
		{ .name = "d", .type = "unheard", .period_s = 60 },
	};
	struct cycle_job job[4] = { { .cc = &cc[0] }, { .cc = &cc[1] },
		{ .cc = &cc[2] }, { .cc = &cc[3] } };
	struct mono start = clock_mono();
	struct err e = { 0 };

	(void)state;
	assert_int_equal(cycle_run(job, 4, scratch_dir, &e), 0);
	assert_true(mono_ms_since(clock_mono(), start) < 30000);
	assert_false(job[0].c.failed);
	assert_int_equal(job[0].c.n, 1);
	for (size_t i = 1; i < 4; i++) {
		assert_true(job[i].c.failed);
		assert_int_equal(job[i].c.n, 0);
		assert_non_null(job[i].c.problem);
		assert_true(job[i].c.timestamp_s > 1000000000);
	}
	assert_non_null(strstr(job[2].c.problem, "/no/such"));
	cycle_end(job, 4);
}

static void
a_counter_goes_on_or_begins_anew(void **state)
{
	static const struct {
		const char *value;
		bool anew;
	} rows[] = {
		{ "5", true }, /* never seen */
		{ "5", false },
		{ "18446744073709551615", false },
		{ "18446744073709551614", true },
		{ "99", true }, /* shorter is less */
		{ "100", false },
		{ "U", true },
		{ "101", true }, /* after an unknown one */
		{ "101", false },
	};
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct counters *c = counters_open(scratch_dir, "a");

		if (counters_anew(c, "/a b", rows[i].value) != rows[i].anew)
			fail_msg("row %zu", i);
		assert_int_equal(counters_save(c, &e), 0);
		counters_close(c);
	}
}

static void
counters_of_another_boot_are_not_known(void **state)
{
	struct counters *c;
	int fd = openat(scratch_dir, "counters-b", O_WRONLY | O_CREAT | O_TRUNC,
	    0600);

	(void)state;
	assert_int_equal(write(fd, "other-boot\n5 /a\n", 16), 16);
	close(fd);
	c = counters_open(scratch_dir, "b");
	assert_true(counters_anew(c, "/a", "6"));
	counters_close(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_run_at_once_and_each_has_an_outcome),
		cmocka_unit_test(a_counter_goes_on_or_begins_anew),
		cmocka_unit_test(counters_of_another_boot_are_not_known),
	};

	return cmocka_run_group_tests(tests, scratch_group_setup,
	    scratch_group_teardown);
}
