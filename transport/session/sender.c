/*
 * The sending half of a session; see sender.h.
 */
#include "config.h"

#include <assert.h>
#include <inttypes.h>

#include "transport/session/sender.h"

void
sender_clear(struct sender *s)
{
	buf_clear(&s->gather);
	buf_clear(&s->encoded);
	coding_drop(&s->coding);
}

/* The next batch cannot be coded upon what was before. */
static void
forget_state(struct sender *s)
{
	coding_drop(&s->coding);
	s->seeded = s->seed_due = false;
}

void
sender_forget(struct sender *s)
{
	buf_clear(&s->gather);
	buf_clear(&s->encoded);
	forget_state(s);
	s->open = s->finished = s->begun = s->cancelled = false;
	s->lost.first = 0;
	s->flight_n = s->flight_bytes = 0;
	s->sent = s->seeds = 0;
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
	s->plain = s->alone = false;
	forget_state(s);
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

	if (!s->open || s->seed_due || batch_waits(s) || batch_full(s))
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

/* encode returned rc: is what it made worth sending?  Else the batch goes as it is. */
static bool
use_encoded(struct sender *s, int rc)
{
	if (rc == 0 && worth_it(s->codec, s->gather.n, s->encoded.n)) {
		s->batch.codec = slice_str(s->codec->name);
		return true;
	}
	buf_reset(&s->encoded);
	return false;
}

/* Coded by itself; it may be what the state begins with. */
static bool
code_alone(struct sender *s)
{
	struct slice in = buf_slice(&s->gather);
	struct err ignored; /* it goes as it is then */

	if (!use_encoded(s,
		s->codec->encode(in, s->level, &s->encoded, &ignored)))
		return false;
	if (s->alone) {
		coding_begin(&s->coding, s->codec, in);
		s->batch.flags = FRAME_ANEW;
		s->alone = false;
	}
	return true;
}

static bool
code_upon(struct sender *s)
{
	struct err ignored; /* it goes as it is then */
	int rc = coding_encode(&s->coding, buf_slice(&s->gather), s->level,
	    &s->encoded, &ignored);

	if (use_encoded(s, rc)) {
		s->batch.flags = FRAME_UPON | (s->seeded ? FRAME_ANEW : 0);
		s->seeded = false;
		return true;
	}
	if (s->seeded) /* the receiver has none yet that could learn this */
		forget_state(s);
	return false;
}

static bool
compress(struct sender *s)
{
	if (s->plain || s->codec == &codec_none)
		return false;
	return coding_is(&s->coding, s->codec) ? code_upon(s) : code_alone(s);
}

/* The gathered messages become the batch to be sent. */
static void
close_batch(struct sender *s)
{
	assert(s->gather.n > 0 && s->encoded.n == 0);
	s->batch = s->gathered;
	s->batch.size = (uint32_t)s->gather.n;
	if (!compress(s)) {
		struct buf swap = s->encoded;

		s->encoded = s->gather;
		s->gather = swap;
		s->batch.codec = slice_str(codec_none.name);
	}
	s->batch.encoded = (uint32_t)s->encoded.n;
	s->plain = false;
	s->encoded_at = 0;
	buf_reset(&s->gather);
	if (s->batch_max < SENDER_BATCH_MOST)
		s->batch_max *= 2;
}

/* Does the batch that begins now need a state, and there is none? */
static bool
wants_seed(const struct sender *s)
{
	return s->codec->history != NULL && !s->plain && !s->alone &&
	    s->state_naks < SENDER_STATE_NAKS &&
	    !coding_is(&s->coding, s->codec);
}

static void
begin_batch(struct sender *s, const struct message *m)
{
	s->gathered = (struct frame_batch){ .stream = m->stream,
		.first = m->msgid,
		.base = s->tail.digest };
	if (!wants_seed(s))
		return;
	if (m->msgid == 1)
		sender_seed(s, &(struct slice){ 0 });
	else
		s->seed_due = true;
}

struct spool_point
sender_seed_place(const struct sender *s)
{
	return (struct spool_point){ s->gathered.stream, s->gathered.first - 1,
		s->gathered.base };
}

void
sender_seed(struct sender *s, const struct slice *seed)
{
	s->seed_due = false;
	if (seed == NULL || ++s->seeds > CODING_SEEDS) {
		s->alone = true;
		return;
	}
	coding_begin(&s->coding, s->codec, *seed);
	s->seeded = true;
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
		begin_batch(s, m);
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

void
sender_went(struct sender *s, const struct frame_lost *what, bool messages)
{
	s->sent_to = what->last;
	if (messages)
		s->sent += what->last - what->first + 1;
}

static void
end_batch(struct sender *s)
{
	if (!s->cancelled)
		sender_went(s,
		    &(struct frame_lost){ .first = s->batch.first,
			.last = s->batch.last },
		    true);
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
	if (!batch_waits(s) && s->gather.n > 0 && !s->seed_due &&
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
		sender_went(s, &s->lost, false);
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

uint64_t
sender_waits_from(const struct sender *s)
{
	if (s->encoded.n > 0 && !s->begun)
		return s->batch.first;
	if (s->lost.first != 0)
		return s->lost.first;
	return s->gather.n > 0 ? s->gathered.first : 0;
}

void
sender_rewind(struct sender *s, uint64_t from)
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
	s->batch_max = SENDER_BATCH_FIRST;
	forget_state(s);
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
	sender_rewind(s, n->from);
	s->alone = n->why == FRAME_NAK_STATE && s->nak_repeats == 1 &&
	    s->codec->history != NULL && ++s->state_naks < SENDER_STATE_NAKS;
	s->plain = n->why != FRAME_NAK_STATE || s->nak_repeats > 1;
	if (s->tail.msgid + 1 != n->from)
		return err_set(e, ERR_PROTOCOL,
		    "message %" PRIu64 " was asked for, which is lost",
		    n->from);
	return 0;
}
