/*
 * The store of RRD files after an unclean end, and under failing calls: what
 * is applied again gives what a straight run gives.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <rrd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/crew.h"
#include "common/base/durable.h"
#include "common/base/mem.h"
#include "t/rrd_twin.h"

static int fail_syncfs, fail_fdatasync, fail_pwrite; /* errno, or 0 */
static bool kill_forks, die_naming;

int __real_syncfs(int);
int __real_fdatasync(int);
ssize_t __real_pwrite(int, const void *, size_t, off_t);
pid_t __real_fork(void);
int __wrap_syncfs(int);
int __wrap_fdatasync(int);
ssize_t __wrap_pwrite(int, const void *, size_t, off_t);
pid_t __wrap_fork(void);

/* librrd's too: it finds this one before libc's. */
int
rename(const char *from, const char *to)
{
	if (die_naming)
		(void)raise(SIGKILL);
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

pid_t
__wrap_fork(void)
{
	pid_t pid = __real_fork();

	while (pid == 0 && kill_forks)
		pause();
	if (pid > 0 && kill_forks)
		(void)kill(pid, SIGKILL);
	return pid;
}

int
__wrap_syncfs(int fd)
{
	if (fail_syncfs == 0)
		return __real_syncfs(fd);
	errno = fail_syncfs;
	return -1;
}

int
__wrap_fdatasync(int fd)
{
	if (fail_fdatasync == 0)
		return __real_fdatasync(fd);
	errno = fail_fdatasync;
	return -1;
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (fail_pwrite == 0)
		return __real_pwrite(fd, p, n, at);
	errno = fail_pwrite;
	return -1;
}

#define T0 1700000000

static int dir;

static int
remove_dir(void **state)
{
	fail_syncfs = fail_fdatasync = fail_pwrite = 0;
	kill_forks = false;
	return scratch_teardown(state);
}

static char *
value_text(int leaf, int i)
{
	return mem_printf("%d", leaf % 2 ? 1000 * i + leaf : i % 17 + leaf);
}

/* Values from..to of some leaves; every third call flushes. */
enum {
	LEAVES = 80
};

static void
feed(struct store *s, int from, int to)
{
	uint32_t handle[LEAVES];

	for (int k = 0; k < LEAVES; k++) {
		char *path = mem_printf("/p/%d", k);

		handle[k] = twin_leaf(s, path, k % 2 ? "COUNTER" : "GAUGE");
		free(path);
	}
	for (int i = from; i < to; i++) {
		for (int k = 0; k < LEAVES; k++) {
			char *v = value_text(k, i);

			twin_put(s, handle[k], T0 + 60 * (uint64_t)i, v);
			free(v);
		}
		if (i % 3 == 2)
			twin_flush(s);
	}
	twin_flush(s);
}

static void
expect_as_straight_run(int n)
{
	struct store *s = twin_open("straight");

	feed(s, 0, n);
	twin_close(s);
	for (int k = 0; k < LEAVES; k++) {
		char *a = mem_printf("store/main/p/%d.rrd", k);
		char *b = mem_printf("straight/main/p/%d.rrd", k);

		twin_same(a, b, T0 - 600, T0 + 60 * n + 600, (size_t)n - 5);
		free(a);
		free(b);
	}
}

/* What a power cut may leave of a file: head and rows of different ages. */
static void
copy_part(const char *from, const char *to, off_t at, size_t n)
{
	char *a = mem_printf("%s/%s", scratch_path, from);
	char *b = mem_printf("%s/%s", scratch_path, to);
	int in = open(a, O_RDONLY), out = open(b, O_RDWR | O_CREAT, 0600);
	struct buf bytes = { 0 };
	struct err e = { 0 };

	assert_true(in >= 0 && out >= 0);
	assert_int_equal(io_pread_upto(in, n, (uint64_t)at, &bytes, &e), 0);
	assert_int_equal(
	    io_pwrite_full(out, buf_slice(&bytes), (uint64_t)at, &e), 0);
	buf_clear(&bytes);
	close(in);
	close(out);
	free(a);
	free(b);
}

static void
a_power_cut_leaves_no_hole_and_counts_nothing_twice(void **state)
{
	struct store *s = twin_open("store");

	(void)state;
	feed(s, 0, 40);
	twin_sync(s);
	for (int k = 0; k < LEAVES; k++) {
		char *live = mem_printf("store/main/p/%d.rrd", k);
		char *old = mem_printf("old.%d", k);

		copy_part(live, old, 0, 1 << 20);
		free(live);
		free(old);
	}
	feed(s, 40, 100);
	twin_close(s); /* without a sync: the mark is behind 40 */
	for (int k = 0; k < LEAVES; k++) {
		char *live = mem_printf("store/main/p/%d.rrd", k);
		char *old = mem_printf("old.%d", k);

		/* New head and old rows; old head and new rows; half a head;
		 * nothing of the new. */
		if (k % 4 == 0)
			copy_part(old, live, 4096, 1 << 20);
		else if (k % 4 == 1)
			copy_part(old, live, 0, 4096);
		else if (k % 4 == 2)
			copy_part(old, live, 0, 700);
		else
			copy_part(old, live, 0, 1 << 20);
		free(live);
		free(old);
	}
	s = twin_open("store");
	feed(s, 40, 100);
	twin_sync(s);
	twin_close(s);
	expect_as_straight_run(100);
}

static void
files_that_are_new_since_the_sync_are_made_again(void **state)
{
	struct store *s = twin_open("store");

	(void)state;
	twin_sync(s);
	feed(s, 0, 30);
	twin_close(s);
	for (int k = 0; k < LEAVES; k++) { /* files full of nothing */
		char *path =
		    mem_printf("%s/store/main/p/%d.rrd", scratch_path, k);

		assert_int_equal(truncate(path, k % 3 == 0 ? 0 : 600), 0);
		free(path);
	}
	s = twin_open("store");
	assert_false(twin_exists("store/main/p/0.rrd"));
	feed(s, 0, 30);
	twin_close(s);
	expect_as_straight_run(30);
}

/* Killed anywhere, also while librrd changes a mapped head. */
static void
a_kill_at_any_time_changes_nothing(void **state)
{
	struct store *s = twin_open("store");

	(void)state;
	feed(s, 0, 30);
	twin_sync(s);
	twin_close(s);
	for (unsigned k = 0; k < 16; k++) {
		struct timespec ts = { 0, (long)(k * 3 + 1) * 1000000 };
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			s = twin_open("store");
			feed(s, 30, 1000000);
		}
		nanosleep(&ts, NULL); /* some instant, not a condition */
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
	}
	s = twin_open("store");
	assert_int_equal(s->ops->counts(s)->put, 0);
	feed(s, 30, 90);
	assert_int_equal(s->ops->counts(s)->past, 0);
	twin_sync(s);
	twin_close(s);
	expect_as_straight_run(90);
}

static void
a_torn_record_is_passed_over_and_a_damaged_one_is_said(void **state)
{
	struct store *s = twin_open("store");
	struct stat st;
	char *path = mem_printf("%s/store/.journal", scratch_path);

	(void)state;
	feed(s, 0, 20);
	twin_close(s);
	assert_int_equal(stat(path, &st), 0);
	twin_overwrite("store/.journal", st.st_size, "RRDH torn", -1);
	s = twin_open("store");
	assert_false(twin_exists("store/.journal.damaged"));
	assert_false(twin_exists("store/main/p/0.rrd"));
	feed(s, 0, 20);
	twin_close(s);
	twin_overwrite("store/.journal", 60, "damage", -1);
	s = twin_open("store");
	assert_true(twin_exists("store/.journal.damaged"));
	twin_close(s);
	free(path);
}

static void
a_failed_sync_is_final_until_reopened(void **state)
{
	struct store *s = twin_open("store");
	uint32_t h = twin_leaf(s, "/x", "GAUGE");
	struct err e = { 0 };

	(void)state;
	twin_put(s, h, T0, "1");
	twin_flush(s);
	fail_syncfs = EIO;
	assert_int_equal(s->ops->sync(s, &e), -1);
	assert_int_equal(e.sys, EIO);
	fail_syncfs = 0;
	assert_int_equal(s->ops->sync(s, &e), -1); /* not believed */
	assert_int_equal(e.kind, ERR_TEMP);
	twin_put(s, h, T0 + 60, "2");
	assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
	assert_int_equal(s->ops->waiting(s), 1);
	twin_close(s);

	s = twin_open("store"); /* what was not synced is applied again */
	assert_false(twin_exists("store/main/x.rrd"));
	twin_close(s);
}

static void
nothing_is_updated_before_its_journal_is_durable(void **state)
{
	struct store *s = twin_open("store");
	uint32_t h = twin_leaf(s, "/x", "GAUGE");
	char *path = mem_printf("%s/store/main/x.rrd", scratch_path);
	struct err e = { 0 };

	(void)state;
	twin_put(s, h, T0, "1");
	twin_flush(s);
	twin_sync(s);
	twin_put(s, h, T0 + 60, "2");
	fail_fdatasync = EIO;
	assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
	assert_int_equal(e.sys, EIO);
	fail_fdatasync = 0;
	assert_int_equal(rrd_last_r(path), T0);
	assert_int_equal(s->ops->waiting(s), 1);
	assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
	twin_close(s);
	free(path);
}

static void
a_full_disk_loses_nothing_and_journals_a_file_once(void **state)
{
	struct store *s = twin_open("store");
	struct err e = { 0 };

	(void)state;
	feed(s, 0, 30);
	twin_sync(s);
	copy_part("store/main/p/0.rrd", "old", 0, 1 << 20);
	feed(s, 30, 33); /* journaled */
	{
		uint32_t h = twin_leaf(s, "/p/0", "GAUGE");
		uint32_t other = twin_leaf(s, "/other", "GAUGE");
		char *v = value_text(0, 33);

		twin_put(s, h, T0 + 60 * 33, v);
		twin_put(s, other, T0, "1");
		fail_pwrite = ENOSPC;
		assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
		assert_int_equal(e.sys, ENOSPC);
		assert_int_equal(s->ops->waiting(s), 2);
		fail_pwrite = 0;
		twin_flush(s);
		free(v);
	}
	twin_close(s);
	/* Nothing of it reached the disk: a head of later than the sync would
	 * leave a hole. */
	copy_part("old", "store/main/p/0.rrd", 0, 1 << 20);
	s = twin_open("store");
	feed(s, 30, 60);
	twin_sync(s);
	twin_close(s);
	expect_as_straight_run(60);
}

/* A process that updates files dies in the middle of it. */
static void
a_death_at_work_fails_the_store_until_reopened(void **state)
{
	struct store *s = twin_open("store");
	struct err e = { 0 };

	(void)state;
	if (crew_parts(LEAVES, 1) == 1)
		skip(); /* one processor: nobody else works */
	feed(s, 0, 30);
	twin_sync(s);
	for (int k = 0; k < LEAVES; k++) {
		char *path = mem_printf("/p/%d", k);
		uint32_t h = twin_leaf(s, path, k % 2 ? "COUNTER" : "GAUGE");

		twin_put(s, h, T0 + 60 * 30, "1");
		free(path);
	}
	kill_forks = true;
	assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
	kill_forks = false;
	assert_true(s->ops->failed(s));
	assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
	assert_int_equal(s->ops->sync(s, &e), -1);
	twin_close(s);

	s = twin_open("store");
	feed(s, 30, 60);
	twin_sync(s);
	twin_close(s);
	expect_as_straight_run(60);
}

static unsigned
names_in(const char *path)
{
	int sub = openat(dir, path, O_RDONLY | O_DIRECTORY);
	struct err e = { 0 };
	struct names l;
	size_t n;

	assert_true(sub >= 0);
	assert_int_equal(durable_list(sub, &l, &e), 0);
	n = l.n;
	names_free(&l);
	close(sub);
	return (unsigned)n;
}

static void
put_first(struct store *s, const char *path)
{
	twin_put(s, twin_leaf(s, path, "GAUGE"), T0, "1");
}

/* Killed between librrd's writing of a new file and its naming. */
static void
what_is_left_of_a_file_half_made_is_removed(void **state)
{
	struct store *s = twin_open("store");
	int status;
	pid_t pid;

	(void)state;
	put_first(s, "/p/other");
	twin_flush(s);
	twin_sync(s);
	twin_close(s);
	twin_overwrite("store/main/p/other.rrdAbC123", 0, "not ours", -1);
	twin_overwrite("store/main/p/x.rrd-bC123", 0, "not librrd's", -1);
	assert_int_equal(mkdirat(dir, "store/main/p/x.rrdAbC123", 0700), 0);
	pid = __real_fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err ignored;

		s = twin_open("store");
		put_first(s, "/p/x");
		put_first(s, "/p/y/z");
		die_naming = true;
		(void)s->ops->flush(s, UINT32_MAX, &ignored);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(names_in("store/main/p"), 5); /* one is half made */
	twin_close(twin_open("store"));
	assert_int_equal(names_in("store/main/p"), 4);
	assert_true(twin_exists("store/main/p/other.rrd"));
	s = twin_open("store");
	put_first(s, "/p/x");
	twin_flush(s);
	assert_true(twin_exists("store/main/p/x.rrd"));
	twin_close(s);
}

static void
a_file_that_cannot_be_made_is_made_later(void **state)
{
	struct store *s = twin_open("store");
	uint32_t h = twin_leaf(s, "/x", "GAUGE");
	struct rlimit was, small = { 0 };
	struct err e = { 0 };

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 10000; /* less than a file has */
	twin_put(s, h, T0, "1");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(s->ops->flush(s, UINT32_MAX, &e), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_non_null(strstr(e.msg, "create: librrd says no reason"));
	assert_int_equal(s->ops->waiting(s), 1);
	assert_int_equal(names_in("store/main"), 0); /* no part of one */
	twin_flush(s);
	assert_true(twin_exists("store/main/x.rrd"));
	twin_close(s);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_prestate_setup_teardown(f, scratch_setup, remove_dir, \
	    &dir)
	const struct CMUnitTest tests[] = {
		TEST(a_power_cut_leaves_no_hole_and_counts_nothing_twice),
		TEST(files_that_are_new_since_the_sync_are_made_again),
		TEST(a_kill_at_any_time_changes_nothing),
		TEST(a_torn_record_is_passed_over_and_a_damaged_one_is_said),
		TEST(a_failed_sync_is_final_until_reopened),
		TEST(nothing_is_updated_before_its_journal_is_durable),
		TEST(a_full_disk_loses_nothing_and_journals_a_file_once),
		TEST(a_death_at_work_fails_the_store_until_reopened),
		TEST(what_is_left_of_a_file_half_made_is_removed),
		TEST(a_file_that_cannot_be_made_is_made_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
