/*
 * What the peer says, frame by frame.  Part of transport/session/session.c.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "transport/session/session_impl.h"

static void
take_ack(struct session *s, const struct spool_point *at)
{
	uint64_t before = s->sender.acked.msgid;

	switch (sender_take_ack(&s->sender, at)) {
	case SENDER_ACK_NEW:
		s->counts.acked += at->msgid - before;
		s->acked_due = true;
		break;
	case SENDER_ACK_OLD:
		break;
	case SENDER_ACK_STRANGE:
		if (s->counts.strange_acks++ == 0)
			(void)snprintf(s->warning, sizeof(s->warning),
			    "message %" PRIu64
			    " was acknowledged, but not sent like that: ignored",
			    at->msgid);
		break;
	}
}

static int
take_open_frame(struct session *s, const struct frame *f, struct err *e)
{
	struct frame_batch batch;
	struct frame_nak nak;
	struct frame_lost lost;
	struct spool_point at;

	switch (f->type) {
	case FRAME_BATCH:
		return frame_read_batch(f->payload, &batch, e) == -1
		    ? -1
		    : receiver_batch(&s->receiver, &batch, e);
	case FRAME_CHUNK:
		return receiver_chunk(&s->receiver, f->payload, e);
	case FRAME_LOST:
		return frame_read_lost(f->payload, &lost, e) == -1
		    ? -1
		    : receiver_lost(&s->receiver, &lost, e);
	case FRAME_DONE:
		return receiver_done(&s->receiver, e);
	case FRAME_PING:
		return 0;
	case FRAME_ACK:
		if (frame_read_ack(f->payload, &at, e) == -1)
			return -1;
		take_ack(s, &at);
		return 0;
	case FRAME_NAK:
		ahead_cut(s, true);
		if (frame_read_nak(f->payload, &nak, e) == -1 ||
		    sender_take_nak(&s->sender, &nak, e) == -1)
			return -1;
		s->seek_due = nak.from;
		return 0;
	case FRAME_HELLO:
	case FRAME_REFUSE:
		break;
	}
	return err_set(e, ERR_PROTOCOL, "a second HELLO");
}

static int
take_hello(struct session *s, struct slice payload, struct err *e)
{
	struct spool_point at;
	int rc = session_judge_hello(s, payload, &at, e);

	if (rc == 1 && ahead_holds(s, &at)) {
		session_set_state(s, STATE_OPEN);
	} else if (rc == 1) {
		session_start(s, &at);
	} else if (rc == 0) {
		ahead_drop(s);
		s->renew_due = true;
		session_set_state(s, STATE_RENEWING);
	}
	return rc == -1 ? -1 : 0;
}

static int
take_frame(struct session *s, const struct frame *f, struct err *e)
{
	struct frame_refuse r;

	if (f->type == FRAME_REFUSE) {
		if (frame_read_refuse(f->payload, &r, e) == -1)
			return -1;
		session_read_refuse(&r, &s->why);
		session_set_state(s, STATE_FAILED);
		return 0;
	}
	if (s->state != STATE_OPENING)
		return take_open_frame(s, f, e);
	if (f->type != FRAME_HELLO)
		return err_set(e, ERR_PROTOCOL,
		    "a frame of type %c before HELLO", (int)f->type);
	return take_hello(s, f->payload, e);
}

static void
use_up(struct session *s, size_t n)
{
	s->in_at += n;
	s->in_part = false;
	if (s->in_at < s->in.n)
		return;
	s->in_at = 0;
	if (s->in.cap > FRAME_PAYLOAD_MAX)
		buf_clear(&s->in);
	else
		buf_reset(&s->in);
}

static bool
listening(const struct session *s)
{
	return (s->state == STATE_OPENING || s->state == STATE_OPEN) &&
	    !session_awaits_shell(s);
}

/* True when the opening line is there. */
static bool
take_line(struct session *s)
{
	struct err e = { 0 };
	int rc = session_read_line(s, &e);

	if (rc == -1)
		session_refuse(s, &e);
	if (rc != 1)
		return false;
	s->lined = true;
	use_up(s, sizeof(FRAME_OPENING) - 1);
	return true;
}

void
session_read_frames(struct session *s)
{
	while (listening(s) && s->in_at < s->in.n) {
		struct slice in = session_unused(s);
		struct frame f;
		struct err e = { 0 };
		enum frame_cut cut;

		if (!s->in_part) {
			s->in_part = true;
			s->part_at = s->now;
		}
		if (!s->lined) {
			if (!take_line(s))
				return;
			continue;
		}
		cut = frame_cut(&in, &f, &e);
		if (cut == FRAME_MORE)
			return;
		if (cut == FRAME_BAD || take_frame(s, &f, &e) == -1)
			session_refuse(s, &e);
		else
			use_up(s, FRAME_HEADER + f.payload.n);
	}
}
