/*
 * How much of what a far end has rsync bring may lie in staging/, and what goes
 * when that is too much.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/spool/carried_name.h"
#include "common/spool/room.h"
#include "t/scratch.h"
#include "transport/carried/staging.h"
#include "transport/carried/underway.h"
#include "transport/rsync/rsync_room.h"

static bool disk_full;

int __real_fstatvfs(int fd, struct statvfs *v);
int __wrap_fstatvfs(int fd, struct statvfs *v);

int
__wrap_fstatvfs(int fd, struct statvfs *v)
{
	int rc = __real_fstatvfs(fd, v);

	if (disk_full)
		v->f_bavail = 0;
	return rc;
}

static int dir;

static int
setup(void **state)
{
	(void)state;
	disk_full = false;
	dir = scratch_open();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	scratch_close(dir);
	return 0;
}

/* A file of that length, without its bytes. */
static void
make(const char *name, off_t bytes)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT, 0600);

	assert_true(fd != -1);
	assert_int_equal(ftruncate(fd, bytes), 0);
	close(fd);
}

static const char *
segment(uint64_t n)
{
	static char name[CARRIED_NAME_SIZE];

	snprintf(name, sizeof(name), "%020" PRIu64 "-%020" PRIu64 ".msgs.gz", n,
	    n);
	return name;
}

static bool
is_there(const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
a_spool_and_one_more_segment_may_lie_there(void **state)
{
	struct rsync_room most = rsync_room_most(1 << 20), used;

	(void)state;
	assert_int_equal(most.bytes, (1 << 20) + STAGING_FILE_MAX);
	assert_int_equal(most.files, ROOM_FILES);
	make(segment(1), 1 << 20);
	make("." /* as rsync names it */ "ack.AbC123", STAGING_FILE_MAX - 7);
	assert_int_equal(mkdirat(dir, UNDERWAY_PARTIAL, 0700), 0);
	make(UNDERWAY_PARTIAL "/ack", 7);
	used = rsync_room_used(dir);
	assert_int_equal(used.files, 4);
	assert_int_equal(used.bytes, most.bytes);
	assert_false(rsync_room_is_over(dir, &used, &most));
	make(UNDERWAY_PARTIAL "/ack", 8);
	used = rsync_room_used(dir);
	assert_true(rsync_room_is_over(dir, &used, &most));
}

static void
files_are_counted_too(void **state)
{
	struct rsync_room most = { UINT64_MAX, 3 }, used;

	(void)state;
	for (uint64_t i = 1; i <= 3; i++)
		make(segment(i), 0);
	used = rsync_room_used(dir);
	assert_false(rsync_room_is_over(dir, &used, &most));
	make("other", 0);
	used = rsync_room_used(dir);
	assert_true(rsync_room_is_over(dir, &used, &most));
}

static void
on_a_full_disk_an_acknowledgement_fits(void **state)
{
	struct rsync_room most = rsync_room_most(1 << 30), used;

	(void)state;
	disk_full = true;
	make("ack", ROOM_RESERVE);
	used = rsync_room_used(dir);
	assert_false(rsync_room_is_over(dir, &used, &most));
	make("ack", ROOM_RESERVE + 1);
	used = rsync_room_used(dir);
	assert_true(rsync_room_is_over(dir, &used, &most));
}

static void
the_last_ones_make_room_for_those_before(void **state)
{
	struct rsync_room most = rsync_room_most(1000);

	(void)state;
	make("ack", 100);
	make("other", 100);
	for (uint64_t i = 1; i <= 4; i++)
		make(segment(i), 200);
	assert_int_equal(rsync_room_make(dir, &most), 0); /* just full */
	make(segment(5), 200);
	make("00000000000000000005-00000000000000000005.msgs.gz.sig", 100);
	assert_int_equal(mkdirat(dir, UNDERWAY_PARTIAL, 0700), 0);
	make(UNDERWAY_PARTIAL "/ack", 8);
	assert_int_equal(rsync_room_make(dir, &most), 2);
	assert_true(is_there(segment(4)) && is_there("ack"));
	assert_true(is_there("other"));
	assert_false(is_there(segment(5)) || is_there(UNDERWAY_PARTIAL));
	/* what is not ours is not ours to remove */
	make("other", 2000);
	assert_int_equal(rsync_room_make(dir, &most), 4);
	assert_true(is_there("other") && is_there("ack"));
}

static void
temporaries_are_swept(void **state)
{
	char temporary[CARRIED_NAME_SIZE + 16];

	(void)state;
	snprintf(temporary, sizeof(temporary), ".%s.aBc09Z", segment(1));
	make(temporary, 1);
	make(".ack.aBc09Z", 1);
	make(".other.aBc09Z", 1);
	make(".aBc09Z", 1);
	make(".ack", 1);
	make(segment(1), 1);
	assert_int_equal(mkdirat(dir, UNDERWAY_PARTIAL, 0700), 0);
	make(UNDERWAY_PARTIAL "/ack", 8);
	rsync_room_sweep(dir, false);
	assert_false(is_there(temporary) || is_there(".ack.aBc09Z"));
	assert_true(is_there(".other.aBc09Z") && is_there(".aBc09Z"));
	assert_true(is_there(".ack") && is_there(segment(1)));
	assert_true(is_there(UNDERWAY_PARTIAL "/ack"));
	rsync_room_sweep(dir, true);
	assert_false(is_there(UNDERWAY_PARTIAL));
	assert_true(is_there(segment(1)));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_spool_and_one_more_segment_may_lie_there),
		TEST(files_are_counted_too),
		TEST(on_a_full_disk_an_acknowledgement_fits),
		TEST(the_last_ones_make_room_for_those_before),
		TEST(temporaries_are_swept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
