/*
 * The tree in memory: order, parameters, what collides, what CONFIG may set.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "common/message/names.h"
#include "xmlconfig/tree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
add(struct tree *t, const char *path, const char *token)
{
	struct err e = { 0 };

	if (tree_add(t, slice_str(path), slice_str(token), &e) == -1)
		fail_msg("%s: %s", path, e.msg);
}

static void
set(struct tree *t, const char *name, const char *value)
{
	tree_set(t, slice_str(name), slice_str(value));
}

static void
assert_slice(struct slice got, const char *wanted)
{
	if (!slice_eq_str(got, wanted))
		fail_msg("\"%.*s\", not \"%s\"", (int)got.n, got.p, wanted);
}

static void
leaves_come_out_in_path_order(void **state)
{
	static const char *const in[] = { "/b/x", "/a.b", "/a/z", "/a-b",
		"/a/b/c", "/a/B2", "/a0" };
	static const char *const out[] = { "/a-b", "/a.b", "/a/B2", "/a/b/c",
		"/a/z", "/a0", "/b/x" };
	struct tree *t = tree_new();
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(in); i++)
		add(t, in[i], "");
	assert_int_equal(tree_finish(t, &e), 0);
	assert_int_equal(tree_size(t), COUNT(out));
	for (size_t i = 0; i < COUNT(out); i++) {
		assert_slice(tree_leaf(t, i).path, out[i]);
		assert_int_equal(tree_find(t, slice_str(out[i])), i);
	}
	assert_true(tree_find(t, SLICE("/a")) == SIZE_MAX);
	assert_true(tree_find(t, SLICE("/a/b")) == SIZE_MAX);
	assert_true(tree_find(t, SLICE("/z")) == SIZE_MAX);
	assert_true(tree_find(t, SLICE("")) == SIZE_MAX);
	tree_free(t);
}

static void
an_empty_tree_is_a_tree(void **state)
{
	struct tree *t = tree_new();
	struct err e = { 0 };

	(void)state;
	assert_int_equal(tree_add_config(t, SLICE(""), &e), 0);
	assert_int_equal(tree_finish(t, &e), 0);
	assert_int_equal(tree_size(t), 0);
	assert_true(tree_find(t, SLICE("/a")) == SIZE_MAX);
	tree_free(t);
	tree_free(NULL);
}

/* "(" subtrees ")" and leaves, to be compared with one string. */
static void
outline(const struct tree *t, struct tree_span span, struct buf *out)
{
	struct tree_child c;

	while (tree_next_child(t, &span, &c)) {
		buf_printf(out, "%.*s", (int)c.name.n, c.name.p);
		if (c.is_leaf) {
			assert_int_equal(c.span.end, c.span.first + 1);
			buf_put_char(out, ' ');
		} else {
			buf_put_str(out, "( ");
			outline(t, c.span, out);
			buf_put_str(out, ") ");
		}
	}
}

static void
children_come_out_a_subtree_at_a_time(void **state)
{
	static const char *const paths[] = { "/a-b", "/a/b/c", "/a/b/d", "/a/e",
		"/a/bb/c", "/ab/c", "/abc" };
	struct tree *t = tree_new();
	struct buf out = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		add(t, paths[i], "");
	assert_int_equal(tree_finish(t, &e), 0);
	outline(t, (struct tree_span){ 0, tree_size(t), 1 }, &out);
	assert_string_equal(out.p, "a-b a( b( c d ) bb( c ) e ) ab( c ) abc ");
	buf_clear(&out);
	tree_free(t);
}

/* Parameters as "name=value ", to be compared with one string. */
static char *
params_text(const struct tree_leaf *l)
{
	struct slice left = l->params, name, value;
	struct buf b = { 0 };

	while (tree_next_param(&left, &name, &value))
		assert_true(buf_printf(&b, "%.*s=%.*s ", (int)name.n, name.p,
		    (int)value.n, value.p));
	return buf_steal(&b);
}

static void
parameters_stand_in_one_order(void **state)
{
	struct tree *t = tree_new();
	struct tree *copy = tree_new();
	struct err e = { 0 };
	struct tree_leaf l;
	char *text;

	(void)state;
	add(t, "/a/other", "T1");
	set(t, "comment", "stays");
	add(t, "/a/x", "T2");
	set(t, "comment", "first");
	set(t, "collector-period", "60");
	set(t, "hidden", "no");
	set(t, "vertical-label", "");
	set(t, "comment", "a longer one");
	set(t, "collector-period", "5");
	l = tree_leaf(t, 1);
	text = params_text(&l);
	assert_string_equal(text,
	    "collector-period=5 vertical-label= comment=a longer one "
	    "hidden=no ");
	free(text);
	assert_slice(tree_param(&l, SLICE("comment"), SLICE("-")),
	    "a longer one");
	assert_slice(tree_param(&l, SLICE("legend"), SLICE("-")), "-");
	assert_slice(l.token, "T2");

	assert_int_equal(tree_add_like(copy, SLICE("/b"), &l, &e), 0);
	set(copy, "legend", "new");
	l = tree_leaf(copy, 0);
	text = params_text(&l);
	assert_string_equal(text,
	    "collector-period=5 vertical-label= comment=a longer one "
	    "legend=new hidden=no ");
	free(text);
	assert_slice(l.token, "T2");
	l = tree_leaf(t, 0);
	assert_slice(tree_param(&l, SLICE("comment"), SLICE("-")), "stays");
	tree_free(t);
	tree_free(copy);
}

/* A path twice, a leaf above a subtree, names that differ in case alone. */
static void
what_collides_is_refused_with_both_names(void **state)
{
	static const struct {
		const char *path[3], *token[3];
		const char *says[2]; /* NULL: accepted */
	} row[] = {
		{ { "/a/x", "/b/y", "/a/x" }, { "T1", "T2", "T3" },
		    { "/a/x", "/a/x" } },
		{ { "/a", "/b", "/a/x" }, { "T1", "T2", "T3" },
		    { "/a", "/a/x" } },
		{ { "/a/x/y", "/a-x", "/a/x" }, { "T1", "T2", "T3" },
		    { "/a/x/y", "/a/x" } },
		{ { "/a/eth0", "/a/lo", "/a/Eth0" }, { "T1", "T2", "T3" },
		    { "/a/eth0", "/a/Eth0" } },
		{ { "/a/Rtr/x", "/a/lo", "/a/rtr/y" }, { "T1", "T2", "T3" },
		    { "/a/Rtr/x", "/a/rtr/y" } },
		{ { "/a/Rtr", "/a/lo", "/a/rtr/y" }, { "T1", "T2", "T3" },
		    { "/a/Rtr", "/a/rtr/y" } },
		{ { "/b/a", "/b/a.rrd/x", "/b/c" }, { "T1", "T2", "T3" },
		    { "/b/a", "/b/a.rrd/x" } },
		{ { "/B.rrd/a:b.rrd/x", "/c", "/B.rrd/a:b" },
		    { "T1", "T2", "T3" },
		    { "/B.rrd/a:b", "/B.rrd/a:b.rrd/x" } },
		{ { "/A/x", "/a1.rrd/x", "/A1" }, { "T1", "T2", "T3" },
		    { "/A1", "/a1.rrd/x" } },
		{ { "/a.rrd", "/a", "/b.rrd/x" }, { "T1", "T2", "T3" },
		    { NULL } },
		{ { "/a.rrd/x", "/a/x", "/x.rr" }, { "T1", "T2", "T3" },
		    { NULL } },
		{ { "/a/x", "/b", "/c" }, { "T1", "T2", "T1" },
		    { "/a/x", "token T1" } },
		{ { "/a/x", "/b", "/c" }, { "t1", "T2", "T1" }, { NULL } },
		{ { "/a/x", "/a/X1", "/A1/x" }, { "", "", "" }, { NULL } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct tree *t = tree_new();
		struct err e = { 0 };
		int want = row[i].says[0] == NULL ? 0 : -1;

		for (size_t k = 0; k < 3; k++)
			add(t, row[i].path[k], row[i].token[k]);
		assert_int_equal(tree_finish(t, &e), want);
		if (want == -1) {
			assert_int_equal(e.kind, ERR_INPUT);
			assert_non_null(strstr(e.msg, row[i].says[0]));
			assert_non_null(strstr(e.msg, row[i].says[1]));
		}
		tree_free(t);
	}
}

static void
no_path_and_no_token_is_added(void **state)
{
	static const struct {
		const char *path, *token;
	} row[] = {
		{ "", "T1" },
		{ "/", "T1" },
		{ "a/b", "T1" },
		{ "/a//b", "T1" },
		{ "/a/", "T1" },
		{ "/a/../b", "T1" },
		{ "/a/./b", "T1" },
		{ "/a/..", "T1" },
		{ "/a..b", "T1" },
		{ "/.hidden", "T1" },
		{ "/-rf", "T1" },
		{ "/a b", "T1" },
		{ "/%2e%2e%2f", "T1" },
		{ "/a/b", "T 1" },
		{ "/a/b", "T/1" },
	};
	struct tree *t = tree_new();

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct err e = { 0 };

		assert_int_equal(tree_add(t, slice_str(row[i].path),
				     slice_str(row[i].token), &e),
		    -1);
		assert_int_equal(e.kind, ERR_INPUT);
	}
	assert_int_equal(tree_size(t), 0);
	tree_free(t);
}

static void
files_have_no_colon(void **state)
{
	char path[] = "/a:b/c::d/e.f-g_h";

	(void)state;
	tree_file_name(path);
	assert_string_equal(path, "/a,b/c,,d/e.f-g_h");
}

static void
a_tree_has_at_most_a_million_leaves(void **state)
{
	struct tree *t = tree_new();
	struct err e = { 0 };
	char path[32];

	(void)state;
	for (int i = 0; i < LIMIT_DATASOURCES_HARD; i++) {
		snprintf(path, sizeof(path), "/s%d/l%d", i / 100, i % 100);
		if (tree_add(t, slice_str(path), SLICE(""), &e) == -1)
			fail_msg("leaf %d: %s", i, e.msg);
	}
	assert_int_equal(tree_add(t, SLICE("/one/more"), SLICE(""), &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(tree_finish(t, &e), 0);
	assert_true(tree_find(t, SLICE("/s9999/l99")) != SIZE_MAX);
	tree_free(t);
}

static void
a_config_becomes_leaves(void **state)
{
	struct tree *t = tree_new();
	struct err e = { 0 };
	struct tree_leaf l;

	(void)state;
	assert_int_equal(
	    tree_add_config(t,
		SLICE("level2-token:T0005\n"
		      "level2-path:/Routers/RTR1/Ethernet0/InOctets\n"
		      "vertical-label:bps\n"
		      "comment:a:b <&> \"'\303\251\n"),
		&e),
	    0);
	/* another part of the same set */
	assert_int_equal(
	    tree_add_config(t,
		SLICE("level2-token:T0007\n"
		      "level2-path:/Power/volts\n"
		      ";\n"
		      "level2-token:T0006\n"
		      "level2-path:/Routers/RTR1/Ethernet0/OutOctets\n"),
		&e),
	    0);
	assert_int_equal(tree_finish(t, &e), 0);
	assert_int_equal(tree_size(t), 3);
	l = tree_leaf(t, 0);
	assert_slice(l.path, "/Power/volts");
	assert_slice(l.token, "T0007");
	assert_int_equal(l.params.n, 0);
	l = tree_leaf(t, 1);
	assert_slice(l.token, "T0005");
	assert_slice(tree_param(&l, SLICE("vertical-label"), SLICE("")), "bps");
	assert_slice(tree_param(&l, SLICE("comment"), SLICE("")),
	    "a:b <&> \"'\303\251");
	tree_free(t);
}

/* One leaf with one parameter: what tree_add_config says of it. */
static int
try_param(const char *name, const char *value, struct err *e)
{
	char *body = mem_printf("level2-token:T1\nlevel2-path:/a/b\n%s:%s\n",
	    name, value);
	struct tree *t = tree_new();
	int rc = tree_add_config(t, slice_str(body), e);

	tree_free(t);
	free(body);
	return rc;
}

static const char *const allowed[] = { "collector-period",
	"collector-timeoffset", "rrd-create-dstype", "rrd-create-heartbeat",
	"rrd-create-min", "rrd-create-max", "vertical-label", "graph-legend",
	"graph-title", "graph-lower-limit", "graph-upper-limit",
	"graph-logarithmic", "rrd-scaling-base", "line-style", "line-color",
	"comment", "legend", "node-display-name", "descriptive-nickname",
	"precedence", "hidden" };

static void
each_parameter_takes_values_of_its_kind(void **state)
{
	static const struct {
		const char *name; /* as long as it is the same: "" */
		const char *good, *bad;
	} row[] = {
		{ "collector-period", "300", "0" },
		{ "", "1", "5m" },
		{ "", "2147483647", "2147483648" },
		{ "collector-timeoffset", "0", "-1" },
		{ "rrd-create-dstype", "GAUGE", "gauge" },
		{ "", "COUNTER", "COUNTER64" },
		{ "", "DERIVE", "COMPUTE" },
		{ "", "ABSOLUTE", "GAUGE " },
		{ "", "DCOUNTER", "GAUGE:1" },
		{ "", "DDERIVE", "U" },
		{ "rrd-create-heartbeat", "750", "0" },
		{ "rrd-create-min", "U", "u" },
		{ "", "-1.5", "1e5" },
		{ "rrd-create-max", "18446744073709551615", "inf" },
		{ "vertical-label", "bytes/s", "a\\j" },
		{ "graph-legend", "in: all", "in\\" },
		{ "graph-title", "a title", "\\l" },
		{ "graph-lower-limit", "0", "U" },
		{ "graph-upper-limit", "100.5", "100 " },
		{ "graph-logarithmic", "yes", "1" },
		{ "", "no", "yes!" },
		{ "rrd-scaling-base", "1000", "1001" },
		{ "", "1024", "10240" },
		{ "line-style", "LINE1", "LINE4" },
		{ "", "AREA", "AREA:x" },
		{ "", "##SingleGraph", "##" },
		{ "line-color", "#00ff7F", "#00ff7" },
		{ "", "##blue_2", "#00ff7g" },
		{ "", "#000000", "##a b" },
		{ "comment", "C:\\temp; 'x'", "a\302\205b" },
		{ "legend", "<b>&amp;</b>", "a\342\200\256b" },
		{ "node-display-name", "B\303\274ro", "B\374ro" },
		{ "descriptive-nickname", "x", "\357\277\276" },
		{ "precedence", "-10", "--10" },
		{ "", "5", "1.5" },
		{ "hidden", "yes", "true" },
	};
	const char *name = "";
	size_t names = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct err e = { 0 };

		if (row[i].name[0] != '\0') {
			name = row[i].name;
			assert_string_equal(name, allowed[names++]);
		}
		if (try_param(name, row[i].good, &e) == -1)
			fail_msg("%s:%s: %s", name, row[i].good, e.msg);
		if (try_param(name, row[i].bad, &e) == 0)
			fail_msg("%s:%s was accepted", name, row[i].bad);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_non_null(strstr(e.msg, "line 3: token T1: "));
		assert_non_null(strstr(e.msg, name));
	}
	assert_int_equal(names, COUNT(allowed));
}

/* RRDtool makes no file of them, whatever their order. */
static void
a_minimum_is_below_its_maximum(void **state)
{
	static const struct {
		const char *min, *max;
		bool good;
	} row[] = {
		{ "1", "10", true },
		{ "10", "1", false },
		{ "1", "1", false },
		{ "1.0", "1", false },
		{ "-2", "-1", true },
		{ "-1", "-2", false },
		{ "9", "10", true },
		{ "U", "1", true },
		{ "10", "U", true },
		{ "U", "U", true },
		{ "99999999999999999999999999999998",
		    "99999999999999999999999999999999", false },
		{ "0", "99999999999999999999999999999999", true },
		{ "0.00000000000000000000000000001",
		    "0.00000000000000000000000000002", true },
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(row); i++) {
		const char *min = row[i / 2].min, *max = row[i / 2].max;
		char *text = i % 2 == 0
		    ? mem_printf("%s\nrrd-create-max:%s", min, max)
		    : mem_printf("%s\nrrd-create-min:%s", max, min);
		struct err e = { 0 };
		bool good =
		    try_param(i % 2 == 0 ? "rrd-create-min" : "rrd-create-max",
			text, &e) == 0;

		if (good != row[i / 2].good)
			fail_msg("min %s, max %s", min, max);
		if (!good) {
			assert_int_equal(e.kind, ERR_INPUT);
			assert_non_null(strstr(e.msg, "line 4: token T1: "));
			assert_non_null(strstr(e.msg, "not below"));
		}
		free(text);
	}
}

/* What names files, commands, monitors, collectors or
 * expressions is the hub's. */
static void
parameters_of_the_hub_are_refused(void **state)
{
	static const char *const row[] = { "data-dir", "data-file", "ds-type",
		"leaf-type", "rrd-ds", "rrd-cf", "collector-type", "monitor",
		"monitor-action-target", "rpn-expr", "ds-expr-a",
		"ext-service-id", "include", "nodeid", "exec", "action",
		"storage-type", "rrd-create-rra", "xml", "xmlns",
		"Collector-period", "collector-period2", "level2-path" };

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct err e = { 0 };

		if (try_param(row[i], "1", &e) == 0)
			fail_msg("%s was accepted", row[i]);
		assert_int_equal(e.kind, ERR_INPUT);
	}
}

/* Torrus substitutes and has no escape. */
static void
substitutions_are_refused_in_every_parameter(void **state)
{
	static const char *const value[] = { "%snmp-community%", "%x%", "100%",
		"$def", "$$", "a$" };

	(void)state;
	for (size_t k = 0; k < COUNT(allowed); k++)
		for (size_t i = 0; i < COUNT(value); i++) {
			struct err e = { 0 };

			if (try_param(allowed[k], value[i], &e) == 0)
				fail_msg("%s:%s was accepted", allowed[k],
				    value[i]);
			assert_int_equal(e.kind, ERR_INPUT);
		}
}

/* Whatever the message parser lets by. */
static void
blocks_that_are_not_whole_are_refused(void **state)
{
	static const char *const body[] = {
		"level2-token:T1\n",
		"level2-path:/a/b\n",
		"level2-path:/a/b\nlevel2-token:T1\n",
		"level2-token:T1\ncomment:x\nlevel2-path:/a/b\n",
		"level2-token:T1\nlevel2-token:T1\nlevel2-path:/a/b\n",
		"level2-token:T1\nlevel2-path:/a/b\ncomment:x\ncomment:x\n",
		"level2-token:T1\nlevel2-path:/a/b\nlevel2-path:/a/b\n",
		"level2-token:T1\nlevel2-path:/a/../b\n",
		"level2-token:T 1\nlevel2-path:/a/b\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(body); i++) {
		struct tree *t = tree_new();
		struct err e = { 0 };

		if (tree_add_config(t, slice_str(body[i]), &e) == 0)
			fail_msg("accepted: %s", body[i]);
		assert_int_equal(e.kind, ERR_INPUT);
		tree_free(t);
	}
}

static void
the_allow_list_is_the_one_of_the_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(allowed); i++)
		assert_string_equal(names_param((int)i), allowed[i]);
	assert_null(names_param((int)COUNT(allowed)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_come_out_in_path_order),
		cmocka_unit_test(an_empty_tree_is_a_tree),
		cmocka_unit_test(children_come_out_a_subtree_at_a_time),
		cmocka_unit_test(parameters_stand_in_one_order),
		cmocka_unit_test(what_collides_is_refused_with_both_names),
		cmocka_unit_test(no_path_and_no_token_is_added),
		cmocka_unit_test(files_have_no_colon),
		cmocka_unit_test(a_tree_has_at_most_a_million_leaves),
		cmocka_unit_test(a_config_becomes_leaves),
		cmocka_unit_test(each_parameter_takes_values_of_its_kind),
		cmocka_unit_test(a_minimum_is_below_its_maximum),
		cmocka_unit_test(parameters_of_the_hub_are_refused),
		cmocka_unit_test(substitutions_are_refused_in_every_parameter),
		cmocka_unit_test(blocks_that_are_not_whole_are_refused),
		cmocka_unit_test(the_allow_list_is_the_one_of_the_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
