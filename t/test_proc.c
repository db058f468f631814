/*
 * Children: input, output, exit statuses, deadlines that reach grandchildren.
 */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/proc.h"
#include "common/base/proc_io.h"

static struct proc_result
run(const char *script, struct slice input, int64_t deadline_ms,
    size_t output_max, struct buf *out, struct buf *errs)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	struct proc_opts o = { .argv = argv,
		.input = input,
		.output_max = output_max,
		.deadline_ms = deadline_ms };
	struct proc_result r = { 0 };
	struct err e = { 0 };

	assert_int_equal(proc_run(&o, &r, out, errs, &e), 0);
	return r;
}

static void
what_goes_in_comes_out(void **state)
{
	struct buf out = { 0 }, errs = { 0 };
	struct proc_result r;

	(void)state;
	r = run("cat; echo no >&2; exit 3", SLICE("hello"), 0, 0, &out, &errs);
	assert_int_equal(r.exit_status, 3);
	assert_string_equal(out.p, "hello");
	assert_string_equal(errs.p, "no\n");
	buf_clear(&out);
	buf_clear(&errs);
}

static void
input_that_nobody_reads_does_no_harm(void **state)
{
	static const char much[1 << 20];
	struct proc_result r;

	(void)state;
	r = run("exit 3", (struct slice){ much, sizeof(much) }, 10000, 0, NULL,
	    NULL);
	assert_int_equal(r.exit_status, 3);
}

static void
the_environment_is_spelled_out(void **state)
{
	struct buf out = { 0 };

	(void)state;
	run("echo ${HOME-none} $LC_ALL", SLICE(""), 0, 0, &out, NULL);
	assert_string_equal(out.p, "none C\n");
	buf_clear(&out);
}

static void
the_deadline_reaches_the_whole_group(void **state)
{
	struct mono start = clock_mono();
	struct proc_result r;

	(void)state;
	r = run("trap '' TERM; sleep 60 & sleep 60", SLICE(""), 100, 0, NULL,
	    NULL);
	assert_true(r.timed_out);
	assert_int_equal(r.signal, SIGKILL);
	assert_true(mono_ms_since(clock_mono(), start) < 30000);
}

static void
a_flood_is_stopped_at_the_limit(void **state)
{
	struct buf out = { 0 };
	struct proc_result r;

	(void)state;
	r = run("exec yes", SLICE(""), 20000, 100000, &out, NULL);
	assert_true(r.overflowed);
	assert_true(out.n <= 100000);
	buf_clear(&out);
}

static void
a_flood_of_errors_is_stopped_where_it_has_a_limit(void **state)
{
	static const struct {
		size_t errors_max;
		const char *bytes;
		bool stopped;
	} row[] = {
		{ 0, "200001", false },
		{ 200000, "199999", false },
		{ 200000, "200000", false },
		{ 200000, "200001", true },
		{ 200000, "2000000000", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *const argv[] = { "/bin/sh", "-c",
			"head -c $0 /dev/zero >&2", row[i].bytes, NULL };
		struct proc_opts o = { .argv = argv,
			.errors_max = row[i].errors_max,
			.deadline_ms = 20000 };
		struct proc_result r = { 0 };
		struct err e = { 0 };

		assert_int_equal(proc_run(&o, &r, NULL, NULL, &e), 0);
		assert_int_equal(r.overflowed, row[i].stopped);
		assert_false(r.timed_out);
	}
}

static bool
has_moved(void *arg, pid_t child)
{
	uint64_t bytes = 0, *most = arg;

	if (proc_group_io(child, &bytes) && bytes > *most)
		*most = bytes;
	return *most >= 12000000;
}

/* Read and written by those that the child waited for, and by one whose name is no
 * help. */
static void
what_a_group_moves_is_seen(void **state)
{
	static const char *const argv[] = { "/bin/sh", "-c",
		"head -c 2500000 /dev/zero | cat >/dev/null;"
		"echo ') S 1 1 (' >/proc/$$/comm;"
		"(head -c 1000000 /dev/zero; sleep 60) | cat >/dev/null",
		NULL };
	uint64_t most = 0, none = 0;
	struct proc_opts o = { .argv = argv,
		.deadline_ms = 20000,
		.enough = has_moved,
		.enough_arg = &most };
	struct proc_result r = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(proc_run(&o, &r, NULL, NULL, &e), 0);
	assert_true(r.enough);
	assert_in_range(most, 14000000 - 2000000, 14000000 + 2000000);
	assert_false(proc_group_io(INT32_MAX, &none));
}

static void
only_the_end_of_stderr_is_kept(void **state)
{
	struct buf errs = { 0 };

	(void)state;
	run("i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done",
	    SLICE(""), 0, 0, NULL, &errs);
	assert_true(errs.n <= 4096);
	assert_non_null(strstr(errs.p, "line 1999\n"));
	buf_clear(&errs);
}

static void
a_missing_program_is_the_operators_mistake(void **state)
{
	const char *const argv[] = { "/nonexistent/program", NULL };
	struct proc_opts o = { .argv = argv };
	struct proc_result r;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(proc_run(&o, &r, NULL, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.msg, "/nonexistent/program"));
}

/* While that is set, a SIGTERM comes as soon as there is a child. */
static bool term_at_once;

int __real_uv_spawn(uv_loop_t *loop, uv_process_t *p,
    const uv_process_options_t *o);
int __wrap_uv_spawn(uv_loop_t *loop, uv_process_t *p,
    const uv_process_options_t *o);

int
__wrap_uv_spawn(uv_loop_t *loop, uv_process_t *p, const uv_process_options_t *o)
{
	int rc = __real_uv_spawn(loop, p, o);

	if (term_at_once)
		(void)raise(SIGTERM);
	return rc;
}

static void
who_is_ended_as_it_begins_ends_its_child(void **state)
{
	static const char *const argv[] = { "/bin/sleep", "1000", NULL };
	const struct proc_opts o = { .argv = argv, .term_ends = true };
	struct proc_result r = { 0 };
	struct err e = { 0 };

	(void)state;
	term_at_once = true;
	assert_int_equal(proc_run(&o, &r, NULL, NULL, &e), 0);
	term_at_once = false;
	assert_int_equal(r.stopped, SIGTERM);
	assert_int_equal(r.signal, SIGTERM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(input_that_nobody_reads_does_no_harm),
		cmocka_unit_test(the_environment_is_spelled_out),
		cmocka_unit_test(the_deadline_reaches_the_whole_group),
		cmocka_unit_test(a_flood_is_stopped_at_the_limit),
		cmocka_unit_test(
		    a_flood_of_errors_is_stopped_where_it_has_a_limit),
		cmocka_unit_test(what_a_group_moves_is_seen),
		cmocka_unit_test(only_the_end_of_stderr_is_kept),
		cmocka_unit_test(a_missing_program_is_the_operators_mistake),
		cmocka_unit_test(who_is_ended_as_it_begins_ends_its_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
