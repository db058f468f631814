/*
 * A spoke's paths as the hub has them: the longest rule, the subtree, never
 * outside of it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "xmlconfig/translate.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct config_translate rules[] = {
	{ "/Hosts/alps-gw", "/Gateway" },
	{ "/Hosts", "/Machines" },
	{ "/Hosts/alps-gw/disk/sda", "/Gateway/Disks/system" },
	{ "/Power/", "Energy/" },
	{ "/Top", "/" },
	{ "/Flat", "" },
	{ "/Up", "/../Other" },
};

static const struct association alps = {
	.name = "alps",
	.hub_subtree = "/Sites/Alps",
	.translate = rules,
	.n_translate = COUNT(rules),
};

static void
the_longest_rule_wins(void **state)
{
	static const struct {
		const char *from, *to; /* NULL: refused */
	} row[] = {
		{ "/Hosts/alps-gw/load/avg1", "/Sites/Alps/Gateway/load/avg1" },
		{ "/Hosts/alps-gw", "/Sites/Alps/Gateway" },
		{ "/Hosts/alps-gw2/load",
		    "/Sites/Alps/Machines/alps-gw2/load" },
		{ "/Hosts/alps-gw/disk/sda/reads",
		    "/Sites/Alps/Gateway/Disks/system/reads" },
		{ "/Hosts/alps-gw/disk/sda1", "/Sites/Alps/Gateway/disk/sda1" },
		{ "/Hosts/x", "/Sites/Alps/Machines/x" },
		{ "/Hosts2/x", "/Sites/Alps/Hosts2/x" },
		{ "/Power/volts", "/Sites/Alps/Energy/volts" },
		{ "/Top/x", "/Sites/Alps/x" },
		{ "/Flat/x/y", "/Sites/Alps/x/y" },
		{ "/Other", "/Sites/Alps/Other" },
		/* the subtree itself, or out of it */
		{ "/Top", NULL },
		{ "/Flat", NULL },
		{ "/Up/x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct buf out = { 0 };
		struct err e = { 0 };
		int rc;

		assert_true(buf_put_str(&out, "kept "));
		rc = translate_path(&alps, slice_str(row[i].from), &out, &e);
		if ((rc == 0) != (row[i].to != NULL))
			fail_msg("%s: %s", row[i].from, e.msg);
		assert_int_equal(strncmp(out.p, "kept ", 5), 0);
		if (rc == 0) {
			out.p[out.n] = '\0';
			assert_string_equal(out.p + 5, row[i].to);
		} else {
			assert_int_equal(out.n, 5);
			assert_int_equal(e.kind, ERR_INPUT);
			assert_non_null(strstr(e.msg, row[i].from));
		}
		buf_clear(&out);
	}
}

/* A path of n bytes in components of 15 and a slash. */
static void
long_path(char *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = i % 16 == 0 ? '/' : 'x';
	out[n] = '\0';
}

static void
length_and_depth_are_those_of_the_hub(void **state)
{
	static const struct {
		const char *subtree;
		size_t n; /* of the spoke's path */
		bool ok;
	} row[] = {
		{ "/", 500, true },      /* 32 deep: 16 * 31 + 4 */
		{ "/a", 496, true },     /* 31 + 1 */
		{ "/a", 500, false },    /* 32 + 1 */
		{ "/a/b/", 480, true },  /* 30 + 2 */
		{ "/a/b/", 490, false }, /* 31 + 2 */
	};
	char path[LIMIT_PATH + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct association a = { .hub_subtree = row[i].subtree };
		struct buf out = { 0 };
		struct err e = { 0 };

		long_path(path, row[i].n);
		assert_int_equal(translate_path(&a, slice_str(path), &out, &e),
		    row[i].ok ? 0 : -1);
		if (row[i].ok)
			assert_int_equal(out.n,
			    row[i].n + strlen(row[i].subtree) -
				(row[i].subtree[strlen(row[i].subtree) - 1] ==
				    '/'));
		buf_clear(&out);
	}
}

static void
a_path_may_be_512_bytes_long(void **state)
{
	const size_t component = LIMIT_PATH_COMPONENT + 1;
	struct association a = { .hub_subtree = "/s" };
	char path[LIMIT_PATH + 1];
	struct err e = { 0 };
	struct buf out = { 0 };

	(void)state;
	for (size_t n = LIMIT_PATH - 3; n <= LIMIT_PATH; n++) {
		for (size_t i = 0; i < n; i++)
			path[i] = i % component == 0 ? '/' : 'x';
		path[n] = '\0';
		assert_int_equal(translate_path(&a, slice_str(path), &out, &e),
		    n + 2 <= LIMIT_PATH ? 0 : -1);
	}
	buf_clear(&out);
}

static void
a_tree_keeps_tokens_and_parameters(void **state)
{
	struct tree *from = tree_new(), *to = NULL;
	struct err e = { 0 };
	struct tree_leaf l;

	(void)state;
	assert_int_equal(
	    tree_add_config(from,
		SLICE("level2-token:T1\nlevel2-path:/Z/x\ncomment:one\n;\n"
		      "level2-token:T2\nlevel2-path:/Hosts/alps-gw/up\n"
		      "legend:two\n"),
		&e),
	    0);
	assert_int_equal(translate_tree(&alps, from, &to, &e), 0);
	tree_free(from);
	assert_int_equal(tree_size(to), 2);
	l = tree_leaf(to, 0);
	assert_true(slice_eq_str(l.path, "/Sites/Alps/Gateway/up"));
	assert_true(slice_eq_str(l.token, "T2"));
	assert_true(
	    slice_eq_str(tree_param(&l, SLICE("legend"), SLICE("")), "two"));
	l = tree_leaf(to, 1);
	assert_true(slice_eq_str(l.path, "/Sites/Alps/Z/x"));
	assert_true(
	    slice_eq_str(tree_param(&l, SLICE("comment"), SLICE("")), "one"));
	tree_free(to);
}

/* Two paths that were different at the spoke may meet at the hub. */
static void
translated_paths_that_collide_are_refused(void **state)
{
	struct tree *from = tree_new(), *to = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(tree_add_config(from,
			     SLICE("level2-token:T1\nlevel2-path:/Top/x\n;\n"
				   "level2-token:T2\nlevel2-path:/Flat/x\n"),
			     &e),
	    0);
	assert_int_equal(translate_tree(&alps, from, &to, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.msg, "/Sites/Alps/x"));
	assert_null(to);
	tree_free(from);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_rule_wins),
		cmocka_unit_test(length_and_depth_are_those_of_the_hub),
		cmocka_unit_test(a_path_may_be_512_bytes_long),
		cmocka_unit_test(a_tree_keeps_tokens_and_parameters),
		cmocka_unit_test(translated_paths_that_collide_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
