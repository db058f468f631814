/*
 * Tokens: who gets which, what the file keeps, what a CONFIG in the spool says.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "spoke/tokens.h"
#include "t/scratch.h"

static struct leaf *
enter(struct tokens *t, const char *path, const char *wanted)
{
	struct leaf *l = tokens_find(t, path);

	if (l == NULL)
		l = tokens_add(t, path, tokens_source(t, "collector/a"));
	tokens_enter(t, l, slice_str(wanted));
	return l;
}

static void
a_leaf_keeps_its_token(void **state)
{
	struct tokens *t = tokens_new();
	struct leaf *a = enter(t, "/a", ""), *b = enter(t, "/b", "");

	(void)state;
	assert_string_equal(a->token, "T0001");
	assert_string_equal(b->token, "T0002");
	tokens_leave(t, a);
	assert_string_equal(enter(t, "/c", "")->token, "T0003");
	assert_string_equal(enter(t, "/a", "")->token, "T0001");
	assert_ptr_equal(tokens_by_token(t, SLICE("T0002")), b);
	tokens_free(t);
}

static void
a_wanted_token_is_given_where_it_is_free(void **state)
{
	static const struct {
		const char *path, *wanted, *token;
	} rows[] = {
		{ "/a", "eth0.in", "eth0.in" },
		{ "/b", "eth0.in", "T0001" },
		{ "/c", "T0007", "T0007" },
		{ "/d", "", "T0008" }, /* never one that could be taken */
		{ "/e", "T0001", "T0009" },
		{ "/f", "T00020", "T00020" },
		{ "/g", "", "T0021" },
		{ "/h", "T", "T" },
		{ "/i", "T99999999999999999999", "T99999999999999999999" },
		{ "/j", "", "T0022" },
	};
	struct tokens *t = tokens_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(
		    enter(t, rows[i].path, rows[i].wanted)->token,
		    rows[i].token);
	tokens_free(t);
}

static void
a_removed_leafs_token_is_nobody_elses(void **state)
{
	struct tokens *t = tokens_new();

	(void)state;
	tokens_leave(t, enter(t, "/a", "x"));
	assert_string_equal(enter(t, "/b", "x")->token, "T0001");
	assert_string_equal(enter(t, "/a", "y")->token, "x");
	tokens_free(t);
}

static struct tokens *
sample(void)
{
	struct tokens *t = tokens_new();
	struct leaf *l;

	stream_parse(SLICE("00112233445566778899aabbccddeeff"), &t->stream);
	t->generation = 3;
	t->digest = 0xdeadbeef;
	t->changed_s = 1085528682;
	t->written_s = 1085530000;
	tokens_source(t, "collector/a")->setup = 0x1234;
	l = enter(t, "/a/b", "");
	tokens_set_params(t, l,
	    SLICE("collector-period:60\nvertical-label:a: b\n"));
	tokens_set_alias(t, l, SLICE("mine"));
	l->missing_s = 77;
	tokens_leave(t, enter(t, "/gone", ""));
	l = tokens_add(t, "/new", tokens_source(t, "write/x y"));
	l->streak = 2;
	tokens_add(t, "/forgotten", tokens_source(t, "write/x y"));
	return t;
}

static void
the_file_is_read_back(void **state)
{
	struct tokens *t = sample(), *got = NULL;
	struct buf one = { 0 }, two = { 0 };
	struct err e = { 0 };
	struct leaf *l;

	(void)state;
	tokens_print(t, &one);
	assert_int_equal(tokens_parse(buf_slice(&one), &got, &e), 0);
	tokens_print(got, &two);
	assert_string_equal(one.p, two.p);
	assert_false(got->changed || got->unsaved);
	assert_int_equal(got->n, 3);
	l = tokens_find(got, "/a/b");
	assert_non_null(l);
	assert_int_equal(l->state, LEAF_LIVE);
	assert_int_equal(l->missing_s, 77);
	assert_string_equal(l->alias, "mine");
	assert_string_equal(l->source->name, "collector/a");
	assert_int_equal(l->source->setup, 0x1234);
	assert_string_equal(enter(got, "/next", "")->token, "T0003");
	tokens_free(t);
	tokens_free(got);
	buf_clear(&one);
	buf_clear(&two);
}

static void
a_damaged_file_is_refused(void **state)
{
	struct tokens *t = sample(), *got = NULL;
	struct buf b = { 0 };

	(void)state;
	tokens_print(t, &b);
	for (size_t i = 0; i < b.n; i++) {
		struct err e = { 0 };

		/* cut there, and with a bit turned there */
		assert_int_equal(
		    tokens_parse((struct slice){ b.p, i }, &got, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		b.p[i] ^= 4;
		assert_int_equal(tokens_parse(buf_slice(&b), &got, &e), -1);
		b.p[i] ^= 4;
	}
	assert_null(got);
	tokens_free(t);
	buf_clear(&b);
}

static void
save_and_load(void **state)
{
	struct tokens *t = sample(), *got = NULL;
	struct err e = { 0 };
	int fd = scratch_open();

	(void)state;
	assert_int_equal(tokens_load(fd, "alps", &got, &e), 0);
	assert_null(got);
	assert_int_equal(tokens_save(t, fd, "alps", &e), 0);
	assert_int_equal(tokens_load(fd, "alps", &got, &e), 0);
	assert_int_equal(got->n, 3);
	tokens_free(got);
	tokens_free(t);
	scratch_close(fd);
}

static void
the_configuration_is_cut_into_parts(void **state)
{
	struct tokens *t = tokens_new();
	struct buf body = { 0 }, extra = { 0 };
	size_t at = 0;

	(void)state;
	assert_true(tokens_config_part(t, &at, 1000, &body, &extra));
	assert_int_equal(body.n, 0); /* an empty configuration */
	assert_false(tokens_config_part(t, &at, 1000, &body, &extra));

	tokens_set_params(t, enter(t, "/a", ""), SLICE("comment:x\n"));
	tokens_leave(t, enter(t, "/b", ""));
	enter(t, "/c", "");
	at = 0;
	assert_true(tokens_config_part(t, &at, 1000, &body, &extra));
	assert_string_equal(body.p,
	    "level2-token:T0001\nlevel2-path:/a\ncomment:x\n;\n"
	    "level2-token:T0003\nlevel2-path:/c\n");
	assert_false(tokens_config_part(t, &at, 1000, &body, &extra));
	at = 0;
	assert_true(tokens_config_part(t, &at, 1, &body, &extra));
	assert_string_equal(body.p,
	    "level2-token:T0001\nlevel2-path:/a\ncomment:x\n");
	assert_true(tokens_config_part(t, &at, 1, &body, &extra));
	assert_string_equal(body.p, "level2-token:T0003\nlevel2-path:/c\n");
	assert_false(tokens_config_part(t, &at, 1, &body, &extra));
	assert_int_equal(extra.n, 0); /* collectors' leaves alone */
	buf_clear(&body);
	tokens_free(t);
}

static void
a_config_in_the_spool_says_what_is_live(void **state)
{
	struct tokens *t = tokens_new();
	struct leaf *l;

	(void)state;
	enter(t, "/kept", "");        /* T0001 */
	enter(t, "/not-spooled", ""); /* T0002 */
	enter(t, "/other-token", ""); /* T0003 */
	tokens_adopt_begin(t);
	tokens_adopt_part(t,
	    SLICE("level2-token:T0001\nlevel2-path:/kept\ncomment:new\n"),
	    SLICE(""));
	tokens_adopt_part(t,
	    SLICE("level2-token:T0002\nlevel2-path:/other-token\n;\n"
		  "level2-token:T0009\nlevel2-path:/unheard-of\n"),
	    SLICE(""));
	tokens_adopt_end(t, 0);
	assert_false(t->changed);
	l = tokens_find(t, "/kept");
	assert_int_equal(l->state, LEAF_LIVE);
	assert_string_equal(l->params, "comment:new\n");
	assert_string_equal(l->source->name, "collector/a");
	assert_int_equal(tokens_find(t, "/not-spooled")->state, LEAF_GONE);
	assert_string_equal(tokens_find(t, "/other-token")->token, "T0002");
	l = tokens_find(t, "/unheard-of");
	assert_string_equal(l->token, "T0009");
	assert_string_equal(l->source->name, SOURCE_UNKNOWN);
	assert_string_equal(enter(t, "/next", "")->token, "T0010");
	tokens_free(t);
}

/* n sources of `spoke write`, a leaf and then two of a collector between them;
 * every other calls its leaf by its token. */
static struct tokens *
stated_by(size_t n)
{
	struct tokens *t = tokens_new();

	for (size_t i = 0; i < n; i++) {
		char name[96], path[32];
		struct leaf *l;

		snprintf(name, sizeof(name), "write/%060zu", i);
		snprintf(path, sizeof(path), "/s%zu/1", i);
		l = tokens_add(t, path, tokens_source(t, name));
		tokens_enter(t, l, (struct slice){ 0 });
		tokens_set_alias(t, l,
		    i % 2 == 0 ? slice_str(l->token) : SLICE("mine"));
		snprintf(path, sizeof(path), "/s%zu/2", i);
		enter(t, path, "");
		snprintf(path, sizeof(path), "/s%zu/3", i);
		enter(t, path, "");
	}
	return t;
}

/* As if t were lost, or `kept`, and its CONFIG read from the spool. */
static struct tokens *
made_anew(const struct tokens *t, struct tokens *kept)
{
	struct tokens *got = kept != NULL ? kept : tokens_new();
	struct buf body = { 0 }, extra = { 0 };
	size_t at = 0;

	tokens_adopt_begin(got);
	while (tokens_config_part(t, &at, 100000, &body, &extra)) {
		struct slice lines = buf_slice(&extra), line;
		size_t n = 0;

		for (; slice_cut(&lines, '\n', &line); n++)
			assert_true(line.n <= LIMIT_HEADER_LINE);
		assert_true(n <= LIMIT_HEADER_LINES - 10);
		tokens_adopt_part(got, buf_slice(&body), buf_slice(&extra));
		buf_reset(&extra);
	}
	tokens_adopt_end(got, t->next);
	buf_clear(&body);
	buf_clear(&extra);
	return got;
}

static void
a_config_tells_whose_leaves_are(void **state)
{
	static const size_t counts[] = { 1, 2, 5, 50, 2000 };

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
		struct tokens *t = stated_by(counts[c]);
		struct tokens *got = made_anew(t, NULL);
		size_t told = 0;

		assert_int_equal(got->n, t->n);
		for (size_t i = 0; i < t->n; i++) {
			const struct leaf *l = got->leaf[i], *w = t->leaf[i];

			if (i % 3 != 0 ||
			    strcmp(l->source->name, SOURCE_UNKNOWN) == 0) {
				assert_null(l->alias);
				assert_false(source_states(l->source));
				continue;
			}
			assert_string_equal(l->source->name, w->source->name);
			if (i % 2 == 0)
				assert_string_equal(l->alias, w->alias);
			else
				assert_null(l->alias);
			told++;
		}
		assert_true(told == counts[c] || told >= 100);
		tokens_free(t);
		tokens_free(got);
	}
}

static void
a_config_of_the_same_names_keeps_them(void **state)
{
	struct tokens *t = stated_by(3), *same = stated_by(3);
	struct tokens *other = stated_by(3);

	(void)state;
	same = made_anew(t, same);
	assert_string_equal(same->leaf[3]->alias, "mine");
	tokens_set_alias(other, other->leaf[6], SLICE("another"));
	other = made_anew(t, other);
	assert_null(other->leaf[3]->alias);
	assert_string_equal(other->leaf[6]->alias, other->leaf[6]->token);
	tokens_free(t);
	tokens_free(same);
	tokens_free(other);
}

static void
a_header_that_is_not_ours_tells_nothing(void **state)
{
	static const char *const rows[] = { "", "X-Sources-1:\n",
		"X-Sources-1:write/a\n", "X-Sources-1:write/a*\n",
		"X-Sources-1:write/a*0=\n", "X-Sources-1:write/a*x=\n",
		"X-Sources-1:write/a*99999999=\n", "X-Sources-1:,write/a*1\n",
		"X-Sources:x\n", "X-Sources-1\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tokens *t = tokens_new();

		tokens_adopt_begin(t);
		tokens_adopt_part(t, SLICE("level2-token:a\nlevel2-path:/a\n"),
		    slice_str(rows[i]));
		tokens_adopt_end(t, 1);
		assert_string_equal(t->leaf[0]->source->name, SOURCE_UNKNOWN);
		assert_null(t->leaf[0]->alias);
		tokens_free(t);
	}
}

static void
what_was_forgotten_is_not_given(void **state)
{
	static const struct {
		const char *path, *wanted, *token;
	} rows[] = {
		{ "/b", "T0003", "T0008" },
		{ "/c", "T3", "T0009" },
		{ "/d", "x", "T0010" },
		{ "/e", "T12", "T12" },
		{ "/f", "", "T0013" },
	};
	struct tokens *t = tokens_new(), *got = NULL;
	struct buf b = { 0 };
	struct err e = { 0 };

	(void)state;
	tokens_adopt_begin(t);
	tokens_adopt_part(t, SLICE("level2-token:T0002\nlevel2-path:/a\n"),
	    SLICE(""));
	tokens_adopt_end(t, 8);
	tokens_print(t, &b);
	assert_int_equal(tokens_parse(buf_slice(&b), &got, &e), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(
		    enter(got, rows[i].path, rows[i].wanted)->token,
		    rows[i].token);
	buf_clear(&b);
	tokens_free(t);
	tokens_free(got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leaf_keeps_its_token),
		cmocka_unit_test(a_wanted_token_is_given_where_it_is_free),
		cmocka_unit_test(a_removed_leafs_token_is_nobody_elses),
		cmocka_unit_test(the_file_is_read_back),
		cmocka_unit_test(a_damaged_file_is_refused),
		cmocka_unit_test(save_and_load),
		cmocka_unit_test(the_configuration_is_cut_into_parts),
		cmocka_unit_test(a_config_in_the_spool_says_what_is_live),
		cmocka_unit_test(a_config_tells_whose_leaves_are),
		cmocka_unit_test(a_config_of_the_same_names_keeps_them),
		cmocka_unit_test(a_header_that_is_not_ours_tells_nothing),
		cmocka_unit_test(what_was_forgotten_is_not_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
