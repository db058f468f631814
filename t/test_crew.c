/*
 * A crew: all parts are done, what they leave is seen, a death is noticed, and
 * nothing outlives the parent.
 */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/crew.h"

struct job {
	pid_t *who; /* shared: who did each part */
	pid_t parent;
	size_t dies;   /* this part does; 0: none */
	int ready, go; /* pipes: a part waits here */
	int private;
};

static void
work(void *arg, size_t i)
{
	struct job *j = arg;
	sigset_t blocked;

	j->private ++;
	if (getpid() != j->parent) {
		(void)sigprocmask(SIG_SETMASK, NULL, &blocked);
		if (!sigismember(&blocked, SIGTERM))
			abort();
	}
	if (j->dies == i && i > 0)
		(void)raise(SIGKILL);
	j->who[i] = getpid();
}

static void
each_part_is_done_once_by_a_process_of_its_own(void **state)
{
	struct err e = { 0 };
	size_t size = CREW_MOST * sizeof(pid_t);
	struct job j = { .who = crew_memory(size, &e), .parent = getpid() };
	sigset_t before, after;

	(void)state;
	assert_non_null(j.who);
	(void)sigprocmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(crew_run(CREW_MOST, work, &j, &e), 0);
	(void)sigprocmask(SIG_SETMASK, NULL, &after);
	assert_int_equal(sigismember(&before, SIGTERM),
	    sigismember(&after, SIGTERM));
	assert_int_equal(j.who[0], getpid());
	for (size_t i = 1; i < CREW_MOST; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(j.who[i], j.who[k]);
	assert_int_equal(j.private, 1); /* what children change is theirs */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none is left */
	crew_memory_free(j.who, size);
}

static void
a_death_is_an_error_and_the_others_end_first(void **state)
{
	struct err e = { 0 };
	size_t size = 3 * sizeof(pid_t);
	struct job j = { .who = crew_memory(size, &e),
		.parent = getpid(),
		.dies = 1 };

	(void)state;
	assert_int_equal(crew_run(3, work, &j, &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	assert_non_null(strstr(e.msg, "signal 9"));
	assert_int_not_equal(j.who[0], 0);
	assert_int_equal(j.who[1], 0);
	assert_int_not_equal(j.who[2], 0);
	crew_memory_free(j.who, size);
}

static void
where_no_process_can_be_had_the_caller_does_it(void **state)
{
	struct err e = { 0 };
	size_t size = 3 * sizeof(pid_t);
	struct job j = { .who = crew_memory(size, &e) };
	struct rlimit none = { 0, 0 };
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		/* root may have any number; nobody is somebody else */
		if (geteuid() == 0 && setuid(65534) == -1)
			_exit(2);
		(void)setrlimit(RLIMIT_NPROC, &none);
		j.parent = getpid();
		if (crew_run(3, work, &j, &e) == -1)
			_exit(3);
		for (int i = 0; i < 3; i++)
			if (j.who[i] != getpid())
				_exit(4);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	crew_memory_free(j.who, size);
}

static void
wait_at_the_pipe(void *arg, size_t i)
{
	struct job *j = arg;
	char byte = 0;

	if (i == 0)
		(void)!read(j->go, &byte, 1); /* for ever */
	(void)!write(j->ready, &byte, 1);
	(void)!read(j->go, &byte, 1);
}

/* The end of a pipe shows when the last of them is gone. */
static void
children_die_with_their_parent(void **state)
{
	struct job j = { .private = 0 };
	struct err e = { 0 };
	int ready[2], go[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ready[0]);
		j.ready = ready[1];
		j.go = go[0];
		(void)crew_run(3, wait_at_the_pipe, &j, &e);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	close(go[0]);
	close(go[1]);
}

static void
parts_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(crew_parts(0, 32), 1);
	assert_int_equal(crew_parts(63, 32), 1);
	assert_in_range(crew_parts(SIZE_MAX, 32), 1, CREW_MOST);
	assert_in_range(crew_parts(64, 32), 1, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_part_is_done_once_by_a_process_of_its_own),
		cmocka_unit_test(a_death_is_an_error_and_the_others_end_first),
		cmocka_unit_test(
		    where_no_process_can_be_had_the_caller_does_it),
		cmocka_unit_test(children_die_with_their_parent),
		cmocka_unit_test(parts_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
