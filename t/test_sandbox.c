/*
 * A confined process: its directory works, all else is refused.  Each test is
 * a child, since there is no way out of a sandbox.
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/sandbox.h"
#include "t/scratch.h"

static int dir = -1;

static int
make_dir(void **state)
{
	struct err e = { 0 };

	(void)state;
	dir = scratch_open();
	assert_int_equal(durable_create(dir, "there", SLICE("x"), &e), 0);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	scratch_close(dir);
	return 0;
}

/* Run attempt in a sandbox that allows our directory; it returns what
 * happened as a small number. */
static int
confined(bool write, int (*attempt)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct sandbox_dir d = { dir, write };
		struct sandbox_opts o = { .dir = &d,
			.n_dir = 1,
			.unix_sockets = true };
		struct sandbox_state got;
		struct err e = { 0 };

		if (sandbox_enter(&o, &got, &e) == -1) {
			fprintf(stderr, "# %s\n", e.msg);
			_exit(99);
		}
		_exit(attempt());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
create_inside(void)
{
	struct err e = { 0 };

	if (durable_create(dir, "new", SLICE("x"), &e) == -1)
		return e.sys;
	return durable_move(dir, "new", dir, "newer", &e) == -1 ? e.sys : 0;
}

/* What others left here is moved, whatever it is; nothing new of it is made. */
static int
move_a_fifo(void)
{
	struct err e = { 0 };

	if (mkfifoat(dir, "another", 0600) != -1)
		return 98;
	return durable_move(dir, "fifo", dir, "moved", &e) == -1 ? e.sys : 0;
}

static int
read_inside(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	int rc = durable_read_file(dir, "there", 10, &b, &e);

	buf_clear(&b);
	return rc == -1 ? e.sys : 0;
}

static int
read_outside(void)
{
	return open("/etc/passwd", O_RDONLY) == -1 ? errno : 0;
}

static int
make_internet_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) == -1 ? errno : 0;
}

static int
make_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) == -1 ? errno : 0;
}

static int
start_a_program(void)
{
	char *const argv[] = { (char[]){ "true" }, NULL };
	char *const none[] = { NULL };

	execve("/bin/true", argv, none);
	return errno;
}

static void
its_directory_works(void **state)
{
	(void)state;
	assert_int_equal(confined(true, create_inside), 0);
	assert_int_equal(confined(true, read_inside), 0);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	if (sandbox_probe().seccomp)
		assert_int_equal(confined(true, move_a_fifo), 0);
}

static void
read_only_means_that(void **state)
{
	(void)state;
	assert_int_equal(confined(false, read_inside), 0);
	if (sandbox_probe().landlock_abi > 0)
		assert_int_equal(confined(false, create_inside), EACCES);
}

static void
all_else_on_the_disk_is_closed(void **state)
{
	(void)state;
	if (sandbox_probe().landlock_abi > 0)
		assert_int_equal(confined(true, read_outside), EACCES);
}

static void
no_program_and_no_internet(void **state)
{
	(void)state;
	if (!sandbox_probe().seccomp)
		return;
	assert_int_equal(confined(true, start_a_program), EPERM);
	assert_int_equal(confined(true, make_internet_socket), EPERM);
	assert_int_equal(confined(true, make_unix_socket), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(its_directory_works),
		TEST(read_only_means_that),
		TEST(all_else_on_the_disk_is_closed),
		TEST(no_program_and_no_internet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
