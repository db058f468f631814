/*
 * The sending end: numbers, commits, acknowledgements, room, new streams.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/spool/room.h"
#include "t/test_spool_helper.h"

#define S1_4 "00000000000000000001-00000000000000000004.msgs"

#define TEST(name) SPOOL_TEST(name, top)

static int top;

static void
what_is_committed_and_sealed_is_read(void **state)
{
	struct outbox *o = helper_filled(top, 3);

	(void)state;
	assert_true(outbox_state(o)->began);
	assert_int_equal(outbox_state(o)->waiting_messages, 4);
	outbox_close(o);
	assert_string_equal(helper_read(top, SPOOL_OUTBOX, 1), "1 2 3 4");
	assert_string_equal(helper_read(top, SPOOL_OUTBOX, 3), "3 4");
	assert_string_equal(helper_names(top, "outbox"), S1_4 " mark");
}

static void
each_message_names_the_one_before(void **state)
{
	struct outbox *o = helper_filled(top, 2);
	struct spool_reader *r;
	struct message m;
	struct err e = { 0 };
	uint32_t prev = 0;

	(void)state;
	outbox_close(o);
	o = helper_outbox(top, NULL);
	assert_false(outbox_state(o)->began);
	assert_int_equal(outbox_state(o)->generation, 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(helper_put_data(o, 10 + i, &e), 0);
		assert_int_equal(outbox_commit(o, &e), 0);
		if (i == 1)
			assert_int_equal(outbox_seal(o, &e), 0);
	}
	outbox_close(o);
	o = helper_outbox(top, NULL);
	assert_int_equal(outbox_state(o)->last.msgid, 6);
	assert_int_equal(helper_put_data(o, 20, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_seal(o, &e), 0);
	assert_int_equal(spool_reader_open(top, SPOOL_OUTBOX, 1, &r, &e), 0);
	for (uint64_t i = 1; i <= 7; i++) {
		assert_int_equal(spool_reader_next(r, &m, &e),
		    SPOOL_READ_MESSAGE);
		assert_int_equal(m.msgid, i);
		assert_int_equal(m.prev, prev);
		assert_true(stream_eq(m.stream, outbox_state(o)->stream));
		prev = m.digest;
	}
	assert_int_equal(outbox_state(o)->last.digest, prev);
	spool_reader_close(r);
	outbox_close(o);
}

static void
what_is_rolled_back_leaves_no_trace(void **state)
{
	struct outbox *o = helper_filled(top, 1);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(helper_put_data(o, 9, &e), 0);
	assert_int_equal(helper_put_config(o, 2, 1, 1, &e), 0);
	outbox_rollback(o);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(helper_put_data(o, 2, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_state(o)->last.msgid, 3);
	assert_int_equal(outbox_state(o)->generation, 1);
	assert_int_equal(outbox_seal(o, &e), 0);
	outbox_close(o);
	assert_string_equal(helper_read(top, SPOOL_OUTBOX, 1), "1 2 3");
}

static void
a_config_begins_a_segment(void **state)
{
	struct outbox *o = helper_filled(top, 1);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(helper_put_data(o, 2, &e), 0);
	assert_int_equal(helper_put_config(o, 2, 1, 2, &e), 0);
	assert_int_equal(helper_put_config(o, 2, 2, 2, &e), 0);
	assert_int_equal(helper_put_config(o, 3, 1, 1, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_state(o)->generation, 3);
	assert_string_equal(helper_names(top, "outbox"),
	    "00000000000000000001-00000000000000000002.msgs "
	    "00000000000000000003-00000000000000000003.msgs "
	    "00000000000000000004-00000000000000000005.msgs "
	    "00000000000000000006.open mark");
	outbox_close(o);
	o = helper_outbox(top, NULL);
	assert_int_equal(outbox_state(o)->generation, 3);
	assert_int_equal(outbox_state(o)->waiting_messages, 6);
	outbox_close(o);
}

static void
the_lock_keeps_others_out(void **state)
{
	struct outbox *o = helper_filled(top, 1), *second = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(outbox_open(top, NULL, &second, &e), -1);
	assert_int_equal(e.kind, ERR_TEMP);
	outbox_close(o);
	outbox_close(helper_outbox(top, NULL));
}

static void
only_right_acknowledgements_are_believed(void **state)
{
	static const struct {
		const char *what;
		uint64_t msgid;
		bool other_stream, other_digest, believed;
		uint64_t acked; /* afterwards */
	} rows[] = {
		{ "of nothing", 0, false, false, true, 0 },
		{ "of another stream", 2, true, false, false, 0 },
		{ "with another digest", 2, false, true, false, 0 },
		{ "never sent: open", 5, false, false, false, 0 },
		{ "never sent: beyond", 99, false, false, false, 0 },
		{ "amid a segment", 2, false, false, true, 2 },
		{ "the same again", 2, false, false, true, 2 },
		{ "the same, another digest", 2, false, true, false, 2 },
		{ "an older one", 1, false, false, true, 2 },
		{ "an older one, another digest", 1, false, true, false, 2 },
		{ "of a whole segment", 4, false, false, true, 4 },
		{ "older, in sent", 3, false, true, false, 4 },
	};
	struct outbox *o = helper_filled(top, 3);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(helper_put_data(o, 9, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spool_point at = { outbox_state(o)->stream,
			rows[i].msgid,
			helper_digest(top, SPOOL_OUTBOX | SPOOL_SENT,
			    rows[i].msgid) };

		if (rows[i].msgid == 0)
			at.digest = 0;
		else if (rows[i].msgid == 5)
			at.digest = outbox_state(o)->last.digest;
		at.stream.b[0] ^= rows[i].other_stream;
		at.digest ^= rows[i].other_digest;
		if ((outbox_ack(o, &at, &e) == 0) != rows[i].believed)
			fail_msg("%s", rows[i].what);
		if (!rows[i].believed)
			assert_int_equal(e.kind, ERR_INPUT);
		assert_int_equal(outbox_state(o)->acked.msgid, rows[i].acked);
	}
	assert_string_equal(helper_names(top, "sent"), S1_4);
	assert_int_equal(outbox_state(o)->waiting_messages, 1);
	outbox_close(o);
	o = helper_outbox(top, NULL);
	assert_int_equal(outbox_state(o)->acked.msgid, 4);
	assert_int_equal(outbox_state(o)->last.msgid, 5);
	outbox_close(o);
}

static void
ack_all(struct outbox *o)
{
	struct spool_point at = outbox_state(o)->last;
	struct err e = { 0 };

	if (outbox_seal(o, &e) == -1 || outbox_ack(o, &at, &e) == -1)
		fail_msg("%s", e.msg);
}

static void
an_empty_spool_goes_on_from_its_mark(void **state)
{
	struct outbox *o = helper_filled(top, 3);
	struct stream_id stream = outbox_state(o)->stream;
	struct spool_point last = outbox_state(o)->last;
	struct err e = { 0 };

	(void)state;
	ack_all(o);
	outbox_close(o);
	assert_int_equal(unlinkat(top, "sent/" S1_4, 0), 0);
	o = helper_outbox(top, NULL);
	assert_true(stream_eq(outbox_state(o)->stream, stream));
	assert_int_equal(outbox_state(o)->last.msgid, 4);
	assert_int_equal(outbox_state(o)->last.digest, last.digest);
	assert_int_equal(outbox_state(o)->waiting_messages, 0);
	assert_int_equal(outbox_state(o)->generation, 1);
	assert_int_equal(helper_put_data(o, 9, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_state(o)->last.msgid, 5);
	outbox_close(o);
	/* W12: mark and messages gone is a new stream, told once */
	assert_int_equal(unlinkat(top, "outbox/mark", 0), 0);
	assert_int_equal(unlinkat(top, "outbox/00000000000000000005.open", 0),
	    0);
	o = helper_outbox(top, NULL);
	assert_true(outbox_state(o)->began);
	assert_false(stream_eq(outbox_state(o)->stream, stream));
	outbox_close(o);
	o = helper_outbox(top, NULL);
	assert_false(outbox_state(o)->began);
	outbox_close(o);
}

/* Fill until it refuses; how many went in. */
static unsigned
fill(struct outbox *o, bool config, struct err *e)
{
	unsigned n = 0;

	while ((config ? helper_put_config(o, 1, 1, 1, e)
		       : helper_put_data(o, n, e)) == 0 &&
	    outbox_commit(o, e) == 0 && outbox_seal(o, e) == 0)
		n++;
	return n;
}

static void
a_full_spool_refuses(void **state)
{
	struct outbox_opts opts = { .size_max = 10000 };
	struct outbox *o = helper_outbox(top, &opts);
	struct err e = { 0 };
	unsigned n;

	(void)state;
	n = fill(o, false, &e);
	assert_int_equal(e.kind, ERR_TEMP);
	assert_int_equal(e.sys, ENOSPC);
	assert_true(outbox_state(o)->waiting_bytes <= 9000);
	assert_int_equal(outbox_state(o)->last.msgid, n);
	/* the reserve is for CONFIG */
	assert_int_equal(helper_put_config(o, 1, 1, 1, &e), 0);
	outbox_rollback(o);
	ack_all(o);
	assert_int_equal(helper_put_data(o, 1, &e), 0);
	outbox_close(o);
}

/* What is made of segments to be carried lies in the spool, too. */
static void
what_is_to_be_carried_counts(void **state)
{
	static const char companion[] =
	    "outbox/00000000000000000001-00000000000000000001.msgs.gz";
	struct outbox_opts opts = { .size_max = 64 << 10 };
	struct buf half = { 0 };
	struct outbox *o = helper_outbox(top, &opts);
	struct err e = { 0 };
	unsigned n = 0;

	(void)state;
	memset(buf_room(&half, 32 << 10), 'x', 32 << 10);
	half.n = 32 << 10;
	assert_int_equal(helper_put_data(o, 1, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_seal(o, &e), 0);
	outbox_close(o);
	helper_file(top, companion, buf_slice(&half));
	o = helper_outbox(top, &opts);
	while (helper_put_data(o, n++, &e) == 0)
		assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(e.sys, ENOSPC);
	assert_in_range(outbox_state(o)->waiting_bytes, 24 << 10, 32 << 10);
	outbox_close(o);
	/* and goes with what it is made of */
	opts.full = SPOOL_FULL_DROP_OLDEST;
	o = helper_outbox(top, &opts);
	assert_int_equal(helper_put_data(o, n, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_state(o)->dropped, 1);
	assert_int_equal(faccessat(top, companion, F_OK, 0), -1);
	while (outbox_state(o)->dropped == 1) {
		assert_int_equal(helper_put_data(o, n++, &e), 0);
		assert_int_equal(outbox_commit(o, &e), 0);
	}
	assert_in_range(outbox_state(o)->waiting_bytes, 48 << 10, 64 << 10);
	outbox_close(o);
	buf_clear(&half);
}

static void
a_spool_has_a_limit_in_files(void **state)
{
	int small = helper_dir_in_memory();
	struct outbox *o;
	struct err e = { 0 };

	(void)state;
	helper_segments(small, "outbox", ROOM_FILES - 1);
	o = helper_outbox(small, NULL);
	assert_int_equal(helper_put_data(o, 1, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_seal(o, &e), 0);
	assert_int_equal(helper_put_data(o, 2, &e), -1);
	assert_int_equal(e.sys, ENOSPC);
	assert_string_equal(e.msg, "the spool is full: 100000 files wait");
	outbox_close(o);
	helper_dir_done(small);
}

static void
dropping_the_oldest_leaves_a_tombstone(void **state)
{
	struct outbox_opts opts = { .size_max = 5000,
		.full = SPOOL_FULL_DROP_OLDEST };
	struct outbox *o = helper_outbox(top, &opts);
	const struct ledger *lost;
	struct err e = { 0 };
	uint64_t last;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		if (helper_put_data(o, i, &e) == -1 ||
		    outbox_commit(o, &e) == -1 || outbox_seal(o, &e) == -1)
			fail_msg("%s", e.msg);
	lost = outbox_lost(o);
	assert_int_equal(outbox_state(o)->last.msgid, 100);
	last = ledger_skip(lost, 1);
	assert_int_equal(ledger_count(lost, 1, 100), last);
	assert_int_equal(lost->range[0].why, LEDGER_TOMBSTONE);
	assert_int_equal(last + 1, 100 - outbox_state(o)->waiting_messages + 1);
	assert_int_equal(outbox_state(o)->dropped, last);
	assert_true(outbox_state(o)->waiting_bytes <= 4500);
	outbox_close(o);
	o = helper_outbox(top, &opts);
	assert_int_equal(ledger_count(outbox_lost(o), 1, 100), last);
	assert_int_equal(outbox_state(o)->quarantined, 0);
	outbox_close(o);
}

/* The DATA that stays is of no use without it, to no hub that has not seen it. */
static void
dropping_for_room_spares_the_config(void **state)
{
	struct outbox_opts opts = { .size_max = 8000,
		.full = SPOOL_FULL_DROP_OLDEST };
	struct outbox *o = helper_outbox(top, &opts);
	struct err e = { 0 };

	(void)state;
	for (unsigned again = 0; again < 2; again++) {
		assert_int_equal(helper_put_config(o, 1, 1, 1, &e), 0);
		for (unsigned i = 0; i < 200; i++)
			if (helper_put_data(o, i, &e) == -1 ||
			    outbox_commit(o, &e) == -1)
				fail_msg("%s", e.msg);
		assert_true(outbox_state(o)->waiting_bytes <= 7200);
		assert_true(outbox_state(o)->waiting_messages > 20);
		assert_null(ledger_find(outbox_lost(o), 1 + again * 201));
		assert_non_null(ledger_find(outbox_lost(o), 2 + again * 201));
	}
	/* the one before it is not needed any more */
	assert_int_equal(ledger_skip(outbox_lost(o), 1), 201);
	assert_int_equal(outbox_state(o)->dropped,
	    ledger_count(outbox_lost(o), 1, 402));
	outbox_close(o);
	o = helper_outbox(top, &opts);
	assert_int_equal(outbox_state(o)->quarantined, 0);
	assert_int_equal(outbox_renew(o, &e), 0);
	assert_int_equal(outbox_state(o)->quarantined, 0);
	assert_true(outbox_state(o)->waiting_messages > 20);
	/* and of that stream, too, there is something to drop */
	for (unsigned i = 0; i < 100; i++)
		if (helper_put_data(o, i, &e) == -1 ||
		    outbox_commit(o, &e) == -1)
			fail_msg("%s", e.msg);
	assert_true(outbox_state(o)->waiting_bytes <= 7200);
	outbox_close(o);
}

/* Nothing is dropped before it is known that this is enough. */
static void
what_never_has_room_drops_nothing(void **state)
{
	struct outbox_opts opts = { .size_max = 8000,
		.full = SPOOL_FULL_DROP_OLDEST };
	struct outbox *o = helper_outbox(top, &opts);
	struct err e = { 0 };
	uint64_t bytes;
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(helper_put_data(o, i, &e), 0);
		assert_int_equal(outbox_commit(o, &e), 0);
	}
	bytes = outbox_state(o)->waiting_bytes;
	while (n < 200 && helper_put_data(o, n, &e) == 0)
		n++;
	assert_int_equal(e.sys, ENOSPC);
	outbox_rollback(o);
	assert_int_equal(outbox_state(o)->dropped, 0);
	assert_int_equal(outbox_state(o)->waiting_bytes, bytes);
	/* as many as had room have it still */
	assert_in_range(n, 20, 100);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(helper_put_data(o, i, &e), 0);
	assert_int_equal(outbox_state(o)->dropped, 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_true(outbox_state(o)->dropped > 0);
	assert_true(outbox_state(o)->waiting_bytes <= 7200);
	outbox_close(o);
	/* nor is there room in an empty one, whatever the policy */
	for (int full = 0; full <= 1; full++) {
		int other = helper_dir_in_memory();

		opts.full = (enum spool_full)full;
		o = helper_outbox(other, &opts);
		while (helper_put_data(o, 1, &e) == 0)
			continue;
		assert_int_equal(e.sys, ENOSPC);
		assert_string_equal(e.msg,
		    "the spool would be more than full, with 7200 bytes: "
		    "give less at a time, or set spool-size larger");
		outbox_close(o);
		helper_dir_done(other);
	}
}

/* The receiver had it, and its acknowledgement came late. */
static void
what_was_dropped_is_acknowledged_still(void **state)
{
	static const struct {
		const char *what;
		uint64_t msgid;
		bool other_digest, told_lost, believed;
	} rows[] = {
		{ "the end of a segment, of another spool", 4, true, false,
		    false },
		{ "in the midst of one: nobody knows", 3, true, false, true },
		{ "the end of a segment", 4, false, false, true },
		{ "as what it was told is lost", 6, false, true, true },
		{ "what is held, of another spool", 9, true, false, false },
		{ "what is held, as if it were lost", 9, false, true, false },
		{ "what is held", 9, false, false, true },
	};
	struct outbox *o = NULL;
	struct spool_point at = { 0 };
	uint32_t digest[11] = { 0 };
	struct err e = { 0 };

	(void)state;
	for (unsigned i = 1; i <= 10; i++) { /* two in each segment */
		o = helper_outbox(top, NULL);
		assert_int_equal(helper_put_data(o, i, &e), 0);
		assert_int_equal(outbox_commit(o, &e), 0);
		if (i % 2 == 0)
			assert_int_equal(outbox_seal(o, &e), 0);
		digest[i] = outbox_state(o)->last.digest;
		outbox_close(o);
	}
	o = helper_outbox(top, NULL);
	assert_int_equal(
	    outbox_drop_oldest(o, outbox_state(o)->waiting_bytes / 2, &e), 0);
	assert_int_equal(outbox_state(o)->waiting_messages, 4);
	at.stream = outbox_state(o)->stream;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t before = outbox_state(o)->acked.msgid;

		outbox_close(o); /* it is in the file */
		o = helper_outbox(top, NULL);
		assert_int_equal(outbox_can_compare(o, rows[i].msgid),
		    rows[i].msgid % 2 == 0 || rows[i].msgid > 6);
		at.msgid = rows[i].msgid;
		at.digest = rows[i].told_lost
		    ? 0
		    : digest[rows[i].msgid] ^ rows[i].other_digest;
		if ((outbox_ack(o, &at, &e) == 0) != rows[i].believed)
			fail_msg("%s", rows[i].what);
		assert_int_equal(outbox_state(o)->acked.msgid,
		    rows[i].believed ? rows[i].msgid : before);
	}
	outbox_close(o);
}

static uint64_t
lost_end(const struct outbox *o)
{
	const struct ledger *l = outbox_lost(o);

	return l->n > 0 ? l->range[l->n - 1].last : 0;
}

/* What a budget lets go: the newest, and the CONFIG that they need. */
static void
dropping_to_a_size_spares_the_config(void **state)
{
	struct outbox_opts opts = { .segment_max = 2000 };
	struct outbox *o = helper_outbox(top, &opts);
	uint64_t first;
	struct err e = { 0 };
	char want[64];

	(void)state;
	assert_int_equal(helper_put_config(o, 1, 1, 1, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	for (unsigned i = 0; i < 300; i++) {
		if (i == 100)
			assert_int_equal(helper_put_config(o, 2, 1, 1, &e), 0);
		if (helper_put_data(o, i, &e) == -1 ||
		    outbox_commit(o, &e) == -1)
			fail_msg("%s", e.msg);
	}
	assert_int_equal(outbox_seal(o, &e), 0);
	assert_int_equal(outbox_drop_oldest(o, UINT64_MAX / 2, &e), 0);
	assert_int_equal(outbox_state(o)->waiting_messages, 302);
	assert_int_equal(outbox_drop_oldest(o, 10000, &e), 0);
	/* the CONFIG of generation 2 is message 102, and its segment stays */
	assert_in_range(outbox_state(o)->waiting_bytes, 6000, 12000);
	assert_int_equal(ledger_skip(outbox_lost(o), 1), 101);
	assert_int_equal(outbox_lost(o)->range[0].why, LEDGER_TOMBSTONE);
	first = lost_end(o) + 1;
	assert_int_equal(outbox_state(o)->dropped,
	    ledger_count(outbox_lost(o), 1, 302));
	/* and so again */
	assert_int_equal(outbox_drop_oldest(o, 10000, &e), 0);
	assert_int_equal(lost_end(o) + 1, first);
	assert_int_equal(outbox_drop_oldest(o, 0, &e), 0);
	assert_true(lost_end(o) + 1 > first);
	outbox_close(o);
	o = helper_outbox(top, &opts);
	assert_int_equal(outbox_state(o)->quarantined, 0);
	assert_int_equal(ledger_skip(outbox_lost(o), 1), 101);
	first = lost_end(o) + 1;
	outbox_close(o);
	(void)snprintf(want, sizeof(want), "gap:102 102 gap:302 302");
	assert_string_equal(helper_read(top, SPOOL_OUTBOX, 1), want);
	assert_int_equal(first, 302);
}

/* All of it lies in one segment, of which only the newest may stay. */
static void
dropping_to_a_size_cuts_a_segment(void **state)
{
	struct outbox *o = helper_filled(top, 40);
	uint64_t all = outbox_state(o)->waiting_bytes, first;
	struct buf before = { 0 };
	struct spool_point last = outbox_state(o)->last;
	struct err e = { 0 };
	char whole[SEGMENT_NAME_SIZE], want[128];
	int dir = durable_open_dir(top, "outbox", &e);

	(void)state;
	segment_name_text((struct segment_name){ 1, 41 }, whole);
	assert_int_equal(durable_read_file(dir, whole, all, &before, &e), 0);
	assert_int_equal(outbox_drop_oldest(o, all / 4, &e), 0);
	/* a quarter, and the CONFIG */
	assert_in_range(outbox_state(o)->waiting_messages, 9, 12);
	assert_in_range(outbox_state(o)->waiting_bytes, 1, all / 4 + 400);
	first = lost_end(o) + 1;
	assert_int_equal(outbox_state(o)->dropped, first - 2);
	outbox_close(o);
	(void)snprintf(want, sizeof(want),
	    "00000000000000000001-00000000000000000001.msgs "
	    "%020" PRIu64 "-00000000000000000041.msgs",
	    first);
	assert_non_null(strstr(helper_names(top, "outbox"), want));

	/* what a power cut may leave of it, before anything was dropped */
	assert_int_equal(durable_create(dir, whole, buf_slice(&before), &e), 0);
	o = helper_outbox(top, NULL);
	assert_null(strstr(helper_names(top, "outbox"), want));
	assert_non_null(strstr(helper_names(top, "outbox"), whole));
	assert_int_equal(outbox_state(o)->last.msgid, last.msgid);
	assert_int_equal(outbox_state(o)->last.digest, last.digest);
	assert_int_equal(lost_end(o) + 1, first);
	/* to the newest, and the CONFIG */
	assert_int_equal(outbox_drop_oldest(o, 0, &e), 0);
	assert_int_equal(outbox_state(o)->waiting_messages, 2);
	outbox_close(o);
	assert_string_equal(helper_read(top, SPOOL_OUTBOX, 1), "1 gap:41 41");
	buf_clear(&before);
	close(dir);
}

static void
a_message_too_large_is_refused(void **state)
{
	struct outbox_opts opts = { .message_max = 100 };
	struct outbox *o = helper_outbox(top, &opts);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(helper_put_data(o, 1, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_state(o)->last.msgid, 0);
	outbox_close(o);
}

/* A day a segment: CONFIG, then some DATA. */
static void
put_day(struct outbox *o, unsigned day, unsigned data)
{
	struct message m = { .type = MESSAGE_CONFIG,
		.generation = 1,
		.timestamp = 1700000000,
		.part = 1,
		.parts = 1,
		.body = SLICE("level2-token:T1\nlevel2-path:/A\n") };
	struct err e = { 0 };

	assert_int_equal(outbox_put(o, &m, &e), 0);
	for (unsigned i = 0; i < data; i++)
		assert_int_equal(helper_put_data(o, day * 86400 + i, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	ack_all(o);
}

static size_t
count_sent(void)
{
	const char *s = helper_names(top, "sent");
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == 'm'; /* once in ".msgs" */
	return n;
}

static void
sent_messages_stay_for_their_time(void **state)
{
	struct outbox_opts opts = { .retain_s = 20 * 86400 };
	struct outbox *o = helper_outbox(top, &opts);

	(void)state;
	for (unsigned day = 0; day < 60; day++)
		put_day(o, day, 10);
	assert_int_equal(count_sent(), 21);
	outbox_close(o);
	/* a jump of the clock makes all look old: told, nothing is deleted */
	o = helper_outbox(top, &opts);
	put_day(o, 9000, 1);
	assert_true(outbox_state(o)->sweep_held);
	assert_int_equal(count_sent(), 22);
	outbox_close(o);
}

static void
the_last_data_stay_whatever_their_age(void **state)
{
	struct outbox_opts opts = { .retain_s = 1 };
	struct outbox *o = helper_outbox(top, &opts);

	(void)state;
	for (unsigned day = 0; day < 30; day++)
		put_day(o, day, 5);
	/* 11 of 6 numbers are 66, in which a seed looks */
	assert_int_equal(count_sent(), 11);
	outbox_close(o);
}

static void
sent_is_kept_from_a_config_on(void **state)
{
	struct outbox_opts opts = { .retain_s = 86400 };
	struct outbox *o = helper_outbox(top, &opts);
	struct err e = { 0 };

	(void)state;
	put_day(o, 0, 100);
	for (unsigned day = 1; day < 40; day++) {
		assert_int_equal(helper_put_data(o, day * 86400, &e), 0);
		assert_int_equal(outbox_commit(o, &e), 0);
		ack_all(o);
	}
	assert_int_equal(count_sent(), 40);
	outbox_close(o);
}

static void
a_renewed_stream_has_all_that_was_held(void **state)
{
	struct outbox *o = helper_filled(top, 3);
	struct stream_id before = outbox_state(o)->stream;
	struct err e = { 0 };

	(void)state;
	ack_all(o);
	assert_int_equal(helper_put_config(o, 2, 1, 1, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	if (outbox_renew(o, &e) == -1)
		fail_msg("%s", e.msg);
	assert_true(outbox_state(o)->began);
	assert_false(stream_eq(outbox_state(o)->stream, before));
	assert_int_equal(outbox_state(o)->last.msgid, 5);
	assert_int_equal(outbox_state(o)->acked.msgid, 0);
	assert_int_equal(outbox_state(o)->generation, 2);
	assert_int_equal(outbox_state(o)->quarantined, 0);
	assert_string_equal(helper_read(top, SPOOL_OUTBOX | SPOOL_SENT, 1),
	    "1 2 3 4 5");
	assert_string_equal(helper_names(top, "sent"), "");
	assert_string_equal(helper_names(top, "."), "outbox sent");
	ack_all(o);
	outbox_close(o);
	o = helper_outbox(top, NULL);
	assert_int_equal(outbox_state(o)->acked.msgid, 5);
	outbox_close(o);
}

/* A commit failed, and so did cutting off what it had written: a number that was
 * given to another message then stands behind the last of a segment. */
static void
a_renewed_stream_has_nothing_of_a_commit_that_failed(void **state)
{
	struct outbox *o = helper_filled(top, 3);
	struct stream_id stream = outbox_state(o)->stream;
	struct buf b = { 0 };
	struct err e = { 0 };
	int dir = durable_open_dir(top, "outbox", &e);

	(void)state;
	assert_int_equal(durable_read_file(dir, S1_4, 10000, &b, &e), 0);
	helper_write(&b, stream, 5, outbox_state(o)->last.digest);
	helper_file(top, "outbox/" S1_4, buf_slice(&b));
	assert_int_equal(helper_put_config(o, 2, 1, 1, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_renew(o, &e), 0);
	/* 5 is the CONFIG, not the DATA */
	assert_int_equal(outbox_state(o)->last.msgid, 5);
	assert_int_equal(outbox_state(o)->generation, 2);
	outbox_close(o);
	buf_clear(&b);
	close(dir);
}

static void
a_renewed_stream_begins_with_a_config(void **state)
{
	struct outbox *o = helper_outbox(top, NULL);
	struct spool_reader *r;
	struct message m;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(helper_put_data(o, 1, &e), 0);
	assert_int_equal(helper_put_config(o, 7, 2, 2, &e), 0);
	assert_int_equal(helper_put_config(o, 8, 1, 2, &e), 0);
	assert_int_equal(helper_put_config(o, 9, 1, 1, &e), 0);
	assert_int_equal(helper_put_data(o, 2, &e), 0); /* generation 1 */
	m = (struct message){ .type = MESSAGE_DATA,
		.timestamp = 1700000009,
		.generation = 9,
		.body = SLICE("T1:7\n") };
	assert_int_equal(outbox_put(o, &m, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_renew(o, &e), 0);
	assert_int_equal(outbox_state(o)->last.msgid, 2);
	assert_int_equal(outbox_state(o)->generation, 1);
	assert_int_equal(outbox_state(o)->quarantined, 4);
	assert_int_equal(spool_reader_open(top, SPOOL_OUTBOX, 1, &r, &e), 0);
	assert_int_equal(spool_reader_next(r, &m, &e), SPOOL_READ_MESSAGE);
	assert_int_equal(m.type, MESSAGE_CONFIG);
	assert_int_equal(m.generation, 1);
	assert_int_equal(spool_reader_next(r, &m, &e), SPOOL_READ_MESSAGE);
	assert_int_equal(m.type, MESSAGE_DATA);
	assert_int_equal(m.generation, 1);
	spool_reader_close(r);
	outbox_close(o);
}

static void
a_stream_of_tasks_is_renewed_whole(void **state)
{
	struct outbox *o = helper_outbox(top, NULL);
	struct message m = { .type = MESSAGE_RESYNC,
		.timestamp = 1700000000,
		.body = SLICE("generation:0\n") };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(outbox_put(o, &m, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_renew(o, &e), 0);
	assert_int_equal(outbox_state(o)->last.msgid, 1);
	assert_int_equal(outbox_renew(o, &e), 0);
	assert_int_equal(outbox_state(o)->last.msgid, 1);
	outbox_close(o);
}

static void
an_empty_outbox_is_renewed_empty(void **state)
{
	struct outbox *o = helper_outbox(top, NULL);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(outbox_renew(o, &e), 0);
	assert_int_equal(outbox_state(o)->last.msgid, 0);
	assert_int_equal(helper_put_config(o, 1, 1, 1, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_state(o)->last.msgid, 1);
	outbox_close(o);
}

static void
damage_that_a_reader_finds_is_repaired(void **state)
{
	struct outbox *o = helper_filled(top, 5);
	struct err e = { 0 };

	(void)state;
	helper_spoil(top,
	    "outbox/00000000000000000001-00000000000000000006"
	    ".msgs",
	    helper_offset(top,
		"outbox/00000000000000000001-00000000000000000006.msgs", 3) +
		8,
	    "?");
	assert_string_equal(helper_read(top, SPOOL_OUTBOX, 1),
	    "1 2 bad:3 gap:4 4 5 6");
	assert_int_equal(outbox_repair(o, 3, &e), 0);
	assert_string_equal(helper_read(top, SPOOL_OUTBOX, 1),
	    "1 2 gap:4 4 5 6");
	assert_int_equal(outbox_lost(o)->n, 1);
	assert_int_equal(outbox_lost(o)->range[0].first, 3);
	assert_int_equal(outbox_lost(o)->range[0].last, 3);
	assert_int_equal(outbox_state(o)->quarantined, 1);
	assert_int_equal(outbox_state(o)->waiting_messages, 5);
	assert_string_equal(helper_names(top, "quarantine"),
	    "outbox-00000000000000000001-00000000000000000006.msgs "
	    "outbox-00000000000000000001-00000000000000000006.msgs.why");
	assert_int_equal(outbox_repair(o, 3, &e), 0);
	ack_all(o);
	outbox_close(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_committed_and_sealed_is_read),
		TEST(each_message_names_the_one_before),
		TEST(what_is_rolled_back_leaves_no_trace),
		TEST(a_config_begins_a_segment),
		TEST(the_lock_keeps_others_out),
		TEST(only_right_acknowledgements_are_believed),
		TEST(an_empty_spool_goes_on_from_its_mark),
		TEST(a_full_spool_refuses),
		TEST(what_is_to_be_carried_counts),
		TEST(a_spool_has_a_limit_in_files),
		TEST(dropping_the_oldest_leaves_a_tombstone),
		TEST(dropping_for_room_spares_the_config),
		TEST(what_never_has_room_drops_nothing),
		TEST(what_was_dropped_is_acknowledged_still),
		TEST(dropping_to_a_size_spares_the_config),
		TEST(dropping_to_a_size_cuts_a_segment),
		TEST(a_message_too_large_is_refused),
		TEST(sent_messages_stay_for_their_time),
		TEST(the_last_data_stay_whatever_their_age),
		TEST(sent_is_kept_from_a_config_on),
		TEST(a_renewed_stream_has_all_that_was_held),
		TEST(a_renewed_stream_has_nothing_of_a_commit_that_failed),
		TEST(a_renewed_stream_begins_with_a_config),
		TEST(a_stream_of_tasks_is_renewed_whole),
		TEST(an_empty_outbox_is_renewed_empty),
		TEST(damage_that_a_reader_finds_is_repaired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
