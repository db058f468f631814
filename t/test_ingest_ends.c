/*
 * A busy hour of a hub, ended at any of its writing calls, and once more while
 * it recovers: nothing is lost and nothing stored twice.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "t/ingest_world.h"

/* In a child: the process ends instead of the call with this number. */
static long calls, end_at = -1;

static void
count_call(void)
{
	if (++calls == end_at)
		_exit(42);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __real_renameat2(int from, const char *a, int to, const char *b,
    unsigned flags);
int __wrap_renameat2(int from, const char *a, int to, const char *b,
    unsigned flags);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);

int
__wrap_fsync(int fd)
{
	count_call();
	return __real_fsync(fd);
}

int
__wrap_fdatasync(int fd)
{
	count_call();
	return __real_fdatasync(fd);
}

int
__wrap_renameat(int from, const char *a, int to, const char *b)
{
	count_call();
	return __real_renameat(from, a, to, b);
}

int
__wrap_renameat2(int from, const char *a, int to, const char *b, unsigned flags)
{
	count_call();
	return __real_renameat2(from, a, to, b, flags);
}

int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	count_call();
	return __real_unlinkat(dir, name, flags);
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	count_call();
	return __real_pwrite(fd, p, n, at);
}

/* What a hub sees in a busy hour: two changes of the configuration, DATA of a
 * generation whose CONFIG comes later, a poisoned message, a new stream. */
static void
busy_hour(struct world *w)
{
	spool_config(w, 1, ONE);
	spool_data(w, 1, NOW_S + 1, "T1:1\n");
	deliver(w);
	spool_data(w, 1, NOW_S + 2, "T1:2\n");
	spool_config(w, 2, TWO);
	spool_data(w, 2, NOW_S + 3, "T1:3\nT2:3\n");
	deliver(w);
	spool_data(w, 3, NOW_S + 4, "T3:4\n");
	spool_data(w, 2, NOW_S + 5, "T9:5\n");
	deliver(w);
	spool_config(w, 3, TWO ";\n" LEAF("T3", "/c"));
	spool_data(w, 3, NOW_S + 6, "T3:6\nT2:6\n");
	deliver(w);
	spool_data(w, 3, NOW_S + 7, "T1:7\n");
	deliver(w);
}

static const char busy_values[] =
    V("/a", "1700000001", "1") V("/a", "1700000002", "2")
	V("/a", "1700000003", "3") V("/b", "1700000003", "3")
	    V("/c", "1700000004", "4") V("/c", "1700000006", "6")
		V("/b", "1700000006", "6") V("/a", "1700000007", "7");

static void
work_all(struct world *w)
{
	struct err e;

	settle(w);
	for (int i = 0; i < 4; i++) {
		pass(w, 30000);
		if (i % 2 == 1)
			check(ingest_sync(w->ingest, w->mono, w->wall, &e), &e);
	}
}

/* The same as a multiset: marked DATA is stored later than its neighbours. */
static void
assert_same_lines(struct slice got, const char *want)
{
	struct slice rest = slice_str(want), line;
	size_t n = 0;

	assert_int_equal(got.n, rest.n);
	while (slice_cut(&rest, '\n', &line)) {
		char text[128];

		snprintf(text, sizeof(text), "%.*s\n", (int)line.n, line.p);
		if (memmem(got.p, got.n, text, strlen(text)) == NULL)
			fail_msg("missing: %s in\n%.*s", text, (int)got.n,
			    got.p);
		n++;
	}
	assert_true(n > 0);
}

/* Dies at call number k, and perhaps again at a later one; true: it came to its
 * end before. */
static bool
die_at(struct world *w, long k)
{
	pid_t child = fork();
	int code;

	if (child == 0) {
		calls = 0;
		end_at = k;
		world_start(w);
		work_all(w);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &code, 0), child);
	assert_true(WIFEXITED(code));
	assert_true(WEXITSTATUS(code) == 42 || WEXITSTATUS(code) == 0);
	return WEXITSTATUS(code) == 0;
}

static void
any_end_loses_and_doubles_nothing(void **state)
{
	bool done = false;

	(void)state;
	for (long k = 1; !done; k += 3) {
		struct world *w = world_new();

		busy_hour(w);
		world_stop(w);
		done = die_at(w, k);
		(void)die_at(w, 1 + k / 2);
		world_start(w);
		work_all(w);
		assert_same_lines(values(w), busy_values);
		assert_int_equal(status(w).marked, 0);
		assert_int_equal(status(w).waits, 0);
		assert_int_equal(files_in(w, "inbox"), 0);
		assert_int_equal(files_in(w, "archive"), 5);
		world_free(w);
		assert_true(k < 1000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_end_loses_and_doubles_nothing),
	};

	log_open("test_ingest_ends", LOG_TARGET_SYSLOG, LOG_LEVEL_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
