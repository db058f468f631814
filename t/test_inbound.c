/*
 * Sessions that the far end began, and what any delivery came to: which failures a
 * person is told of, and what ends that.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "t/scratch.h"
#include "transport/delivery/course.h"
#include "transport/delivery/inbound.h"
#include "transport/delivery/outcome.h"

static int fd = -1;

static const struct association alps = { .name = "alps",
	.role = CONFIG_HUB,
	.transport = CONFIG_SSH };

struct row {
	enum err_kind kind;
	int sys;
	uint64_t in_bytes;
	const char *key; /* told as that; NULL: not */
};

static const char *const keys[] = { "delivery", "fork-to-hub",
	"fork-to-spoke" };

static bool
is(const char *key, const char *other)
{
	return key != NULL && strcmp(key, other) == 0;
}

/* A session that ended so. */
static void
settle(struct notices *n, const struct row *row)
{
	const struct node node = { .state_dir = fd, -1, -1 };
	const struct inbound_opts o = { .node = &node,
		.association = &alps,
		.notices = n };
	const struct delivery_result r = { .counts = {
					       .in_bytes = row->in_bytes } };
	struct err e = { .kind = row->kind, .sys = row->sys };

	(void)snprintf(e.msg, sizeof(e.msg), "it failed");
	inbound_settle(&o, &r, row->kind == ERR_NONE ? 0 : -1, &e);
}

static void
trouble_of_this_end_and_what_the_far_end_said_is_told(void **state)
{
	static const struct row rows[] = {
		/* here, before or after a byte came */
		{ ERR_SYS, ENOSPC, 0, "delivery" },
		{ ERR_SYS, ENOSPC, 1, "delivery" },
		{ ERR_SYS, EIO, 0, "delivery" },
		{ ERR_SYS, EDQUOT, 1, "delivery" },
		{ ERR_SYS, EROFS, 0, "delivery" },
		{ ERR_TEMP, ENOSPC, 1, "delivery" },
		{ ERR_INTERNAL, 0, 1, "delivery" },
		/* what was said */
		{ ERR_INPUT, ENOTUNIQ, 1, "fork-to-hub" },
		{ ERR_INPUT, EREMCHG, 1, "fork-to-spoke" },
		{ ERR_INPUT, 0, 1, "delivery" },
		{ ERR_PROTOCOL, 0, 1, "delivery" },
		{ ERR_CONFIG, 0, 1, "delivery" },
		/* nothing was */
		{ ERR_PROTOCOL, 0, 0, NULL },
		/* comes again by itself */
		{ ERR_TEMP, 0, 1, NULL },
		{ ERR_TEMP, EBUSY, 0, NULL },
		{ ERR_TEMP, EPIPE, 1, NULL },
		{ ERR_SYS, EPIPE, 1, NULL },
		{ ERR_SYS, ECONNRESET, 1, NULL },
		{ ERR_SYS, EBADF, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct notices *n = NULL;
		struct err e = { 0 };

		assert_int_equal(notices_open(fd, NULL, &n, &e), 0);
		settle(n, &rows[i]);
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			if (notice_is_raised(n, "alps", keys[k]) !=
			    is(rows[i].key, keys[k]))
				fail_msg("row %zu: %s", i, keys[k]);
		settle(n, &(struct row){ .kind = ERR_NONE, .in_bytes = 1 });
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			assert_false(notice_is_raised(n, "alps", keys[k]));
		notices_close(n);
	}
}

/* A link that is up again, with a fork, has no other trouble; a link that is down
 * mends no fork. */
static void
a_fork_stands_for_itself(void **state)
{
	const struct err down = { .kind = ERR_TEMP, .msg = "no route" };
	const struct err fork = { .kind = ERR_INPUT,
		.sys = ENOTUNIQ,
		.msg = "fork: x" };
	struct notices *n = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(notices_open(fd, NULL, &n, &e), 0);
	assert_true(outcome_tell_failed(n, &alps, &down, "hubctl status"));
	assert_true(outcome_tell_failed(n, &alps, &fork, "hubctl status"));
	assert_false(notice_is_raised(n, "alps", "delivery"));
	assert_false(outcome_tell_failed(n, &alps, &fork, "hubctl status"));
	assert_true(outcome_tell_failed(n, &alps, &down, "hubctl status"));
	assert_true(notice_is_raised(n, "alps", "fork-to-hub"));
	notices_close(n);
}

/* What the two ends agree on ends no fork; a message that was taken does. */
static void
a_kept_session_ends_a_fork_by_what_moves(void **state)
{
	const struct err forks[] = {
		{ .kind = ERR_INPUT, .sys = ENOTUNIQ, .msg = "fork: x" },
		{ .kind = ERR_INPUT, .sys = EREMCHG, .msg = "fork: y" },
	};
	const struct node node = { .state_dir = fd, -1, -1 };
	struct course c;
	struct delivery_sofar now = { .open = true, .acked = 7, .taken = 0 };
	struct notices *n = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(notices_open(fd, NULL, &n, &e), 0);
	course_begin(&c, &node, &alps, n, NULL);
	for (size_t i = 0; i < 2; i++)
		(void)outcome_tell_failed(n, &alps, &forks[i], "hubctl status");
	course_look(&c, &now);
	assert_true(notice_is_raised(n, "alps", "fork-to-hub"));
	assert_true(notice_is_raised(n, "alps", "fork-to-spoke"));
	now.taken++;
	course_look(&c, &now);
	assert_false(notice_is_raised(n, "alps", "fork-to-hub"));
	assert_true(notice_is_raised(n, "alps", "fork-to-spoke"));
	now.acked++;
	course_look(&c, &now);
	assert_false(notice_is_raised(n, "alps", "fork-to-spoke"));
	notices_close(n);
}

/* A look into one's own staging/ is no exchange; and what it does not find may
 * come again. */
static void
check_looks(const struct association *a, struct notices *n)
{
	static const char *const all[] = { "delivery", "fork-to-hub",
		"fork-to-spoke", "refused" };
	const bool brings = a->transport == CONFIG_RSYNC && config_dials(a);
	const struct node node = { .state_dir = fd, -1, -1 };
	const struct inbound_opts o = { .node = &node,
		.association = a,
		.notices = n };
	struct delivery_result r = { .moved = true };
	const struct err none = { 0 },
			 fork = { .kind = ERR_INPUT,
				 .sys = ENOTUNIQ,
				 .msg = "fork: x" };

	(void)outcome_tell_failed(n, a, &none, "y");
	(void)outcome_tell_failed(n, a, &fork, "y");
	assert_int_equal(notice_is_raised(n, a->name, "delivery"), brings);
	outcome_tell_met(n, a, &fork);
	assert_false(notice_is_raised(n, a->name, "delivery"));
	for (size_t i = 0; i < 4; i++)
		(void)notice_raise(n,
		    &(struct notice){ a->name, all[i], "x", "y" },
		    clock_wall());
	inbound_settle(&o, &r, 0, &none);
	assert_int_equal(notice_is_raised(n, a->name, "delivery"), brings);
	for (size_t i = 1; i < 4; i++)
		assert_true(notice_is_raised(n, a->name, all[i]));
	r.all_here = true;
	inbound_settle(&o, &r, 0, &none);
	assert_int_equal(notice_is_raised(n, a->name, "delivery"), brings);
	for (size_t i = 1; i < 4; i++)
		assert_false(notice_is_raised(n, a->name, all[i]));
	r.all_here = false;
	outcome_tell_over(n, a, &r);
	assert_false(notice_is_raised(n, a->name, "delivery"));
}

static void
a_look_at_carried_files_ends_what_it_can_know(void **state)
{
	static const enum config_transport by[] = { CONFIG_RSYNC, CONFIG_DIR };
	struct notices *n = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(notices_open(fd, NULL, &n, &e), 0);
	for (unsigned i = 0; i < 8; i++) {
		const struct association a = { .name = "alps",
			.role = i & 1 ? CONFIG_HUB : CONFIG_SPOKE,
			.mode = i & 2 ? CONFIG_PULL : CONFIG_PUSH,
			.transport = by[i >> 2] };

		check_looks(&a, n);
	}
	notices_close(n);
}

/* Whether a stick is elsewhere is a question: asking it changes no file. */
static void
away_is_only_asked(void **state)
{
	const struct association stick = { .name = "alps",
		.transport = CONFIG_DIR,
		.silent_after_s = 3600 };
	const struct node node = { .state_dir = fd, -1, -1 };
	const struct wall ahead = { clock_wall().ms + 7200 * 1000 };
	struct err gone = { .kind = ERR_TEMP, .sys = ENOENT };
	struct buf before, after;
	struct err e = { 0 };

	(void)state;
	assert_false(outcome_is_away(&node, &stick, &gone)); /* never seen */
	assert_int_equal(wire_add(fd, "alps",
			     &(struct wire_use){ .looked = true }, ahead, &e),
	    0);
	before = scratch_read(fd, "wire/alps");
	assert_true(outcome_is_away(&node, &stick, &gone));
	after = scratch_read(fd, "wire/alps");
	assert_true(slice_eq(buf_slice(&before), buf_slice(&after)));
	gone.sys = EIO;
	assert_false(outcome_is_away(&node, &stick, &gone));
	buf_clear(&before);
	buf_clear(&after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(
		    trouble_of_this_end_and_what_the_far_end_said_is_told, fd),
		SCRATCH_TEST(away_is_only_asked, fd),
		SCRATCH_TEST(a_fork_stands_for_itself, fd),
		SCRATCH_TEST(a_kept_session_ends_a_fork_by_what_moves, fd),
		SCRATCH_TEST(a_look_at_carried_files_ends_what_it_can_know, fd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
