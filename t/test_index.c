/*
 * The index of a compiled tree: what was written is read, damage is seen.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "t/scratch.h"
#include "xmlconfig/index.h"

static const struct index_entry entry[] = {
	{ "alps", "alps.sqlite", "/Sites/Alps" },
	{ "jura", "jura.sqlite", "/Sites/Jura" },
};

static void
what_was_written_is_read(void **state)
{
	int dir = scratch_open();
	struct err e = { 0 };
	struct index x;

	(void)state;
	for (size_t n = 0; n <= 2; n++) {
		assert_int_equal(index_write(dir, "index", entry, n, &e), 0);
		assert_int_equal(index_read(dir, "index", &x, &e), 0);
		assert_int_equal(x.n, n);
		for (size_t i = 0; i < n; i++) {
			assert_string_equal(x.entry[i].association,
			    entry[i].association);
			assert_string_equal(x.entry[i].file, entry[i].file);
			assert_string_equal(x.entry[i].subtree,
			    entry[i].subtree);
		}
		index_clear(&x);
	}
	index_clear(&x);
	assert_int_equal(index_read(dir, "none", &x, &e), -1);
	assert_int_equal(e.sys, ENOENT);
	scratch_close(dir);
}

static void
every_damage_is_seen(void **state)
{
	int dir = scratch_open();
	struct err e = { 0 };
	struct index x;
	struct buf b;

	(void)state;
	assert_int_equal(index_write(dir, "index", entry, 2, &e), 0);
	b = scratch_read(dir, "index");
	for (size_t i = 0; i < b.n; i++) {
		scratch_write(dir, "cut", (struct slice){ b.p, i });
		assert_int_equal(index_read(dir, "cut", &x, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		b.p[i] ^= 1;
		scratch_write(dir, "changed", buf_slice(&b));
		assert_int_equal(index_read(dir, "changed", &x, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		b.p[i] ^= 1;
	}
	buf_clear(&b);
	scratch_close(dir);
}

/* With a right sum, but not what we write. */
static void
lines_of_another_form_are_refused(void **state)
{
	static const struct index_entry bad[] = {
		{ "alps", "../alps.sqlite", "/Sites/Alps" },
		{ "alps", "alps.sqlite\nx", "/Sites/Alps" },
		{ "alps\n", "alps.sqlite", "" },
	};
	int dir = scratch_open();
	struct err e = { 0 };
	struct index x;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(index_write(dir, "index", &bad[i], 1, &e), 0);
		assert_int_equal(index_read(dir, "index", &x, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
	}
	scratch_close(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(every_damage_is_seen),
		cmocka_unit_test(lines_of_another_form_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
