/*
 * Reading in order: across directories, while files move, over gaps, past what is
 * not for us.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "t/test_spool_helper.h"

#define S1_4 "00000000000000000001-00000000000000000004.msgs"
#define S5_6 "00000000000000000005-00000000000000000006.msgs"

#define TEST(name) SPOOL_TEST(name, top)

static int top;

/* 1-4 and 5-6, sealed in outbox/. */
static struct outbox *
two_segments(void)
{
	struct outbox *o = helper_filled(top, 3);
	struct err e = { 0 };

	assert_int_equal(helper_put_data(o, 5, &e), 0);
	assert_int_equal(helper_put_data(o, 6, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_seal(o, &e), 0);
	return o;
}

static uint64_t
next(struct spool_reader *r)
{
	struct message m = { 0 };
	struct err e = { 0 };

	if (spool_reader_next(r, &m, &e) != SPOOL_READ_MESSAGE)
		return 0;
	return m.msgid;
}

static struct spool_reader *
reader(unsigned dirs, uint64_t from)
{
	struct spool_reader *r = NULL;
	struct err e = { 0 };

	assert_int_equal(spool_reader_open(top, dirs, from, &r, &e), 0);
	return r;
}

static void
files_may_move_while_it_reads(void **state)
{
	struct outbox *o = two_segments();
	struct spool_point at = outbox_state(o)->last;
	struct spool_reader *r = reader(SPOOL_OUTBOX | SPOOL_SENT, 1);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(next(r), 1);
	assert_string_equal(spool_reader_file(r), "outbox/" S1_4);
	assert_int_equal(outbox_ack(o, &at, &e), 0); /* both move to sent/ */
	for (uint64_t n = 2; n <= 6; n++)
		assert_int_equal(next(r), n);
	assert_string_equal(spool_reader_file(r), "sent/" S5_6);
	spool_reader_close(r);
	outbox_close(o);
}

static void
it_goes_on_from_its_end(void **state)
{
	struct outbox *o = two_segments();
	struct spool_reader *r = reader(SPOOL_OUTBOX, 6);
	struct message m;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(next(r), 6);
	assert_int_equal(spool_reader_next(r, &m, &e), SPOOL_READ_END);
	assert_int_equal(helper_put_data(o, 7, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	/* an open one is not for others */
	assert_int_equal(spool_reader_next(r, &m, &e), SPOOL_READ_END);
	assert_int_equal(outbox_seal(o, &e), 0);
	assert_int_equal(next(r), 7);
	assert_int_equal(spool_reader_next(r, &m, &e), SPOOL_READ_END);
	spool_reader_close(r);
	outbox_close(o);
}

static void
it_seeks_in_both_directions(void **state)
{
	static const uint64_t order[] = { 3, 1, 6, 4, 5, 2, 2, 6 };
	struct outbox *o = two_segments();
	struct spool_reader *r = reader(SPOOL_OUTBOX, 1);
	struct message m;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		spool_reader_seek(r, order[i]);
		assert_int_equal(next(r), order[i]);
	}
	spool_reader_seek(r, 7);
	assert_int_equal(spool_reader_next(r, &m, &e), SPOOL_READ_END);
	spool_reader_seek(r, 0);
	assert_int_equal(next(r), 1);
	spool_reader_close(r);
	outbox_close(o);
}

static void
a_gap_says_where_it_ends(void **state)
{
	struct outbox *o = two_segments();
	struct spool_reader *r;
	struct message m;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(unlinkat(top, "outbox/" S1_4, 0), 0);
	r = reader(SPOOL_OUTBOX, 2);
	assert_int_equal(spool_reader_next(r, &m, &e), SPOOL_READ_GAP);
	assert_int_equal(m.msgid, 5);
	assert_int_equal(next(r), 5);
	assert_int_equal(next(r), 6);
	spool_reader_close(r);
	outbox_close(o);
}

static void
each_kind_of_damage_is_told_and_passed(void **state)
{
	static const struct {
		const char *what;
		uint64_t at; /* message */
		int64_t offset;
		const char *bytes;
		int64_t cut; /* where the file ends */
		const char *read;
	} rows[] = {
		{ "nothing", 1, 0, "", 0, "1 2 3 4 5 6" },
		{ "the first", 1, 8, "?", 0, "bad:1 gap:2 2 3 4 5 6" },
		{ "in the middle", 2, 30, "\n.\nMsgID:9\n", 0,
		    "1 bad:2 gap:3 3 4 5 6" },
		{ "the last", 4, 60, "?", 0, "1 2 3 bad:4 gap:5 5 6" },
		{ "two together", 2, 30, "?", 0, "1 bad:2 gap:3 3 4 5 6" },
		{ "cut", 4, 0, "", 20, "1 2 3 bad:4 gap:5 5 6" },
		{ "cut off before it", 3, 0, "", 1, "1 2 bad:3 gap:5 5 6" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t at;

		outbox_close(two_segments());
		at = helper_offset(top, "outbox/" S1_4, rows[i].at);
		helper_spoil(top, "outbox/" S1_4, at + rows[i].offset,
		    rows[i].bytes);
		if (rows[i].cut > 0)
			helper_cut(top, "outbox/" S1_4, at + rows[i].cut - 1);
		if (strcmp(helper_read(top, SPOOL_OUTBOX, 1), rows[i].read) !=
		    0)
			fail_msg("%s: %s", rows[i].what,
			    helper_read(top, SPOOL_OUTBOX, 1));
		helper_dir_done(top);
		top = helper_dir();
	}
}

static void
segments_of_another_stream_are_passed(void **state)
{
	struct buf b = { 0 };

	(void)state;
	outbox_close(two_segments());
	helper_write(&b, helper_stream(9), 7, 0);
	helper_file(top,
	    "outbox/00000000000000000007-00000000000000000007.msgs",
	    buf_slice(&b));
	assert_string_equal(helper_read(top, SPOOL_OUTBOX, 1), "1 2 3 4 5 6");
	buf_clear(&b);
}

static void
a_renewed_stream_is_told(void **state)
{
	struct outbox *o = two_segments();
	struct spool_reader *r = reader(SPOOL_OUTBOX | SPOOL_SENT, 6);
	struct message m;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(next(r), 6);
	assert_int_equal(outbox_renew(o, &e), 0);
	assert_int_equal(spool_reader_next(r, &m, &e), SPOOL_READ_FAILED);
	assert_int_equal(e.kind, ERR_TEMP);
	spool_reader_close(r);
	outbox_close(o);
}

static void
missing_directories_are_empty(void **state)
{
	(void)state;
	assert_string_equal(
	    helper_read(top,
		SPOOL_OUTBOX | SPOOL_SENT | SPOOL_INBOX | SPOOL_ARCHIVE, 1),
	    "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_may_move_while_it_reads),
		TEST(it_goes_on_from_its_end),
		TEST(it_seeks_in_both_directions),
		TEST(a_gap_says_where_it_ends),
		TEST(each_kind_of_damage_is_told_and_passed),
		TEST(segments_of_another_stream_are_passed),
		TEST(a_renewed_stream_is_told),
		TEST(missing_directories_are_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
