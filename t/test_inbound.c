/*
 * Sessions that the far end began: which failures a person is told of.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "t/scratch.h"
#include "transport/delivery/inbound.h"

static int fd = -1;

static const struct association alps = { .name = "alps",
	.role = CONFIG_HUB,
	.transport = CONFIG_SSH };

struct row {
	enum err_kind kind;
	int sys;
	uint64_t in_bytes;
	bool told;
};

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
		{ ERR_SYS, ENOSPC, 0, true },
		{ ERR_SYS, ENOSPC, 1, true },
		{ ERR_SYS, EIO, 0, true },
		{ ERR_SYS, EDQUOT, 1, true },
		{ ERR_SYS, EROFS, 0, true },
		{ ERR_TEMP, ENOSPC, 1, true },
		{ ERR_INTERNAL, 0, 1, true },
		/* what was said */
		{ ERR_INPUT, ENOTUNIQ, 1, true },
		{ ERR_PROTOCOL, 0, 1, true },
		{ ERR_CONFIG, 0, 1, true },
		/* nothing was */
		{ ERR_PROTOCOL, 0, 0, false },
		/* comes again by itself */
		{ ERR_TEMP, 0, 1, false },
		{ ERR_TEMP, EBUSY, 0, false },
		{ ERR_TEMP, EPIPE, 1, false },
		{ ERR_SYS, EPIPE, 1, false },
		{ ERR_SYS, ECONNRESET, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct notices *n = NULL;
		struct err e = { 0 };

		assert_int_equal(notices_open(fd, NULL, &n, &e), 0);
		settle(n, &rows[i]);
		if (notice_is_raised(n, "alps", "delivery") != rows[i].told)
			fail_msg("row %zu", i);
		settle(n, &(struct row){ .kind = ERR_NONE, .in_bytes = 1 });
		assert_false(notice_is_raised(n, "alps", "delivery"));
		notices_close(n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(
		    trouble_of_this_end_and_what_the_far_end_said_is_told, fd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
