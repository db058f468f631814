/*
 * Power cuts at every point of what a spool does: nothing that was promised is
 * lost, nothing is doubled, and each sync is needed: without it the model finds
 * a state that breaks a promise.
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
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "t/crash_model.h"
#include "t/test_spool_helper.h"

enum {
	MESSAGES = 16
};

/* What the scenarios promise. */
enum {
	NOTE_LAST,   /* this and all before it exist */
	NOTE_SEALED, /* this and all before it are in sealed segments */
	NOTE_ACKED,
	NOTE_STREAM, /* the inbox is at this stream */
};

static uint32_t digest[MESSAGES]; /* of what was committed, by number */

static bool
broken(char why[CRASH_WHY_SIZE], const char *what, uint64_t n)
{
	snprintf(why, CRASH_WHY_SIZE, "%.170s %" PRIu64, what, n);
	return false;
}

static void
must(int rc, const struct err *e)
{
	if (rc == -1)
		fail_msg("%s", e->msg);
}

/* DATA, or what a hub sends, a year after the one before. */
static void
put(struct outbox *o, bool data)
{
	uint64_t n = outbox_state(o)->last.msgid + 1;
	struct message m = { .type = data ? MESSAGE_DATA : MESSAGE_STATUS,
		.timestamp = 1000000000 + n * 31536000,
		.generation = data,
		.body = SLICE("T1:1\n") };
	struct err e = { 0 };

	must(outbox_put(o, &m, &e), &e);
	must(outbox_commit(o, &e), &e);
	digest[n] = outbox_state(o)->last.digest;
	crash_note(NOTE_LAST, n);
}

static struct outbox *
opened(int top)
{
	struct outbox_opts opts = { .retain_s = 60 };
	struct outbox *o = NULL;
	struct err e = { 0 };

	must(outbox_open(top, &opts, &o, &e), &e);
	return o;
}

static void
seal(struct outbox *o)
{
	struct err e = { 0 };

	must(outbox_seal(o, &e), &e);
	crash_note(NOTE_SEALED, outbox_state(o)->last.msgid);
}

static void
ack(struct outbox *o, uint64_t msgid)
{
	struct spool_point at = { outbox_state(o)->stream, msgid,
		digest[msgid] };
	struct err e = { 0 };

	must(outbox_ack(o, &at, &e), &e);
	crash_note(NOTE_ACKED, msgid);
}

/* Two commits, sealed, acknowledged; more behind it. */
static void
run_outbox(int top)
{
	struct outbox *o;

	/* a dead process was as far as this */
	assert_int_equal(mkdirat(top, "outbox", 0700), 0);
	o = opened(top);
	put(o, true);
	put(o, true);
	seal(o);
	put(o, true);
	ack(o, 2);
	seal(o);
	outbox_close(o);
}

/* A new process for each: what is acknowledged is old enough to go. */
static void
run_outbox_that_prunes(int top)
{
	struct outbox *o;

	for (unsigned i = 0; i < 3; i++) {
		o = opened(top);
		put(o, false);
		seal(o);
		outbox_close(o);
	}
	o = opened(top);
	ack(o, 1);
	ack(o, 2);
	outbox_close(o);
}

/* A dead process left bytes that nobody synced. */
static void
leave_unsynced(int top, const char *path, struct stream_id stream,
    uint64_t first, unsigned n)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	const char *slash = strchr(path, '/');
	char dir_name[16];
	int dir, fd;

	snprintf(dir_name, sizeof(dir_name), "%.*s", (int)(slash - path), path);
	dir = durable_open_dir(top, dir_name, &e);
	fd = openat(dir, slash + 1, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(dir != -1 && fd != -1);
	for (unsigned i = 0; i < n; i++)
		digest[first + i] =
		    helper_write(&b, stream, first + i, digest[first + i - 1]);
	must(io_pwrite_full(fd, buf_slice(&b), 0, &e), &e);
	buf_clear(&b);
	close(fd);
	close(dir);
}

static struct stream_id first_stream;

static void
prepare_empty_outbox(int top)
{
	struct outbox *o = opened(top);

	first_stream = outbox_state(o)->stream;
	outbox_close(o);
}

/* What an open finds counts as there: it goes on from it. */
static void
run_outbox_that_finds(int top)
{
	struct outbox *o;

	leave_unsynced(top, "outbox/00000000000000000001.open", first_stream, 1,
	    2);
	o = opened(top);
	assert_int_equal(outbox_state(o)->last.msgid, 2);
	seal(o);
	crash_note(NOTE_LAST, 2);
	outbox_close(o);
}

static void
run_outbox_that_goes_on(int top)
{
	struct outbox *o;

	leave_unsynced(top, "outbox/00000000000000000001.open", first_stream, 1,
	    2);
	o = opened(top);
	put(o, true);
	outbox_close(o);
}

static bool
check_messages(int top, unsigned dirs, uint64_t from, uint64_t last,
    char why[CRASH_WHY_SIZE])
{
	struct spool_reader *r = NULL;
	struct message m;
	struct err e = { 0 };
	bool good = true;

	if (spool_reader_open(top, dirs, from, &r, &e) == -1)
		return broken(why, e.msg, 0);
	for (uint64_t n = from; good && n <= last; n++)
		if (spool_reader_next(r, &m, &e) != SPOOL_READ_MESSAGE ||
		    m.msgid != n || m.digest != digest[n])
			good = broken(why, "not as it was: message", n);
	spool_reader_close(r);
	return good;
}

static bool
check_outbox(int top, const uint64_t note[CRASH_NOTES],
    char why[CRASH_WHY_SIZE])
{
	uint64_t last = note[NOTE_LAST], next;
	struct outbox *o = NULL;
	struct message m = { .type = MESSAGE_STATUS,
		.timestamp = 1000000000,
		.body = SLICE("a:b\n") };
	struct err e = { 0 };
	bool good;

	if (note[NOTE_SEALED] > 0 &&
	    !check_messages(top, SPOOL_OUTBOX | SPOOL_SENT, note[NOTE_SEALED],
		note[NOTE_SEALED], why))
		return false;
	if (outbox_open(top, NULL, &o, &e) == -1)
		return broken(why, e.msg, 0);
	next = outbox_state(o)->last.msgid + 1;
	if (outbox_state(o)->last.msgid < last)
		good = broken(why, "the last is", next - 1);
	else if (outbox_lost(o)->n > 0)
		good = broken(why,
		    "said to be lost:", outbox_lost(o)->range[0].first);
	else if (outbox_put(o, &m, &e) == -1 || outbox_commit(o, &e) == -1 ||
	    outbox_seal(o, &e) == -1)
		good = broken(why, e.msg, 0);
	else if (m.msgid != next)
		good = broken(why, "numbered", m.msgid);
	else if (outbox_state(o)->acked.msgid > 2)
		good = broken(why, "acknowledged", 3);
	else
		good = check_messages(top, SPOOL_OUTBOX | SPOOL_SENT,
		    outbox_state(o)->acked.msgid + 1, last, why);
	outbox_close(o);
	return good;
}

static void
take(struct inbox *i, struct stream_id stream, uint64_t n)
{
	struct buf keep = { 0 };
	struct message m = helper_message(&keep, stream, n, digest[n - 1]);
	struct err e = { 0 };

	digest[n] = m.digest;
	assert_int_equal(inbox_put(i, &m, &e), INBOX_TAKEN);
	buf_clear(&keep);
}

static void
take_all(struct inbox *i, struct stream_id stream, uint64_t first,
    uint64_t last)
{
	struct err e = { 0 };

	for (uint64_t n = first; n <= last; n++)
		take(i, stream, n);
	must(inbox_commit(i, &e), &e);
	crash_note(NOTE_LAST, last);
}

static void
run_inbox(int top)
{
	struct inbox *i;
	struct err e = { 0 };

	assert_int_equal(mkdirat(top, "inbox", 0700), 0);
	i = helper_inbox(top, NULL);

	must(inbox_begin_stream(i, helper_stream(1), &e), &e);
	crash_note(NOTE_STREAM, 1);
	take_all(i, helper_stream(1), 1, 2);
	take_all(i, helper_stream(1), 3, 3);
	must(inbox_seal(i, &e), &e);
	crash_note(NOTE_SEALED, 3);
	must(inbox_lost(i, 4, 5, LEDGER_LOST, &e), &e);
	crash_note(NOTE_LAST, 5);
	inbox_close(i);
}

static void
prepare_inbox(int top)
{
	struct inbox *i = helper_inbox(top, NULL);
	struct err e = { 0 };

	must(inbox_begin_stream(i, helper_stream(1), &e), &e);
	take_all(i, helper_stream(1), 1, 2);
	must(inbox_seal(i, &e), &e);
	inbox_close(i);
}

static void
run_inbox_that_finds(int top)
{
	struct inbox *i;

	crash_note(NOTE_STREAM, 1);
	crash_note(NOTE_LAST, 2);
	crash_note(NOTE_SEALED, 2);
	leave_unsynced(top, "inbox/00000000000000000003.open", helper_stream(1),
	    3, 2);
	i = helper_inbox_upto(top, 4);
	crash_note(NOTE_LAST, 4);
	crash_note(NOTE_SEALED, 4);
	inbox_close(i);
}

static void
run_inbox_that_finds_sealed(int top)
{
	struct inbox *i;

	crash_note(NOTE_STREAM, 1);
	crash_note(NOTE_LAST, 2);
	leave_unsynced(top,
	    "inbox/00000000000000000003-00000000000000000004.msgs",
	    helper_stream(1), 3, 2);
	i = helper_inbox_upto(top, 4);
	crash_note(NOTE_LAST, 4);
	inbox_close(i);
}

static void
run_change_of_stream(int top)
{
	struct inbox *i = helper_inbox(top, NULL);
	struct err e = { 0 };

	crash_note(NOTE_STREAM, 1);
	crash_note(NOTE_LAST, 2);
	must(inbox_begin_stream(i, helper_stream(2), &e), &e);
	crash_note(NOTE_STREAM, 2);
	inbox_close(i);
}

/* The old stream's messages are where the stream says that they are. */
static bool
check_old_stream(int top, char why[CRASH_WHY_SIZE])
{
	struct spool_reader *r = NULL;
	struct message m;
	struct err e = { 0 };
	bool good = spool_reader_open_old(top, SPOOL_INBOX, helper_stream(1), 1,
			&r, &e) == 0;

	for (uint64_t n = 1; good && n <= 2; n++)
		good = spool_reader_next(r, &m, &e) == SPOOL_READ_MESSAGE &&
		    m.digest == digest[n];
	spool_reader_close(r);
	return good ? true : broken(why, "the old stream is not whole", 1);
}

static bool
check_inbox(int top, const uint64_t note[CRASH_NOTES], char why[CRASH_WHY_SIZE])
{
	uint64_t last = note[NOTE_LAST], sealed = note[NOTE_SEALED];
	struct spool_point have;
	struct inbox *i = NULL;
	struct err e = { 0 };
	bool good = true;

	if (sealed > 0 && !check_messages(top, SPOOL_INBOX, 1, sealed, why))
		return false;
	if (inbox_open(top, NULL, &i, &e) == -1)
		return broken(why, e.msg, 0);
	have = inbox_durable(i);
	if (note[NOTE_STREAM] == 2 ||
	    stream_eq(have.stream, helper_stream(2))) {
		good = have.msgid == 0 && check_old_stream(top, why);
	} else if (note[NOTE_STREAM] == 1) {
		if (!stream_eq(have.stream, helper_stream(1)))
			good = broken(why, "another stream", 0);
		else if (have.msgid < last)
			good = broken(why, "durable is", have.msgid);
		else
			good = check_messages(top, SPOOL_INBOX, 1,
			    last > 4 ? 3 : last, why);
	}
	if (good && note[NOTE_STREAM] == 2 &&
	    (!stream_eq(have.stream, helper_stream(2)) ||
		inbox_begin_stream(i, helper_stream(1), &e) == 0))
		good = broken(why, "the old stream came back", 0);
	inbox_close(i);
	return good;
}

static void
run_cursor(int top)
{
	struct spool_point p = { helper_stream(1), 0, 0 };
	struct err e = { 0 };

	for (p.msgid = 1; p.msgid <= 4; p.msgid++) {
		must(cursor_write(top, "alps", &p, &e), &e);
		crash_note(NOTE_LAST, p.msgid);
	}
}

static bool
check_cursor(int top, const uint64_t note[CRASH_NOTES],
    char why[CRASH_WHY_SIZE])
{
	struct spool_point p;
	struct err e = { 0 };

	if (cursor_read(top, "alps", &p, &e) == -1)
		return broken(why, e.msg, 0);
	if (p.msgid < note[NOTE_LAST])
		return broken(why, "the cursor is", p.msgid);
	return true;
}

static void
prepare_renewal(int top)
{
	struct outbox *o = helper_filled(top, 1);
	struct spool_point at = outbox_state(o)->last;
	struct err e = { 0 };

	must(outbox_ack(o, &at, &e), &e);
	must(helper_put_config(o, 2, 1, 1, &e), &e);
	must(outbox_commit(o, &e), &e);
	first_stream = outbox_state(o)->stream;
	outbox_close(o);
}

static void
run_renewal(int top)
{
	struct outbox *o = opened(top);
	struct err e = { 0 };

	must(outbox_renew(o, &e), &e);
	crash_note(NOTE_STREAM, 2);
	outbox_close(o);
}

/* Before or after, and three messages either way. */
static bool
check_renewal(int top, const uint64_t note[CRASH_NOTES],
    char why[CRASH_WHY_SIZE])
{
	struct outbox *o = NULL;
	struct err e = { 0 };
	bool renewed, good = true;

	if (outbox_open(top, NULL, &o, &e) == -1)
		return broken(why, e.msg, 0);
	renewed = !stream_eq(outbox_state(o)->stream, first_stream);
	if (outbox_state(o)->began || (note[NOTE_STREAM] == 2 && !renewed))
		good = broken(why, "another stream", 0);
	else if (outbox_state(o)->last.msgid != 3 ||
	    outbox_state(o)->acked.msgid != (renewed ? 0 : 2) ||
	    outbox_lost(o)->n > 0)
		good = broken(why, "the last is", outbox_state(o)->last.msgid);
	else if (outbox_seal(o, &e) == -1)
		good = broken(why, e.msg, 0);
	outbox_close(o);
	if (good &&
	    strcmp(helper_read(top, SPOOL_OUTBOX | SPOOL_SENT, 1), "1 2 3") !=
		0)
		good = broken(why,
		    helper_read(top, SPOOL_OUTBOX | SPOOL_SENT, 1), 0);
	return good;
}

/* 1-2 sealed, 3-5 open, 4 damaged. */
static void
prepare_damage(int top)
{
	struct outbox *o = opened(top);
	static const char open_3[] = "outbox/00000000000000000003.open";

	put(o, true);
	put(o, true);
	seal(o);
	for (unsigned i = 0; i < 3; i++)
		put(o, true);
	outbox_close(o);
	helper_spoil(top, open_3, helper_offset(top, open_3, 4) + 9, "?");
}

/* Another process goes on with what it finds. */
static void
run_repair(int top)
{
	outbox_close(opened(top));
	outbox_close(opened(top));
	crash_note(NOTE_LAST, 5);
}

static bool
check_repair(int top, const uint64_t note[CRASH_NOTES],
    char why[CRASH_WHY_SIZE])
{
	struct outbox *o = NULL;
	struct err e = { 0 };
	bool good;

	(void)note;
	if (outbox_open(top, NULL, &o, &e) == -1)
		return broken(why, e.msg, 0);
	good = outbox_state(o)->last.msgid == 5 &&
	    ledger_count(outbox_lost(o), 1, LIMIT_MSGID) == 1 &&
	    strcmp(helper_read(top, SPOOL_OUTBOX, 1), "1 2 3 gap:5 5") == 0 &&
	    strstr(helper_names(top, "quarantine"), ".open") != NULL;
	outbox_close(o);
	return good ? true : broken(why, helper_read(top, SPOOL_OUTBOX, 1), 0);
}

/* One commit of three segments: a prefix of it, and all once it is said. */
static void
run_several(int top)
{
	struct outbox *o = opened(top);
	struct err e = { 0 };

	put(o, true);
	for (uint64_t n = 2; n <= 4; n++) {
		struct message m = { .type = MESSAGE_CONFIG,
			.timestamp = 1000000000,
			.generation = n,
			.part = 1,
			.parts = 1,
			.body = SLICE("level2-token:T1\nlevel2-path:/A\n") };

		must(outbox_put(o, &m, &e), &e);
		digest[n] = m.digest;
	}
	must(outbox_commit(o, &e), &e);
	crash_note(NOTE_LAST, 4);
	outbox_close(o);
}

/* The oldest of three segments has to go. */
static void
run_drop(int top)
{
	struct outbox_opts opts = { .size_max = 400,
		.full = SPOOL_FULL_DROP_OLDEST };
	struct outbox *o = NULL;
	struct err e = { 0 };

	for (unsigned i = 0; i < 4; i++) {
		must(outbox_open(top, &opts, &o, &e), &e);
		put(o, true);
		seal(o);
		outbox_close(o);
	}
}

/* Half of one segment has to go. */
static void
run_cut(int top)
{
	struct outbox *o = NULL;
	struct err e = { 0 };

	must(outbox_open(top, NULL, &o, &e), &e);
	for (unsigned i = 0; i < 4; i++)
		put(o, true);
	seal(o);
	must(outbox_drop_oldest(o, outbox_state(o)->waiting_bytes / 2, &e), &e);
	outbox_close(o);
}

static bool
check_drop(int top, const uint64_t note[CRASH_NOTES], char why[CRASH_WHY_SIZE])
{
	const struct ledger *lost;
	struct outbox *o = NULL;
	struct err e = { 0 };
	uint64_t last;
	bool good, buried = true;

	if (outbox_open(top, NULL, &o, &e) == -1)
		return broken(why, e.msg, 0);
	lost = outbox_lost(o);
	for (size_t i = 0; i < lost->n; i++)
		buried = buried && lost->range[i].why == LEDGER_TOMBSTONE;
	last = ledger_skip(lost, 1);
	if (ledger_count(lost, 1, LIMIT_MSGID) != last || last > 2 || !buried)
		good = broken(why, "gone without a tombstone:", last);
	else if (outbox_state(o)->last.msgid < note[NOTE_LAST])
		good = broken(why, "the last is", outbox_state(o)->last.msgid);
	else
		good = outbox_seal(o, &e) == 0 &&
		    check_messages(top, SPOOL_OUTBOX, last + 1, note[NOTE_LAST],
			why);
	outbox_close(o);
	return good;
}

static void
run_poison(int top)
{
	struct inbox *i = helper_inbox(top, NULL);
	struct buf keep = { 0 };
	struct message m =
	    helper_message(&keep, helper_stream(1), 3, digest[2]);
	struct err e = { 0 };

	assert_int_equal(inbox_poison(i, &m, "no grammar", &e), INBOX_TAKEN);
	crash_note(NOTE_LAST, 3);
	inbox_close(i);
	buf_clear(&keep);
}

/* All bytes of message 3, and why it is there. */
static bool
is_quarantined(int top)
{
	struct buf message = { 0 }, kept = { 0 }, why = { 0 };
	char path[256], *end;
	struct err e;
	bool good;

	snprintf(path, sizeof(path), "quarantine/%s",
	    helper_names(top, "quarantine"));
	end = strchr(path, ' ');
	if (end == NULL)
		return false;
	*end = '\0';
	helper_write(&message, helper_stream(1), 3, digest[2]);
	good = durable_read_file(top, path, 4096, &kept, &e) == 0 &&
	    slice_eq(buf_slice(&kept), buf_slice(&message));
	snprintf(end, sizeof(path) - (size_t)(end - path), ".why");
	good = good && durable_read_file(top, path, 4096, &why, &e) == 0 &&
	    slice_eq_str(buf_slice(&why), "no grammar\n");
	buf_clear(&message);
	buf_clear(&kept);
	buf_clear(&why);
	return good;
}

/* What was acknowledged is in quarantine, with its reason. */
static bool
check_poison(int top, const uint64_t note[CRASH_NOTES],
    char why[CRASH_WHY_SIZE])
{
	struct inbox *i = NULL;
	struct err e = { 0 };
	bool good = true;

	if (inbox_open(top, NULL, &i, &e) == -1)
		return broken(why, e.msg, 0);
	if (inbox_durable(i).msgid < note[NOTE_LAST])
		good = broken(why, "durable is", inbox_durable(i).msgid);
	else if (inbox_durable(i).msgid == 3 && !is_quarantined(top))
		good = broken(why, "not in quarantine:", 3);
	inbox_close(i);
	return good;
}

/* Syncs by number: bit 0 is the first. */
#define SYNC(n) (UINT64_C(1) << ((n)-1))

static const struct {
	const char *name;
	struct crash_scenario scenario;
	uint64_t covered; /* another one makes up for it: not for all of them */
	uint64_t idle;    /* it keeps no promise of this scenario */
} scenarios[] = {
	/* the mark of a new stream; a mark before which nothing is deleted; that
	 * what was acknowledged stays in sent/ is not looked at here */
	{ "outbox", { NULL, run_outbox, check_outbox }, 0,
	    SYNC(2) | SYNC(3) | SYNC(4) | SYNC(11) | SYNC(12) },
	{ "outbox that prunes", { NULL, run_outbox_that_prunes, check_outbox },
	    0,
	    SYNC(2) | SYNC(3) | SYNC(4) | SYNC(8) | SYNC(12) | SYNC(16) |
		SYNC(18) | SYNC(20) },
	{ "several segments", { NULL, run_several, check_outbox }, 0,
	    SYNC(2) | SYNC(3) | SYNC(4) },
	/* that what is sealed stays so is not looked at here */
	{ "dropping", { NULL, run_drop, check_drop }, 0,
	    SYNC(2) | SYNC(3) | SYNC(4) | SYNC(7) | SYNC(8) | SYNC(11) |
		SYNC(12) | SYNC(17) | SYNC(18) | SYNC(23) },
	/* that what was cut does not come back is not looked at here; names that
	 * the second piece's sync covers */
	{ "cutting", { NULL, run_cut, check_drop }, 0,
	    SYNC(2) | SYNC(3) | SYNC(4) | SYNC(10) | SYNC(12) | SYNC(15) },
	/* what was durable before; names that a later sync covers */
	{ "poison", { prepare_inbox, run_poison, check_poison }, 0,
	    SYNC(1) | SYNC(2) | SYNC(3) | SYNC(6) },
	/* the directory, synced again when it seals */
	{ "outbox that finds",
	    { prepare_empty_outbox, run_outbox_that_finds, check_outbox }, 0,
	    SYNC(1) | SYNC(3) },
	/* the file, synced again with what follows */
	{ "outbox that goes on",
	    { prepare_empty_outbox, run_outbox_that_goes_on, check_outbox }, 0,
	    SYNC(1) | SYNC(2) },
	/* the repair is done again as long as the damaged file is there */
	{ "repair", { prepare_damage, run_repair, check_repair }, 0,
	    SYNC(1) | SYNC(3) | SYNC(6) | SYNC(8) | SYNC(9) | SYNC(10) |
		SYNC(11) | SYNC(12) | SYNC(13) | SYNC(14) },
	/* the names in outbox.new and the exchange, each synced again; all that
	 * was durable before, and the mark, which the messages make up for */
	{ "renewal", { prepare_renewal, run_renewal, check_renewal },
	    SYNC(8) | SYNC(10) | SYNC(11) | SYNC(13) | SYNC(14) | SYNC(15),
	    SYNC(1) | SYNC(2) | SYNC(3) | SYNC(4) | SYNC(5) | SYNC(6) |
		SYNC(12) | SYNC(16) },
	/* directories, synced again with the ledger and with the first segment */
	{ "inbox", { NULL, run_inbox, check_inbox }, 0, SYNC(1) | SYNC(2) },
	/* by the recovery, and by W8 for all that is found */
	{ "inbox that finds",
	    { prepare_inbox, run_inbox_that_finds, check_inbox },
	    SYNC(1) | SYNC(2) | SYNC(3) | SYNC(4) | SYNC(5) | SYNC(6), 0 },
	/* what was durable before */
	{ "inbox that finds sealed",
	    { prepare_inbox, run_inbox_that_finds_sealed, check_inbox }, 0,
	    SYNC(2) },
	/* what was durable before; names that the ledger's sync covers */
	{ "change of stream",
	    { prepare_inbox, run_change_of_stream, check_inbox }, 0,
	    SYNC(1) | SYNC(2) | SYNC(4) | SYNC(5) },
	/* a directory that is synced again with its first file */
	{ "cursor", { NULL, run_cursor, check_cursor }, 0, SYNC(1) },
};

enum {
	SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0])
};

static void
no_power_cut_breaks_a_promise(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCENARIOS; i++) {
		struct crash_result r;

		crash_model_run(&scenarios[i].scenario, 0, &r);
		print_message("# %s: %u syncs, %u states\n", scenarios[i].name,
		    r.syncs, r.states);
		if (r.violations > 0)
			fail_msg("%s: %s", scenarios[i].name, r.why);
		assert_true(r.states > 5);
	}
}

static bool
is_noticed(size_t i, uint64_t skip, unsigned *syncs)
{
	struct crash_result r;

	crash_model_run(&scenarios[i].scenario, skip, &r);
	*syncs = r.syncs;
	return r.violations > 0;
}

/* How many sets of one scenario's syncs are not as its row says. */
static unsigned
check_syncs(size_t i)
{
	uint64_t covered = scenarios[i].covered, idle = scenarios[i].idle;
	unsigned syncs = 1, wrong = 0;

	for (unsigned k = 1; k <= syncs; k++)
		if (is_noticed(i, SYNC(k), &syncs) ==
		    (((covered | idle) & SYNC(k)) != 0)) {
			print_error("%s: sync %u of %u\n", scenarios[i].name, k,
			    syncs);
			wrong++;
		}
	if (covered != 0 && !is_noticed(i, covered, &syncs)) {
		print_error("%s: all that are covered\n", scenarios[i].name);
		wrong++;
	}
	if (idle != 0 && is_noticed(i, idle, &syncs)) {
		print_error("%s: those that are idle\n", scenarios[i].name);
		wrong++;
	}
	return wrong;
}

static void
each_sync_is_needed(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < SCENARIOS; i++)
		wrong += check_syncs(i);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_power_cut_breaks_a_promise),
		cmocka_unit_test(each_sync_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
