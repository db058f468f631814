/*
 * A session in either role, with whatever a peer may say, in any order, at any
 * time.  The input is a script: one byte of settings, then commands of one byte
 * with their arguments, so that the fuzzer gets past the opening.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "t/peer.h"
#include "transport/session/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	MESSAGES = 8, /* in our outbox, and that the peer can send */
};

enum setting {
	SET_HUB = 1,
	SET_OPENER = 2,
	SET_KEEP = 4,
	SET_EMPTY = 8, /* nothing to send */
	SET_ACKED = 16,
	SET_KNOWN = 32, /* we have taken the peer's first two */
};

enum command {
	SAY_BYTES,  /* n, the bytes */
	SAY_FRAME,  /* type, n, the payload */
	SAY_HELLO,  /* what it has of ours */
	SAY_BATCH,  /* first, count; as it is or compressed */
	SAY_ANSWER, /* ACK, NAK or LOST, with a number */
	WAIT,       /* seconds */
	CLOSE,
	COMMANDS,
};

static struct peer us, them;
static struct mono now;

static void
must(bool b)
{
	if (!b)
		abort();
}

static uint8_t
cut_byte(struct slice *in)
{
	uint8_t b = 0;

	if (in->n > 0) {
		b = (uint8_t)*in->p++;
		in->n--;
	}
	return b;
}

static struct slice
cut_bytes(struct slice *in, size_t n)
{
	struct slice head = { in->p, n < in->n ? n : in->n };

	in->p += head.n;
	in->n -= head.n;
	return head;
}

static void
say_hello(uint8_t arg)
{
	uint64_t at = arg & 15;
	struct frame_hello h = { .version_min = 1,
		.version_max = 1,
		.association = SLICE("alps"),
		.hub = us.opts.role == SESSION_SPOKE,
		.push = (us.opts.role == SESSION_HUB) != us.opts.opener,
		.keep = arg & 16,
		.codecs = arg & 64 ? SLICE("none,gzip,zstd,columnar")
				   : SLICE("none,gzip") };

	if (at > 0 && at <= MESSAGES)
		h.in = (struct spool_point){ us.out.stream, at,
			us.out.digest[at] ^ (arg & 32) };
	buf_put_str(&us.wire, FRAME_OPENING);
	frame_put_hello(&us.wire, &h);
}

static const struct codec_ops *
say_codec(uint8_t arg)
{
	if (!(arg & 32))
		return &codec_none;
	return arg & 1 ? codec_find(SLICE("columnar"))
		       : codec_find(SLICE("gzip"));
}

/* Upon what the other end has learnt when it was begun just so. */
static int
say_upon(const struct codec_ops *codec, uint64_t first, struct slice text,
    struct buf *encoded, struct err *e)
{
	struct codec_state *s = codec->history->state_new();
	int rc;

	for (uint64_t i = 1; i < first; i++)
		codec->history->learn(s, buf_slice(&them.out.raw[i]));
	rc = codec->history->encode(s, text, codec->level_default, encoded, e);
	codec->history->state_free(s);
	return rc;
}

static void
say_batch(uint8_t arg)
{
	uint64_t first = 1 + arg % MESSAGES, last = first + (arg >> 3) % 4;
	const struct codec_ops *codec = say_codec(arg);
	struct frame_batch b = { .stream = them.out.stream,
		.first = first,
		.codec = slice_str(codec->name) };
	struct buf text = { 0 }, encoded = { 0 };
	struct err e;

	if (last > MESSAGES)
		last = MESSAGES;
	for (uint64_t i = first; i <= last; i++)
		buf_put(&text, buf_slice(&them.out.raw[i]));
	if (arg & 64) /* damaged */
		text.p[text.n / 2] ^= 1;
	if (codec->history != NULL) /* what it says may be true or not */
		b.flags = (arg >> 1) & 3;
	must((b.flags & FRAME_UPON
		     ? say_upon(codec, first, buf_slice(&text), &encoded, &e)
		     : codec->encode(buf_slice(&text), codec->level_default,
			   &encoded, &e)) == 0);
	b.last = last;
	b.digest = them.out.digest[last];
	b.size = (uint32_t)text.n;
	b.base = them.out.digest[first - 1];
	b.encoded = (uint32_t)encoded.n;
	frame_put_batch(&us.wire, &b);
	if (!(arg & 128))
		frame_put_chunk(&us.wire, buf_slice(&encoded));
	buf_clear(&text);
	buf_clear(&encoded);
}

static void
say_answer(uint8_t arg)
{
	uint64_t n = arg & 15;
	struct spool_point at = { us.out.stream, n,
		n <= MESSAGES ? us.out.digest[n] : 0 };
	struct frame_nak nak = { us.out.stream, n,
		arg & 64 ? FRAME_NAK_STATE : FRAME_NAK_DAMAGED, SLICE("no") };
	struct frame_lost lost = { them.out.stream, n, n + (arg >> 6) };

	switch (arg >> 4 & 3) {
	case 0:
	case 1:
		frame_put_ack(&us.wire, &at);
		break;
	case 2:
		frame_put_nak(&us.wire, &nak);
		break;
	case 3:
		frame_put_lost(&us.wire, &lost);
		break;
	}
}

/* What must hold, whatever was said. */
static void
check(void)
{
	must(us.acked.msgid <= us.out.last);
	if (us.acked.msgid > 0)
		must(us.acked.digest == us.out.digest[us.acked.msgid]);
	must(us.largest <= FRAME_BATCH_BYTES);
	must(us.renewals <= 1);
	must(them.wire.n < 1 << 20);
	if (us.end == SESSION_NOTHING)
		must(session_wake(us.session).ns > now.ns);
}

static void
run(void)
{
	while (peer_run(&us, &them, now) || peer_read(&us, 1000, now))
		continue;
	check();
	buf_reset(&them.wire);
}

static void
obey(struct slice *in)
{
	uint8_t arg;

	switch ((enum command)(cut_byte(in) % COMMANDS)) {
	case SAY_BYTES:
		arg = cut_byte(in);
		buf_put(&us.wire, cut_bytes(in, arg));
		break;
	case SAY_FRAME:
		arg = cut_byte(in);
		buf_put(&us.wire, SLICE("\0\0\0"));
		if (in->n == 0)
			break;
		buf_put_char(&us.wire, *in->p);
		buf_put_char(&us.wire, (char)arg);
		arg = cut_byte(in);
		buf_put(&us.wire, cut_bytes(in, arg));
		break;
	case SAY_HELLO:
		say_hello(cut_byte(in));
		break;
	case SAY_BATCH:
		say_batch(cut_byte(in));
		break;
	case SAY_ANSWER:
		say_answer(cut_byte(in));
		break;
	case WAIT:
		now = mono_add_ms(now, 1000 * (int64_t)cut_byte(in));
		break;
	case CLOSE:
		us.cut = true;
		break;
	case COMMANDS:
		break;
	}
	run();
}

static void
begin(uint8_t set)
{
	bool hub = set & SET_HUB;

	now = (struct mono){ 1000000000 };
	peer_init(&us, hub ? SESSION_HUB : SESSION_SPOKE, set & SET_OPENER);
	peer_init(&them, hub ? SESSION_SPOKE : SESSION_HUB, false);
	us.opts.keep = set & SET_KEEP;
	peer_choose(&us, set & SET_KEEP ? "columnar" : "gzip");
	peer_write(&them, MESSAGES, 30);
	if (!(set & SET_EMPTY))
		peer_write(&us, MESSAGES, 30);
	if (set & SET_ACKED && !(set & SET_EMPTY))
		us.acked =
		    (struct spool_point){ us.out.stream, 2, us.out.digest[2] };
	if (set & SET_KNOWN) {
		us.in.stream = them.out.stream;
		us.in.last = 2;
		us.in.digest[2] = them.out.digest[2];
	}
	peer_open(&us, now);
	run();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };

	begin(cut_byte(&in));
	while (in.n > 0 && us.end == SESSION_NOTHING)
		obey(&in);
	peer_clear(&us);
	peer_clear(&them);
	return 0;
}
