/*
 * What readings do to the configuration: cycle after cycle.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spoke/readings.h"

static const char *const none[] = { NULL };
static const char *const counter[] = { "rrd-create-dstype", "COUNTER", NULL };
static const char *const gauge[] = { "rrd-create-dstype", "GAUGE", NULL };

enum {
	NOW = 1000000000,
	DAY_S = 86400,
	READINGS_MAX = 8,
};

static struct config_collector
collector(const char *type)
{
	return (struct config_collector){ .name = "c",
		.type = type,
		.tree = "local",
		.subtree = "/s",
		.period_s = 60,
		.command = none,
		.kind = "GAUGE",
		.include = none,
		.exclude = none };
}

/* Apply one outcome: words of `paths`, each the leaf's name and its value in
 * one ("a1": /a is 1).  The values sent are told as "token=value ...". */
static const char *
apply(struct tokens *t, const struct config_collector *cc, const char *paths,
    bool complete, uint64_t at_s)
{
	static char told[256];
	static char path[READINGS_MAX][8], value[READINGS_MAX][8];
	struct reading r[READINGS_MAX];
	struct collected c = { .reading = r,
		.timestamp_s = at_s,
		.complete = complete,
		.failed = paths == NULL };
	struct readings x = { .cc = cc, .c = &c };
	struct values v = { 0 };
	size_t n = 0;

	for (const char *p = paths; p != NULL && *p != '\0'; p++) {
		if (*p == ' ')
			continue;
		snprintf(path[c.n], sizeof(path[c.n]), "/%c", *p);
		snprintf(value[c.n], sizeof(value[c.n]), "%c", *++p);
		r[c.n] = (struct reading){ path[c.n], value[c.n], gauge };
		c.n++;
	}
	readings_apply(t, &x, &v);
	values_sort(&v);
	told[0] = '\0';
	for (size_t i = 0; i < v.n; i++)
		n += (size_t)snprintf(told + n, sizeof(told) - n, "%s%s=%.*s",
		    i > 0 ? " " : "", t->leaf[v.v[i].at]->path + 3,
		    (int)v.v[i].text.n, v.v[i].text.p);
	values_clear(&v);
	return told;
}

static void
devices_come_and_go_after_three_cycles(void **state)
{
	static const struct {
		const char *seen; /* NULL: it failed */
		const char *sent;
		bool changes;
	} rows[] = {
		{ "a1", "a=1", true }, /* a new collector counts at once */
		{ "a1 b1", "a=1", false },
		{ "a1 b2", "a=1", false },
		{ "a1 b3", "a=1 b=3", true }, /* the third in a row */
		{ "a1", "a=1 b=U", false },
		{ "a1 b5", "a=1 b=5", false },
		{ "a1", "a=1 b=U", false },
		{ "a1", "a=1 b=U", false },
		{ NULL, "a=U b=U", false }, /* says nothing of b */
		{ "a1", "a=1", true },
		{ "a1 c1", "a=1", false },
		{ "a1", "a=1", false }, /* not in a row */
		{ "a1 c1", "a=1", false },
		{ "a1 c1", "a=1", false },
		{ "a1 c1", "a=1 c=1", true },
		{ "a1 b1 c1", "a=1 c=1", false },
		{ "a1 b1 c1", "a=1 c=1", false },
		{ "a1 b1 c1", "a=1 b=1 c=1", true },
	};
	struct tokens *t = tokens_new();
	const struct config_collector cc = collector("host");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		t->changed = false;
		assert_string_equal(
		    apply(t, &cc, rows[i].seen, true, NOW + 60 * i),
		    rows[i].sent);
		assert_int_equal(t->changed, rows[i].changes);
	}
	/* in the configuration's order, with the old token */
	assert_string_equal(tokens_find(t, "/s/b")->token, "T0002");
	tokens_free(t);
}

static void
a_changed_configuration_counts_at_once(void **state)
{
	static const char *const globs[] = { "x*", NULL };
	struct tokens *t = tokens_new();
	struct config_collector cc = collector("host");

	(void)state;
	assert_string_equal(apply(t, &cc, "a1 b1", true, NOW), "a=1 b=1");
	cc.exclude = globs;
	assert_string_equal(apply(t, &cc, "b1 c1", true, NOW + 60), "b=1 c=1");
	assert_int_equal(tokens_find(t, "/s/a")->state, LEAF_GONE);
	/* and then no more */
	assert_string_equal(apply(t, &cc, "b1 c1 d1", true, NOW + 120),
	    "b=1 c=1");
	cc.period_s = 30;
	assert_string_equal(apply(t, &cc, "b1 c1 d1", true, NOW + 180),
	    "b=1 c=1 d=1");
	assert_string_equal(tokens_find(t, "/s/d")->params,
	    "collector-period:30\nrrd-create-dstype:GAUGE\n");
	tokens_free(t);
}

static void
a_line_that_stays_away_leaves_after_a_day(void **state)
{
	static const struct {
		const char *seen;
		uint64_t at_s;
		const char *sent;
	} rows[] = {
		{ "a1 b1", NOW, "a=1 b=1" },
		{ "a1 b1 c1", NOW + 60, "a=1 b=1 c=1" }, /* at once */
		{ "a1", NOW + 120, "a=1 b=U c=U" },
		{ "a1 c1", NOW + 180, "a=1 b=U c=1" },
		{ NULL, NOW + 240, "a=U b=U c=U" },
		{ "a1", NOW + 300, "a=1 b=U c=U" },
		{ "a1", NOW + 119 + DAY_S, "a=1 b=U c=U" },
		{ "a1", NOW + 120 + DAY_S, "a=1 c=U" },
		{ "a1", NOW + 10, "a=1 c=U" }, /* the clock went back */
		{ "a1", NOW + 300 + DAY_S, "a=1" },
		{ "a1 b1", NOW + 360 + DAY_S, "a=1 b=1" },
	};
	struct tokens *t = tokens_new();
	const struct config_collector cc = collector("exec");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(
		    apply(t, &cc, rows[i].seen, false, rows[i].at_s),
		    rows[i].sent);
	assert_string_equal(tokens_find(t, "/s/b")->token, "T0002");
	tokens_free(t);
}

static void
a_bad_leaf_costs_the_others_nothing(void **state)
{
	struct tokens *t = tokens_new();
	struct config_collector cc = collector("exec"), other = cc;
	struct reading r[] = {
		{ "/dir/x", "1", NULL },
		{ "/dir", "2", NULL },     /* where a subtree is */
		{ "/dir/X", "3", NULL },   /* differs in case alone */
		{ "/dir/x", "4", NULL },   /* named twice */
		{ "/dir/x/y", "5", NULL }, /* below a leaf */
		{ "/fine", "6", NULL },
	};
	struct collected c = { .reading = r, .n = 6, .timestamp_s = NOW };
	struct readings x = { .cc = &cc, .c = &c };
	struct values v = { 0 };

	(void)state;
	readings_apply(t, &x, &v);
	assert_int_equal(v.n, 2);
	assert_string_equal(t->leaf[v.v[0].at]->path, "/s/dir/x");
	assert_string_equal(v.v[0].text.p, "1");
	assert_string_equal(t->leaf[v.v[1].at]->path, "/s/fine");
	values_clear(&v);

	/* what one collector has, another cannot take */
	other.name = "other";
	x.cc = &other;
	c.reading = r + 5;
	c.n = 1;
	readings_apply(t, &x, &v);
	assert_int_equal(v.n, 0);
	values_clear(&v);
	tokens_free(t);
}

static void
a_counter_that_begins_anew_is_unknown(void **state)
{
	struct tokens *t = tokens_new();
	const struct config_collector cc = collector("host");
	struct reading r[] = { { "/n", "5", counter }, { "/g", "5", gauge } };
	const bool anew[] = { true, true };
	struct collected c = { .reading = r,
		.n = 2,
		.timestamp_s = NOW,
		.complete = true };
	const struct readings x = { .cc = &cc, .c = &c, .anew = anew };
	struct values v = { 0 };

	(void)state;
	readings_apply(t, &x, &v); /* a new leaf has nothing to go on from */
	assert_true(slice_eq_str(v.v[0].text, "5"));
	values_clear(&v);
	readings_apply(t, &x, &v);
	assert_true(slice_eq_str(v.v[0].text, "U"));
	assert_true(slice_eq_str(v.v[1].text, "5"));
	values_clear(&v);
	tokens_free(t);
}

static void
a_collector_that_is_configured_no_more_leaves(void **state)
{
	struct tokens *t = tokens_new();
	struct config_collector cc = collector("exec");
	const struct config with = { .collector = &cc, .n_collector = 1 },
			    without = { 0 };
	struct leaf *orphan =
	    tokens_add(t, "/o", tokens_source(t, SOURCE_UNKNOWN));
	struct leaf *stated = tokens_add(t, "/w", tokens_source(t, "write/x"));

	(void)state;
	tokens_enter(t, orphan, SLICE(""));
	tokens_enter(t, stated, SLICE(""));
	apply(t, &cc, "a1", false, NOW);
	readings_sweep(t, &with, "local", NOW);
	assert_int_equal(tokens_find(t, "/s/a")->state, LEAF_LIVE);
	assert_int_equal(orphan->state, LEAF_LIVE);
	readings_sweep(t, &without, "local", NOW + DAY_S);
	assert_int_equal(tokens_find(t, "/s/a")->state, LEAF_GONE);
	assert_int_equal(orphan->state, LEAF_GONE);
	assert_int_equal(stated->state, LEAF_LIVE);
	tokens_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_come_and_go_after_three_cycles),
		cmocka_unit_test(a_changed_configuration_counts_at_once),
		cmocka_unit_test(a_line_that_stays_away_leaves_after_a_day),
		cmocka_unit_test(a_bad_leaf_costs_the_others_nothing),
		cmocka_unit_test(a_counter_that_begins_anew_is_unknown),
		cmocka_unit_test(a_collector_that_is_configured_no_more_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
