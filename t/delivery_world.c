/*
 * Two nodes for tests of deliveries; see delivery_world.h.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "t/delivery_world.h"
#include "t/scratch.h"
#include "t/test_spool_helper.h"

struct end spoke, hub;
struct outcome from_spoke, from_hub;

enum {
	DEADLINE_MS = 60000 /* of a session that hangs */
};

static int scratch;

void
make_end(struct end *n, const char *name, enum config_role role)
{
	char top[64];
	struct node node;
	struct err e = { 0 };

	snprintf(top, sizeof(top), "%s/%s", scratch_path, name);
	assert_int_equal(mkdir(top, 0700), 0);
	snprintf(n->state, sizeof(n->state), "%s/state", top);
	snprintf(n->spool, sizeof(n->spool), "%s/spool", top);
	snprintf(n->run, sizeof(n->run), "%s/run", top);
	n->config = (struct config){ .file = "test.conf",
		.node = { name, n->state, n->spool, n->run, NULL, 1, NULL, 0 },
		.association = &n->a,
		.n_association = 1 };
	n->a = (struct association){ .name = "alps",
		.role = role,
		.mode = CONFIG_PUSH,
		.compression = "gzip",
		.level = -1,
		.spool_size = 1 << 30,
		.retain_s = 7 * 86400 };
	if (node_open(&n->config, &node, &e) == -1)
		fail_msg("%s", e.msg);
	n->top = node_open_association(&node, &n->a, &e);
	assert_true(n->top != -1);
	node_close(&node);
}

int
world_setup(void **state)
{
	(void)state;
	scratch = scratch_open();
	make_end(&spoke, "spoke", CONFIG_SPOKE);
	make_end(&hub, "hub", CONFIG_HUB);
	return 0;
}

int
world_teardown(void **state)
{
	(void)state;
	close(spoke.top);
	close(hub.top);
	scratch_close(scratch);
	return 0;
}

struct outcome
run_end(const struct end *n, int fd, bool opener)
{
	struct channel c = { .read_fd = fd, .write_fd = fd, .report_fd = -1 };
	struct delivery_opts o = { .config = &n->config,
		.association = &n->a,
		.opener = opener,
		.ahead = opener,
		.deadline = mono_add_ms(clock_mono(), DEADLINE_MS),
		.channel = &c };
	struct outcome got = { 0 };

	fcntl(fd, F_SETFL, O_NONBLOCK);
	got.rc = delivery_run(&o, &got.r, &got.err);
	return got;
}

void
pair_up(int fd[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd),
	    0);
}

struct child
start_hub(int fd[2], bool opener)
{
	int report[2];
	struct child c;

	assert_int_equal(pipe(report), 0);
	c.pid = fork();
	assert_true(c.pid != -1);
	if (c.pid == 0) {
		struct outcome got;

		close(fd[0]);
		got = run_end(&hub, fd[1], opener);
		if (write(report[1], &got, sizeof(got)) != sizeof(got))
			_exit(1);
		_exit(0);
	}
	close(fd[1]);
	close(report[1]);
	c.report = report[0];
	return c;
}

struct outcome
end_hub(struct child c)
{
	struct outcome got = { .rc = -2 };
	int status;

	if (read(c.report, &got, sizeof(got)) != sizeof(got))
		got.rc = -2; /* it was killed */
	close(c.report);
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	return got;
}

void
deliver(void)
{
	int fd[2];
	struct child c;

	pair_up(fd);
	c = start_hub(fd, false);
	from_spoke = run_end(&spoke, fd[0], true);
	close(fd[0]);
	from_hub = end_hub(c);
}

void
assert_delivered(void)
{
	assert_string_equal(from_spoke.err.msg, "");
	assert_string_equal(from_hub.err.msg, "");
	assert_int_equal(from_spoke.rc, 0);
	assert_int_equal(from_hub.rc, 0);
}

void
fill(int top, unsigned n)
{
	outbox_close(helper_filled(top, n));
}
