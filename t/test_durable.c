/*
 * The durable-write protocol and slots under failing calls: a failed step
 * leaves nothing new, and no failed sync is asked again.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/slots.h"
#include "t/scratch.h"

enum fault_call {
	FAULT_NONE,
	FAULT_FSYNC,
	FAULT_FDATASYNC,
	FAULT_WRITE,
	FAULT_PWRITE,
	FAULT_RENAME,
	FAULT_CLOSE,
};

static struct {
	enum fault_call call;
	int nth, error; /* error 0: a short count of one byte */
	int seen;
	bool short_always;
} fault;

static bool
fails(enum fault_call call)
{
	if (fault.call != call || ++fault.seen != fault.nth)
		return false;
	errno = fault.error;
	return true;
}

int __real_fsync(int);
int __real_fdatasync(int);
ssize_t __real_write(int, const void *, size_t);
ssize_t __real_pwrite(int, const void *, size_t, off_t);
int __real_renameat2(int, const char *, int, const char *, unsigned);
int __wrap_fsync(int);
int __wrap_fdatasync(int);
ssize_t __wrap_write(int, const void *, size_t);
ssize_t __wrap_pwrite(int, const void *, size_t, off_t);
int __wrap_renameat2(int, const char *, int, const char *, unsigned);

int
__wrap_fsync(int fd)
{
	return fails(FAULT_FSYNC) ? -1 : __real_fsync(fd);
}

int
__wrap_fdatasync(int fd)
{
	return fails(FAULT_FDATASYNC) ? -1 : __real_fdatasync(fd);
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	if (fails(FAULT_WRITE))
		return -1;
	return __real_write(fd, p, fault.short_always && n > 1 ? 1 : n);
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t off)
{
	if (fails(FAULT_PWRITE))
		return -1;
	return __real_pwrite(fd, p, fault.short_always && n > 1 ? 1 : n, off);
}

int
__wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	return fails(FAULT_RENAME) ? -1
				   : __real_renameat2(a, from, b, to, flags);
}

static void
set_fault(enum fault_call call, int nth, int error)
{
	memset(&fault, 0, sizeof(fault));
	fault.call = call;
	fault.nth = nth;
	fault.error = error;
}

static int dir = -1;

static int
make_dir(void **state)
{
	(void)state;
	dir = scratch_open();
	set_fault(FAULT_NONE, 0, 0);
	return 0;
}

static int
remove_dir(void **state)
{
	struct names l;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(durable_list(dir, &l, &e), 0);
	n = l.n;
	names_free(&l);
	assert_int_equal(scratch_count(dir), n); /* no temporary is left */
	scratch_close(dir);
	return 0;
}

static void
expect_body(const char *name, const char *body)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	assert_int_equal(durable_read_file(dir, name, 1000, &b, &e), 0);
	assert_true(slice_eq_str(buf_slice(&b), body));
	buf_clear(&b);
}

static void
create_never_overwrites_and_replace_does(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(durable_create(dir, "a", SLICE("one"), &e), 0);
	assert_int_equal(durable_create(dir, "a", SLICE("two"), &e), -1);
	assert_int_equal(e.sys, EEXIST);
	expect_body("a", "one");
	assert_int_equal(durable_replace(dir, "a", SLICE("two"), &e), 0);
	expect_body("a", "two");
}

static void
any_failed_step_creates_nothing(void **state)
{
	static const struct {
		enum fault_call call;
		int error;
	} row[] = {
		{ FAULT_WRITE, ENOSPC },
		{ FAULT_WRITE, EDQUOT },
		{ FAULT_FSYNC, EIO },
		{ FAULT_RENAME, EIO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct err e = { 0 };
		struct names l;

		set_fault(row[i].call, 1, row[i].error);
		assert_int_equal(durable_create(dir, "a", SLICE("x"), &e), -1);
		assert_int_equal(e.sys, row[i].error);
		assert_int_equal(fault.seen, 1); /* never asked again */
		set_fault(FAULT_NONE, 0, 0);
		assert_int_equal(durable_list(dir, &l, &e), 0);
		assert_int_equal(l.n, 0);
		names_free(&l);
	}
}

static void
a_directory_sync_that_fails_is_reported(void **state)
{
	struct err e = { 0 };

	(void)state;
	set_fault(FAULT_FSYNC, 2, EIO);
	assert_int_equal(durable_create(dir, "a", SLICE("x"), &e), -1);
	assert_int_equal(e.sys, EIO);
}

static void
interrupted_and_short_writes_are_finished(void **state)
{
	struct err e = { 0 };

	(void)state;
	set_fault(FAULT_WRITE, 2, EINTR);
	fault.short_always = true;
	assert_int_equal(durable_create(dir, "a", SLICE("hello"), &e), 0);
	expect_body("a", "hello");
}

static void
only_plain_files_of_ours_are_read(void **state)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(durable_create(dir, "a", SLICE("12345"), &e), 0);
	assert_int_equal(durable_read_file(dir, "a", 5, &b, &e), 0);
	assert_int_equal(durable_read_file(dir, "a", 4, &b, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(b.n, 5);
	assert_int_equal(symlinkat("a", dir, "link"), 0);
	assert_int_equal(durable_read_file(dir, "link", 9, &b, &e), -1);
	assert_int_equal(linkat(dir, "a", dir, "hard", 0), 0);
	assert_int_equal(durable_read_file(dir, "hard", 9, &b, &e), -1);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(durable_read_file(dir, "fifo", 9, &b, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	buf_clear(&b);
}

static void
sweeping_takes_dead_writers_temporaries(void **state)
{
	struct err e = { 0 };
	char mine[32];
	int fd;

	(void)state;
	snprintf(mine, sizeof(mine), ".tmp-%ld-7", (long)getpid());
	for (int i = 0; i < 3; i++) {
		const char *name = i == 0 ? mine
		    : i == 1              ? ".tmp-999999999-0"
					  : ".tmp-strange";

		fd = openat(dir, name, O_CREAT | O_WRONLY, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
	assert_int_equal(durable_sweep(dir, &e), 0);
	assert_int_equal(faccessat(dir, mine, F_OK, 0), 0);
	assert_int_equal(unlinkat(dir, mine, 0), 0);
	/* remove_dir fails if the other two are there still */
}

static void
expect_slot(const char *body)
{
	struct slots *s;
	struct slice got;
	struct err e = { 0 };

	assert_int_equal(slots_open(dir, "mark", &s, &e), 0);
	assert_true(slots_get(s, &got));
	assert_true(slice_eq_str(got, body));
	slots_close(s);
}

static void
slots_keep_the_newest(void **state)
{
	struct slots *s;
	struct slice got;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(slots_open(dir, "mark", &s, &e), 0);
	assert_false(slots_get(s, &got));
	assert_false(slots_damaged(s));
	for (int i = 0; i < 5; i++) {
		char text[2] = { (char)('a' + i), '\0' };

		assert_int_equal(slots_put(s, slice_str(text), &e), 0);
		expect_slot(text);
	}
	slots_close(s);
}

static void
overwrite(uint64_t at, const char *text)
{
	struct err e = { 0 };
	int fd = openat(dir, "mark", O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(io_pwrite_full(fd, slice_str(text), at, &e), 0);
	close(fd);
}

static void
one_damaged_slot_leaves_the_other(void **state)
{
	struct slots *s;
	struct slice got;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(slots_open(dir, "mark", &s, &e), 0);
	assert_int_equal(slots_put(s, SLICE("one"), &e), 0); /* both slots */
	assert_int_equal(slots_put(s, SLICE("two"), &e), 0); /* the second */
	slots_close(s);
	overwrite(512 + 20, "damage");
	expect_slot("one");
	overwrite(20, "damage");
	assert_int_equal(slots_open(dir, "mark", &s, &e), 0);
	assert_true(slots_damaged(s));
	assert_false(slots_get(s, &got));
	assert_int_equal(slots_put(s, SLICE("three"), &e), 0);
	assert_false(slots_damaged(s));
	slots_close(s);
	expect_slot("three");
}

static void
a_failed_slot_is_written_to_a_new_file(void **state)
{
	struct slots *s;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(slots_open(dir, "mark", &s, &e), 0);
	assert_int_equal(slots_put(s, SLICE("one"), &e), 0);
	set_fault(FAULT_FDATASYNC, 1, EIO);
	assert_int_equal(slots_put(s, SLICE("two"), &e), 0);
	assert_int_equal(fault.seen, 1);
	expect_slot("two");
	set_fault(FAULT_PWRITE, 1, ENOSPC);
	assert_int_equal(slots_put(s, SLICE("three"), &e), 0);
	expect_slot("three");
	slots_close(s);
}

static void
a_body_too_large_changes_nothing(void **state)
{
	struct slots *s;
	struct err e = { 0 };
	char much[SLOTS_BODY_MAX + 2];

	(void)state;
	memset(much, 'x', sizeof(much));
	assert_int_equal(slots_open(dir, "mark", &s, &e), 0);
	assert_int_equal(
	    slots_put(s, (struct slice){ much, SLOTS_BODY_MAX }, &e), 0);
	assert_int_equal(
	    slots_put(s, (struct slice){ much, SLOTS_BODY_MAX + 1 }, &e), -1);
	slots_close(s);
	much[SLOTS_BODY_MAX] = '\0';
	expect_slot(much);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(create_never_overwrites_and_replace_does),
		TEST(any_failed_step_creates_nothing),
		TEST(a_directory_sync_that_fails_is_reported),
		TEST(interrupted_and_short_writes_are_finished),
		TEST(only_plain_files_of_ours_are_read),
		TEST(sweeping_takes_dead_writers_temporaries),
		TEST(slots_keep_the_newest),
		TEST(one_damaged_slot_leaves_the_other),
		TEST(a_failed_slot_is_written_to_a_new_file),
		TEST(a_body_too_large_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
