/*
 * The delivery protocol as a state machine; see session.h and doc/protocol.5.
 * Here are its states and the events.  What the peer says is read in
 * session_frames.c, its opening judged in session_opening.c; what the shell must do
 * is in session_actions.c, what is coded before the peer answers in session_ahead.c,
 * time in session_time.c; the two halves are sender.c and receiver.c.  The states
 * and what moves them are a table of doc/protocol.5, "States".
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/message/limits.h"
#include "transport/session/session_impl.h"

enum {
	OUT_ENOUGH = 32 << 10, /* bytes to be written: no new frame above */
	REFUSE_MS = 2000,
	REFUSE_LEAVING_MS = 500,
	FLIGHT_BYTES = 64 << 20,
};

void
session_set_state(struct session *s, enum session_state state)
{
	s->state = state;
}

struct session *
session_new(const struct session_opts *opts, struct mono now)
{
	struct session *s = mem_alloc(sizeof(*s));

	s->opts = *opts;
	(void)snprintf(s->association, sizeof(s->association), "%s",
	    opts->association);
	s->opts.association = s->association;
	s->sender.codec = opts->codec != NULL ? opts->codec : &codec_none;
	s->sender.level = opts->level;
	s->sender.flight_max =
	    opts->flight_bytes > 0 ? opts->flight_bytes : FLIGHT_BYTES;
	s->receiver.message_max =
	    opts->message_max > 0 ? opts->message_max : LIMIT_MESSAGE;
	s->receiver.in = opts->in;
	s->now = s->born_at = s->heard_at = s->said_at = s->rate_at = now;
	s->allowance = (int64_t)opts->rate * 1000;
	session_put_opening(s);
	ahead_begin(s);
	return s;
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	sender_clear(&s->sender);
	receiver_clear(&s->receiver);
	buf_clear(&s->in);
	buf_clear(&s->out);
	buf_clear(&s->ahead.frames);
	free(s);
}

/* Ending */

static void
end_for(struct session *s, const struct err *why, bool tell)
{
	if (session_over(s) || s->state == STATE_REFUSING)
		return;
	s->why = *why;
	s->fail_at =
	    mono_add_ms(s->now, s->leaving ? REFUSE_LEAVING_MS : REFUSE_MS);
	if (tell && !s->closed) {
		session_put_refuse(&s->out, why);
		session_set_state(s, STATE_REFUSING);
	} else {
		session_set_state(s, STATE_FAILED);
	}
}

/* End for this reason.  The peer is told if its opening line has come. */
static void
end(struct session *s, const struct err *why)
{
	end_for(s, why, s->lined);
}

void
session_refuse(struct session *s, const struct err *why)
{
	if (!session_over(s) && s->state != STATE_REFUSING)
		s->counts.cut = 1;
	end(s, why);
}

/* The stream ended early: whoever made the channel may know why. */
static void
fail(struct session *s, const char *what)
{
	s->why = (struct err){ 0 };
	err_set(&s->why, ERR_TEMP, "%s", what);
	s->why.sys = EPIPE;
	session_set_state(s, STATE_FAILED);
}

void
session_abort(struct session *s, const struct err *why)
{
	if (why->kind == ERR_INPUT)
		session_refuse(s, why); /* what came */
	else
		end_for(s, why, true); /* its line may be on its way */
}

bool
session_is_open(const struct session *s)
{
	return s->state == STATE_OPEN;
}

void
session_leave(struct session *s, struct mono now)
{
	struct err e = { 0 };

	if (s->leaving)
		return;
	s->leaving = true;
	s->leave_at = s->now = now;
	ahead_cut(s, false);
	s->sender.finished = true;
	if (s->state != STATE_OPEN) { /* nothing was agreed on yet */
		err_set(&e, ERR_TEMP, "stopped before the session began");
		end(s, &e);
	}
}

/* Events from the shell */

void
session_input(struct session *s, struct slice bytes, struct mono now)
{
	s->now = now;
	if (bytes.n == 0)
		return;
	s->heard_at = now;
	s->heard = true;
	s->counts.in_bytes += bytes.n;
	session_spend(s, bytes.n);
	s->write_next = s->out.n > 0;
	if (session_over(s))
		return;
	buf_drop(&s->in, s->in_at);
	s->in_at = 0;
	buf_put(&s->in, bytes);
}

void
session_input_end(struct session *s, struct mono now)
{
	s->now = now;
	s->closed = true;
}

void
session_sent(struct session *s, size_t bytes, struct mono now)
{
	s->now = now;
	if (bytes == 0)
		return;
	s->said_at = now;
	s->counts.out_bytes += bytes;
	session_spend(s, bytes);
	s->write_next = false;
	buf_drop(&s->out, bytes);
}

size_t
session_room(const struct session *s)
{
	/* Not before the shell knows where to go on. */
	if ((s->state != STATE_OPEN && !ahead_wants_more(s)) || s->done ||
	    s->leaving || s->start_due || s->seek_due != 0)
		return 0;
	return sender_room(&s->sender);
}

bool
session_busy(const struct session *s)
{
	return s->sender.flight_n > 0 || s->sender.encoded.n > 0;
}

void
session_misled(struct session *s)
{
	ahead_drop(s);
}

void
session_feed(struct session *s, const struct message *m)
{
	assert(session_room(s) > 0);
	*(s->ahead.on ? &s->ahead.fed_bytes : &s->counts.fed_bytes) += m->raw.n;
	sender_feed(&s->sender, m);
}

void
session_feed_lost(struct session *s, uint64_t first, uint64_t last)
{
	assert(session_room(s) > 0);
	sender_feed_lost(&s->sender, first, last);
}

void
session_feed_end(struct session *s)
{
	s->sender.finished = true;
}

void
session_start(struct session *s, const struct spool_point *at)
{
	sender_start(&s->sender, at);
	s->start_due = true;
	session_set_state(s, STATE_OPEN);
}

void
session_renewed(struct session *s, const struct spool_point *out)
{
	assert(s->state == STATE_RENEWING || s->state == STATE_OPEN);
	s->opts.out = *out;
	session_start(s, &(struct spool_point){ .stream = out->stream });
}

void
session_seed(struct session *s, const struct slice *seed)
{
	struct err e = { 0 };

	if (s->sender.seed_due)
		sender_seed(&s->sender, seed);
	else if (receiver_seed(&s->receiver, seed, &e) == -1)
		session_refuse(s, &e);
}

void
session_took(struct session *s, const struct spool_point *upto)
{
	receiver_took(&s->receiver, upto);
	s->told = false;
}

void
session_durable(struct session *s, const struct spool_point *upto)
{
	receiver_durable(&s->receiver, upto);
	s->counts.taken = s->receiver.taken;
}

void
session_recorded(struct session *s, const struct spool_point *durable)
{
	session_took(s, durable);
	session_durable(s, durable);
}

void
session_refused(struct session *s, uint64_t first, const char *why)
{
	struct err e = { 0 };

	s->told = false;
	if (receiver_refused(&s->receiver, first, why, &e) == -1)
		session_refuse(s, &e);
}

/* One step */

/* What we say: answers first, then keep-alives, then our messages. */
static void
fill_out(struct session *s)
{
	while (s->state == STATE_OPEN && s->out.n < OUT_ENOUGH &&
	    (receiver_put(&s->receiver, &s->out) || ahead_put(s, &s->out) ||
		sender_put(&s->sender, &s->out)))
		continue;
	s->counts.sent = s->sender.sent;
	if (s->state != STATE_OPEN || s->out.n > 0)
		return;
	if (!s->done && !s->start_due && sender_idle(&s->sender) &&
	    (!s->keep || s->leaving || s->receiver.done)) {
		frame_put_signal(&s->out, FRAME_DONE);
		s->done = true;
	} else if (session_quiet(s)) {
		frame_put_signal(&s->out, FRAME_PING);
		s->said_at = s->now;
	}
}

/* The peer has closed and all that it said is read. */
static void
take_end(struct session *s)
{
	if (!s->heard && !s->opts.opener)
		session_set_state(s,
		    STATE_ENDED); /* a look at the port, no session */
	else if (!s->heard)
		fail(s, "the far end closed without a word");
	else
		fail(s, "the far end closed in the middle");
}

static void
step(struct session *s)
{
	struct err e = { 0 };

	session_read_frames(s);
	s->counts.refused = s->receiver.refused;
	if (session_late(s, &e) && s->leaving)
		end(s, &e);
	else if (e.kind != ERR_NONE)
		session_refuse(s, &e);
	if (s->state == STATE_REFUSING &&
	    (s->out.n == 0 || s->closed || session_since(s, s->fail_at, 0)))
		session_set_state(s, STATE_FAILED);
	if (session_awaits_shell(s))
		return;
	fill_out(s);
	if (s->state == STATE_OPEN && s->done && s->receiver.done &&
	    s->out.n == 0)
		session_set_state(s, STATE_ENDED);
	else if (s->closed && !session_over(s))
		take_end(s);
}

void
session_next(struct session *s, struct mono now, struct session_action *a)
{
	*a = (struct session_action){ .kind = SESSION_NOTHING };
	s->now = now;
	session_refill(s);
	if (!session_over(s))
		step(s);
	if (session_over(s)) {
		a->kind =
		    s->state == STATE_ENDED ? SESSION_END : SESSION_FAILED;
		a->err = s->why;
		return;
	}
	if (s->state != STATE_REFUSING && session_due_action(s, a))
		return;
	if (!session_send_action(s, a))
		a->kind = ahead_code(s) ? SESSION_AHEAD : SESSION_NOTHING;
}

const struct session_counts *
session_counts(const struct session *s)
{
	return &s->counts;
}
