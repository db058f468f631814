/*
 * A session's time: how long the peer may be silent or slow, when we speak to
 * be heard, how many bytes the rate allows.  See session_impl.h.
 */
#include "config.h"

#include <inttypes.h>

#include "transport/session/session_impl.h"

/* Limits of time: doc/protocol.5, "LIMITS". */
enum {
	FRAME_GRACE_MS =
	    10000,           /* for a frame, beside what its bytes may take */
	FRAME_RATE = 100,    /* bytes a second, inside a frame */
	TOTAL_MS = 600000,   /* of a session that is not kept open */
	NEVER_MS = 86400000, /* as good as never */
	LEAVE_MS = 8000,     /* 10 s, with REFUSE and the channel's end */
	REFILL_MAX_MS = 100000, /* as much as any debt takes */
	WRITE_LEAST = 1400,     /* bytes: smaller packets are mostly heads */
	WRITE_ENOUGH = 16 << 10,
};

/* How often to say that we are there; how long the peer may be silent. */
struct pace {
	int64_t ping_ms, silence_ms;
};
static const struct pace pace_once = { 10000, 30000 };
static const struct pace pace_kept = { 30000, 75000 };

bool
session_since(const struct session *s, struct mono then, int64_t ms)
{
	return mono_ms_since(s->now, then) >= ms;
}

static const struct pace *
pace(const struct session *s)
{
	return s->keep ? &pace_kept : &pace_once;
}

/* How long the frame of which we have a part may take. */
static int64_t
part_ms(const struct session *s)
{
	struct slice in = session_unused(s);
	int64_t n = FRAME_HEADER;

	if (!s->lined)
		return slice_starts(SLICE(FRAME_OPENING), in)
		    ? FRAME_GRACE_MS
		    : SESSION_NOISE_MS;
	if (in.n >= 4)
		n += (int64_t)(unsigned char)in.p[1] << 16 |
		    (int64_t)(unsigned char)in.p[2] << 8 |
		    (int64_t)(unsigned char)in.p[3];
	return FRAME_GRACE_MS + n * 1000 / FRAME_RATE;
}

bool
session_late(const struct session *s, struct err *e)
{
	if (!s->keep && session_since(s, s->born_at, TOTAL_MS))
		err_set(e, ERR_TEMP, "the session took longer than %d s",
		    TOTAL_MS / 1000);
	else if (session_since(s, s->heard_at, pace(s)->silence_ms))
		err_set(e, ERR_TEMP, "the far end was silent for %" PRId64 " s",
		    pace(s)->silence_ms / 1000);
	else if (s->out.n > 0 &&
	    session_since(s, s->said_at, pace_kept.silence_ms))
		err_set(e, ERR_TEMP, "the far end does not read");
	else if (s->in_part && session_since(s, s->part_at, part_ms(s)))
		err_set(e, ERR_TEMP, "the far end is too slow");
	else if (s->leaving && session_since(s, s->leave_at, LEAVE_MS))
		err_set(e, ERR_TEMP,
		    "stopped before all that was sent was acknowledged");
	else
		return false;
	return true;
}

void
session_not_open(struct session *s, struct mono now)
{
	if (!s->heard)
		s->heard_at = now;
}

bool
session_quiet(const struct session *s)
{
	return session_since(s, s->said_at, pace(s)->ping_ms);
}

/* --- The rate ------------------------------------------------------------- */

void
session_refill(struct session *s)
{
	int64_t rate = (int64_t)s->opts.rate;
	int64_t ms = mono_ms_since(s->now, s->rate_at);

	if (rate == 0 || ms <= 0)
		return;
	s->rate_at = mono_add_ms(s->rate_at, ms);
	s->allowance += rate * (ms < REFILL_MAX_MS ? ms : REFILL_MAX_MS);
	if (s->allowance > rate * 1000) /* the bucket holds a second's worth */
		s->allowance = rate * 1000;
}

/* A debt stays small, for else we would be silent too long. */
void
session_spend(struct session *s, uint64_t bytes)
{
	int64_t rate = (int64_t)s->opts.rate, most = 10 * rate;

	if (rate == 0)
		return;
	s->allowance -= 1000 * (bytes < (uint64_t)most ? (int64_t)bytes : most);
	if (s->allowance < -9 * rate * 1000)
		s->allowance = -9 * rate * 1000;
}

void
session_overhead(struct session *s, uint64_t bytes)
{
	session_spend(s, bytes);
}

/* A quarter of a second's worth at once, for many small writes would be mostly
 * heads of packets. */
static size_t
write_least(const struct session *s, size_t n)
{
	size_t rate = (size_t)s->opts.rate, least = rate / 4;

	if (least < WRITE_LEAST)
		least = rate < WRITE_LEAST ? rate : WRITE_LEAST;
	if (least > WRITE_ENOUGH)
		least = WRITE_ENOUGH;
	return n < least ? n : least;
}

size_t
session_write_most(const struct session *s, size_t n)
{
	size_t may = s->allowance > 0 ? (size_t)(s->allowance / 1000) : 0;

	if (s->opts.rate == 0)
		return n;
	if (may < write_least(s, n))
		return 0;
	return n < may ? n : may;
}

/* Reading may make a debt of a second, so that acknowledgements get through
 * however much we write; and one write goes between two reads, so that ours
 * get through however much the peer writes. */
size_t
session_read_most(const struct session *s)
{
	int64_t rate = (int64_t)s->opts.rate;

	if (rate == 0)
		return SIZE_MAX;
	if (s->allowance <= -1000 * rate || (s->write_next && s->out.n > 0))
		return 0;
	return (size_t)rate;
}

/* When writing, and reading, may go on. */
static struct mono
rate_wake(const struct session *s)
{
	int64_t rate = (int64_t)s->opts.rate, want;

	if (s->out.n > 0)
		want = 1000 * (int64_t)write_least(s, s->out.n);
	else if (s->allowance <= -1000 * rate)
		want = -1000 * rate + 1;
	else
		return mono_add_ms(s->now, NEVER_MS);
	if (s->allowance >= want)
		return mono_add_ms(s->now, NEVER_MS); /* the pipe is full */
	return mono_add_ms(s->rate_at, (want - s->allowance + rate - 1) / rate);
}

/* --- Waiting -------------------------------------------------------------- */

static void
no_later(struct mono *t, struct mono than)
{
	if (than.ns < t->ns)
		*t = than;
}

struct mono
session_wake(const struct session *s)
{
	struct mono t = mono_add_ms(s->now, NEVER_MS);

	if (session_over(s))
		return t;
	if (s->state == STATE_REFUSING)
		return s->fail_at;
	if (!s->keep)
		no_later(&t, mono_add_ms(s->born_at, TOTAL_MS));
	no_later(&t, mono_add_ms(s->heard_at, pace(s)->silence_ms));
	if (s->out.n > 0)
		no_later(&t, mono_add_ms(s->said_at, pace_kept.silence_ms));
	else if (s->state == STATE_OPEN)
		no_later(&t, mono_add_ms(s->said_at, pace(s)->ping_ms));
	if (s->in_part)
		no_later(&t, mono_add_ms(s->part_at, part_ms(s)));
	if (s->leaving)
		no_later(&t, mono_add_ms(s->leave_at, LEAVE_MS));
	if (s->opts.rate > 0)
		no_later(&t, rate_wake(s));
	return t;
}
