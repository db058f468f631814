/*
 * Waiting for a child: its end wakes us, one that does not end keeps us no longer
 * than was said, and a status that somebody else took is no reason to wait.
 */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/reap.h"

enum {
	LONG_MS = 60000
};

/* One that ends with this status once `go` is closed. */
static pid_t
child(int status, int *go)
{
	int fds[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(fds[1]);
		(void)!read(fds[0], &c, 1);
		_exit(status);
	}
	close(fds[0]);
	*go = fds[1];
	return pid;
}

static void
ends_while_we_wait(void **state)
{
	int go, status;
	pid_t pid = child(7, &go);

	(void)state;
	assert_false(reap_within(pid, 0, &status));
	close(go);
	assert_true(reap_within(pid, LONG_MS, &status));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void
does_not_end(void **state)
{
	struct mono begun = clock_mono();
	int go, status;
	pid_t pid = child(0, &go);

	(void)state;
	assert_false(reap_within(pid, 30, &status));
	assert_true(mono_ms_since(clock_mono(), begun) >= 30);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_true(reap_within(pid, LONG_MS, &status));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	close(go);
}

static void
was_reaped_already(void **state)
{
	int go, status = -1;
	pid_t pid = child(3, &go);

	(void)state;
	close(go);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(reap_within(pid, LONG_MS, &status));
	assert_int_equal(status, 0);
	assert_true(reap_within(pid, LONG_MS, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_while_we_wait),
		cmocka_unit_test(does_not_end),
		cmocka_unit_test(was_reaped_already),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
