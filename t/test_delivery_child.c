/*
 * A child that works on one association: what its parent does upon signals is
 * not for it, not even between its fork and its first line.
 */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/delivery/delivery_child.h"

static volatile sig_atomic_t *handled; /* shared with the child */
static int number;                     /* comes as soon as it is forked */

pid_t __real_fork(void);
pid_t __wrap_fork(void);

pid_t
__wrap_fork(void)
{
	pid_t pid = __real_fork();

	if (pid == 0 && number != 0)
		(void)raise(number);
	return pid;
}

static void
on_signal(int n)
{
	(void)n;
	*handled = 1;
}

static int
work(void *arg, struct delivery_result *r, struct err *e)
{
	sigset_t now;

	(void)arg;
	(void)e;
	(void)sigprocmask(SIG_SETMASK, NULL, &now);
	r->lost = sigismember(&now, SIGTERM) == 1 ? 99 : 7;
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	handled = mmap(NULL, sizeof(*handled), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return handled == MAP_FAILED ? -1 : 0;
}

static void
it_says_what_came_of_it(void **state)
{
	struct delivery_child c;
	struct delivery_result r;
	struct err e = { 0 };
	sigset_t now;

	(void)state;
	number = 0;
	assert_int_equal(delivery_child_start(work, NULL, NULL, &c, &e), 0);
	assert_int_equal(delivery_child_end(&c, &r, &e), 0);
	assert_int_equal(r.lost, 7);
	(void)sigprocmask(SIG_SETMASK, NULL, &now);
	assert_int_equal(sigismember(&now, SIGTERM), 0);
}

static void
a_signal_at_its_fork_is_not_its_parents(void **state)
{
	static const int numbers[] = { SIGTERM, SIGHUP, SIGINT, SIGUSR1 };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct sigaction now = { .sa_handler = on_signal }, before;
		struct delivery_child c;
		struct delivery_result r;
		struct err e = { 0 };
		int rc;

		assert_int_equal(sigaction(numbers[i], &now, &before), 0);
		number = numbers[i];
		*handled = 0;
		assert_int_equal(delivery_child_start(work, NULL, NULL, &c, &e),
		    0);
		rc = delivery_child_end(&c, &r, &e);
		assert_int_equal(sigaction(numbers[i], &before, NULL), 0);
		assert_int_equal(*handled, 0);
		assert_int_equal(rc, -1); /* it ended of it */
	}
}

/* By whom a process was killed nobody knows: it says who may have been it. */
static void
one_that_was_killed_is_told_as_such(void **state)
{
	static const struct {
		int number;
		const char *text;
	} row[] = {
		{ SIGKILL,
		    "the session was killed (signal 9): it did not make way "
		    "for a newer one within 5 s, or memory ran out" },
		{ SIGTERM, "the session was ended by signal 15" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct delivery_child c;
		struct delivery_result r;
		struct err e = { 0 };

		number = row[i].number;
		assert_int_equal(delivery_child_start(work, NULL, NULL, &c, &e),
		    0);
		assert_int_equal(delivery_child_end(&c, &r, &e), -1);
		assert_int_equal(err_exit_code(&e), 75);
		assert_string_equal(e.msg, row[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_came_of_it),
		cmocka_unit_test(a_signal_at_its_fork_is_not_its_parents),
		cmocka_unit_test(one_that_was_killed_is_told_as_such),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, NULL);
}
