/*
 * A daemon's sessions: how long one may last, whoever began it.  The far end says
 * nothing, and all but the end of that time is taken away.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "t/delivery_world.h"
#include "transport/links/links_child.h"
#include "transport/links/links_schedule.h"

enum {
	TEN_MINUTES_MS = 600 * 1000,
	BUSY_MS = 60 * 1000, /* a child may begin so late */
	END_MS = 200,
};

/* What a session was told, in the child's memory, too. */
static struct told {
	bool runs, limited;
	int64_t left_ms;
} * told;

int __real_delivery_run(const struct delivery_opts *o,
    struct delivery_result *r, struct err *e);
int __wrap_delivery_run(const struct delivery_opts *o,
    struct delivery_result *r, struct err *e);

int
__wrap_delivery_run(const struct delivery_opts *o, struct delivery_result *r,
    struct err *e)
{
	struct mono now = clock_mono();
	struct delivery_opts last = *o;

	told->runs = true;
	told->limited = o->deadline.ns != 0;
	told->left_ms = mono_ms_since(o->deadline, now);
	last.deadline = mono_add_ms(now, END_MS);
	return __real_delivery_run(&last, r, e);
}

/* The status of such a session; fd as links_child has it. */
static int
session(struct end *n, int fd)
{
	const struct links_child c = { .config = &n->config,
		.association = &n->a,
		.fd = fd };
	int status;
	pid_t pid;

	*told = (struct told){ .runs = false };
	pid = links_child_fork(&c);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
check(struct end *n, int fd, bool keep)
{
	n->a.keep = keep;
	assert_int_equal(session(n, fd), LINK_FAILED);
	assert_true(told->runs);
	assert_int_equal(told->limited, !keep);
	if (keep)
		return;
	assert_true(told->left_ms <= TEN_MINUTES_MS);
	assert_true(told->left_ms > TEN_MINUTES_MS - BUSY_MS);
}

static void
a_session_lasts_ten_minutes_unless_it_is_kept(void **state)
{
	static const char *const silent[] = { "/bin/sleep", "1000", NULL };
	static const char *const none[] = { NULL };

	(void)state;
	spoke.config.oper.mail = spoke.config.oper.sendmail = none;
	hub.config.oper.mail = hub.config.oper.sendmail = none;
	spoke.a.transport = CONFIG_EXEC;
	spoke.a.exec_command = silent;
	spoke.a.exec_env = none;
	for (int keep = 0; keep < 2; keep++) {
		int fd[2];

		check(&spoke, -1, keep);
		pair_up(fd);
		assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
		check(&hub, fd[0], keep);
		close(fd[0]);
		close(fd[1]);
	}
}

static int
setup(void **state)
{
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return told == MAP_FAILED ? -1 : world_setup(state);
}

static int
teardown(void **state)
{
	(void)munmap(told, sizeof(*told));
	return world_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_session_lasts_ten_minutes_unless_it_is_kept, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
