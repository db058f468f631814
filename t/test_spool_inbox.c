/*
 * The receiving end: what is taken, held, known, refused; what is lost; streams
 * that take each other's place.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/spool/quarantine.h"
#include "common/spool/room.h"
#include "t/test_spool_helper.h"

enum {
	COUNT = 16
};

/* Digests of the messages 1 .. COUNT of stream 1, each naming the one before. */
static uint32_t digest[COUNT + 1];

#define TEST(name) SPOOL_TEST(name, top)

static int top;

static void
draw(void)
{
	struct buf keep = { 0 };

	for (uint64_t n = 1; n <= COUNT; n++)
		digest[n] =
		    helper_message(&keep, helper_stream(1), n, digest[n - 1])
			.digest;
	buf_clear(&keep);
}

static enum inbox_verdict
put(struct inbox *i, uint64_t msgid, uint32_t prev)
{
	struct buf keep = { 0 };
	struct message m = helper_message(&keep, helper_stream(1), msgid, prev);
	struct err e = { 0 };
	enum inbox_verdict v = inbox_put(i, &m, &e);

	buf_clear(&keep);
	return v;
}

static enum inbox_verdict
put_next(struct inbox *i, uint64_t msgid)
{
	return put(i, msgid, digest[msgid - 1]);
}

static struct inbox *
begun(void)
{
	struct inbox *i = helper_inbox(top, NULL);
	struct err e = { 0 };

	draw();
	assert_int_equal(inbox_begin_stream(i, helper_stream(1), &e), 0);
	return i;
}

static void
commit(struct inbox *i)
{
	struct err e = { 0 };

	if (inbox_commit(i, &e) == -1)
		fail_msg("%s", e.msg);
}

static void
seal(struct inbox *i)
{
	struct err e = { 0 };

	if (inbox_seal(i, &e) == -1)
		fail_msg("%s", e.msg);
}

static void
only_what_is_committed_is_durable(void **state)
{
	struct inbox *i = begun();

	(void)state;
	assert_int_equal(put_next(i, 1), INBOX_TAKEN);
	assert_int_equal(put_next(i, 2), INBOX_TAKEN);
	assert_int_equal(inbox_durable(i).msgid, 0);
	commit(i);
	assert_int_equal(inbox_durable(i).msgid, 2);
	assert_int_equal(inbox_durable(i).digest, digest[2]);
	assert_string_equal(helper_read(top, SPOOL_INBOX, 1), "");
	seal(i);
	assert_string_equal(helper_read(top, SPOOL_INBOX, 1), "1 2");
	inbox_close(i);
	i = helper_inbox_upto(top, 2);
	assert_int_equal(inbox_durable(i).digest, digest[2]);
	assert_true(stream_eq(inbox_durable(i).stream, helper_stream(1)));
	inbox_close(i);
}

static void
each_message_gets_its_verdict(void **state)
{
	struct inbox *i = begun();
	struct buf keep = { 0 };
	struct message m;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(put(i, 1, 5), INBOX_FORK); /* Prev of 1 is 0 */
	assert_int_equal(put_next(i, 1), INBOX_TAKEN);
	assert_int_equal(put_next(i, 1), INBOX_DUPLICATE);
	assert_int_equal(put(i, 1, 5), INBOX_FORK);
	assert_int_equal(put(i, 2, 5), INBOX_FORK);
	assert_int_equal(put_next(i, 2), INBOX_TAKEN);
	commit(i);
	assert_int_equal(put_next(i, 2), INBOX_DUPLICATE);
	seal(i);
	assert_int_equal(put_next(i, 1), INBOX_DUPLICATE);
	assert_int_equal(put(i, 2, 77), INBOX_FORK);
	assert_int_equal(put_next(i, 5), INBOX_HELD);
	assert_int_equal(put_next(i, 5), INBOX_DUPLICATE);
	assert_int_equal(put(i, 5, 77), INBOX_FORK);
	assert_int_equal(put(i, 2 + LIMIT_WINDOW_MESSAGES, 0), INBOX_HELD);
	assert_int_equal(put(i, 3 + LIMIT_WINDOW_MESSAGES, 0), INBOX_BEYOND);
	assert_int_equal(put(i, INT64_MAX, 0), INBOX_BEYOND);
	m = helper_message(&keep, helper_stream(2), 3, digest[2]);
	assert_int_equal(inbox_put(i, &m, &e), INBOX_STRANGE);
	buf_clear(&keep);
	inbox_close(i);
}

static void
a_gap_is_closed_by_its_message(void **state)
{
	static const uint64_t order[] = { 1, 4, 5, 8, 2, 7, 3, 6 };
	static const uint64_t durable[] = { 1, 1, 1, 1, 2, 2, 5, 8 };
	struct inbox *i = begun();

	(void)state;
	for (size_t k = 0; k < 8; k++) {
		assert_int_equal(put_next(i, order[k]),
		    order[k] <= durable[k] ? INBOX_TAKEN : INBOX_HELD);
		commit(i);
		assert_int_equal(inbox_durable(i).msgid, durable[k]);
		if (k == 4) { /* what is held survives the session */
			seal(i);
			inbox_close(i);
			i = helper_inbox_upto(top, 2);
			assert_int_equal(inbox_state(i)->held, 3);
		}
	}
	seal(i);
	assert_string_equal(helper_read(top, SPOOL_INBOX, 1),
	    "1 2 3 4 5 6 7 8");
	inbox_close(i);
}

static void
a_held_message_that_does_not_fit_is_a_fork(void **state)
{
	struct inbox *i = begun();

	(void)state;
	assert_int_equal(put_next(i, 1), INBOX_TAKEN);
	assert_int_equal(put(i, 3, 99), INBOX_HELD);
	commit(i);
	seal(i);
	inbox_close(i);
	i = helper_inbox(top, NULL);
	assert_int_equal(put_next(i, 2), INBOX_FORK);
	assert_int_equal(inbox_durable(i).msgid, 1);
	inbox_close(i);
}

static void
lost_numbers_are_passed(void **state)
{
	struct inbox *i = begun();
	struct err e = { 0 };

	(void)state;
	assert_int_equal(put_next(i, 1), INBOX_TAKEN);
	assert_int_equal(put_next(i, 4), INBOX_HELD);
	commit(i);
	assert_int_equal(inbox_lost(i, 3, 4, LEDGER_LOST, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(inbox_lost(i, 1, 3, LEDGER_LOST, &e), -1);
	assert_int_equal(inbox_lost(i, 3, 2, LEDGER_LOST, &e), -1);
	assert_int_equal(inbox_lost(i, 0, 2, LEDGER_LOST, &e), -1);
	assert_int_equal(inbox_lost(i, 2, 3, LEDGER_LOST, &e), 0);
	assert_int_equal(inbox_durable(i).msgid, 4);
	assert_int_equal(inbox_lost(i, 2, 3, LEDGER_LOST, &e), 0);
	assert_int_equal(inbox_lost(i, 5, 6, LEDGER_TOMBSTONE, &e), 0);
	assert_int_equal(inbox_durable(i).msgid, 6);
	assert_int_equal(inbox_durable(i).digest, 0);
	assert_int_equal(put(i, 2, 5), INBOX_DUPLICATE);
	assert_int_equal(put(i, 7, 12345), INBOX_TAKEN); /* G6: no Prev */
	commit(i);
	seal(i);
	inbox_close(i);
	i = helper_inbox_upto(top, 7);
	inbox_close(i);
}

/* A crash between the renames of a commit leaves 4 and 5 behind a gap, and before they
 * are asked for, their sender drops what it has not heard of. */
static void
what_is_held_is_not_lost(void **state)
{
	struct inbox *i = begun();
	struct err e = { 0 };
	uint64_t lost = 0;

	(void)state;
	assert_int_equal(put_next(i, 1), INBOX_TAKEN);
	assert_int_equal(put_next(i, 4), INBOX_HELD);
	assert_int_equal(put_next(i, 5), INBOX_HELD);
	commit(i);
	assert_int_equal(inbox_pass(i, 2, 4, &lost, &e), 0);
	assert_int_equal(lost, 2);
	assert_int_equal(inbox_durable(i).msgid, 5);
	assert_int_equal(inbox_pass(i, 2, 6, &lost, &e), 0);
	assert_int_equal(lost, 3);
	assert_int_equal(inbox_durable(i).msgid, 6);
	assert_int_equal(put_next(i, 5), INBOX_DUPLICATE);
	inbox_close(i);
}

static void
poison_is_kept_and_passed(void **state)
{
	struct inbox *i = begun();
	struct buf keep = { 0 };
	struct message m;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(put_next(i, 1), INBOX_TAKEN);
	commit(i);
	m = helper_message(&keep, helper_stream(1), 2, 5);
	assert_int_equal(inbox_poison(i, &m, "no grammar", &e), INBOX_FORK);
	m = helper_message(&keep, helper_stream(1), 2, digest[1]);
	assert_int_equal(inbox_poison(i, &m, "no grammar", &e), INBOX_TAKEN);
	assert_int_equal(inbox_durable(i).msgid, 2);
	assert_int_equal(inbox_durable(i).digest, digest[2]);
	assert_int_equal(inbox_poison(i, &m, "no grammar", &e),
	    INBOX_DUPLICATE);
	assert_int_equal(put(i, 2, 5), INBOX_FORK);
	assert_int_equal(put(i, 3, 5), INBOX_FORK);
	assert_int_equal(put_next(i, 3), INBOX_TAKEN);
	commit(i);
	inbox_close(i);
	i = helper_inbox_upto(top, 3);
	assert_non_null(strstr(helper_names(top, "quarantine"), ".why"));
	buf_clear(&keep);
	inbox_close(i);
}

static void
the_quarantine_is_bounded(void **state)
{
	struct inbox_opts opts = { .size_max = 1000 };
	struct inbox *i = NULL;
	struct err e = { 0 };
	char bytes[300] = { 0 };
	struct slice s = { bytes, sizeof(bytes) };
	unsigned n = 0;

	(void)state;
	assert_int_equal(inbox_open(top, &opts, &i, &e), 0);
	while (n < 100 && inbox_quarantine(i, 1, s, "refused", &e) == 0)
		n++;
	assert_true(n >= 2 && n < 4);
	assert_int_equal(e.kind, ERR_TEMP);
	assert_int_equal(e.sys, ENOSPC);
	inbox_close(i);
}

/* A power cut may keep what was moved and lose its .why, or the reverse. */
static void
a_name_in_the_quarantine_is_taken_by_either_file(void **state)
{
	static const char *const was[] = { "a", "a.2.why" };
	struct quarantine q = { .dir = -1 };
	struct quarantine_file f = { top, "outbox", "1.open" };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(quarantine_open(&q, top, &e), 0);
	for (size_t k = 0; k < 2; k++)
		assert_int_equal(
		    durable_create(q.dir, was[k], slice_str("old"), &e), 0);
	assert_int_equal(quarantine_put(&q, "a", slice_str("new"), "why", &e),
	    0);
	assert_string_equal(helper_names(top, "quarantine"),
	    "a a.2.why a.3 a.3.why");
	assert_int_equal(durable_create(top, "1.open", slice_str("new"), &e),
	    0);
	assert_int_equal(
	    durable_create(q.dir, "outbox-1.open", slice_str("old"), &e), 0);
	assert_int_equal(quarantine_move(&q, &f, "why", &e), 0);
	assert_string_equal(helper_names(top, "quarantine"),
	    "a a.2.why a.3 a.3.why outbox-1.open outbox-1.open.2 "
	    "outbox-1.open.2.why");
	quarantine_close(&q);
}

/* A message of nearly eight million bytes. */
static enum inbox_verdict
put_large(struct inbox *i, uint64_t msgid, uint32_t *prev)
{
	struct message m = { .type = MESSAGE_STATUS,
		.msgid = msgid,
		.stream = helper_stream(1),
		.prev = *prev,
		.timestamp = 1700000000 };
	struct buf body = { 0 }, raw = { 0 };
	struct err e = { 0 };
	enum inbox_verdict v;

	for (unsigned k = 0; k < 500; k++)
		buf_printf(&body, "n%u:%015990u\n", k, k);
	m.body = buf_slice(&body);
	if (message_write(&raw, &m, &e) == -1)
		fail_msg("%s", e.msg);
	m.raw = buf_slice(&raw);
	v = inbox_put(i, &m, &e);
	if (v == INBOX_HELD)
		*prev = m.digest;
	buf_clear(&body);
	buf_clear(&raw);
	return v;
}

static void
what_is_held_has_a_limit_in_bytes(void **state)
{
	struct inbox *i = begun();
	uint32_t prev = digest[2];
	uint64_t n = 3;

	(void)state;
	assert_int_equal(put_next(i, 1), INBOX_TAKEN);
	for (; put_large(i, n, &prev) == INBOX_HELD; n++)
		commit(i);
	assert_int_equal(n, 3 + LIMIT_WINDOW_BYTES / 8000000);
	assert_int_equal(put_large(i, n, &prev), INBOX_BEYOND);
	inbox_close(i);
	/* another session may hold no more */
	i = helper_inbox(top, NULL);
	assert_int_equal(put_large(i, n, &prev), INBOX_BEYOND);
	assert_int_equal(put(i, n, prev), INBOX_HELD);
	/* what is not behind a gap any more does not count */
	assert_int_equal(put_next(i, 2), INBOX_TAKEN);
	commit(i);
	assert_int_equal(inbox_durable(i).msgid, n);
	assert_int_equal(put_large(i, n + 2, &prev), INBOX_HELD);
	inbox_close(i);
}

static void
an_inbox_has_a_limit_in_files(void **state)
{
	int small = helper_dir_in_memory();
	uint32_t last = helper_segments(small, "inbox", ROOM_FILES - 1);
	struct inbox *i = helper_inbox(small, NULL);
	struct buf keep = { 0 };
	struct message m;
	struct err e = { 0 };

	(void)state;
	m = helper_message(&keep, helper_stream(1), ROOM_FILES, last);
	assert_int_equal(inbox_put(i, &m, &e), INBOX_TAKEN);
	commit(i);
	seal(i);
	m = helper_message(&keep, helper_stream(1), ROOM_FILES + 1, m.digest);
	assert_int_equal(inbox_put(i, &m, &e), INBOX_FAILED);
	assert_int_equal(e.sys, ENOSPC);
	assert_string_equal(e.msg,
	    "inbox is full: 100000 files are not ingested");
	/* hubd moves one away */
	assert_int_equal(unlinkat(small,
			     "inbox/00000000000000000001-"
			     "00000000000000000001.msgs",
			     0),
	    0);
	assert_int_equal(inbox_put(i, &m, &e), INBOX_TAKEN);
	inbox_close(i);
	buf_clear(&keep);
	helper_dir_done(small);
}

static void
a_full_inbox_takes_no_more(void **state)
{
	struct inbox_opts opts = { .size_max = 500 };
	struct inbox *i = begun();
	struct err e = { 0 };
	uint64_t n = 1;

	(void)state;
	inbox_close(i);
	assert_int_equal(inbox_open(top, &opts, &i, &e), 0);
	while (n < COUNT && put_next(i, n) == INBOX_TAKEN) {
		commit(i);
		n++;
	}
	assert_true(n > 1 && n < COUNT);
	seal(i);
	/* hubd moves what is there: room again */
	for (const char *s = helper_names(top, "inbox"); *s != '\0';
	     s = helper_names(top, "inbox")) {
		char path[128];

		snprintf(path, sizeof(path), "inbox/%.51s",
		    strlen(s) < 46 ? s : s);
		path[6 + strcspn(s, " ")] = '\0';
		assert_int_equal(unlinkat(top, path, 0), 0);
	}
	assert_int_equal(put_next(i, n), INBOX_TAKEN);
	inbox_close(i);
}

static void
the_cursor_counts_as_had(void **state)
{
	struct spool_point cursor = { helper_stream(1), 3, 0 };
	struct inbox *i;

	(void)state;
	draw();
	cursor.digest = digest[3];
	i = helper_inbox(top, &cursor);
	assert_int_equal(inbox_durable(i).msgid, 3);
	assert_int_equal(put_next(i, 2), INBOX_DUPLICATE); /* not kept */
	assert_int_equal(put(i, 4, 5), INBOX_FORK);
	assert_int_equal(put_next(i, 4), INBOX_TAKEN);
	inbox_close(i);
}

static void
duplicates_are_looked_up_in_the_archive(void **state)
{
	struct inbox *i = begun();

	(void)state;
	for (uint64_t n = 1; n <= 4; n++)
		put_next(i, n);
	commit(i);
	seal(i);
	assert_int_equal(mkdirat(top, "archive", 0700), 0);
	assert_int_equal(renameat(top,
			     "inbox/00000000000000000001-"
			     "00000000000000000004.msgs",
			     top,
			     "archive/00000000000000000001-"
			     "00000000000000000004.msgs"),
	    0);
	for (uint64_t n = 1; n <= 4; n++)
		assert_int_equal(put_next(i, n), INBOX_DUPLICATE);
	assert_int_equal(put(i, 3, 5), INBOX_FORK);
	assert_int_equal(put(i, 2, 5), INBOX_FORK);
	inbox_close(i);
}

static void
a_new_stream_puts_the_old_one_aside(void **state)
{
	struct inbox *i = begun();
	struct buf keep = { 0 };
	struct message m;
	struct spool_reader *r;
	struct err e = { 0 };

	(void)state;
	put_next(i, 1);
	put_next(i, 2);
	commit(i);
	assert_int_equal(inbox_begin_stream(i, helper_stream(1), &e), 0);
	assert_int_equal(inbox_durable(i).msgid, 2);
	assert_int_equal(inbox_begin_stream(i, helper_stream(2), &e), 0);
	assert_int_equal(inbox_durable(i).msgid, 0);
	assert_string_equal(
	    helper_names(top, "inbox/01010101010101010101010101010101"),
	    "00000000000000000001-00000000000000000002.msgs");
	assert_int_equal(put_next(i, 3), INBOX_STRANGE);
	m = helper_message(&keep, helper_stream(2), 1, 0);
	assert_int_equal(inbox_put(i, &m, &e), INBOX_TAKEN);
	commit(i);
	seal(i);
	assert_int_equal(inbox_begin_stream(i, helper_stream(1), &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	inbox_close(i);
	i = helper_inbox(top, NULL);
	assert_true(stream_eq(inbox_durable(i).stream, helper_stream(2)));
	assert_int_equal(inbox_durable(i).msgid, 1);
	assert_string_equal(helper_read(top, SPOOL_INBOX, 1), "1");
	assert_int_equal(spool_reader_open_old(top, SPOOL_INBOX,
			     helper_stream(1), 1, &r, &e),
	    0);
	assert_int_equal(spool_reader_next(r, &m, &e), SPOOL_READ_MESSAGE);
	assert_int_equal(m.digest, digest[1]);
	spool_reader_close(r);
	buf_clear(&keep);
	inbox_close(i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_is_committed_is_durable),
		TEST(each_message_gets_its_verdict),
		TEST(a_gap_is_closed_by_its_message),
		TEST(a_held_message_that_does_not_fit_is_a_fork),
		TEST(lost_numbers_are_passed),
		TEST(what_is_held_is_not_lost),
		TEST(poison_is_kept_and_passed),
		TEST(the_quarantine_is_bounded),
		TEST(a_name_in_the_quarantine_is_taken_by_either_file),
		TEST(a_full_inbox_takes_no_more),
		TEST(an_inbox_has_a_limit_in_files),
		TEST(what_is_held_has_a_limit_in_bytes),
		TEST(the_cursor_counts_as_had),
		TEST(duplicates_are_looked_up_in_the_archive),
		TEST(a_new_stream_puts_the_old_one_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
