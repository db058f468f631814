/*
 * The receiving half of a session; see receiver.h.
 */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/message/limits.h"
#include "transport/session/receiver.h"
#include "transport/session/sender.h"

static void
set_state(struct receiver *r, enum receiver_state state)
{
	r->state = state;
	if (state != RECEIVER_IDLE)
		return;
	/* a kept session is small when idle */
	buf_clear(&r->encoded);
	buf_clear(&r->plain);
}

void
receiver_clear(struct receiver *r)
{
	set_state(r, RECEIVER_IDLE);
	coding_drop(&r->coding);
}

/* May a batch or a lost range begin here?  A stream that we do not know begins
 * at 1, once in a session. */
static bool
follows(const struct receiver *r, struct stream_id stream, uint64_t first)
{
	if (stream_eq(stream, r->in.stream))
		return first == r->in.msgid + 1;
	return first == 1 && !r->replaced;
}

/* Behind a refused message come those that were on their way: they are passed
 * over until it comes again. */
static bool
to_pass(struct receiver *r, struct stream_id stream, uint64_t first)
{
	if (r->awaiting && first == r->nak.from &&
	    stream_eq(stream, r->nak.stream) && !r->nak_due)
		r->awaiting = false;
	return r->awaiting;
}

/* The digest of the message before the next. */
static uint32_t
base_of(const struct receiver *r)
{
	return stream_eq(r->batch.stream, r->in.stream) ? r->in.digest : 0;
}

static int
out_of_turn(const struct receiver *r, const char *what, uint64_t first,
    struct err *e)
{
	return err_set(e, ERR_PROTOCOL,
	    "%s that begins at %" PRIu64 " when %" PRIu64 " is next", what,
	    first, r->in.msgid + 1);
}

static int
check_idle(const struct receiver *r, const char *what, struct err *e)
{
	if (r->done)
		return err_set(e, ERR_PROTOCOL, "%s after DONE", what);
	if (r->state != RECEIVER_IDLE)
		return err_set(e, ERR_PROTOCOL, "%s inside a batch", what);
	return 0;
}

int
receiver_batch(struct receiver *r, const struct frame_batch *b, struct err *e)
{
	if (check_idle(r, "BATCH", e) == -1)
		return -1;
	r->codec = codec_find(b->codec);
	if (r->codec == NULL || (b->flags != 0 && r->codec->history == NULL))
		return err_set(e, ERR_PROTOCOL,
		    "a batch in a compression that was not offered");
	if (b->first == b->last && b->size > r->message_max)
		return err_set(e, ERR_PROTOCOL,
		    "message %" PRIu64 " of %" PRIu32 " bytes: more than %zu",
		    b->first, b->size, r->message_max);
	r->batch = *b;
	r->passed = 0;
	if (to_pass(r, b->stream, b->first)) {
		set_state(r, RECEIVER_PASSING);
		return 0;
	}
	if (!follows(r, b->stream, b->first))
		return out_of_turn(r, "a batch", b->first, e);
	if (!stream_eq(b->stream, r->in.stream))
		coding_drop(&r->coding);
	set_state(r, RECEIVER_FILLING);
	return 0;
}

static bool
looks_plain(struct slice s)
{
	return slice_starts(s, SLICE("MsgID:"));
}

static int
ask_again(struct receiver *r, uint64_t first, const char *why, struct err *e)
{
	struct slice text = slice_str(why);

	assert(r->state == RECEIVER_TAKING);
	r->nak_repeats = first == r->nak.from ? r->nak_repeats + 1 : 1;
	r->naks++;
	if (text.n > sizeof(r->nak_text))
		text.n = sizeof(r->nak_text);
	memcpy(r->nak_text, text.p, text.n);
	text.p = r->nak_text;
	r->nak = (struct frame_nak){ r->batch.stream, first,
		(r->batch.flags & FRAME_UPON) != 0 ? FRAME_NAK_STATE
						   : FRAME_NAK_DAMAGED,
		text };
	coding_drop(&r->coding);
	r->awaiting = r->nak_due = true;
	set_state(r, RECEIVER_IDLE);
	if (r->naks >= SENDER_NAKS || r->nak_repeats >= SENDER_NAK_REPEATS)
		return err_set(e, ERR_INPUT,
		    "message %" PRIu64 " came damaged %u times: %s", first,
		    r->nak_repeats, why);
	return 0;
}

/* Two states that differ are nobody's fault: nothing is refused. */
static int
ask_again_alone(struct receiver *r, const char *why, struct err *e)
{
	set_state(r, RECEIVER_TAKING);
	return ask_again(r, r->batch.first, why, e);
}

static int
decode_upon(struct receiver *r, struct err *e)
{
	struct err why = { 0 };

	if (!coding_is(&r->coding, r->codec) || r->batch.base != base_of(r))
		return ask_again_alone(r, "its coding state is not known", e);
	if (coding_decode(&r->coding, buf_slice(&r->encoded), r->batch.size,
		&r->plain, &why) == -1)
		return ask_again_alone(r, why.msg, e);
	if (!coding_verify(&r->batch, buf_slice(&r->plain)))
		return ask_again_alone(r, "its coding state is another one", e);
	buf_clear(&r->encoded);
	set_state(r, RECEIVER_TAKING);
	return 0;
}

static int
decode_alone(struct receiver *r, struct err *e)
{
	struct err why = { 0 };

	if (r->codec->decode(buf_slice(&r->encoded), r->batch.size, &r->plain,
		&why) == -1) {
		set_state(r, RECEIVER_TAKING);
		return receiver_refused(r, r->batch.first, why.msg, e);
	}
	buf_clear(&r->encoded);
	set_state(r, RECEIVER_TAKING);
	return 0;
}

/* All chunks are there. */
static int
decode(struct receiver *r, struct err *e)
{
	if (looks_plain(buf_slice(&r->encoded)) != (r->codec == &codec_none))
		return err_set(e, ERR_PROTOCOL,
		    "a batch that is not in the compression it names");
	if ((r->batch.flags & FRAME_UPON) == 0)
		return decode_alone(r, e);
	if ((r->batch.flags & FRAME_ANEW) == 0)
		return decode_upon(r, e);
	if (++r->seeds > CODING_SEEDS)
		return err_set(e, ERR_PROTOCOL,
		    "a coding state that begins anew too often");
	set_state(r, RECEIVER_SEEDING);
	return r->batch.first > 1 ? 0
				  : receiver_seed(r, &(struct slice){ 0 }, e);
}

int
receiver_seed(struct receiver *r, const struct slice *seed, struct err *e)
{
	assert(r->state == RECEIVER_SEEDING);
	coding_drop(&r->coding);
	if (seed != NULL)
		coding_begin(&r->coding, r->codec, *seed);
	return decode_upon(r, e);
}

/* The state moves on with every batch. */
static void
move_state(struct receiver *r)
{
	if ((r->batch.flags & FRAME_UPON) != 0)
		return; /* it did when it decoded */
	if ((r->batch.flags & FRAME_ANEW) != 0)
		coding_begin(&r->coding, r->codec, buf_slice(&r->plain));
	else
		coding_learn(&r->coding, buf_slice(&r->plain));
}

int
receiver_chunk(struct receiver *r, struct slice bytes, struct err *e)
{
	size_t have = r->encoded.n;

	if (r->state == RECEIVER_PASSING)
		have = r->passed;
	else if (r->state != RECEIVER_FILLING)
		return err_set(e, ERR_PROTOCOL, "CHUNK outside a batch");
	if (bytes.n > r->batch.encoded - have)
		return err_set(e, ERR_PROTOCOL,
		    "CHUNK past the end of its batch");
	have += bytes.n;
	if (r->state == RECEIVER_PASSING) {
		r->passed = have;
		if (have == r->batch.encoded)
			set_state(r, RECEIVER_IDLE);
		return 0;
	}
	buf_put(&r->encoded, bytes);
	return have == r->batch.encoded ? decode(r, e) : 0;
}

int
receiver_lost(struct receiver *r, const struct frame_lost *l, struct err *e)
{
	if (check_idle(r, "LOST", e) == -1)
		return -1;
	if (to_pass(r, l->stream, l->first))
		return 0;
	if (!follows(r, l->stream, l->first))
		return out_of_turn(r, "a lost range", l->first, e);
	r->lost = *l;
	set_state(r, RECEIVER_RECORDING);
	return 0;
}

int
receiver_done(struct receiver *r, struct err *e)
{
	if (check_idle(r, "DONE", e) == -1)
		return -1;
	if (r->awaiting)
		return err_set(e, ERR_PROTOCOL,
		    "DONE, but message %" PRIu64 " was asked for", r->nak.from);
	r->done = true;
	return 0;
}

void
receiver_took(struct receiver *r, const struct spool_point *upto)
{
	assert(r->state == RECEIVER_TAKING || r->state == RECEIVER_RECORDING);
	if (!stream_is_zero(r->in.stream) &&
	    !stream_eq(r->in.stream, upto->stream))
		r->replaced = true;
	r->in = *upto;
	if (r->state == RECEIVER_RECORDING) {
		set_state(r, RECEIVER_IDLE);
		return;
	}
	r->took += upto->msgid - r->batch.first + 1;
	if (upto->msgid == r->batch.last) {
		move_state(r);
		set_state(r, RECEIVER_IDLE);
	}
}

void
receiver_durable(struct receiver *r, const struct spool_point *upto)
{
	r->durable = *upto;
	r->taken = r->took;
	r->ack_due = true;
}

int
receiver_refused(struct receiver *r, uint64_t first, const char *why,
    struct err *e)
{
	r->refused++;
	return ask_again(r, first, why, e);
}

bool
receiver_put(struct receiver *r, struct buf *out)
{
	if (r->ack_due) {
		frame_put_ack(out, &r->durable);
		r->ack_due = false;
		return true;
	}
	if (r->nak_due) {
		frame_put_nak(out, &r->nak);
		r->nak_due = false;
		return true;
	}
	return false;
}
