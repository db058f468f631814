/*
 * The sending half of a session; see sender.h.
 */
#include "config.h"

#include <assert.h>
#include <inttypes.h>

#include "transport/sender.h"

void
sender_clear(struct sender *s)
{
	buf_clear(&s->gather);
	buf_clear(&s->encoded);
}

void
sender_start(struct sender *s, const struct spool_point *at)
{
	assert(s->flight_n == 0 && s->gather.n == 0 && !s->begun);
	s->open = true;
	s->finished = false;
	s->acked = s->tail = *at;
	s->sent_to = at->msgid;
	s->batch_max = SENDER_BATCH_FIRST;
}

static bool
batch_waits(const struct sender *s)
{
	return s->encoded.n > 0 || s->lost.first != 0;
}

static uint64_t
batch_count(const struct frame_batch *b)
{
	return b->last - b->first + 1;
}

static bool
flight_full(const struct sender *s)
{
	return s->flight_n == SENDER_FLIGHT || s->flight_bytes >= s->flight_max;
}

static bool
batch_full(const struct sender *s)
{
	return s->gather.n >= s->batch_max || flight_full(s) ||
	    (s->gather.n > 0 &&
		batch_count(&s->gathered) >= SENDER_BATCH_MESSAGES);
}

size_t
sender_room(const struct sender *s)
{
	size_t left;

	if (!s->open || batch_waits(s) || batch_full(s))
		return 0;
	left = s->batch_max - s->gather.n;
	return left < s->flight_max - s->flight_bytes
	    ? left
	    : s->flight_max - s->flight_bytes;
}

static struct sender_entry *
entry(struct sender *s, size_t i)
{
	return &s->flight[(s->flight_at + i) % SENDER_FLIGHT];
}

static void
fly(struct sender *s, uint64_t msgid, uint32_t digest, size_t bytes)
{
	assert(s->flight_n < SENDER_FLIGHT);
	*entry(s, s->flight_n++) =
	    (struct sender_entry){ msgid, digest, bytes };
	s->flight_bytes += bytes;
	s->tail.msgid = msgid;
	s->tail.digest = digest;
}

/* Smaller than it was, and not so small that the receiver takes it for a bomb. */
static bool
worth_it(const struct codec_ops *c, size_t size, size_t encoded)
{
	return encoded < size &&
	    (c->ratio_max == 0 || size / c->ratio_max < encoded);
}

static bool
compress(struct sender *s)
{
	struct err ignored; /* it goes as it is then */

	if (s->plain || s->codec == &codec_none)
		return false;
	if (s->codec->encode(buf_slice(&s->gather), s->level, &s->encoded,
		&ignored) == 0 &&
	    worth_it(s->codec, s->gather.n, s->encoded.n))
		return true;
	buf_reset(&s->encoded);
	return false;
}

/* The gathered messages become the batch to be sent. */
static void
close_batch(struct sender *s)
{
	assert(s->gather.n > 0 && s->encoded.n == 0);
	s->batch = s->gathered;
	s->batch.size = (uint32_t)s->gather.n;
	if (compress(s)) {
		s->batch.codec = slice_str(s->codec->name);
	} else {
		struct buf swap = s->encoded;

		s->encoded = s->gather;
		s->gather = swap;
		s->batch.codec = slice_str(codec_none.name);
	}
	s->batch.encoded = (uint32_t)s->encoded.n;
	s->plain = false;
	s->encoded_at = 0;
	buf_reset(&s->gather);
	if (s->batch_max < FRAME_BATCH_BYTES)
		s->batch_max *= 2;
}

void
sender_feed(struct sender *s, const struct message *m)
{
	assert(m->msgid == s->tail.msgid + 1);
	assert(stream_eq(m->stream, s->acked.stream));
	s->finished = false;
	if (s->gather.n > 0 && m->raw.n > s->batch_max - s->gather.n)
		close_batch(s);
	if (s->gather.n == 0)
		s->gathered = (struct frame_batch){ .stream = m->stream,
			.first = m->msgid,
			.base = s->tail.digest };
	s->gathered.last = m->msgid;
	s->gathered.digest = m->digest;
	buf_put(&s->gather, m->raw);
	fly(s, m->msgid, m->digest, m->raw.n);
}

void
sender_feed_lost(struct sender *s, uint64_t first, uint64_t last)
{
	assert(first == s->tail.msgid + 1 && last >= first);
	s->finished = false;
	if (s->gather.n > 0)
		close_batch(s);
	s->lost = (struct frame_lost){ s->acked.stream, first, last };
	fly(s, last, 0, 0);
}

static void
end_batch(struct sender *s)
{
	if (!s->cancelled) {
		s->sent_to = s->batch.last;
		s->sent += batch_count(&s->batch);
	}
	s->begun = s->cancelled = false;
	if (s->encoded.cap > FRAME_PAYLOAD_MAX)
		buf_clear(&s->encoded); /* a kept session is small when idle */
	else
		buf_reset(&s->encoded);
}

static void
put_chunk(struct sender *s, struct buf *out)
{
	struct slice bytes = { s->encoded.p + s->encoded_at,
		s->encoded.n - s->encoded_at };

	if (bytes.n > SENDER_CHUNK)
		bytes.n = SENDER_CHUNK;
	frame_put_chunk(out, bytes);
	s->encoded_at += bytes.n;
	if (s->encoded_at == s->encoded.n)
		end_batch(s);
}

bool
sender_put(struct sender *s, struct buf *out)
{
	if (!batch_waits(s) && s->gather.n > 0 &&
	    (s->finished || batch_full(s)))
		close_batch(s);
	if (s->encoded.n > 0) {
		if (!s->begun)
			frame_put_batch(out, &s->batch);
		s->begun = true;
		put_chunk(s, out);
		return true;
	}
	if (s->lost.first != 0) {
		frame_put_lost(out, &s->lost);
		s->sent_to = s->lost.last;
		s->lost.first = 0;
		return true;
	}
	return false;
}

bool
sender_idle(const struct sender *s)
{
	return s->open && s->finished && s->flight_n == 0 && s->encoded.n == 0;
}

enum sender_ack
sender_take_ack(struct sender *s, const struct spool_point *at)
{
	size_t i = 0;

	if (!s->open || !stream_eq(at->stream, s->acked.stream))
		return SENDER_ACK_STRANGE;
	if (at->msgid == s->acked.msgid && at->digest == s->acked.digest)
		return SENDER_ACK_OLD;
	while (i < s->flight_n && entry(s, i)->msgid < at->msgid)
		i++;
	if (i == s->flight_n || at->msgid > s->sent_to ||
	    entry(s, i)->msgid != at->msgid ||
	    entry(s, i)->digest != at->digest)
		return SENDER_ACK_STRANGE;
	for (size_t k = 0; k <= i; k++)
		s->flight_bytes -= entry(s, k)->bytes;
	s->flight_at = (s->flight_at + i + 1) % SENDER_FLIGHT;
	s->flight_n -= i + 1;
	s->acked = *at;
	return SENDER_ACK_NEW;
}

/* Forget all that was fed from `from` on. */
static void
rewind_to(struct sender *s, uint64_t from)
{
	while (s->flight_n > 0 && entry(s, s->flight_n - 1)->msgid >= from)
		s->flight_bytes -= entry(s, --s->flight_n)->bytes;
	if (s->flight_n > 0) {
		s->tail.msgid = entry(s, s->flight_n - 1)->msgid;
		s->tail.digest = entry(s, s->flight_n - 1)->digest;
	} else {
		s->tail = s->acked;
	}
	s->sent_to = s->tail.msgid;
	buf_reset(&s->gather);
	s->lost.first = 0;
	s->cancelled = s->begun;
	if (!s->begun)
		buf_reset(&s->encoded);
	s->finished = false;
	s->plain = true;
	s->batch_max = SENDER_BATCH_FIRST;
}

int
sender_take_nak(struct sender *s, const struct frame_nak *n, struct err *e)
{
	if (!s->open || !stream_eq(n->stream, s->acked.stream) ||
	    n->from <= s->acked.msgid || n->from > s->sent_to)
		return err_set(e, ERR_PROTOCOL,
		    "message %" PRIu64 " was asked for again, but never sent",
		    n->from);
	s->nak_repeats = n->from == s->nak_from ? s->nak_repeats + 1 : 1;
	s->nak_from = n->from;
	if (++s->naks >= SENDER_NAKS || s->nak_repeats >= SENDER_NAK_REPEATS)
		return err_set(e, ERR_PROTOCOL,
		    "message %" PRIu64 " was asked for again too often",
		    n->from);
	rewind_to(s, n->from);
	if (s->tail.msgid + 1 != n->from)
		return err_set(e, ERR_PROTOCOL,
		    "message %" PRIu64 " was asked for, which is lost",
		    n->from);
	return 0;
}
