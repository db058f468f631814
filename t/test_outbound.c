/*
 * Deliveries that this end begins: a far end that is away costs little, however
 * often it is tried.  The session is in the test's hands, its channel a real
 * command's.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/operator/notice.h"
#include "t/delivery_world.h"
#include "transport/delivery/outbound.h"
#include "transport/delivery/redial.h"

/* What becomes of each session, and whether it was to code ahead. */
static struct {
	const struct err *ends;
	size_t n;
	bool ahead[8];
} sessions;

int __wrap_delivery_run(const struct delivery_opts *o,
    struct delivery_result *r, struct err *e);

int
__wrap_delivery_run(const struct delivery_opts *o, struct delivery_result *r,
    struct err *e)
{
	r->counts.in_bytes =
	    100; /* the far end spoke: it is no look at a port */
	assert_true(o->opener);
	sessions.ahead[sessions.n] = o->ahead;
	*e = sessions.ends[sessions.n++];
	return e->kind == ERR_NONE ? 0 : -1;
}

/* As one process does it. */
static void
run(int64_t deadline_ms)
{
	struct node node = { -1, -1, -1 };
	struct notices *n = NULL;
	struct outbound_end end;
	struct err e = { 0 };

	assert_int_equal(node_open(&spoke.config, &node, &e), 0);
	assert_int_equal(notices_open(node.state_dir, NULL, &n, &e), 0);
	(void)outbound_run(
	    &(struct outbound_opts){ .config = &spoke.config,
		.node = &node,
		.association = &spoke.a,
		.deadline = mono_add_ms(clock_mono(), deadline_ms),
		.notices = n },
	    &end);
	notices_flush(n, clock_wall());
	notices_close(n);
	node_close(&node);
}

static void
nothing_is_coded_ahead_for_who_was_away(void **state)
{
	static const char *const command[] = { "/bin/cat", NULL };
	static const char *const no_environment[] = { NULL };
	static const struct err ends[] = {
		{ .kind = ERR_NONE },
		{ .kind = ERR_PROTOCOL, .msg = "no hub of ours" },
		{ .kind = ERR_INPUT, .sys = ENOTUNIQ, .msg = "fork: x" },
		{ .kind = ERR_NONE },
		{ .kind = ERR_TEMP, .sys = REDIAL_BUSY, .msg = "busy" },
		{ .kind = ERR_NONE },
		{ .kind = ERR_NONE },
	};
	static const bool ahead[] = { true, true, false, false, true, false,
		true };

	(void)state;
	spoke.a.transport = CONFIG_EXEC;
	spoke.a.exec_command = command;
	spoke.a.exec_env = no_environment;
	sessions.ends = ends;
	while (sessions.n < sizeof(ends) / sizeof(ends[0]))
		run(20000); /* who is busy is asked again within it */
	for (size_t i = 0; i < sessions.n; i++)
		assert_int_equal(sessions.ahead[i], ahead[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    nothing_is_coded_ahead_for_who_was_away, world_setup,
		    world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
