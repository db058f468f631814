/*
 * A fresh directory for a unit test; see scratch.h.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "t/scratch.h"

static const char pattern[] = "/tmp/axletree-unit.XXXXXX";
char scratch_path[sizeof(pattern)];

int
scratch_open(void)
{
	int fd = -1;

	memcpy(scratch_path, pattern, sizeof(pattern));
	if (mkdtemp(scratch_path) != NULL)
		fd = open(scratch_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

void
scratch_close(int fd)
{
	close(fd);
	nftw(scratch_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
scratch_setup(void **fd)
{
	*(int *)*fd = scratch_open();
	return 0;
}

int
scratch_teardown(void **fd)
{
	scratch_close(*(int *)*fd);
	return 0;
}

int scratch_dir = -1;

int
scratch_group_setup(void **state)
{
	(void)state;
	scratch_dir = scratch_open();
	return 0;
}

int
scratch_group_teardown(void **state)
{
	(void)state;
	scratch_close(scratch_dir);
	return 0;
}

struct buf
scratch_read(int fd, const char *name)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	if (durable_read_file(fd, name, SIZE_MAX / 8, &b, &e) == -1)
		fail_msg("%s", e.msg);
	return b;
}

void
scratch_write(int fd, const char *name, struct slice s)
{
	struct err e = { 0 };

	if (durable_replace(fd, name, s, &e) == -1)
		fail_msg("%s", e.msg);
}

size_t
scratch_count(int fd)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(again);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2; /* "." and ".." */
}
