/*
 * How many sessions may run at once: as many processes as there are slots, and
 * none of them is lost with the process that had it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/lock.h"
#include "t/scratch.h"
#include "transport/delivery/session_lock.h"

enum {
	SLOTS = 64
};

static int dir = -1;

/* A process that has a slot, or 0. */
static pid_t
occupy(int most)
{
	struct err e = { 0 };
	int ready[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		byte = session_slot(dir, most, &e) != -1 ? 'y' : 'n';
		if (write(ready[1], &byte, 1) == 1 && byte == 'y')
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	if (byte == 'y')
		return pid;
	waitpid(pid, NULL, 0);
	return 0;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
as_many_as_there_are_slots_and_no_more(void **state)
{
	pid_t pid[SLOTS];
	struct err e = { 0 };
	int fd;

	(void)state;
	for (int i = 0; i < SLOTS; i++) {
		pid[i] = occupy(SLOTS);
		assert_true(pid[i] > 0);
	}
	assert_int_equal(session_slot(dir, SLOTS, &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	assert_int_equal(e.sys, EBUSY);
	assert_int_equal(err_exit_code(&e), 75);
	assert_string_equal(e.msg, "busy: 64 sessions are running");
	assert_int_equal(occupy(SLOTS), 0);

	end(pid[SLOTS / 2]); /* whichever it was, its slot is free */
	pid[SLOTS / 2] = occupy(SLOTS);
	assert_true(pid[SLOTS / 2] > 0);
	assert_int_equal(occupy(SLOTS), 0);

	fd = session_slot(dir, SLOTS + 1, &e); /* the limit was raised */
	assert_true(fd != -1);
	close(fd);
	for (int i = 0; i < SLOTS; i++)
		end(pid[i]);
}

static void
a_link_in_its_place_is_not_followed(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(symlinkat("elsewhere", dir, "sessions.lock"), 0);
	assert_int_equal(session_slot(dir, 1, &e), -1);
	assert_int_equal(e.sys, ELOOP);
	assert_int_equal(faccessat(dir, "elsewhere", F_OK, 0), -1);
}

/* Nobody has to clean up behind a dead process. */
static void
locks_end_with_their_process(void **state)
{
	struct err e = { 0 };
	int ready[2], fd;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (lock_file(dir, "a.lock", 0, &e) != -1 &&
		    session_lock(dir, false, &e) != -1 &&
		    write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(lock_file(dir, "a.lock", 50, &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	assert_int_equal(session_lock(dir, false, &e), -1);
	assert_int_equal(e.sys, EBUSY);
	end(pid);
	fd = lock_file(dir, "a.lock", 0, &e);
	assert_true(fd != -1);
	close(fd);
	fd = session_lock(dir, false, &e);
	assert_true(fd != -1);
	close(fd);
	close(ready[0]);
	close(ready[1]);
}

int
main(void)
{
#define T(name) SCRATCH_TEST(name, dir)
	const struct CMUnitTest tests[] = {
		T(as_many_as_there_are_slots_and_no_more),
		T(a_link_in_its_place_is_not_followed),
		T(locks_end_with_their_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
