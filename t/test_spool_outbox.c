/*
 * The sending end: numbers, commits, acknowledgements, room, new streams.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "t/test_spool_helper.h"

#define S1_4 "00000000000000000001-00000000000000000004.msgs"

static int top;

static int
setup(void **state)
{
	(void)state;
	top = helper_dir();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	helper_dir_done(top);
	return 0;
}

static void
what_is_committed_and_sealed_is_read(void **state)
{
	struct outbox *o = helper_filled(top, 3);

	(void)state;
	assert_true(outbox_state(o)->began);
	assert_int_equal(outbox_state(o)->waiting_messages, 4);
	outbox_close(o);
	assert_string_equal(helper_read(top, SPOOL_OUTBOX, 1), "1 2 3 4");
	assert_string_equal(helper_read(top, SPOOL_OUTBOX, 3), "3 4");
	assert_string_equal(helper_names(top, "outbox"), S1_4 " mark");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_is_committed_and_sealed_is_read, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
