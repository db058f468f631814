/*
 * The configuration as a whole: what does not fit together, and what a file must be.
 */
#include "config.h"

#include "t/config_rows.h"

/* and "/hubd.sock" behind it is 108 bytes */
#define LONG_RUN                                             \
	"01234567890123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789012345678"

static void
what_shares_a_place_is_refused(void **state)
{
	static const struct row rows[] = {
		{ NODE "store s { type = rrd directory = /r "
		       "rra = {\"AVERAGE:1d:1h\"} }",
		    "c:3: store \"s\": rra = AVERAGE:1d:1h: must be like" },
		{ NODE "store s { type = rrd directory = /r "
		       "rra = {\"MAX:2y:365d\"} }",
		    "c:3: store \"s\": rra = MAX:2y:365d: must be like" },
		{ NODE "store s { type = rrd directory = /r }\n"
		       "store t { type = rrd directory = /r }",
		    "c:4: store \"t\": directory /r overlaps /r of store" },
		{ NODE "store s { type = rrd directory = /r/a }\n"
		       "store t { type = rrd directory = /r }",
		    "c:4: store \"t\": directory /r overlaps /r/a of" },
		{ NODE "store s { type = rrd directory = /var/lib/axletree }",
		    "c:3: store \"s\": directory /var/lib/axletree is, or" },
		{ NODE "store s { type = rrd directory = /var/lib }",
		    "c:3: store \"s\": directory /var/lib is, or" },
		{ NODE "store s { type = rrd directory = /var/spool/axletree }",
		    "c:3: store \"s\": directory /var/spool/axletree overlaps "
		    "spool" },
		{ NODE "store s { type = rrd directory = /run/axletree/r }",
		    "c:3: store \"s\": directory /run/axletree/r overlaps run" },
		{ "\nnode n { state = /a spool = /a }",
		    "c:2: node \"n\": state, spool and run are three" },
		{ "\nnode n { state = /a/b spool = /a }",
		    "c:2: node \"n\": state, spool and run are three" },
		{ "\nnode n { spool = /a run = /a }",
		    "c:2: node \"n\": state, spool and run are three" },
		{ "node n { run = /" LONG_RUN " }\n"
		  "store s { type = rrd directory = /r }",
		    "c:1: node \"n\": run = /" LONG_RUN ": is too long" },
		{ NODE "collector c { type = host subtree = /a }\n"
		       "collector d { type = host subtree = /a }",
		    "c:4: collector \"d\": subtree /a overlaps /a of collector "
		    "\"c\"" },
		{ NODE "collector c { type = host subtree = /a/b }\n"
		       "collector d { type = host subtree = \"/\" }",
		    "c:4: collector \"d\": subtree / overlaps /a/b of" },
	};

	(void)state;
	REFUSE(rows);
}

#define SENDS                                                             \
	NODE                                                              \
	    "association \"a\" { hub = h spoke = n hub-subtree = \"/A\" " \
	    "transport = dir dir { path = /d } sign-key = k verify-key = v }\n"

static void
collectors_that_cannot_do_are_refused(void **state)
{
	static const struct row rows[] = {
		{ SENDS "collector c { type = host subtree = /a tree = other }",
		    "c:4: collector \"c\": tree = other: no association sends "
		    "it: spoke-tree is local" },
		{ NODE
		    "collector c { type = host subtree = /a include = {\"[\"} }",
		    "c:3: collector \"c\": include and exclude are patterns" },
		{ NODE
		    "collector c { type = host subtree = /a exclude = {\"e*\", "
		    "\"[!]\"} }",
		    "c:3: collector \"c\": include and exclude are patterns" },
		{ NODE "collector c { type = host subtree = /a include = "
		       "{\"eth0\\\\\"} }",
		    "c:3: collector \"c\": include and exclude are patterns" },
	};

	(void)state;
	REFUSE(rows);
}

/* What may lie beside each other. */
static void
places_that_are_apart_are_taken(void **state)
{
	static const char *const good[] = {
		"node n { state = /a spool = /a/spool run = /a/run }",
		NODE "store s { type = rrd directory = /var/lib/axletree/r }\n"
		     "store t { type = rrd directory = /var/lib/axletree/r2 }",
		NODE "collector c { type = host subtree = /a }\n"
		     "collector d { type = host subtree = /ab }\n"
		     "collector e { type = host subtree = /a tree = other }",
		SENDS "collector c { type = host subtree = /a include = "
		      "{\"[]a]\", \"[!]]?\", \"e[0-9]*\", \"\\\\[\"} }",
		NODE "# \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		config_free(accept(good[i]));
}

static void
settle_max_follows_settle(void **state)
{
	struct config *c = accept(NODE "hub { settle = 1h }");

	(void)state;
	assert_int_equal(c->hub.settle_max_s, 3600);
	config_free(c);
	c = accept(NODE);
	assert_int_equal(c->hub.settle_max_s, 300);
	config_free(c);
}

static void
an_include_that_is_missing_is_named(void **state)
{
	struct config *c = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(
	    config_read(put("c", NODE "\ninclude(missing)"), &c, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	assert_non_null(strstr(e.msg, "c:4: include: "));
	assert_non_null(strstr(e.msg, "missing: "));
}

static void
only_utf8_is_read(void **state)
{
	static const struct row rows[] = {
		{ NODE "# \xff", "c:3: is not UTF-8" },
		{ NODE "# \xc3", "c:3: is not UTF-8" },
		{ NODE "# \xc0\x80", "c:3: is not UTF-8" },
		{ NODE "# \xe0\x9f\xbf", "c:3: is not UTF-8" },
		{ NODE "# \xed\xa0\x80", "c:3: is not UTF-8" },
		{ NODE "# \xf4\x90\x80\x80", "c:3: is not UTF-8" },
		{ NODE "# \xf8\x88\x80\x80\x80", "c:3: is not UTF-8" },
		{ NODE "# \xe2\x82 x", "c:3: is not UTF-8" },
	};

	(void)state;
	REFUSE(rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_shares_a_place_is_refused),
		cmocka_unit_test(places_that_are_apart_are_taken),
		cmocka_unit_test(collectors_that_cannot_do_are_refused),
		cmocka_unit_test(settle_max_follows_settle),
		cmocka_unit_test(an_include_that_is_missing_is_named),
		cmocka_unit_test(only_utf8_is_read),
	};

	return cmocka_run_group_tests(tests, scratch_group_setup,
	    scratch_group_teardown);
}
