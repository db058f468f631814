/*
 * The collector "exec": what a command's lines become, and its failures.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "spoke/collectors/collectors.h"

struct expected {
	const char *path, *value;
};

struct check {
	const struct expected *want; /* ends with a NULL path */
	bool failed;
	unsigned calls;
};

static void
compare(void *arg, const struct collected *c)
{
	struct check *k = arg;
	size_t i = 0;

	k->calls++;
	k->failed = c->failed;
	assert_false(c->complete);
	assert_true(c->failed == (c->problem != NULL));
	for (; k->want[i].path != NULL; i++) {
		assert_true(i < c->n);
		assert_string_equal(c->reading[i].path, k->want[i].path);
		assert_string_equal(c->reading[i].value, k->want[i].value);
		assert_string_equal(c->reading[i].param[1], "DERIVE");
	}
	assert_int_equal(c->n, i);
}

static bool
run(const char *script, int64_t deadline_ms, const struct expected *want)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	struct config_collector cc = { .name = "x",
		.command = argv,
		.kind = "DERIVE" };
	struct check k = { .want = want };
	struct err e = { 0 };
	uv_loop_t loop;
	const struct collector_run once = { &loop, deadline_ms, compare, &k };
	void *self;

	uv_loop_init(&loop);
	self = collector_exec.open(&cc, &e);
	assert_non_null(self);
	assert_int_equal(collector_exec.run(self, &once, &e), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	collector_exec.close(self);
	assert_int_equal(k.calls, 1);
	return !k.failed;
}

static const struct expected nothing[] = { { 0 } };

static void
lines_become_readings(void **state)
{
	static const struct {
		const char *script;
		struct expected want[4];
	} rows[] = {
		{ "echo a:1; echo /b/c:-2.5",
		    { { "/a", "1" }, { "/b/c", "-2.5" } } },
		{ "echo a:b:3", { { "/a:b", "3" } } }, /* the last colon */
		{ "echo a:U", { { "/a", "U" } } },
		{ "echo a:1e5; echo b:2", { { "/a", "U" }, { "/b", "2" } } },
		{ "echo a:nan; echo a2:; echo 'a3: 1'",
		    { { "/a", "U" }, { "/a2", "U" }, { "/a3", "U" } } },
		{ "echo nothing; echo b:2", { { "/b", "2" } } },
		{ "echo ../x:1; echo 'a b:1'; echo :1; echo a//b:1; echo b:2",
		    { { "/b", "2" } } },
		{ "echo b:2; printf c:3", { { "/b", "2" } } },
		{ "printf 'b:2\\r\\n'", { { "/b", "U" } } },
		{ "printf 'a\\000b:1\\nb:2\\n'", { { "/b", "2" } } },
		{ "true", { { 0 } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_true(run(rows[i].script, 10000, rows[i].want));
}

static void
a_bad_end_takes_no_value(void **state)
{
	(void)state;
	assert_false(run("echo a:1; echo sorry >&2; exit 3", 10000, nothing));
	assert_false(run("echo a:1; kill -9 $$", 10000, nothing));
}

static void
the_deadline_ends_it(void **state)
{
	struct mono start = clock_mono();

	(void)state;
	assert_false(run("echo a:1; sleep 60", 100, nothing));
	assert_true(mono_ms_since(clock_mono(), start) < 30000);
}

static void
a_missing_command_is_an_error(void **state)
{
	const char *const argv[] = { "/no/such/command", NULL };
	struct config_collector cc = { .name = "x",
		.command = argv,
		.kind = "GAUGE" };
	struct check k = { .want = nothing };
	struct err e = { 0 };
	uv_loop_t loop;
	const struct collector_run once = { &loop, 1000, compare, &k };
	void *self;

	(void)state;
	uv_loop_init(&loop);
	self = collector_exec.open(&cc, &e);
	assert_int_equal(collector_exec.run(self, &once, &e), -1);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	collector_exec.close(self);
	assert_int_equal(k.calls, 0);
	assert_int_equal(e.kind, ERR_CONFIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_readings),
		cmocka_unit_test(a_bad_end_takes_no_value),
		cmocka_unit_test(the_deadline_ends_it),
		cmocka_unit_test(a_missing_command_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
