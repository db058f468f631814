/*
 * Which ends of a session that was kept open are trouble.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/delivery/parting.h"

enum {
	LONG = PARTING_SETTLED_MS,
	SHORT = PARTING_SETTLED_MS - 1,
};

static bool
is_fair(struct err why, struct session_counts counts, bool opened,
    int64_t lived_ms, bool again)
{
	const struct delivery_result r = { .counts = counts, .opened = opened };
	const struct parting p = { &why, &r, lived_ms, again };

	return parting_is_fair(&p);
}

static const struct session_counts worked = { .sent = 3, .acked = 2 };
static const struct err bye = { ERR_TEMP, EAGAIN, "asked to end" };

static void
the_first_end_is_none_the_next_is_until_one_lasted(void **state)
{
	(void)state;
	assert_true(is_fair(bye, worked, true, 0, false));
	assert_false(is_fair(bye, worked, true, SHORT, true));
	assert_true(is_fair(bye, worked, true, LONG, true));
	assert_true(is_fair(bye, worked, true, LONG, false));
}

static void
one_that_did_nothing_is_trouble(void **state)
{
	(void)state;
	assert_false(is_fair(bye, worked, false, LONG, false));
	assert_false(is_fair(bye, (struct session_counts){ .sent = 1 }, true,
	    LONG, false));
	/* nothing waited, or something came */
	assert_true(is_fair(bye, (struct session_counts){ 0 }, true, 0, false));
	assert_true(is_fair(bye,
	    (struct session_counts){ .sent = 1, .taken = 1 }, true, 0, false));
}

static void
an_end_that_has_a_cause_is_trouble(void **state)
{
	static const struct {
		struct err why;
		bool fair;
	} row[] = {
		{ { ERR_TEMP, EAGAIN, "asked to end" }, true },
		{ { ERR_TEMP, 0, "410" }, true },
		{ { ERR_TEMP, EPIPE, "closed in the middle" }, true },
		{ { ERR_TEMP, ECONNRESET, "reset" }, true },
		{ { ERR_TEMP, EIO, "trouble at this end" }, false },
		{ { ERR_TEMP, ENOSPC, "full" }, false },
		{ { ERR_TEMP, ETIME, "silent" }, false },
		{ { ERR_TEMP, ECONNREFUSED, "refused" }, false },
		{ { ERR_SYS, EPIPE, "write" }, false },
		{ { ERR_INPUT, 0, "fork" }, false },
		{ { ERR_PROTOCOL, 0, "a frame" }, false },
		{ { ERR_DENIED, 0, "key" }, false },
		{ { ERR_CONFIG, 0, "mode" }, false },
		{ { ERR_INTERNAL, 0, "bug" }, false },
	};
	struct session_counts cut = worked;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(is_fair(row[i].why, worked, true, LONG, false),
		    row[i].fair);
	cut.cut = 1; /* by us: it was silent, or too slow */
	assert_false(is_fair(bye, cut, true, LONG, false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_first_end_is_none_the_next_is_until_one_lasted),
		cmocka_unit_test(one_that_did_nothing_is_trouble),
		cmocka_unit_test(an_end_that_has_a_cause_is_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
