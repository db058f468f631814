/*
 * A session whose peer is broken, hostile, slow or of another kind: it ends
 * within its time, bounded in memory, and nothing is believed.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "t/peer.h"
#include "transport/session/frame.h"

static struct peer us, them; /* them: only what we say goes there */
static struct mono now;

static int
setup(void **state)
{
	(void)state;
	now = (struct mono){ 1000000000 };
	peer_init(&us, SESSION_HUB, false);
	peer_init(&them, SESSION_SPOKE, true);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	peer_clear(&us);
	peer_clear(&them);
	return 0;
}

static void
run(void)
{
	while (peer_run(&us, &them, now) || peer_read(&us, 1 << 20, now))
		continue;
}

static void
say(struct slice bytes)
{
	buf_put(&us.wire, bytes);
	run();
}

/* Wait, while nobody says anything. */
static int64_t
wait_for_end(int64_t most_ms)
{
	struct mono start = now;

	while (
	    us.end == SESSION_NOTHING && mono_ms_since(now, start) <= most_ms) {
		struct mono wake = session_wake(us.session);

		assert_true(wake.ns > now.ns);
		now = wake;
		run();
	}
	return mono_ms_since(now, start);
}

/* What the peer did is counted; not that a line was cut, or that it refused. */
static void
assert_failed(enum err_kind kind, const char *what)
{
	bool theirs = us.why.sys == EPIPE ||
	    strstr(us.why.msg, "the far end refused") != NULL;

	assert_int_equal(us.end, SESSION_FAILED);
	if (strstr(us.why.msg, what) == NULL)
		fail_msg("\"%s\", not \"%s\"", us.why.msg, what);
	assert_int_equal(us.why.kind, kind);
	assert_int_equal(session_counts(us.session)->cut, !theirs);
}

/* A link may be cut anywhere, also in the first line: that is not noise. */
static void
an_opening_that_is_cut_off_is_no_noise(void **state)
{
	static const char opening[] = FRAME_OPENING;

	(void)state;
	for (size_t n = 1; n < sizeof(opening) - 1; n++) {
		peer_open(&us, now);
		say((struct slice){ opening, n });
		assert_int_equal(us.end, SESSION_NOTHING);
		us.cut = true;
		run();
		assert_failed(ERR_TEMP, "");
		assert_int_equal(us.why.sys, EPIPE);
		buf_reset(&them.wire);
	}
}

/* --- Before the opening ------------------------------------------------- */

static void
noise_is_told_from_a_hello(void **state)
{
	static const struct {
		const char *bytes, *shown;
	} rows[] = {
		{ "GET / HTTP/1.1\r\nHost: hub\r\n",
		    "noise before hello: GET / HTTP/1.1\\x0d" },
		{ "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
		    "noise before hello: SSH-2.0-OpenSSH_9.2p1 Debian-2\\x0d" },
		{ "\x16\x03\x01\x02",
		    "noise before hello: \\x16\\x03\\x01\\x02" },
		{ "MsgID:1\nType:DATA\n", "noise before hello: MsgID:1" },
		{ "Welcome to alps!\n\nAXLETREE 1\n",
		    "noise before hello: Welcome to alps!" },
		{ "AXLETREE 2\n", "noise before hello: AXLETREE 2" },
		{ "AXLETREE 1\r\n", "noise before hello: AXLETREE 1\\x0d" },
		{ "axletree 1\n", "noise before hello: axletree 1" },
		{ "\n", "noise before hello: " },
		{ "x", "noise before hello: x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		peer_open(&us, now);
		say(slice_str(rows[i].bytes));
		assert_true(wait_for_end(5000) <= 1000);
		assert_failed(ERR_PROTOCOL, rows[i].shown);
		buf_reset(&them.wire);
	}
}

static void
only_80_bytes_of_noise_are_shown(void **state)
{
	static char flood[100000];

	(void)state;
	memset(flood, '\x1b', sizeof(flood));
	peer_open(&us, now);
	say((struct slice){ flood, sizeof(flood) });
	assert_failed(ERR_PROTOCOL, "noise before hello: \\x1b\\x1b");
	assert_true(strlen(us.why.msg) < ERR_MSG_SIZE);
}

static void
a_connection_without_a_byte_is_no_failure(void **state)
{
	(void)state;
	peer_open(&us, now);
	run();
	us.cut = true;
	run();
	assert_int_equal(us.end, SESSION_END);

	us.opts.opener = true; /* who opened it wanted something */
	peer_open(&us, now);
	run();
	us.cut = true;
	run();
	assert_failed(ERR_TEMP, "closed without a word");
}

static void
silence_ends(void **state)
{
	static const struct {
		const char *said, *what;
		int64_t ms;
	} rows[] = {
		{ "", "silent for 30 s", 30000 },
		{ "A", "too slow", 10000 },
		{ "AXLETREE 1", "too slow", 10000 },
		{ "AXLETREE 1\n", "silent for 30 s", 30000 },
		{ "AXLETREE 1\n\0", "silent for 30 s", 30000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		peer_open(&us, now);
		say(slice_str(rows[i].said));
		assert_in_range(wait_for_end(100000), rows[i].ms,
		    rows[i].ms + 2500);
		assert_failed(ERR_TEMP, rows[i].what);
		buf_reset(&them.wire);
	}
}

/* Where many call at once a login takes long: the peer is not silent meanwhile, for
 * it cannot be heard.  What was heard is not made unheard. */
static void
silence_counts_from_the_open_channel(void **state)
{
	struct mono open_at;

	(void)state;
	peer_open(&us, now);
	for (int i = 0; i < 100; i++) {
		now = mono_add_ms(now, 1000);
		session_not_open(us.session, now);
		run();
		assert_int_equal(us.end, SESSION_NOTHING);
	}
	open_at = now;
	wait_for_end(100000);
	assert_failed(ERR_TEMP, "silent for 30 s");
	assert_in_range(mono_ms_since(now, open_at), 30000, 32500);

	peer_open(&us, now);
	say(SLICE("AXLETREE 1\n"));
	now = mono_add_ms(now, 29000);
	session_not_open(us.session, now);
	assert_in_range(wait_for_end(100000), 1000, 3500);
	assert_failed(ERR_TEMP, "silent for 30 s");
}

/* --- The opening ---------------------------------------------------------- */

struct hello_row {
	const char *name, *value; /* instead of what is right */
	enum err_kind kind;
	const char *what;
	unsigned code; /* that the peer is told */
};

static void
put_hello(struct buf *b, const char *name, const char *value)
{
	static const char *const lines[][2] = {
		{ "version", "1-1" },
		{ "association", "alps" },
		{ "role", "spoke" },
		{ "mode", "push" },
		{ "keep", "no" },
		{ "codecs", "none,gzip" },
		{ "out", "22222222222222222222222222222222 5 00000001" },
		{ "in", "none" },
	};
	struct buf text = { 0 };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		buf_printf(&text, "%s:%s\n", lines[i][0],
		    strcmp(lines[i][0], name) == 0 ? value : lines[i][1]);
	buf_put_str(b, FRAME_OPENING);
	buf_put(b, SLICE("\0\0"));
	buf_put_char(b, (char)(text.n >> 8));
	buf_put_char(b, (char)(text.n & 0xff));
	buf_put_char(b, FRAME_HELLO);
	buf_put(b, buf_slice(&text));
	buf_clear(&text);
}

static void
open_with(const char *name, const char *value)
{
	struct buf b = { 0 };

	buf_reset(&them.wire);
	them.cut = false;
	peer_open(&us, now);
	put_hello(&b, name, value);
	say(buf_slice(&b));
	buf_clear(&b);
}

/* The frame that we said last. */
static struct frame
last_frame(void)
{
	struct slice in = buf_slice(&them.wire), line;
	struct frame f = { .type = FRAME_PING };
	struct err e = { 0 };

	assert_true(slice_cut(&in, '\n', &line));
	while (frame_cut(&in, &f, &e) == FRAME_WHOLE)
		continue;
	assert_int_equal(in.n, 0);
	return f;
}

static void
hellos_that_do_not_suit_are_refused_with_a_reason(void **state)
{
	static const struct hello_row rows[] = {
		{ "version", "2-3", ERR_PROTOCOL, "versions 2 to 3", 76 },
		{ "version", "0-1", ERR_PROTOCOL, "no version", 76 },
		{ "association", "jura", ERR_CONFIG,
		    "speaks for association jura, this channel is of alps",
		    78 },
		{ "association", "alps2", ERR_CONFIG, "association alps2", 78 },
		{ "association", "../x", ERR_PROTOCOL, "bad association", 76 },
		{ "role", "hub", ERR_CONFIG,
		    "both ends take themselves for the hub", 78 },
		{ "mode", "pull", ERR_CONFIG, "both ends say that they", 78 },
		{ "codecs", "", ERR_PROTOCOL, "bad codecs", 76 },
		{ "in", "x", ERR_PROTOCOL, "bad in", 76 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame f;

		open_with(rows[i].name, rows[i].value);
		assert_failed(rows[i].kind, rows[i].what);
		assert_int_equal(us.starts, 0);
		f = last_frame();
		assert_int_equal(f.type, FRAME_REFUSE);
		assert_int_equal(f.payload.p[0], rows[i].code);
	}
}

static void
a_newer_version_that_speaks_ours_is_taken(void **state)
{
	(void)state;
	open_with("version", "1-7");
	assert_int_equal(us.end, SESSION_NOTHING);
	assert_int_equal(us.starts, 1);
}

static void
the_peers_refusal_is_told(void **state)
{
	static const struct {
		unsigned code;
		enum err_kind kind;
		int sys;
	} rows[] = {
		{ 65, ERR_INPUT, 0 },
		{ 74, ERR_TEMP, EIO },
		{ 75, ERR_TEMP, EAGAIN }, /* busy: come again soon */
		{ 76, ERR_PROTOCOL, 0 },
		{ 77, ERR_DENIED, 0 },
		{ 78, ERR_CONFIG, 0 },
		{ 0, ERR_PROTOCOL, 0 },
		{ 255, ERR_PROTOCOL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame_refuse r = { rows[i].code,
			SLICE("not \x1b[2J now\n") };
		struct buf b = { 0 };

		buf_put_str(&b, FRAME_OPENING);
		frame_put_refuse(&b, &r);
		peer_open(&us, now);
		say(buf_slice(&b));
		assert_failed(rows[i].kind,
		    "the far end refused: not \\x1b[2J now\\x0a");
		assert_int_equal(us.why.sys, rows[i].sys);
		buf_clear(&b);
	}
}

/* Only what is worth a try at once is called busy. */
static void
our_own_trouble_is_not_called_busy(void **state)
{
	static const struct {
		struct err why;
		unsigned code;
		const char *text;
	} rows[] = {
		{ { ERR_TEMP, EBUSY, "busy" }, 75, "busy" },
		{ { ERR_TEMP, ENOSPC, "the spool is full" }, 74,
		    "the spool is full" },
		{ { ERR_SYS, ENOSPC, "create /x" }, 74, "trouble at this end" },
		{ { ERR_SYS, EDQUOT, "create /x" }, 74, "trouble at this end" },
		{ { ERR_SYS, EMFILE, "open /x" }, 74, "trouble at this end" },
		{ { ERR_SYS, EIO, "read /x" }, 74, "trouble at this end" },
		{ { ERR_SYS, EACCES, "open /x" }, 74, "trouble at this end" },
		{ { ERR_INTERNAL, 0, "x" }, 74, "trouble at this end" },
		{ { ERR_INPUT, 0, "fork" }, 65, "fork" },
		{ { ERR_CONFIG, 0, "no" }, 78, "no" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };
		struct slice in;
		struct frame f;
		struct err e = { 0 };

		session_refusal(&b, &rows[i].why);
		in = buf_slice(&b);
		in.p += strlen(FRAME_OPENING);
		in.n -= strlen(FRAME_OPENING);
		assert_int_equal(frame_cut(&in, &f, &e), FRAME_WHOLE);
		assert_int_equal(f.payload.p[0], rows[i].code);
		assert_memory_equal(f.payload.p + 1, rows[i].text,
		    strlen(rows[i].text));
		buf_clear(&b);
	}
}

/* A session that we end counts only where what came is the reason. */
static void
our_own_trouble_is_not_counted(void **state)
{
	static const struct {
		struct err why;
		uint64_t cut;
	} rows[] = {
		{ { ERR_INPUT, 0, "fork" }, 1 },
		{ { ERR_TEMP, ENOSPC, "the spool is full" }, 0 },
		{ { ERR_SYS, EIO, "read /x" }, 0 },
		{ { ERR_TEMP, 0, "the deadline passed" }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_with("", "");
		session_abort(us.session, &rows[i].why);
		run();
		assert_int_equal(session_counts(us.session)->cut, rows[i].cut);
	}
	peer_open(&us, now);
	session_leave(us.session, now);
	run();
	assert_int_equal(us.end, SESSION_FAILED);
	assert_int_equal(session_counts(us.session)->cut, 0);
}

/* --- Frames in the wrong place, or wrong in themselves --------------------- */

static const struct stream_id spokes = { { 0x22, 0x22, 0x22, 0x22, 0x22, 0x22,
    0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22 } };

static void
put_batch(struct buf *b, uint64_t first, uint64_t last, const char *codec,
    struct slice encoded, uint32_t size)
{
	struct frame_batch h = { .stream = spokes,
		.first = first,
		.last = last,
		.size = size,
		.encoded = (uint32_t)encoded.n,
		.codec = slice_str(codec) };

	frame_put_batch(b, &h);
	if (encoded.n > 0)
		frame_put_chunk(b, encoded);
}

/* A frame by a letter: upper case as in the protocol, with too short a payload
 * unless that is one byte. */
static void
put_letter(struct buf *b, char letter)
{
	static const char plain[] = "MsgID:1\n";
	struct frame_lost lost = { spokes, 1, 1 }, ahead = { spokes, 9, 9 };
	struct frame_nak nak = { us.out.stream, 1, FRAME_NAK_DAMAGED,
		SLICE("x") };
	struct frame_batch stateful = { .stream = spokes,
		.first = 1,
		.last = 1,
		.size = 10,
		.encoded = 10,
		.flags = FRAME_UPON,
		.codec = SLICE("gzip") };
	struct frame_batch anew = stateful, odd = stateful;
	struct frame_batch begun = { .stream = spokes,
		.first = 1,
		.last = 1,
		.size = 9,
		.encoded = 9,
		.codec = SLICE("none") };

	anew.flags = FRAME_ANEW;
	odd.flags = 4;
	switch (letter) {
	case 'b':
		frame_put_batch(b, &begun);
		break;
	case 'c':
		frame_put_chunk(b, SLICE("0123456789"));
		break;
	case 'l':
		frame_put_lost(b, &lost);
		break;
	case 'a':
		frame_put_lost(b, &ahead);
		break;
	case '2':
		put_batch(b, 2, 2, "none", SLICE("x"), 1);
		break;
	case 'n':
		frame_put_nak(b, &nak);
		break;
	case '0':
		buf_put(b, SLICE("\0\0\0\0P"));
		break;
	case '4':
		buf_put(b, SLICE("\xff\xff\xff\xffP"));
		break;
	case 'm':
		buf_put(b, SLICE("\0\x10\0\1C"));
		break;
	case 'x':
		put_batch(b, 1, 1, "lzma", SLICE("x"), 1);
		break;
	case 's':
		frame_put_batch(b, &stateful);
		break;
	case 'e':
		frame_put_batch(b, &anew);
		break;
	case 'o':
		frame_put_batch(b, &odd);
		break;
	case 'g':
		put_batch(b, 1, 1, "gzip", SLICE(plain), 8);
		break;
	case 'p':
		put_batch(b, 1, 1, "none", SLICE("\x1f\x8b\x08\0\0"), 5);
		break;
	case '8':
		put_batch(b, 1, 1, "gzip", SLICE("x"), (8 << 20) + 1);
		break;
	default:
		frame_put_signal(b, (enum frame_type)letter);
		break;
	}
}

static void
frames_in_the_wrong_state_end_the_session(void **state)
{
	static const struct {
		const char *frames, *what;
	} rows[] = {
		{ "H", "second HELLO" },
		{ "C", "CHUNK outside a batch" },
		{ "bb", "BATCH inside a batch" },
		{ "bl", "LOST inside a batch" },
		{ "bD", "DONE inside a batch" },
		{ "Db", "BATCH after DONE" },
		{ "Dl", "LOST after DONE" },
		{ "DD", "DONE after DONE" },
		{ "bc", "past the end of its batch" },
		{ "2", "a batch that begins at 2 when 1 is next" },
		{ "a", "a lost range that begins at 9 when 1 is next" },
		{ "Z", "a frame of type 0x5a" },
		{ "0", "a frame of 0 bytes" },
		{ "4", "a frame of 4294967295 bytes" },
		{ "m", "a frame of 1048577 bytes" },
		{ "n", "asked for again, but never sent" },
		{ "A", "ACK of 1 bytes" },
		{ "B", "BATCH of 1 bytes" },
		{ "N", "NAK of 1 bytes" },
		{ "L", "LOST of 1 bytes" },
		{ "x", "compression that was not offered" },
		{ "s", "compression that was not offered" },
		{ "e", "compression that was not offered" },
		{ "o", "BATCH with flags 0x04" },
		{ "g", "not in the compression it names" },
		{ "p", "not in the compression it names" },
		{ "8", "message 1 of 8388609 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };

		open_with("", "");
		assert_int_equal(us.end, SESSION_NOTHING);
		for (const char *p = rows[i].frames; *p != '\0'; p++)
			put_letter(&b, *p);
		say(buf_slice(&b));
		if (us.end != SESSION_FAILED)
			fail_msg("\"%s\" was taken", rows[i].frames);
		assert_failed(ERR_PROTOCOL, rows[i].what);
		assert_int_equal(us.in.last, 0);
		buf_clear(&b);
	}
}

static void
frames_before_hello_end_the_session(void **state)
{
	static const char types[] = "BCANLPD";

	(void)state;
	for (const char *p = types; *p != '\0'; p++) {
		struct buf b = { 0 };

		buf_put_str(&b, FRAME_OPENING);
		frame_put_signal(&b, (enum frame_type) * p);
		peer_open(&us, now);
		say(buf_slice(&b));
		assert_failed(ERR_PROTOCOL, "before HELLO");
		buf_clear(&b);
	}
}

/* --- Acknowledgements ------------------------------------------------------- */

static void
say_ack(struct stream_id stream, uint64_t msgid, uint32_t digest)
{
	struct spool_point at = { stream, msgid, digest };
	struct buf b = { 0 };

	frame_put_ack(&b, &at);
	say(buf_slice(&b));
	buf_clear(&b);
}

static void
only_what_was_sent_can_be_acknowledged(void **state)
{
	(void)state;
	peer_write(&us, 10, 100);
	open_with("", "");
	assert_int_equal(us.next, 11);
	say_ack(us.out.stream, 11, 1);                   /* never sent */
	say_ack(us.out.stream, UINT64_MAX, 0);           /* nor that */
	say_ack(us.out.stream, 5, us.out.digest[5] ^ 1); /* another digest */
	say_ack(peer_stream(9), 5, us.out.digest[5]);    /* another stream */
	assert_int_equal(us.acked.msgid, 0);
	assert_int_equal(session_counts(us.session)->strange_acks, 4);
	assert_non_null(strstr(us.warning, "not sent like that: ignored"));
	assert_int_equal(us.end, SESSION_NOTHING);

	say_ack(us.out.stream, 5, us.out.digest[5]); /* that one is good */
	assert_int_equal(us.acked.msgid, 5);
	say_ack(us.out.stream, 5, us.out.digest[5]); /* again: nothing */
	assert_int_equal(session_counts(us.session)->strange_acks, 4);
	say_ack(us.out.stream, 4, us.out.digest[4]); /* lower than before */
	assert_int_equal(session_counts(us.session)->strange_acks, 5);
	assert_int_equal(us.acked.msgid, 5);
	say_ack(us.out.stream, 10, us.out.digest[10]);
	assert_int_equal(us.acked.msgid, 10);
}

static void
what_is_not_on_its_way_cannot_be_acknowledged(void **state)
{
	(void)state;
	peer_write(&us, 10, 100);
	us.endless = true; /* so that the batch is not closed */
	open_with("", "");
	assert_int_equal(us.next, 11);
	say_ack(us.out.stream, 10, us.out.digest[10]);
	assert_int_equal(us.acked.msgid, 0);
	assert_int_equal(session_counts(us.session)->strange_acks, 1);
}

static void
say_nak(uint64_t from)
{
	struct frame_nak n = { us.out.stream, from, FRAME_NAK_DAMAGED,
		SLICE("hm") };
	struct buf b = { 0 };

	frame_put_nak(&b, &n);
	say(buf_slice(&b));
	buf_clear(&b);
}

static void
resends_have_a_cap(void **state)
{
	(void)state;
	peer_write(&us, 200, 10);
	open_with("", "");
	say_nak(7);
	say_nak(7);
	assert_int_equal(us.end, SESSION_NOTHING);
	assert_int_equal(us.seeks, 2);
	say_nak(7); /* the third time */
	assert_failed(ERR_PROTOCOL, "asked for again too often");

	us.seeks = 0;
	open_with("", "");
	for (uint64_t n = 1; us.end == SESSION_NOTHING; n++)
		say_nak(n);
	assert_failed(ERR_PROTOCOL, "asked for again too often");
	assert_int_equal(us.seeks, 99);
}

static void
only_what_is_in_flight_can_be_asked_for(void **state)
{
	static const uint64_t from[] = { 11, UINT64_C(1000000000000000000),
		INT64_MAX, 3 };

	(void)state;
	peer_write(&us, 10, 10);
	for (size_t i = 0; i < 4; i++) {
		open_with("", "");
		if (from[i] == 3)
			say_ack(us.out.stream, 3, us.out.digest[3]);
		say_nak(from[i]);
		assert_failed(ERR_PROTOCOL, "but never sent");
	}
}

/* --- Compressed bytes --------------------------------------------------------- */

static void
bombs_and_damage_are_asked_for_again_then_refused(void **state)
{
	/* gzip's magic, and nothing that can be decoded */
	static const char bad[] = "\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff\xff\xff";
	struct buf b = { 0 };

	(void)state;
	open_with("", "");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(us.end, SESSION_NOTHING);
		buf_reset(&b);
		put_batch(&b, 1, 1, "gzip", SLICE(bad), i == 0 ? 8 << 20 : 100);
		say(buf_slice(&b));
		if (i < 2)
			assert_int_equal(last_frame().type, FRAME_NAK);
	}
	assert_failed(ERR_INPUT, "message 1 came damaged 3 times: gzip:");
	assert_int_equal(session_counts(us.session)->refused, 3);
	assert_int_equal(us.in.last, 0);
	buf_clear(&b);
}

/* --- Time and memory ---------------------------------------------------------- */

static void
a_byte_in_ten_seconds_is_too_slow(void **state)
{
	struct mono start = now;
	struct buf b = { 0 };

	(void)state;
	open_with("", "");
	put_batch(&b, 1, 1, "none", SLICE("MsgID:1"), 7);
	for (size_t i = 0; i < b.n && us.end == SESSION_NOTHING; i++) {
		say((struct slice){ b.p + i, 1 });
		now = mono_add_ms(now, 10000);
		run();
	}
	assert_failed(ERR_TEMP, "too slow");
	assert_true(mono_ms_since(now, start) <= 20000);
	buf_clear(&b);
}

static void
keep_alives_do_not_make_a_session_endless(void **state)
{
	struct mono start = now;
	struct buf b = { 0 };

	(void)state;
	open_with("", "");
	frame_put_signal(&b, FRAME_PING);
	while (us.end == SESSION_NOTHING) {
		say(buf_slice(&b));
		now = mono_add_ms(now, 5000);
		run();
	}
	assert_failed(ERR_TEMP, "longer than 600 s");
	assert_true(mono_ms_since(now, start) <= 610000);
	buf_clear(&b);
}

static void
a_peer_that_does_not_read_is_left(void **state)
{
	struct mono start = now;
	struct buf b = { 0 };

	(void)state;
	peer_write(&us, 100, 10000);
	us.opts.keep = true;
	them.wire_max = 2000;
	open_with("keep", "yes");
	frame_put_signal(&b, FRAME_PING);
	while (us.end == SESSION_NOTHING) {
		say(buf_slice(&b));
		now = mono_add_ms(now, 5000);
		run();
	}
	assert_failed(ERR_TEMP, "does not read");
	assert_true(mono_ms_since(now, start) <= 90000);
	buf_clear(&b);
}

static void
a_kept_session_that_hears_nothing_is_stalled(void **state)
{
	(void)state;
	us.opts.keep = true;
	open_with("keep", "yes");
	assert_in_range(wait_for_end(200000), 74000, 78000);
	assert_failed(ERR_TEMP, "silent for 75 s");
}

/* Who is never answered gets so much and no more. */
static void
what_is_in_flight_is_bounded(void **state)
{
	static const struct {
		unsigned messages;
		size_t size, flight_bytes;
		uint64_t fed;
	} rows[] = {
		{ 999, 10, 0, 999 }, { 1000, 10, 0, 1000 },
		{ 1001, 10, 0, 1000 }, { 3000, 10, 0, 1000 },
		{ 100, 2000, 50000, 24 }, /* of some 2,200 bytes each */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		teardown(NULL);
		setup(NULL);
		us.opts.flight_bytes = rows[i].flight_bytes;
		peer_write(&us, rows[i].messages, rows[i].size);
		open_with("", "");
		assert_int_equal(us.next - 1, rows[i].fed);
		assert_int_equal(session_counts(us.session)->sent, rows[i].fed);
		/* an acknowledgement makes room for as many */
		say_ack(us.out.stream, 10, us.out.digest[10]);
		assert_int_equal(us.next - 1,
		    rows[i].fed + 10 < rows[i].messages ? rows[i].fed + 10
							: rows[i].messages);
	}
}

/* Answers are bounded however much is asked. */
static void
a_flood_of_batches_is_answered_in_bounded_room(void **state)
{
	struct buf b = { 0 };

	(void)state;
	them.wire_max = 500;
	open_with("", "");
	peer_write(&them, 500, 10);
	for (uint64_t i = 1; i <= 500; i++) {
		struct frame_batch h = { .stream = them.out.stream,
			.first = i,
			.last = i,
			.digest = them.out.digest[i],
			.size = (uint32_t)them.out.raw[i].n,
			.encoded = (uint32_t)them.out.raw[i].n,
			.codec = SLICE("none") };

		frame_put_batch(&b, &h);
		frame_put_chunk(&b, buf_slice(&them.out.raw[i]));
	}
	say(buf_slice(&b));
	assert_int_equal(us.end, SESSION_NOTHING);
	assert_int_equal(us.in.last, 500);
	/* only the newest acknowledgement waits */
	them.wire_max = 0;
	run();
	assert_true(them.wire.n < 40000);
	buf_clear(&b);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_opening_that_is_cut_off_is_no_noise),
		T(noise_is_told_from_a_hello),
		T(only_80_bytes_of_noise_are_shown),
		T(a_connection_without_a_byte_is_no_failure),
		T(silence_ends),
		T(silence_counts_from_the_open_channel),
		T(hellos_that_do_not_suit_are_refused_with_a_reason),
		T(a_newer_version_that_speaks_ours_is_taken),
		T(the_peers_refusal_is_told),
		T(our_own_trouble_is_not_called_busy),
		T(our_own_trouble_is_not_counted),
		T(frames_in_the_wrong_state_end_the_session),
		T(frames_before_hello_end_the_session),
		T(only_what_was_sent_can_be_acknowledged),
		T(what_is_not_on_its_way_cannot_be_acknowledged),
		T(resends_have_a_cap),
		T(only_what_is_in_flight_can_be_asked_for),
		T(bombs_and_damage_are_asked_for_again_then_refused),
		T(a_byte_in_ten_seconds_is_too_slow),
		T(keep_alives_do_not_make_a_session_endless),
		T(a_peer_that_does_not_read_is_left),
		T(a_kept_session_that_hears_nothing_is_stalled),
		T(what_is_in_flight_is_bounded),
		T(a_flood_of_batches_is_answered_in_bounded_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
