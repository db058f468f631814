/*
 * Every state that doc/spool.5 lists: what a crash, damage, a full disk or a
 * restored backup leaves, and what opening makes of it.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/spool/peek.h"
#include "t/test_spool_helper.h"

#define FOUR   "outbox/00000000000000000001-00000000000000000004.msgs"
#define OPEN_5 "outbox/00000000000000000005.open"

#define TEST(name) SPOOL_TEST(name, top)

static int top;

/* 1-4 sealed, 5-7 open, the writer gone. */
static void
leave_open(void)
{
	struct outbox *o = helper_filled(top, 3);
	struct err e = { 0 };

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(helper_put_data(o, 5 + i, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	outbox_close(o);
}

/* Open, tell, put one more, seal: what is there afterwards. */
static const char *
reopened(uint64_t *last, uint64_t *lost)
{
	struct outbox *o = helper_outbox(top, NULL);
	struct err e = { 0 };

	*last = outbox_state(o)->last.msgid;
	*lost = ledger_count(outbox_lost(o), 1, LIMIT_MSGID);
	if (helper_put_data(o, 99, &e) == -1 || outbox_commit(o, &e) == -1 ||
	    outbox_seal(o, &e) == -1)
		fail_msg("%s", e.msg);
	outbox_close(o);
	return helper_read(top, SPOOL_OUTBOX | SPOOL_SENT, 1);
}

static void
copy(const char *from, const char *to)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	assert_int_equal(durable_read_file(top, from, 1 << 20, &b, &e), 0);
	helper_file(top, to, buf_slice(&b));
	buf_clear(&b);
}

static void
as_it_was(void)
{
}

static void
cut_amid_the_last(void)
{
	helper_cut(top, OPEN_5, -10);
}

static void
cut_behind_the_last(void)
{
	helper_cut(top, OPEN_5, helper_offset(top, OPEN_5, 7));
}

static void
zeros_in_the_last(void)
{
	int fd = openat(top, OPEN_5, O_RDWR | O_CLOEXEC);
	static const char zeros[40];

	assert_int_equal(pwrite(fd, zeros, sizeof(zeros),
			     helper_offset(top, OPEN_5, 7) + 20),
	    sizeof(zeros));
	close(fd);
}

static void
zeros_only(void)
{
	static const char zeros[100];

	helper_file(top, OPEN_5, (struct slice){ zeros, sizeof(zeros) });
}

static void
an_empty_open_one(void)
{
	helper_cut(top, OPEN_5, 0);
}

static void
an_empty_open_one_behind(void)
{
	helper_file(top, "outbox/00000000000000000008.open", SLICE(""));
}

static void
damage_in_the_middle(void)
{
	helper_spoil(top, OPEN_5, helper_offset(top, OPEN_5, 6) + 60, "?");
}

static void
damage_in_the_first(void)
{
	helper_spoil(top, OPEN_5, 30, "?");
}

static void
two_open_ones(void)
{
	struct outbox *o = helper_outbox(top, NULL);
	struct err e = { 0 };

	assert_int_equal(outbox_seal(o, &e), 0);
	assert_int_equal(helper_put_data(o, 8, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	outbox_close(o);
	/* as a crash between the segments of one commit leaves it */
	assert_int_equal(renameat(top,
			     "outbox/00000000000000000005-"
			     "00000000000000000007.msgs",
			     top, OPEN_5),
	    0);
}

static void
an_open_copy_of_a_sealed_one(void)
{
	copy(FOUR, "outbox/00000000000000000001.open");
}

static void
the_last_sealed_one_is_cut(void)
{
	assert_int_equal(unlinkat(top, OPEN_5, 0), 0);
	helper_cut(top, FOUR, -10);
}

static void
bytes_behind_the_last_sealed_one(void)
{
	struct stat st;

	assert_int_equal(unlinkat(top, OPEN_5, 0), 0);
	assert_int_equal(fstatat(top, FOUR, &st, 0), 0);
	helper_spoil(top, FOUR, st.st_size, "MsgID:5\nTy");
}

static void
the_last_sealed_one_is_of_zeros(void)
{
	static const char zeros[100];

	assert_int_equal(unlinkat(top, OPEN_5, 0), 0);
	helper_file(top,
	    "outbox/00000000000000000005-00000000000000000009"
	    ".msgs",
	    (struct slice){ zeros, sizeof(zeros) });
}

static void
foreign_names(void)
{
	helper_file(top, "outbox/core", SLICE("x"));
	helper_file(top, "outbox/00000000000000000005.open~", SLICE("x"));
	helper_file(top, "outbox/.tmp-1-1", SLICE("x"));
	assert_int_equal(mkdirat(top, "outbox/a directory", 0700), 0);
	assert_int_equal(symlinkat("/etc/passwd", top, "outbox/-rf"), 0);
}

static void
a_link_named_as_open(void)
{
	assert_int_equal(
	    symlinkat("/etc/passwd", top, "outbox/00000000000000000008.open"),
	    0);
}

static void
the_mark_is_gone(void)
{
	assert_int_equal(unlinkat(top, "outbox/mark", 0), 0);
}

static void
the_mark_is_damaged(void)
{
	helper_file(top, "outbox/mark", SLICE("no slots at all"));
}

static void
the_ledger_is_damaged(void)
{
	helper_file(top, "outbox/lost", SLICE("lost 1-100\n"));
}

static void
the_first_segment_is_gone(void)
{
	assert_int_equal(unlinkat(top, FOUR, 0), 0);
}

static void
renewal_not_exchanged(void)
{
	assert_int_equal(mkdirat(top, "outbox.new", 0700), 0);
	helper_file(top, "outbox.new/00000000000000000001.open", SLICE("x"));
}

/* Which messages are read afterwards; 8 or so is the one put then. */
static void
each_state_is_recovered(void **state)
{
	static const struct {
		const char *what;
		void (*spoil)(void);
		uint64_t last, lost;
		const char *read;
	} rows[] = {
		{ "as it was", as_it_was, 7, 0, "1 2 3 4 5 6 7 8" },
		{ "cut amid the last", cut_amid_the_last, 6, 0,
		    "1 2 3 4 5 6 7" },
		{ "cut behind the last", cut_behind_the_last, 6, 0,
		    "1 2 3 4 5 6 7" },
		{ "zeros in the last", zeros_in_the_last, 6, 0,
		    "1 2 3 4 5 6 7" },
		{ "zeros only", zeros_only, 4, 0, "1 2 3 4 5" },
		{ "an empty open one", an_empty_open_one, 4, 0, "1 2 3 4 5" },
		{ "an empty open one behind", an_empty_open_one_behind, 7, 0,
		    "1 2 3 4 5 6 7 8" },
		{ "damage in the middle", damage_in_the_middle, 7, 1,
		    "1 2 3 4 5 gap:7 7 8" },
		{ "damage in the first", damage_in_the_first, 7, 1,
		    "1 2 3 4 gap:6 6 7 8" },
		{ "two open ones", two_open_ones, 8, 0, "1 2 3 4 5 6 7 8 9" },
		{ "an open copy of a sealed one", an_open_copy_of_a_sealed_one,
		    7, 0, "1 2 3 4 5 6 7 8" },
		{ "the last sealed one is cut", the_last_sealed_one_is_cut, 3,
		    0, "1 2 3 4" },
		{ "bytes behind the last sealed one",
		    bytes_behind_the_last_sealed_one, 4, 0, "1 2 3 4 5" },
		{ "the last sealed one is of zeros",
		    the_last_sealed_one_is_of_zeros, 4, 0, "1 2 3 4 5" },
		{ "foreign names", foreign_names, 7, 0, "1 2 3 4 5 6 7 8" },
		{ "a link named as open", a_link_named_as_open, 7, 0,
		    "1 2 3 4 5 6 7 8" },
		{ "the mark is gone", the_mark_is_gone, 7, 0,
		    "1 2 3 4 5 6 7 8" },
		{ "the mark is damaged", the_mark_is_damaged, 7, 0,
		    "1 2 3 4 5 6 7 8" },
		{ "the ledger is damaged", the_ledger_is_damaged, 7, 0,
		    "1 2 3 4 5 6 7 8" },
		{ "the first segment is gone", the_first_segment_is_gone, 7, 4,
		    "gap:5 5 6 7 8" },
		{ "renewal not exchanged", renewal_not_exchanged, 7, 0,
		    "1 2 3 4 5 6 7 8" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t last, lost;
		const char *read;

		leave_open();
		rows[i].spoil();
		read = reopened(&last, &lost);
		if (last != rows[i].last || lost != rows[i].lost ||
		    strcmp(read, rows[i].read) != 0)
			fail_msg("%s: last %" PRIu64 " lost %" PRIu64 ": %s",
			    rows[i].what, last, lost, read);
		helper_dir_done(top);
		top = helper_dir();
	}
}

static void
foreign_names_are_counted_and_left(void **state)
{
	struct outbox *o;

	(void)state;
	leave_open();
	foreign_names();
	o = helper_outbox(top, NULL);
	assert_int_equal(outbox_state(o)->foreign, 4);
	outbox_close(o);
	assert_non_null(strstr(helper_names(top, "outbox"), "core"));
}

/* Without repairing anything. */
static void
who_looks_sees_good_ones_behind_damage(void **state)
{
	static const char file[] = "outbox/00000000000000000005.open";
	struct outbox *o;
	struct peek p;
	struct err e = { 0 };

	(void)state;
	leave_open();
	assert_int_equal(mkdirat(top, "quarantine", 0700), 0);
	assert_int_equal(peek_outbox(top, &p, &e), 0);
	assert_int_equal(p.last, 7);
	for (uint64_t n = 5; n <= 6; n++) {
		helper_spoil(top, file, helper_offset(top, file, n) + 40, "#");
		assert_int_equal(peek_outbox(top, &p, &e), 0);
		assert_int_equal(p.last, 7);
		assert_int_equal(p.waiting_messages, 7);
	}
	o = helper_outbox(top, NULL);
	assert_int_equal(outbox_state(o)->last.msgid, 7);
	assert_int_equal(outbox_state(o)->quarantined, 2);
	outbox_close(o);
	assert_string_equal(helper_read(top, SPOOL_OUTBOX, 1),
	    "1 2 3 4 gap:7 7");
}

static void
numbers_of_a_lost_tail_are_not_given_out_again(void **state)
{
	struct outbox *o = helper_filled(top, 3);
	struct spool_point at = outbox_state(o)->acked;
	struct err e = { 0 };
	uint64_t last, lost;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(helper_put_data(o, 5 + i, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	at.msgid = 2;
	at.digest = helper_digest(top, SPOOL_OUTBOX, 2);
	assert_int_equal(outbox_ack(o, &at, &e), 0); /* mark: next is 8 */
	outbox_close(o);
	assert_int_equal(unlinkat(top, OPEN_5, 0), 0);
	assert_string_equal(reopened(&last, &lost), "1 2 3 4 gap:8 8");
	assert_int_equal(last, 7);
	assert_int_equal(lost, 3);
}

/* The power went after CONFIG 2 was acknowledged: what that ack's mark said is
 * lost, or all of it. */
static void
the_generation_is_that_of_what_was_sent(void **state)
{
	struct outbox *o = helper_filled(top, 3);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(outbox_ack(o, &outbox_state(o)->last, &e), 0);
	assert_int_equal(mkdirat(top, "kept", 0700), 0);
	copy("outbox/mark", "kept/mark");
	assert_int_equal(helper_put_config(o, 2, 1, 1, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	assert_int_equal(outbox_seal(o, &e), 0);
	assert_int_equal(outbox_ack(o, &outbox_state(o)->last, &e), 0);
	outbox_close(o);
	copy("kept/mark", "outbox/mark");
	for (int i = 0; i < 2; i++) {
		o = helper_outbox(top, NULL);
		assert_int_equal(outbox_state(o)->last.msgid, 5);
		assert_int_equal(outbox_state(o)->generation, 2);
		outbox_close(o);
		the_mark_is_gone();
	}
}

/* Of the newer of its two slots. */
static uint64_t
mark_serial(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	uint64_t serial = 0, n;
	int dir = durable_open_dir(top, "outbox", &e);

	assert_int_equal(durable_read_file(dir, "mark", 1024, &b, &e), 0);
	for (size_t at = 0; at < b.n; at += 512) {
		struct slice in = { b.p + at, b.n - at }, word;

		assert_true(slice_cut(&in, ' ', &word));
		assert_true(slice_cut(&in, ' ', &word));
		assert_true(slice_u64(word, UINT64_MAX, &n));
		if (n > serial)
			serial = n;
	}
	buf_clear(&b);
	close(dir);
	return serial;
}

static void
what_was_acknowledged_moves_at_the_next_open(void **state)
{
	struct outbox *o = helper_filled(top, 3);
	struct spool_point at = outbox_state(o)->last;
	struct err e = { 0 };
	uint64_t serial;

	(void)state;
	assert_int_equal(outbox_ack(o, &at, &e), 0);
	outbox_close(o);
	serial = mark_serial();
	assert_int_equal(renameat(top,
			     "sent/00000000000000000001-"
			     "00000000000000000004.msgs",
			     top, FOUR),
	    0);
	o = helper_outbox(top, NULL);
	assert_int_equal(outbox_state(o)->waiting_messages, 0);
	assert_int_equal(outbox_state(o)->waiting_bytes, 0);
	outbox_close(o);
	assert_string_equal(helper_names(top, "outbox"), "mark");
	/* the one that was found might have been lost still */
	assert_int_equal(mark_serial(), serial + 1);
	/* an old mark, but sent/ says what was acknowledged */
	the_mark_is_gone();
	o = helper_outbox(top, NULL);
	assert_false(outbox_state(o)->began);
	assert_int_equal(outbox_state(o)->acked.msgid, 4);
	assert_int_equal(outbox_state(o)->acked.digest, at.digest);
	outbox_close(o);
}

static void
a_renewal_that_was_exchanged_is_ended(void **state)
{
	struct outbox *o = helper_filled(top, 3);
	struct spool_point at = outbox_state(o)->last;
	struct stream_id old = at.stream;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(outbox_ack(o, &at, &e), 0);
	assert_int_equal(helper_put_config(o, 2, 1, 1, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	outbox_close(o);
	/* keep the old stream as it is before the exchange is cleared up */
	assert_int_equal(mkdirat(top, "kept", 0700), 0);
	assert_int_equal(mkdirat(top, "kept_sent", 0700), 0);
	copy("outbox/mark", "kept/mark");
	copy("outbox/00000000000000000005.open",
	    "kept/00000000000000000005.open");
	copy("sent/00000000000000000001-00000000000000000004.msgs",
	    "kept_sent/00000000000000000001-00000000000000000004.msgs");
	o = helper_outbox(top, NULL);
	assert_int_equal(outbox_renew(o, &e), 0);
	outbox_close(o);
	unlinkat(top, "sent", AT_REMOVEDIR);
	assert_int_equal(renameat(top, "kept_sent", top, "sent"), 0);
	assert_int_equal(renameat(top, "kept", top, "outbox.new"), 0);
	o = helper_outbox(top, NULL);
	assert_false(stream_eq(outbox_state(o)->stream, old));
	assert_int_equal(outbox_state(o)->last.msgid, 5);
	assert_int_equal(outbox_state(o)->acked.msgid, 0);
	outbox_close(o);
	assert_string_equal(helper_names(top, "."), "outbox sent");
	assert_string_equal(helper_names(top, "sent"), "");
}

/* The power went before the removal of the old directory was on disk, and after
 * the new stream was acknowledged. */
static void
a_renewal_that_comes_back_takes_nothing_of_the_new_stream(void **state)
{
	struct outbox *o = helper_filled(top, 3);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(mkdirat(top, "kept", 0700), 0);
	copy("outbox/mark", "kept/mark");
	outbox_close(o);
	o = helper_outbox(top, NULL);
	assert_int_equal(outbox_renew(o, &e), 0);
	assert_int_equal(outbox_seal(o, &e), 0);
	assert_int_equal(outbox_ack(o, &outbox_state(o)->last, &e), 0);
	outbox_close(o);
	assert_string_equal(helper_names(top, "sent"),
	    "00000000000000000001-00000000000000000004.msgs");
	assert_int_equal(renameat(top, "kept", top, "outbox.new"), 0);
	o = helper_outbox(top, NULL);
	assert_int_equal(outbox_state(o)->acked.msgid, 4);
	outbox_close(o);
	assert_string_equal(helper_names(top, "."), "outbox sent");
	assert_string_equal(helper_names(top, "sent"),
	    "00000000000000000001-00000000000000000004.msgs");
}

static void
each_inbox_state_is_recovered(void **state)
{
	static const struct {
		const char *what, *file;
		uint64_t first, last; /* messages in the file */
		int64_t cut;
		int64_t spoil; /* offset, or 0 */
		uint64_t durable;
		const char *read;
	} rows[] = {
		{ "open and whole", "inbox/00000000000000000003.open", 3, 5, 0,
		    0, 5, "1 2 3 4 5" },
		{ "open and cut", "inbox/00000000000000000003.open", 3, 5, -7,
		    0, 4, "1 2 3 4" },
		{ "open and damaged", "inbox/00000000000000000003.open", 3, 5,
		    0, 300, 3, "1 2 3 gap:5 5" },
		{ "sealed and cut",
		    "inbox/00000000000000000003-00000000000000000005.msgs", 3,
		    5, -7, 0, 4, "1 2 3 4" },
		{ "sealed, another name",
		    "inbox/00000000000000000003-00000000000000000009.msgs", 3,
		    5, 0, 0, 5, "1 2 3 4 5" },
		{ "sealed, behind a gap",
		    "inbox/00000000000000000005-00000000000000000006.msgs", 5,
		    6, 0, 0, 2, "1 2 gap:5 5 6" },
		{ "sealed and empty",
		    "inbox/00000000000000000003-00000000000000000003.msgs", 1,
		    0, 0, 0, 2, "1 2" },
	};
	uint32_t digest[16] = { 0 };
	struct buf b = { 0 };

	(void)state;
	for (uint64_t n = 1; n < 16; n++)
		digest[n] =
		    helper_write(&b, helper_stream(1), n, digest[n - 1]);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct inbox *in = helper_inbox(top, NULL);
		struct err e = { 0 };

		assert_int_equal(inbox_begin_stream(in, helper_stream(1), &e),
		    0);
		inbox_close(in);
		buf_reset(&b);
		for (uint64_t n = 1; n <= 2; n++)
			helper_write(&b, helper_stream(1), n, digest[n - 1]);
		helper_file(top,
		    "inbox/00000000000000000001-"
		    "00000000000000000002.msgs",
		    buf_slice(&b));
		buf_reset(&b);
		for (uint64_t n = rows[i].first; n <= rows[i].last; n++)
			helper_write(&b, helper_stream(1), n, digest[n - 1]);
		helper_file(top, rows[i].file, buf_slice(&b));
		if (rows[i].cut != 0)
			helper_cut(top, rows[i].file, rows[i].cut);
		if (rows[i].spoil != 0)
			helper_spoil(top, rows[i].file, rows[i].spoil, "?");
		in = helper_inbox(top, NULL);
		if (inbox_durable(in).msgid != rows[i].durable ||
		    inbox_durable(in).digest != digest[rows[i].durable])
			fail_msg("%s: durable %" PRIu64, rows[i].what,
			    inbox_durable(in).msgid);
		inbox_close(in);
		if (strcmp(helper_read(top, SPOOL_INBOX, 1), rows[i].read) != 0)
			fail_msg("%s: %s", rows[i].what,
			    helper_read(top, SPOOL_INBOX, 1));
		helper_dir_done(top);
		top = helper_dir();
	}
	buf_clear(&b);
}

/* Its writer's sync may have failed, and its pages need not be on the disk though
 * they are read: a copy is (W7).  Also after a crash behind that. */
static void
what_a_dead_session_left_open_is_copied(void **state)
{
	static const char open_name[] = "inbox/00000000000000000001.open";
	static const char sealed[] =
	    "inbox/00000000000000000001-00000000000000000003.msgs";
	struct inbox *in = helper_inbox(top, NULL);
	struct stat before, after;
	struct buf b = { 0 };
	struct err e = { 0 };
	uint32_t digest = 0;

	(void)state;
	assert_int_equal(inbox_begin_stream(in, helper_stream(1), &e), 0);
	inbox_close(in);
	for (uint64_t n = 1; n <= 3; n++)
		digest = helper_write(&b, helper_stream(1), n, digest);
	for (int crash = 0; crash < 2; crash++) {
		helper_file(top, open_name, buf_slice(&b));
		assert_int_equal(fstatat(top, open_name, &before, 0), 0);
		in = helper_inbox_upto(top, 3);
		assert_int_equal(inbox_state(in)->quarantined, 0);
		inbox_close(in);
		assert_int_equal(fstatat(top, sealed, &after, 0), 0);
		assert_int_not_equal(after.st_ino, before.st_ino);
		assert_int_equal(fstatat(top, open_name, &after, 0), -1);
	}
	assert_string_equal(helper_read(top, SPOOL_INBOX, 1), "1 2 3");
	buf_clear(&b);
}

static void
damage_in_an_inbox_is_repaired(void **state)
{
	static const char file[] =
	    "inbox/00000000000000000001-00000000000000000004.msgs";
	struct inbox *i = helper_inbox(top, NULL);
	struct buf b = { 0 };
	struct err e = { 0 };
	uint32_t prev = 0;

	(void)state;
	assert_int_equal(inbox_begin_stream(i, helper_stream(1), &e), 0);
	inbox_close(i);
	for (uint64_t n = 1; n <= 4; n++)
		prev = helper_write(&b, helper_stream(1), n, prev);
	helper_file(top, file, buf_slice(&b));
	helper_spoil(top, file, helper_offset(top, file, 2) + 9, "?");
	assert_string_equal(helper_read(top, SPOOL_INBOX, 1),
	    "1 bad:2 gap:3 3 4");
	assert_int_equal(inbox_repair(top, 2, &e), 0);
	assert_int_equal(inbox_repair(top, 2, &e), 0);
	assert_string_equal(helper_read(top, SPOOL_INBOX, 1), "1 gap:3 3 4");
	i = helper_inbox_upto(top, 1); /* asked for again */
	inbox_close(i);
	buf_clear(&b);
}

static void
a_damaged_ledger_stops_nothing(void **state)
{
	struct inbox *i = helper_inbox(top, NULL);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(inbox_begin_stream(i, helper_stream(1), &e), 0);
	inbox_close(i);
	helper_file(top, "ledger", SLICE("x"));
	helper_file(top, "replaced", SLICE("x"));
	i = helper_inbox(top, NULL);
	assert_int_equal(inbox_state(i)->quarantined, 1);
	assert_int_equal(inbox_begin_stream(i, helper_stream(2), &e), 0);
	assert_int_equal(inbox_state(i)->quarantined, 2);
	inbox_close(i);
	assert_string_equal(helper_names(top, "quarantine"),
	    "association-ledger association-ledger.why association-replaced "
	    "association-replaced.why");
}

static void
a_change_of_stream_that_was_cut_off_is_undone(void **state)
{
	struct inbox *i = helper_inbox(top, NULL);
	struct buf b = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(inbox_begin_stream(i, helper_stream(1), &e), 0);
	inbox_close(i);
	helper_write(&b, helper_stream(1), 1, 0);
	assert_int_equal(
	    mkdirat(top, "inbox/01010101010101010101010101010101", 0700), 0);
	helper_file(top,
	    "inbox/01010101010101010101010101010101/"
	    "00000000000000000001-00000000000000000001.msgs",
	    buf_slice(&b));
	i = helper_inbox_upto(top, 1);
	inbox_close(i);
	buf_clear(&b);
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* G10 asks for ten seconds. */
static void
a_hundred_thousand_messages_recover_quickly(void **state)
{
	struct outbox *o = helper_outbox(top, NULL);
	struct err e = { 0 };
	double start;

	(void)state;
	for (unsigned i = 1; i <= 100000; i++)
		assert_int_equal(helper_put_data(o, i, &e), 0);
	assert_int_equal(outbox_commit(o, &e), 0);
	outbox_close(o);
	helper_cut(top, "outbox/00000000000000000001.open", -5);
	start = now_s();
	o = helper_outbox(top, NULL);
	assert_int_equal(outbox_state(o)->last.msgid, 99999);
	assert_true(now_s() - start < 10);
	outbox_close(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_state_is_recovered),
		TEST(foreign_names_are_counted_and_left),
		TEST(who_looks_sees_good_ones_behind_damage),
		TEST(numbers_of_a_lost_tail_are_not_given_out_again),
		TEST(what_was_acknowledged_moves_at_the_next_open),
		TEST(the_generation_is_that_of_what_was_sent),
		TEST(a_renewal_that_was_exchanged_is_ended),
		TEST(a_renewal_that_comes_back_takes_nothing_of_the_new_stream),
		TEST(each_inbox_state_is_recovered),
		TEST(what_a_dead_session_left_open_is_copied),
		TEST(damage_in_an_inbox_is_repaired),
		TEST(a_damaged_ledger_stops_nothing),
		TEST(a_change_of_stream_that_was_cut_off_is_undone),
		TEST(a_hundred_thousand_messages_recover_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
