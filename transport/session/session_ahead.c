/*
 * Coding before the far end has answered.  What it has is most often what it
 * acknowledged last, so what follows that is coded while the channel opens, and
 * goes once its HELLO says so; else it was work for nothing, and nothing more.
 * See session_impl.h.
 */
#include "config.h"

#include "transport/session/session_impl.h"

enum {
	/* What a channel takes to open on a near link.  A far end that is not
	 * there costs no more, once: who dials says when it is tried again. */
	AHEAD_MS = 100,
	AHEAD_BYTES = 1 << 20, /* coded */
};

static struct slice
unsent(const struct session *s)
{
	return (struct slice){ s->ahead.frames.p + s->ahead.at,
		s->ahead.frames.n - s->ahead.at };
}

static void
free_if_gone(struct session *s)
{
	if (unsent(s).n > 0)
		return;
	buf_clear(&s->ahead.frames);
	s->ahead.at = 0;
}

void
ahead_begin(struct session *s)
{
	const struct session_opts *o = &s->opts;

	if (!o->ahead || o->out.msgid <= o->out_acked.msgid ||
	    !stream_eq(o->out.stream, o->out_acked.stream))
		return;
	sender_start(&s->sender, &o->out_acked);
	s->ahead.codec = s->sender.codec;
	s->ahead.on = s->start_due = true;
}

bool
ahead_wants_more(const struct session *s)
{
	return s->ahead.on && s->state == STATE_OPENING &&
	    s->ahead.frames.n < AHEAD_BYTES &&
	    (s->opts.rate == 0 || s->ahead.frames.n < s->opts.rate) &&
	    !session_since(s, s->born_at, AHEAD_MS);
}

bool
ahead_code(struct session *s)
{
	bool coded = false;

	if (!ahead_wants_more(s))
		return false;
	while (sender_put(&s->sender, &s->ahead.frames))
		coded = true;
	/* It only waits to go. */
	s->sender.sent_to = s->opts.out_acked.msgid;
	s->sender.sent = 0;
	return coded;
}

void
ahead_drop(struct session *s)
{
	if (!s->ahead.on)
		return;
	sender_forget(&s->sender);
	buf_clear(&s->ahead.frames);
	s->ahead.on = s->start_due = false;
	s->ahead.fed_bytes = 0;
}

bool
ahead_holds(struct session *s, const struct spool_point *at)
{
	const struct spool_point *from = &s->opts.out_acked;

	if (!s->ahead.on || s->sender.codec != s->ahead.codec ||
	    at->msgid != from->msgid || at->digest != from->digest ||
	    !stream_eq(at->stream, from->stream)) {
		ahead_drop(s);
		return false;
	}
	s->ahead.on = false;
	s->counts.fed_bytes += s->ahead.fed_bytes;
	return true;
}

/* Of a frame with which something begins to go: its numbers. */
static bool
begins(const struct frame *f, struct frame_batch *b, struct frame_lost *l)
{
	struct err ignored; /* they are ours */

	if (f->type == FRAME_LOST)
		return frame_read_lost(f->payload, l, &ignored) == 0;
	if (f->type != FRAME_BATCH ||
	    frame_read_batch(f->payload, b, &ignored) == -1)
		return false;
	*l = (struct frame_lost){ b->stream, b->first, b->last };
	return true;
}

void
ahead_cut(struct session *s, bool cancelled)
{
	struct slice rest = unsent(s), at = rest;
	struct frame_batch b;
	struct frame_lost what;
	uint64_t from = 0;
	struct frame f;
	struct err ignored; /* they are ours */

	if (rest.n == 0)
		return;
	s->ahead.cancelled = cancelled;
	for (; from == 0 && frame_cut(&rest, &f, &ignored) == FRAME_WHOLE;
	     at = rest)
		if (begins(&f, &b, &what)) {
			from = what.first;
			s->ahead.frames.n = (size_t)(at.p - s->ahead.frames.p);
		}
	free_if_gone(s);
	if (from == 0)
		from = sender_waits_from(&s->sender);
	if (from != 0)
		sender_rewind(&s->sender, from);
}

/* That frame goes, and with it perhaps the last of a batch. */
static void
note(struct session *s, const struct frame *f)
{
	struct frame_batch b = { .encoded = 0 };
	struct frame_lost what;

	if (begins(f, &b, &what)) {
		s->ahead.what = what;
		s->ahead.left = b.encoded;
	} else {
		s->ahead.left -= f->payload.n;
	}
	if (s->ahead.left > 0)
		return;
	if (!s->ahead.cancelled)
		sender_went(&s->sender, &s->ahead.what, f->type == FRAME_CHUNK);
	s->ahead.cancelled = false;
}

bool
ahead_put(struct session *s, struct buf *out)
{
	struct slice rest = unsent(s), frame = rest;
	struct frame f;
	struct err ignored; /* they are ours */

	if (frame_cut(&rest, &f, &ignored) != FRAME_WHOLE)
		return false;
	frame.n -= rest.n;
	buf_put(out, frame);
	note(s, &f);
	s->ahead.at += frame.n;
	free_if_gone(s);
	return true;
}
