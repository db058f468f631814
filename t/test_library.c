/*
 * Libraries that cannot be loaded: common/base/library.h.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/library.h"
#include "t/scratch.h"

static void (*at)(void);
static const struct library_function functions[] = { { "nothing", &at } };

static void
refuse(const char *soname, int status, bool install)
{
	const struct library l = { "libx", soname, "libx1", functions, 1 };
	struct err e = { 0 };

	assert_int_equal(library_load(&l, &e), -1);
	assert_int_equal(err_exit_code(&e), status);
	assert_int_equal(strstr(e.msg, "apt-get install libx1") != NULL,
	    install);
	assert_non_null(strstr(e.msg, "libx"));
}

static void
what_is_missing_is_to_be_installed(void **state)
{
	(void)state;
	refuse("libaxletree-nowhere.so.1", EX_NOINPUT, true);
}

static void
what_is_there_is_not(void **state)
{
	char name[64];

	(void)state;
	(void)snprintf(name, sizeof(name), "%s/libx.so.1", scratch_path);
	scratch_write(scratch_dir, "libx.so.1", SLICE("no library"));
	refuse(name, EX_OSERR, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_is_to_be_installed),
		cmocka_unit_test(what_is_there_is_not),
	};

	return cmocka_run_group_tests(tests, scratch_group_setup,
	    scratch_group_teardown);
}
