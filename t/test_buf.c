/*
 * Slices and buffers: canonical numbers, limits, cutting.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/buf.h"

static void
decimal_is_canonical_and_bounded(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool ok;
		uint64_t value;
	} row[] = {
		{ "0", 10, true, 0 },
		{ "10", 10, true, 10 },
		{ "11", 10, false, 0 },
		{ "5", 3, false, 0 },
		{ "01", 10, false, 0 },
		{ "", 10, false, 0 },
		{ "-1", 10, false, 0 },
		{ "+1", 10, false, 0 },
		{ " 1", 10, false, 0 },
		{ "1e3", 5000, false, 0 },
		{ "0x1", 10, false, 0 },
		{ "9223372036854775807", INT64_MAX, true, INT64_MAX },
		{ "9223372036854775808", INT64_MAX, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "99999999999999999999999999", UINT64_MAX, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint64_t v = 77;

		assert_int_equal(
		    slice_u64(slice_str(row[i].text), row[i].max, &v),
		    row[i].ok);
		assert_true(v == (row[i].ok ? row[i].value : 77));
	}
}

static void
hex_has_exactly_its_digits(void **state)
{
	uint64_t v = 0;

	(void)state;
	assert_true(slice_hex(SLICE("00ff"), 4, &v));
	assert_int_equal(v, 255);
	assert_true(slice_hex(SLICE("ffffffffffffffff"), 16, &v));
	assert_true(v == UINT64_MAX);
	assert_false(slice_hex(SLICE("00FF"), 4, &v));
	assert_false(slice_hex(SLICE("0ff"), 4, &v));
	assert_false(slice_hex(SLICE("000ff"), 4, &v));
	assert_false(slice_hex(SLICE("00f "), 4, &v));
}

static void
cutting_leaves_the_rest(void **state)
{
	struct slice in = SLICE("a:b:"), head;

	(void)state;
	assert_true(slice_cut(&in, ':', &head));
	assert_true(slice_eq_str(head, "a"));
	assert_true(slice_cut(&in, ':', &head));
	assert_true(slice_eq_str(head, "b"));
	assert_int_equal(in.n, 0);
	assert_false(slice_cut(&in, ':', &head));
	assert_true(slice_eq_str(head, "b"));
}

static void
a_shorter_slice_sorts_first(void **state)
{
	(void)state;
	assert_true(slice_cmp(SLICE("a"), SLICE("ab")) < 0);
	assert_true(slice_cmp(SLICE("b"), SLICE("ab")) > 0);
	assert_int_equal(slice_cmp(SLICE(""), SLICE("")), 0);
	assert_true(slice_starts(SLICE("abc"), SLICE("ab")));
	assert_false(slice_starts(SLICE("a"), SLICE("ab")));
}

static void
ends_are_passed_over_whole_or_not_at_all(void **state)
{
	struct slice s = SLICE("abc");

	(void)state;
	assert_false(slice_skip(&s, SLICE("abcd")));
	assert_false(slice_skip(&s, SLICE("b")));
	assert_false(slice_skip_end(&s, SLICE("zabc")));
	assert_false(slice_skip_end(&s, SLICE("b")));
	assert_true(slice_eq_str(s, "abc"));
	assert_true(slice_skip(&s, SLICE("a")));
	assert_true(slice_skip_end(&s, SLICE("c")));
	assert_true(slice_eq_str(s, "b"));
	assert_true(slice_skip(&s, SLICE("")));
	assert_true(slice_skip_end(&s, SLICE("b")));
	assert_int_equal(s.n, 0);
}

static void
a_checksum_is_its_word_and_eight_digits(void **state)
{
	static const char *const bad[] = { "", "crc32=", "crc32=0123456",
		"crc32=012345678", "crc32=0123456G", "crc32=0123456A",
		"crc23=01234567", " crc32=01234567", "crc32=01234567 " };
	uint32_t v = 5;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(slice_crc32(slice_str(bad[i]), &v));
	assert_int_equal(v, 5);
	assert_true(slice_crc32(SLICE("crc32=0123cdef"), &v));
	assert_int_equal(v, 0x0123cdef);
}

static void
a_limit_is_kept_and_nothing_half_put(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	assert_true(buf_put_str(&b, "abcd"));
	assert_false(buf_put_char(&b, 'e'));
	assert_string_equal(b.p, "abcd");
	buf_drop(&b, 3);
	assert_false(buf_printf(&b, "%d", 1234));
	assert_true(buf_printf(&b, "%d", 123));
	assert_string_equal(b.p, "d123");
	buf_clear(&b);
	assert_false(buf_put_str(&b, "abcde"));
	buf_clear(&b);
}

static void
what_is_put_is_there(void **state)
{
	struct buf b = { 0 };
	char *text;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		assert_true(buf_put_u64(&b, i * 18446744073709551u));
	assert_true(slice_starts(buf_slice(&b),
	    SLICE("0184467440737095513689348814741910"
		  "2")));
	text = buf_steal(&b);
	assert_int_equal(b.n, 0);
	free(text);
	text = buf_steal(&b);
	assert_string_equal(text, "");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimal_is_canonical_and_bounded),
		cmocka_unit_test(hex_has_exactly_its_digits),
		cmocka_unit_test(cutting_leaves_the_rest),
		cmocka_unit_test(a_shorter_slice_sorts_first),
		cmocka_unit_test(ends_are_passed_over_whole_or_not_at_all),
		cmocka_unit_test(a_checksum_is_its_word_and_eight_digits),
		cmocka_unit_test(a_limit_is_kept_and_nothing_half_put),
		cmocka_unit_test(what_is_put_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
