/*
 * Ledgers, extents and pointer files: ranges that merge, digests across gaps,
 * files that are damaged.
 */
#include "config.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/spool/extent.h"
#include "common/spool/mark.h"
#include "t/test_spool_helper.h"

/* "L5-7 T9-9 P12" */
static const char *
text(const struct ledger *l)
{
	static char out[256];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < l->n; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n,
		    "%s%c%" PRIu64 "-%" PRIu64, i > 0 ? " " : "",
		    "LTPC"[l->range[i].why], l -> range[i].first,
		    l->range[i].last);
	return out;
}

static void
ranges_merge_where_they_touch(void **state)
{
	static const struct {
		struct ledger_range add[4];
		const char *want;
	} rows[] = {
		{ { { 5, 7, LEDGER_LOST, 0 } }, "L5-7" },
		{ { { 5, 7, LEDGER_LOST, 0 }, { 8, 9, LEDGER_LOST, 0 } },
		    "L5-9" },
		{ { { 8, 9, LEDGER_LOST, 0 }, { 5, 7, LEDGER_LOST, 0 } },
		    "L5-9" },
		{ { { 1, 2, LEDGER_LOST, 0 }, { 8, 9, LEDGER_LOST, 0 },
		      { 2, 8, LEDGER_LOST, 0 } },
		    "L1-9" },
		{ { { 5, 7, LEDGER_LOST, 0 }, { 1, 9, LEDGER_TOMBSTONE, 0 } },
		    "T1-4 L5-7 T8-9" },
		{ { { 5, 7, LEDGER_LOST, 0 }, { 6, 6, LEDGER_TOMBSTONE, 0 } },
		    "L5-7" },
		{ { { 5, 5, LEDGER_POISON, 1 }, { 6, 6, LEDGER_POISON, 2 },
		      { 4, 4, LEDGER_LOST, 0 } },
		    "L4-4 P5-5 P6-6" },
		{ { { 1, 1, LEDGER_LOST, 0 }, { 3, 3, LEDGER_LOST, 0 },
		      { 5, 5, LEDGER_LOST, 0 }, { 2, 2, LEDGER_LOST, 0 } },
		    "L1-3 L5-5" },
		{ { { 1, INT64_MAX, LEDGER_LOST, 0 },
		      { 5, 6, LEDGER_LOST, 0 } },
		    "L1-9223372036854775807" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ledger l = { 0 };

		for (size_t k = 0; k < 4 && rows[i].add[k].first != 0; k++)
			ledger_add(&l, helper_stream(1), rows[i].add[k]);
		assert_string_equal(text(&l), rows[i].want);
		ledger_clear(&l);
	}
}

static void
numbers_are_looked_up_in_ranges(void **state)
{
	struct ledger l = { 0 };
	struct stream_id s = helper_stream(1);

	(void)state;
	ledger_add(&l, s, (struct ledger_range){ 3, 5, LEDGER_LOST, 0 });
	ledger_add(&l, s, (struct ledger_range){ 6, 6, LEDGER_POISON, 9 });
	ledger_add(&l, s, (struct ledger_range){ 9, 9, LEDGER_TOMBSTONE, 0 });
	assert_int_equal(ledger_skip(&l, 2), 1);
	assert_int_equal(ledger_skip(&l, 3), 6);
	assert_int_equal(ledger_skip(&l, 6), 6);
	assert_int_equal(ledger_skip(&l, 7), 6);
	assert_null(ledger_find(&l, 7));
	assert_int_equal(ledger_find(&l, 6)->digest, 9);
	assert_int_equal(ledger_count(&l, 4, 9), 4);
	assert_int_equal(ledger_count(&l, 7, 8), 0);
	ledger_forget(&l, 5);
	assert_string_equal(text(&l), "P6-6 T9-9");
	ledger_add(&l, helper_stream(2),
	    (struct ledger_range){ 1, 1, LEDGER_LOST, 0 });
	assert_string_equal(text(&l), "L1-1");
	ledger_clear(&l);
}

static void
a_ledger_is_read_as_it_was_written(void **state)
{
	struct ledger l = { 0 }, back = { 0 };
	struct err e = { 0 };
	int top = helper_dir();

	(void)state;
	assert_int_equal(ledger_read(top, "ledger", &back, &e), 0);
	assert_int_equal(back.n, 0);
	ledger_add(&l, helper_stream(1),
	    (struct ledger_range){ 3, 5, LEDGER_LOST, 0 });
	ledger_add(&l, helper_stream(1),
	    (struct ledger_range){ 6, 6, LEDGER_POISON, 0xabcdef01 });
	ledger_add(&l, helper_stream(1),
	    (struct ledger_range){ 7, 7, LEDGER_POISON_CONFIG, 0x0000002a });
	assert_int_equal(ledger_write(top, "ledger", &l, &e), 0);
	assert_int_equal(ledger_read(top, "ledger", &back, &e), 0);
	assert_string_equal(text(&back), "L3-5 P6-6 C7-7");
	assert_int_equal(back.range[1].digest, 0xabcdef01);
	assert_int_equal(back.range[2].digest, 0x2a);
	assert_true(stream_eq(back.stream, helper_stream(1)));
	ledger_clear(&l);
	ledger_clear(&back);
	helper_dir_done(top);
}

static void
a_tombstone_keeps_its_digest(void **state)
{
	struct ledger l = { 0 }, back;
	struct stream_id s = helper_stream(1);
	struct err e = { 0 };
	int top = helper_dir();
	uint32_t digest = 0;

	(void)state;
	ledger_add(&l, s, (struct ledger_range){ 1, 3, LEDGER_TOMBSTONE, 0 });
	ledger_add(&l, s, (struct ledger_range){ 4, 5, LEDGER_TOMBSTONE, 50 });
	ledger_add(&l, s, (struct ledger_range){ 6, 8, LEDGER_TOMBSTONE, 80 });
	/* of which the end is there already */
	ledger_add(&l, s, (struct ledger_range){ 7, 9, LEDGER_TOMBSTONE, 90 });
	ledger_add(&l, s, (struct ledger_range){ 20, 20, LEDGER_LOST, 0 });
	ledger_add(&l, s, (struct ledger_range){ 18, 20, LEDGER_TOMBSTONE, 7 });
	assert_int_equal(ledger_write(top, "ledger", &l, &e), 0);
	assert_int_equal(ledger_read(top, "ledger", &back, &e), 0);
	assert_int_equal(back.n, l.n);
	assert_int_equal(ledger_skip(&back, 1), 9);
	for (uint64_t i = 1; i <= 20; i++) {
		bool known = i == 5 || i == 8 || i == 9;

		assert_int_equal(ledger_digest(&back, i, &digest), known);
		if (known)
			assert_int_equal(digest, i * 10);
	}
	ledger_clear(&l);
	ledger_clear(&back);
	helper_dir_done(top);
}

/* However many drops there were: those of the first, and of the last one. */
static void
digests_have_a_limit(void **state)
{
	struct ledger l = { 0 };
	uint32_t digest = 0;

	(void)state;
	for (uint64_t i = 1; i <= 2 * LEDGER_DIGESTS; i++) {
		ledger_add(&l, helper_stream(1),
		    (struct ledger_range){ i, i, LEDGER_TOMBSTONE,
			(uint32_t)i });
		assert_true(ledger_digest(&l, i, &digest));
		assert_int_equal(digest, i);
	}
	assert_int_equal(l.n, LEDGER_DIGESTS);
	assert_true(ledger_digest(&l, 1, &digest));
	assert_false(ledger_digest(&l, LEDGER_DIGESTS + 1, &digest));
	assert_int_equal(ledger_skip(&l, 1), 2 * LEDGER_DIGESTS);
	ledger_clear(&l);
}

static void
a_damaged_ledger_is_refused(void **state)
{
	static const char *const files[] = {
		"",
		"end crc32=00000000\n",
		"stream 01010101010101010101010101010101\nend crc32=00000000\n",
		"stream 01010101010101010101010101010101\nlost 3-5\n",
		"garbage\n",
	};
	struct ledger l = { 0 };
	struct err e = { 0 };
	int top = helper_dir();

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		helper_file(top, "ledger", slice_str(files[i]));
		assert_int_equal(ledger_read(top, "ledger", &l, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
	}
	ledger_add(&l, helper_stream(1),
	    (struct ledger_range){ 3, 5, LEDGER_LOST, 0 });
	assert_int_equal(ledger_write(top, "ledger", &l, &e), 0);
	helper_spoil(top, "ledger", 44, "4");
	ledger_clear(&l);
	assert_int_equal(ledger_read(top, "ledger", &l, &e), -1);
	helper_dir_done(top);
}

static struct extent_run
run(uint64_t first, uint64_t last, uint32_t prev)
{
	return (struct extent_run){ first, last, prev, (uint32_t)last };
}

/* A message's digest is its number here. */
static void
an_extent_closes_its_gaps(void **state)
{
	struct ledger l = { 0 };
	struct extent x = { 0 };

	(void)state;
	assert_true(extent_add(&x, run(1, 1, 0), &l));
	assert_int_equal(x.have.msgid, 1);
	assert_true(extent_add(&x, run(4, 4, 3), &l));
	assert_true(extent_add(&x, run(5, 5, 4), &l));
	assert_int_equal(x.have.msgid, 1);
	assert_int_equal(extent_held(&x), 2);
	assert_true(extent_has(&x, 5));
	assert_false(extent_has(&x, 3));
	assert_false(extent_add(&x, run(2, 2, 99), &l)); /* not Prev of 1 */
	assert_true(extent_add(&x, run(2, 2, 1), &l));
	assert_true(extent_add(&x, run(3, 3, 2), &l));
	assert_int_equal(x.have.msgid, 5);
	assert_int_equal(x.have.digest, 5);
	assert_int_equal(x.n, 0);
	/* 8 says that 7 is what it is not: 7 is refused */
	assert_true(extent_add(&x, run(8, 8, 77), &l));
	assert_true(extent_add(&x, run(6, 6, 5), &l));
	assert_false(extent_add(&x, run(7, 7, 6), &l));
	extent_clear(&x);
}

static void
an_extent_passes_what_is_lost(void **state)
{
	struct stream_id s = helper_stream(1);
	struct ledger l = { 0 };
	struct extent x = { 0 };

	(void)state;
	assert_true(extent_add(&x, run(1, 1, 0), &l));
	assert_true(extent_add(&x, run(4, 4, 99), &l));
	ledger_add(&l, s, (struct ledger_range){ 2, 3, LEDGER_LOST, 0 });
	extent_pass_lost(&x, &l);
	assert_int_equal(x.have.msgid, 4); /* Prev of 4 is not compared */
	ledger_add(&l, s, (struct ledger_range){ 5, 5, LEDGER_LOST, 0 });
	extent_pass_lost(&x, &l);
	assert_int_equal(x.have.msgid, 5);
	assert_int_equal(x.have.digest, 0);
	assert_true(extent_add(&x, run(6, 6, 12345), &l));
	ledger_add(&l, s, (struct ledger_range){ 7, 7, LEDGER_POISON, 70 });
	extent_pass_lost(&x, &l);
	assert_int_equal(x.have.digest, 70);
	assert_false(extent_add(&x, run(8, 8, 7), &l));
	assert_true(extent_add(&x, run(8, 8, 70), &l));
	extent_clear(&x);
	ledger_clear(&l);
}

static void
points_are_read_as_they_were_written(void **state)
{
	static const char *const bad[] = {
		"",
		"01010101010101010101010101010101 5",
		"01010101010101010101010101010101 05 crc32=00000005",
		"01010101010101010101010101010101 5 crc32=5",
		"0101 5 crc32=00000005",
		"01010101010101010101010101010101 5 crc32=00000005 ",
	};
	struct spool_point p = { helper_stream(1), 5, 0xa5 }, back;
	struct buf b = { 0 };

	(void)state;
	assert_true(spool_point_put(&b, &p));
	assert_string_equal(b.p,
	    "01010101010101010101010101010101 5 crc32=000000a5");
	assert_true(spool_point_parse(buf_slice(&b), &back));
	assert_int_equal(back.msgid, 5);
	assert_int_equal(back.digest, 0xa5);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(spool_point_parse(slice_str(bad[i]), &back));
	buf_clear(&b);
}

static void
a_cursor_survives_one_bad_slot(void **state)
{
	struct spool_point p = { helper_stream(1), 0, 0 }, back;
	struct err e = { 0 };
	int top = helper_dir();

	(void)state;
	assert_int_equal(cursor_read(top, "alps", &back, &e), 0);
	assert_int_equal(back.msgid, 0);
	for (p.msgid = 1; p.msgid <= 3; p.msgid++)
		assert_int_equal(cursor_write(top, "alps", &p, &e), 0);
	assert_int_equal(cursor_read(top, "alps", &back, &e), 0);
	assert_int_equal(back.msgid, 3);
	/* the slot of 3 is the first: the other still has 2 */
	helper_spoil(top, "cursors/alps", 40, "#");
	assert_int_equal(cursor_read(top, "alps", &back, &e), 0);
	assert_int_equal(back.msgid, 2);
	helper_spoil(top, "cursors/alps", 552, "#");
	assert_int_equal(cursor_read(top, "alps", &back, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(cursor_write(top, "alps", &p, &e), 0);
	assert_int_equal(cursor_read(top, "alps", &back, &e), 0);
	helper_dir_done(top);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_merge_where_they_touch),
		cmocka_unit_test(numbers_are_looked_up_in_ranges),
		cmocka_unit_test(a_ledger_is_read_as_it_was_written),
		cmocka_unit_test(a_tombstone_keeps_its_digest),
		cmocka_unit_test(digests_have_a_limit),
		cmocka_unit_test(a_damaged_ledger_is_refused),
		cmocka_unit_test(an_extent_closes_its_gaps),
		cmocka_unit_test(an_extent_passes_what_is_lost),
		cmocka_unit_test(points_are_read_as_they_were_written),
		cmocka_unit_test(a_cursor_survives_one_bad_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
