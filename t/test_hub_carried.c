/*
 * What hubd takes out of many staging directories at once, of which most are
 * written to all the time: none is forgotten.  Real directories, watched; real
 * children, which do nothing until the test ends them.
 */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "hub/carried.h"
#include "t/scratch.h"
#include "transport/carried/carry.h"

enum {
	PLACES = 7,
	AT_ONCE = 4,
	ROUNDS = 5,
};

static int top = -1;
static struct association at[PLACES];

/* The children, in the order in which they began. */
static struct {
	size_t place[PLACES * ROUNDS + AT_ONCE];
	pid_t pid[PLACES * ROUNDS + AT_ONCE];
	size_t begun, ended;
} children;

int __wrap_carry_start(const struct carry_opts *o, struct delivery_child *c,
    struct err *e);
int __real_delivery_child_end(struct delivery_child *c,
    struct delivery_result *r, struct err *e);
int __wrap_delivery_child_end(struct delivery_child *c,
    struct delivery_result *r, struct err *e);

static int
wait_to_be_ended(void *arg, struct delivery_result *r, struct err *e)
{
	(void)arg;
	(void)r;
	(void)e;
	(void)signal(SIGTERM, SIG_DFL);
	(void)pause();
	return 0;
}

/* While it looks, more comes. */
static void
place_another(const struct association *a)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "hub/spool/%s/staging/%zu", a->name,
	    children.begun);
	scratch_write(top, name, SLICE("x"));
}

int
__wrap_carry_start(const struct carry_opts *o, struct delivery_child *c,
    struct err *e)
{
	assert_in_range(children.begun, 0, PLACES * ROUNDS + AT_ONCE - 1);
	assert_int_equal(
	    delivery_child_start(wait_to_be_ended, NULL, NULL, c, e), 0);
	children.place[children.begun] = (size_t)(o->association - at);
	children.pid[children.begun++] = c->pid;
	place_another(o->association);
	return 0;
}

/* That it was ended is no failure here. */
int
__wrap_delivery_child_end(struct delivery_child *c, struct delivery_result *r,
    struct err *e)
{
	(void)__real_delivery_child_end(c, r, e);
	err_clear(e);
	return 0;
}

/* The oldest child ends; whatever comes of it comes. */
static void
end_oldest(uv_loop_t *loop)
{
	const size_t begun = children.begun;
	const pid_t pid = children.pid[children.ended++];

	assert_true(pid > 1);
	assert_int_equal(kill(pid, SIGTERM), 0);
	while (children.begun == begun)
		(void)uv_run(loop, UV_RUN_ONCE);
}

static void
each_has_its_turn_however_busy_the_others_are(void **state)
{
	static const char *const names[PLACES] = { "a", "b", "c", "d", "e", "f",
		"g" };
	static const char *const nobody[] = { NULL };
	char dir[3][128];
	struct config config = { .file = "test.conf",
		.oper = { .mail = nobody, .sendmail = nobody },
		.association = at,
		.n_association = PLACES };
	struct carried *c = NULL;
	uv_loop_t loop;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < PLACES; i++)
		at[i] = (struct association){ .name = names[i],
			.role = CONFIG_HUB,
			.mode = CONFIG_PUSH,
			.transport = CONFIG_RSYNC };
	assert_int_equal(mkdirat(top, "hub", 0700), 0);
	(void)snprintf(dir[0], sizeof(dir[0]), "%s/hub/state", scratch_path);
	(void)snprintf(dir[1], sizeof(dir[1]), "%s/hub/spool", scratch_path);
	(void)snprintf(dir[2], sizeof(dir[2]), "%s/hub/run", scratch_path);
	config.node.id = "hub";
	config.node.state = dir[0];
	config.node.spool = dir[1];
	config.node.run = dir[2];
	assert_int_equal(uv_loop_init(&loop), 0);
	if (carried_open(&loop, &config, &c, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(children.begun, AT_ONCE);
	while (children.ended < (size_t)PLACES * ROUNDS) {
		(void)uv_run(&loop, UV_RUN_NOWAIT); /* what was placed */
		end_oldest(&loop);
		assert_int_equal(children.begun - children.ended, AT_ONCE);
	}
	for (size_t i = 0; i < children.begun; i++)
		assert_int_equal(children.place[i], i % PLACES);
	carried_close(c);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(each_has_its_turn_however_busy_the_others_are,
		    top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
