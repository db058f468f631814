/*
 * Names and texts from outside: what they may be made of, each limit at, below
 * and above; that accepted paths and associations stay beneath a directory.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/message/limits.h"
#include "common/message/names.h"

typedef bool check(struct slice s);

struct row {
	const char *text;
	bool want;
};

static void
check_rows(check *is, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is(slice_str(rows[i].text)) != rows[i].want)
			fail_msg("\"%s\" is %s", rows[i].text,
			    rows[i].want ? "refused" : "taken");
}

#define CHECK_ROWS(is, rows) \
	check_rows(is, rows, sizeof(rows) / sizeof((rows)[0]))

/* head and then n times c; owned by the caller. */
static char *
repeat(const char *head, char c, size_t n)
{
	size_t at = strlen(head);
	char *s = malloc(at + n + 1);

	assert_non_null(s);
	memcpy(s, head, at);
	memset(s + at, c, n);
	s[at + n] = '\0';
	return s;
}

/* Is head with n times c taken, and with one more refused? */
static void
check_limit(check *is, const char *head, char c, size_t n)
{
	char *s = repeat(head, c, n);

	assert_true(is(slice_str(s)));
	free(s);
	s = repeat(head, c, n + 1);
	assert_false(is(slice_str(s)));
	free(s);
}

static void
associations_are_short_and_plain(void **state)
{
	static const struct row rows[] = { { "alps", true }, { "a", true },
		{ "0", true }, { "a_b-c9", true }, { "", false },
		{ ".", false }, { "..", false }, { "a/b", false },
		{ "A", false }, { "-x", false }, { "_x", false },
		{ "a.b", false }, { "a b", false }, { "a\n", false },
		{ "hub", false }, { "spoke", false }, { "con", false },
		{ "nul", false }, { "com1", false }, { "lpt9", false },
		{ "com", true }, { "comx", true }, { "hubs", true },
		{ "\xc3\xa9", false } };

	(void)state;
	CHECK_ROWS(name_is_association, rows);
	check_limit(name_is_association, "a", 'z', LIMIT_ASSOCIATION - 1);
}

static void
tokens_have_letters_digits_and_three_signs(void **state)
{
	static const struct row rows[] = { { "T0005", true }, { "a", true },
		{ "Z_.-9", true }, { "", false }, { "a b", false },
		{ "a:b", false }, { "a/b", false }, { "a;b", false },
		{ "%", false }, { "$", false }, { "\xc3\xa9", false } };

	(void)state;
	CHECK_ROWS(name_is_token, rows);
	check_limit(name_is_token, "T", '1', LIMIT_TOKEN - 1);
	assert_false(name_is_token((struct slice){ "T\0001", 3 }));
}

static void
paths_stay_beneath(void **state)
{
	static const struct row rows[] = { { "/a", true },
		{ "/Routers/RTR1/Ethernet0/1:2/In_Octets.x-y", true },
		{ "/a.b", true }, { "/a.", true }, { "/:", true },
		{ "/_", true }, { "", false }, { "a", false }, { "/", false },
		{ "//", false }, { "/a/", false }, { "/a//b", false },
		{ "//a", false }, { "/.", false }, { "/..", false },
		{ "/a/..", false }, { "/a/../b", false }, { "/a/./b", false },
		{ "/.a", false }, { "/a/-rf", false }, { "/a..b", false },
		{ "/a..", false }, { "../a", false }, { "/a b", false },
		{ "/a\nb", false }, { "/a\\b", false }, { "/a%2e", false },
		{ "/a$b", false }, { "/\xef\xbc\x8e", false } };

	(void)state;
	CHECK_ROWS(name_is_path, rows);
	check_limit(name_is_path, "/a", 'b', LIMIT_PATH_COMPONENT - 1);
	assert_false(name_is_path((struct slice){ "/a\0b", 4 }));
}

static void
paths_have_a_limit_in_depth(void **state)
{
	char path[2 * LIMIT_PATH_DEPTH + 3];

	(void)state;
	for (size_t i = 0; i <= LIMIT_PATH_DEPTH; i++)
		memcpy(path + 2 * i, "/a", 3);
	assert_false(name_is_path(slice_str(path)));
	path[2 * LIMIT_PATH_DEPTH] = '\0';
	assert_true(name_is_path(slice_str(path)));
}

static void
paths_have_a_limit_in_length(void **state)
{
	char path[LIMIT_PATH + 1];

	(void)state;
	memset(path, 'a', sizeof(path));
	for (size_t i = 0; i < sizeof(path); i += LIMIT_PATH_COMPONENT)
		path[i] = '/';
	path[LIMIT_PATH] = 'a';
	assert_false(name_is_path((struct slice){ path, LIMIT_PATH + 1 }));
	assert_true(name_is_path((struct slice){ path, LIMIT_PATH }));
	assert_true(name_is_path((struct slice){ path, LIMIT_PATH - 1 }));
}

static void
values_are_unknown_or_plain_decimals(void **state)
{
	static const struct row rows[] = { { "U", true }, { "0", true },
		{ "-0", true }, { "007", true }, { "-12.50", true },
		{ "18446744073709551616", true }, { "", false }, { "-", false },
		{ ".", false }, { "-.", false }, { "5.", false },
		{ ".5", false }, { "1.2.3", false }, { "--1", false },
		{ "+1", false }, { "1e3", false }, { "0x1", false },
		{ "nan", false }, { "inf", false }, { "1,5", false },
		{ "1 ", false }, { " 1", false }, { "u", false },
		{ "UU", false }, { "U1", false }, { "-U", false },
		{ "1-", false } };

	(void)state;
	CHECK_ROWS(name_is_value, rows);
	check_limit(name_is_value, "1", '0', LIMIT_VALUE - 1);
	check_limit(name_is_value, "-1.", '5', LIMIT_VALUE - 3);
}

static void
text_is_utf8_that_can_be_seen(void **state)
{
	static const struct row rows[] = { { "", true }, { " a~", true },
		{ "\xc2\xa0", true }, { "\xc3\xa9\xe2\x82\xac", true },
		{ "\xed\x9f\xbf\xee\x80\x80", true }, /* beside surrogates */
		{ "\xef\xbf\xbd", true }, { "\xf4\x8f\xbf\xbd", true },
		{ "\x1f", false }, { "\n", false }, { "\t", false },
		{ "\x7f", false }, { "\xc2\x80", false }, { "\xc2\x9f", false },
		{ "\xc2\xad", false }, { "\x80", false }, { "\xbf", false },
		{ "\xc2", false }, { "\xc2z", false }, { "\xe2\x82", false },
		{ "\xe2\x82z", false }, { "\xf0\x9f\x98", false },
		{ "\xc0\x80", false }, { "\xc1\xbf", false },
		{ "\xe0\x9f\xbf", false }, { "\xf0\x8f\xbf\xbf", false },
		{ "\xed\xa0\x80", false }, { "\xed\xbf\xbf", false },
		{ "\xef\xbf\xbe", false }, { "\xef\xbf\xbf", false },
		{ "\xf0\x9f\xbf\xbe", false }, { "\xef\xb7\x90", false },
		{ "\xf4\x90\x80\x80", false }, { "\xf8\x88\x80\x80", false },
		{ "\xff", false }, { "\xe2\x80\x8b", false },
		{ "\xe2\x80\x8f", false }, { "\xe2\x80\xa8", false },
		{ "\xe2\x80\xae", false }, { "\xe2\x81\xa6", false },
		{ "\xd8\x9c", false }, { "\xef\xbb\xbf", false },
		{ "\xf3\xa0\x81\x81", false } };

	(void)state;
	CHECK_ROWS(name_is_text, rows);
	assert_false(name_is_text((struct slice){ "a\0b", 3 }));
}

static void
parameters_are_names_of_xml_and_ours(void **state)
{
	static const struct row rows[] = { { "a", true },
		{ "rrd-create-min", true }, { "a9", true }, { "x-ml", true },
		{ "", false }, { "-a", false }, { "9a", false }, { "A", false },
		{ "aB", false }, { "a_b", false }, { "a.b", false },
		{ "a b", false }, { "xml", false }, { "xmlns", false },
		{ "xml-a", false } };

	(void)state;
	CHECK_ROWS(name_is_param, rows);
	check_limit(name_is_param, "a", '-', LIMIT_PARAM - 1);
}

static void
fields_begin_with_a_letter(void **state)
{
	static const struct row rows[] = { { "a", true }, { "Z", true },
		{ "a_b.c-9", true }, { "", false }, { "9", false },
		{ "_a", false }, { ".a", false }, { "-a", false },
		{ "a b", false }, { "a/b", false } };

	(void)state;
	CHECK_ROWS(name_is_field, rows);
	check_limit(name_is_field, "a", '9', LIMIT_PARAM - 1);
}

static void
ranks_are_the_order_of_the_list(void **state)
{
	int rank = 0;

	(void)state;
	for (; names_param(rank) != NULL; rank++) {
		struct slice name = slice_str(names_param(rank));

		assert_int_equal(names_param_rank(name), rank);
		assert_true(name_is_param(name));
		name.n--;
		assert_int_equal(names_param_rank(name), -1);
	}
	assert_int_equal(rank, 21);
	assert_null(names_param(-1));
	assert_int_equal(names_param_rank(SLICE("data-dir")), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(associations_are_short_and_plain),
		cmocka_unit_test(tokens_have_letters_digits_and_three_signs),
		cmocka_unit_test(paths_stay_beneath),
		cmocka_unit_test(paths_have_a_limit_in_depth),
		cmocka_unit_test(paths_have_a_limit_in_length),
		cmocka_unit_test(values_are_unknown_or_plain_decimals),
		cmocka_unit_test(text_is_utf8_that_can_be_seen),
		cmocka_unit_test(parameters_are_names_of_xml_and_ours),
		cmocka_unit_test(fields_begin_with_a_letter),
		cmocka_unit_test(ranks_are_the_order_of_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
