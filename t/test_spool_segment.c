/*
 * Names of segments, what a scan and a walk find in spoiled bytes, finding one
 * message without reading the others.
 */
#include "config.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/spool/segment.h"
#include "t/test_spool_helper.h"

#define N1 "00000000000000000001"
#define N9 "00000000000000000009"

static void
names_are_read_letter_by_letter(void **state)
{
	static const struct {
		const char *name;
		uint64_t first, last; /* 0, 0: refused */
	} rows[] = {
		{ N1 ".open", 1, 0 },
		{ N1 "-" N9 ".msgs", 1, 9 },
		{ N9 "-" N9 ".msgs", 9, 9 },
		{ "09223372036854775807.open", INT64_MAX, 0 },
		{ "09223372036854775808.open", 0, 0 },
		{ "18446744073709551617.open", 0, 0 },
		{ "00000000000000000000.open", 0, 0 },
		{ N9 "-" N1 ".msgs", 0, 0 },
		{ N1 "-" N9 ".msgs.gz", 0, 0 },
		{ N1 "-" N9 ".open", 0, 0 },
		{ N1 ".msgs", 0, 0 },
		{ N1, 0, 0 },
		{ N1 "-", 0, 0 },
		{ "1.open", 0, 0 },
		{ "0000000000000000000x.open", 0, 0 },
		{ "+0000000000000000001.open", 0, 0 },
		{ N1 "-" N9 ".msgs~", 0, 0 },
		{ ".", 0, 0 },
		{ "", 0, 0 },
		{ "core", 0, 0 },
		{ "-rf", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct segment_name s = { 0 };
		char text[SEGMENT_NAME_SIZE];
		bool good = segment_name_parse(rows[i].name, &s);

		assert_int_equal(good, rows[i].first != 0);
		assert_int_equal(s.first, rows[i].first);
		assert_int_equal(s.last, rows[i].last);
		if (good)
			assert_string_equal(segment_name_text(s, text),
			    rows[i].name);
	}
}

/* Three messages 5, 6, 7 in the file "s", spoiled as a row says. */
static void
make_file(int top, uint64_t size[3])
{
	struct buf b = { 0 };
	uint32_t prev = 0x12345678;

	for (unsigned i = 0; i < 3; i++) {
		size_t before = b.n;

		prev = helper_write(&b, helper_stream(1), 5 + i, prev);
		size[i] = b.n - before;
	}
	helper_file(top, "s", buf_slice(&b));
	buf_clear(&b);
}

static void
a_scan_tells_torn_from_damaged(void **state)
{
	enum {
		END = -1,
		KEEP = 0
	};
	static const struct {
		const char *what;
		unsigned at; /* message that is spoiled, 3: behind the end */
		const char *bytes;
		int64_t cut; /* to the start of message `at` and so much */
		uint64_t last;
		bool torn, damaged;
	} rows[] = {
		{ "whole", 3, "", KEEP, 7, false, false },
		{ "cut in the third", 2, "", 20, 6, true, false },
		{ "cut in the first", 0, "", 20, 0, true, false },
		{ "cut between two", 1, "", END, 5, false, false },
		{ "the third is changed", 2, "X", KEEP, 6, true, false },
		{ "the second is changed", 1, "X", KEEP, 5, false, true },
		{ "the first is changed", 0, "X", KEEP, 0, false, true },
		{ "behind the end", 3, "X", KEEP, 7, true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct segment_scan s;
		struct err e = { 0 };
		uint64_t size[3], at = 0;
		int top = helper_dir(), fd;

		make_file(top, size);
		for (unsigned k = 0; k < rows[i].at; k++)
			at += size[k];
		helper_spoil(top, "s", (int64_t)at, rows[i].bytes);
		if (rows[i].cut != KEEP)
			helper_cut(top, "s",
			    (int64_t)at +
				(rows[i].cut == END ? 0 : rows[i].cut));
		fd = durable_open_file(top, "s", &e);
		assert_int_equal(segment_scan(fd, &s, &e), 0);
		close(fd);
		if (s.last != rows[i].last || s.torn != rows[i].torn ||
		    s.damaged != rows[i].damaged)
			fail_msg("%s: last %" PRIu64 " torn %d damaged %d",
			    rows[i].what, s.last, s.torn, s.damaged);
		if (s.last != 0)
			assert_int_equal(s.first_prev, 0x12345678);
		helper_dir_done(top);
	}
}

static void
numbers_that_do_not_follow_are_damage(void **state)
{
	struct segment_scan s;
	struct buf b = { 0 };
	struct err e = { 0 };
	int top = helper_dir(), fd;
	uint32_t prev;

	(void)state;
	prev = helper_write(&b, helper_stream(1), 1, 0);
	helper_write(&b, helper_stream(1), 3, prev);
	helper_file(top, "s", buf_slice(&b));
	fd = durable_open_file(top, "s", &e);
	assert_int_equal(segment_scan(fd, &s, &e), 0);
	assert_true(s.damaged);
	assert_int_equal(s.last, 1);
	close(fd);
	buf_reset(&b);
	prev = helper_write(&b, helper_stream(1), 1, 0);
	helper_write(&b, helper_stream(2), 2, prev);
	helper_file(top, "s", buf_slice(&b));
	fd = durable_open_file(top, "s", &e);
	assert_int_equal(segment_scan(fd, &s, &e), 0);
	assert_true(s.damaged);
	close(fd);
	buf_clear(&b);
	helper_dir_done(top);
}

/* A file larger than a search reads at once, its messages over the edges. */
static void
each_message_is_found_by_its_number(void **state)
{
	enum {
		COUNT = 16000
	};
	struct segment_name s = { 1, COUNT };
	struct buf b = { 0 }, keep = { 0 };
	struct message m;
	struct err e = { 0 };
	int64_t at, end = 0;
	uint32_t prev = 0;
	int top = helper_dir(), fd;

	(void)state;
	for (uint64_t i = 1; i <= COUNT; i++)
		prev = helper_write(&b, helper_stream(1), i, prev);
	assert_true(b.n > 2 << 20);
	helper_file(top, "s", buf_slice(&b));
	fd = durable_open_file(top, "s", &e);
	for (uint64_t i = 1; i <= COUNT; i += i < COUNT - 700 ? 700 : 1) {
		at = segment_find(fd, i, &m, &keep, &e);
		assert_int_equal(m.msgid, i);
		assert_true(i == 1 ? at == 0 : at > end);
		end = at;
	}
	assert_int_equal(segment_find_last(fd, s, &m, &keep, &e), 0);
	assert_int_equal(m.digest, prev);
	assert_int_equal(segment_find(fd, COUNT + 1, &m, &keep, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	close(fd);
	buf_clear(&b);
	buf_clear(&keep);
	helper_dir_done(top);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read_letter_by_letter),
		cmocka_unit_test(a_scan_tells_torn_from_damaged),
		cmocka_unit_test(numbers_that_do_not_follow_are_damage),
		cmocka_unit_test(each_message_is_found_by_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
