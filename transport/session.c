/*
 * The delivery protocol as a state machine; see session.h and doc/protocol.5.
 * Here are the opening, the dispatch of frames, timers, rate and the end; the
 * two halves are sender.c and receiver.c.
 *
 *	state      ends by                           then
 *	OPENING    a HELLO that suits                OPEN, or RENEWING
 *	RENEWING   session_renewed                   OPEN
 *	OPEN       DONE both ways, all written       ENDED
 *	REFUSING   REFUSE written, or 2 s            FAILED
 *	any        what must not be, time, abort     REFUSING, or FAILED when the
 *	                                             peer cannot hear us
 */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/message/limits.h"
#include "transport/receiver.h"
#include "transport/sender.h"
#include "transport/session.h"

enum {
	OUT_ENOUGH = 32 << 10, /* bytes to be written: no new frame above */
	NOISE_MAX = 80,        /* bytes of it that are shown */

	NOISE_MS = 1000,
	REFUSE_MS = 2000,
	FRAME_GRACE_MS = 10000,
	FRAME_RATE = 100, /* bytes a second, inside a frame */
	TOTAL_MS = 600000,
	FLIGHT_BYTES = 64 << 20,
	NEVER_MS = 86400000,
};

/* How often to say that we are there; how long the peer may be silent. */
struct pace {
	int64_t ping_ms, silence_ms;
};
static const struct pace pace_once = { 10000, 30000 };
static const struct pace pace_kept = { 30000, 75000 };

enum session_state {
	STATE_OPENING,
	STATE_RENEWING,
	STATE_OPEN,
	STATE_REFUSING,
	STATE_FAILED,
	STATE_ENDED,
};

struct session {
	struct session_opts opts;
	char association[LIMIT_ASSOCIATION + 1];
	enum session_state state;
	struct err why; /* of REFUSING and FAILED */
	struct sender sender;
	struct receiver receiver;
	bool keep;   /* both ends want it */
	bool lined;  /* the peer's opening line came */
	bool heard;  /* any byte came */
	bool closed; /* and no more will */
	bool done;   /* our DONE went */

	bool start_due, renew_due, acked_due, told; /* told: the shell has it */
	uint64_t seek_due;                          /* 0: none */
	char warning[ERR_MSG_SIZE];                 /* "": none */

	struct buf in, out;
	size_t in_at;      /* so much of in is used up */
	bool in_part;      /* a part of a frame lies in in */
	int64_t allowance; /* bytes that the rate allows now */
	struct mono now, born_at, heard_at, said_at, part_at, fail_at, rate_at;
	struct session_counts counts;
};

static void
set_state(struct session *s, enum session_state state)
{
	s->state = state;
}

static bool
over(const struct session *s)
{
	return s->state == STATE_FAILED || s->state == STATE_ENDED;
}

/* The opening */

static void
put_codecs(struct buf *list)
{
	const struct codec_ops *const *c = codec_all();

	for (size_t i = 0; c[i] != NULL; i++) {
		if (i > 0)
			buf_put_char(list, ',');
		buf_put_str(list, c[i]->name);
	}
}

static void
put_opening(struct session *s)
{
	bool hub = s->opts.role == SESSION_HUB;
	struct buf codecs = { 0 };
	struct frame_hello h = {
		.version_min = FRAME_VERSION,
		.version_max = FRAME_VERSION,
		.association = slice_str(s->association),
		.hub = hub,
		.push = hub != s->opts.opener,
		.keep = s->opts.keep,
		.out = s->opts.out,
		.in = s->opts.in,
	};

	put_codecs(&codecs);
	h.codecs = buf_slice(&codecs);
	buf_put_str(&s->out, FRAME_OPENING);
	frame_put_hello(&s->out, &h);
	buf_clear(&codecs);
}

struct session *
session_new(const struct session_opts *opts, struct mono now)
{
	struct session *s = mem_alloc(sizeof(*s));

	s->opts = *opts;
	snprintf(s->association, sizeof(s->association), "%s",
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
	s->allowance = (int64_t)opts->rate;
	put_opening(s);
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
	free(s);
}

/* Ending */

/* What a person at the other end can use of it: not our files' names. */
static void
put_refusal(struct buf *out, const struct err *why)
{
	bool ours = why->kind == ERR_SYS || why->kind == ERR_INTERNAL;
	struct frame_refuse r = {
		.code = (unsigned)err_exit_code(why),
		.text = ours ? SLICE("trouble at this end; its log says more")
			     : slice_str(why->msg),
	};

	frame_put_refuse(out, &r);
}

void
session_refusal(struct buf *out, const struct err *why)
{
	buf_put_str(out, FRAME_OPENING);
	put_refusal(out, why);
}

/* End for this reason, which the peer is told if it speaks our language. */
static void
refuse(struct session *s, const struct err *why)
{
	if (over(s) || s->state == STATE_REFUSING)
		return;
	s->why = *why;
	s->fail_at = mono_add_ms(s->now, REFUSE_MS);
	if (s->lined && !s->closed) {
		put_refusal(&s->out, why);
		set_state(s, STATE_REFUSING);
	} else {
		set_state(s, STATE_FAILED);
	}
}

static void
fail(struct session *s, enum err_kind kind, const char *what)
{
	s->why = (struct err){ 0 };
	err_set(&s->why, kind, "%s", what);
	set_state(s, STATE_FAILED);
}

void
session_abort(struct session *s, const struct err *why)
{
	refuse(s, why);
}

static void
take_refuse(struct session *s, const struct frame_refuse *r)
{
	static const struct {
		unsigned code;
		enum err_kind kind;
	} kinds[] = {
		{ EX_DATAERR, ERR_INPUT },
		{ EX_TEMPFAIL, ERR_TEMP },
		{ EX_IOERR, ERR_TEMP },
		{ EX_NOPERM, ERR_DENIED },
		{ EX_CONFIG, ERR_CONFIG },
	};
	enum err_kind kind = ERR_PROTOCOL;
	char text[ERR_MSG_SIZE];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].code == r->code)
			kind = kinds[i].kind;
	log_escape(text, sizeof(text), r->text);
	err_set(&s->why, kind, "the far end refused: %s", text);
	set_state(s, STATE_FAILED);
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
	s->allowance -= (int64_t)bytes.n;
	if (over(s))
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
	s->allowance -= (int64_t)bytes;
	buf_drop(&s->out, bytes);
}

size_t
session_room(const struct session *s)
{
	/* Not before the shell knows where to go on. */
	if (s->state != STATE_OPEN || s->done || s->start_due ||
	    s->seek_due != 0)
		return 0;
	return sender_room(&s->sender);
}

bool
session_busy(const struct session *s)
{
	return s->sender.flight_n > 0 || s->sender.encoded.n > 0;
}

void
session_feed(struct session *s, const struct message *m)
{
	assert(session_room(s) > 0);
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

static void
start(struct session *s, const struct spool_point *at)
{
	sender_start(&s->sender, at);
	s->start_due = true;
	set_state(s, STATE_OPEN);
}

void
session_renewed(struct session *s, const struct spool_point *out)
{
	assert(s->state == STATE_RENEWING || s->state == STATE_OPEN);
	s->opts.out = *out;
	start(s, &(struct spool_point){ .stream = out->stream });
}

void
session_taken(struct session *s, const struct spool_point *durable)
{
	receiver_taken(&s->receiver, durable);
	s->counts.taken = s->receiver.taken;
	s->told = false;
}

void
session_recorded(struct session *s, const struct spool_point *durable)
{
	receiver_taken(&s->receiver, durable);
	s->told = false;
}

void
session_refused(struct session *s, uint64_t first, const char *why)
{
	struct err e = { 0 };

	s->counts.refused++;
	s->told = false;
	if (receiver_refused(&s->receiver, first, why, &e) == -1)
		refuse(s, &e);
}

/* Judging the peer's HELLO */

static int
check_version(struct slice payload, struct err *e)
{
	uint64_t min = 0, max = 0;

	if (frame_read_versions(payload, &min, &max, e) == -1)
		return -1;
	if (min > FRAME_VERSION || max < FRAME_VERSION)
		return err_set(e, ERR_PROTOCOL,
		    "the far end speaks the versions %" PRIu64 " to %" PRIu64
		    " of the protocol, this end only %d: update the older one",
		    min, max, FRAME_VERSION);
	return 0;
}

static int
check_peer(const struct session *s, const struct frame_hello *h, struct err *e)
{
	bool hub = s->opts.role == SESSION_HUB;
	char name[64];

	if (!slice_eq_str(h->association, s->association))
		return err_set(e, ERR_CONFIG,
		    "the far end speaks for association %s, this channel is of %s",
		    log_escape(name, sizeof(name), h->association),
		    s->association);
	if (h->hub == hub)
		return err_set(e, ERR_CONFIG,
		    "both ends take themselves for the %s of association %s",
		    hub ? "hub" : "spoke", s->association);
	if (h->push != (hub != s->opts.opener))
		return err_set(e, ERR_CONFIG,
		    "both ends say that they %s this session of association %s",
		    s->opts.opener ? "opened" : "did not open", s->association);
	return 0;
}

static bool
list_has(struct slice list, const char *name)
{
	struct slice item;

	while (slice_cut(&list, ',', &item))
		if (slice_eq_str(item, name))
			return true;
	return slice_eq_str(list, name);
}

static void
choose_codec(struct session *s, struct slice theirs)
{
	const struct codec_ops *wanted = s->sender.codec;
	const struct codec_ops *gzip = codec_find(SLICE("gzip"));

	if (wanted == &codec_none || list_has(theirs, wanted->name))
		return;
	s->sender.codec = &codec_none;
	s->sender.level = 0;
	if (gzip != NULL && list_has(theirs, gzip->name)) {
		s->sender.codec = gzip;
		s->sender.level = gzip->level_default;
	}
	snprintf(s->warning, sizeof(s->warning),
	    "the far end does not know compression %s: sending %s",
	    wanted->name, s->sender.codec->name);
}

/* Digest 0: of a lost message, not known. */
static bool
differ(const struct spool_point *a, const struct spool_point *b)
{
	return a->msgid == b->msgid && a->digest != 0 && b->digest != 0 &&
	    a->digest != b->digest;
}

/* Where to send on, from what the receiver has; false: nowhere, our spool and
 * the receiver do not fit together. */
static bool
find_start(const struct session *s, const struct spool_point *theirs,
    struct spool_point *at)
{
	const struct spool_point *out = &s->opts.out;
	const struct spool_point *acked = &s->opts.out_acked;

	*at = (struct spool_point){ .stream = out->stream };
	if (stream_is_zero(theirs->stream))
		return acked->msgid == 0;
	if (!stream_eq(theirs->stream, out->stream))
		return true; /* ours takes the place of theirs */
	if (theirs->msgid > out->msgid || differ(theirs, out) ||
	    differ(theirs, acked))
		return false;
	*at = *theirs;
	return true;
}

static int
take_hello(struct session *s, struct slice payload, struct err *e)
{
	struct frame_hello h;
	struct spool_point at;

	if (check_version(payload, e) == -1 ||
	    frame_read_hello(payload, &h, e) == -1 ||
	    check_peer(s, &h, e) == -1)
		return -1;
	s->keep = s->opts.keep && h.keep;
	choose_codec(s, h.codecs);
	if (find_start(s, &h.in, &at)) {
		start(s, &at);
	} else {
		s->renew_due = true;
		set_state(s, STATE_RENEWING);
	}
	return 0;
}

/* Frames */

static void
take_ack(struct session *s, const struct spool_point *at)
{
	switch (sender_take_ack(&s->sender, at)) {
	case SENDER_ACK_NEW:
		s->acked_due = true;
		break;
	case SENDER_ACK_OLD:
		break;
	case SENDER_ACK_STRANGE:
		if (s->counts.strange_acks++ == 0)
			snprintf(s->warning, sizeof(s->warning),
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
take_frame(struct session *s, const struct frame *f, struct err *e)
{
	struct frame_refuse r;

	if (f->type == FRAME_REFUSE) {
		if (frame_read_refuse(f->payload, &r, e) == -1)
			return -1;
		take_refuse(s, &r);
		return 0;
	}
	if (s->state != STATE_OPENING)
		return take_open_frame(s, f, e);
	if (f->type != FRAME_HELLO)
		return err_set(e, ERR_PROTOCOL,
		    "a frame of type %c before HELLO", (int)f->type);
	return take_hello(s, f->payload, e);
}

static struct slice
unused(const struct session *s)
{
	return (struct slice){ s->in.p + s->in_at, s->in.n - s->in_at };
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
long_since(const struct session *s, struct mono then, int64_t ms)
{
	return mono_ms_since(s->now, then) >= ms;
}

/* Something else than our opening: the log of whoever opened the channel shows
 * what it was (a shell's greeting, an HTTP error, ...), so wait for its line. */
static void
take_noise(struct session *s, struct slice in)
{
	char text[4 * NOISE_MAX + 8];
	struct slice line;
	struct err e = { 0 };

	if (slice_cut(&in, '\n', &line))
		in = line;
	else if (in.n < NOISE_MAX && !s->closed &&
	    !long_since(s, s->part_at, NOISE_MS))
		return;
	if (in.n > NOISE_MAX)
		in.n = NOISE_MAX;
	err_set(&e, ERR_PROTOCOL, "noise before hello: %s",
	    log_escape(text, sizeof(text), in));
	refuse(s, &e);
}

/* True when the opening line is there. */
static bool
take_line(struct session *s)
{
	struct slice in = unused(s), want = SLICE(FRAME_OPENING);

	if (slice_starts(in, want)) {
		s->lined = true;
		use_up(s, want.n);
		return true;
	}
	if (!slice_starts(want, in) || s->closed)
		take_noise(s, in);
	return false;
}

/* Does the shell have something to do first? */
static bool
busy(const struct session *s)
{
	return s->receiver.state == RECEIVER_TAKING ||
	    s->receiver.state == RECEIVER_RECORDING ||
	    s->state == STATE_RENEWING || s->start_due || s->acked_due ||
	    s->seek_due != 0 || s->warning[0] != '\0';
}

static bool
listening(const struct session *s)
{
	return (s->state == STATE_OPENING || s->state == STATE_OPEN) &&
	    !busy(s);
}

static void
read_frames(struct session *s)
{
	while (listening(s) && s->in_at < s->in.n) {
		struct slice in = unused(s);
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
			refuse(s, &e);
		else
			use_up(s, FRAME_HEADER + f.payload.n);
	}
}

/* Time */

static const struct pace *
pace(const struct session *s)
{
	return s->keep ? &pace_kept : &pace_once;
}

/* How long the frame of which we have a part may take. */
static int64_t
part_ms(const struct session *s)
{
	struct slice in = unused(s);
	int64_t n = FRAME_HEADER;

	if (!s->lined)
		return slice_starts(SLICE(FRAME_OPENING), in) ? FRAME_GRACE_MS
							      : NOISE_MS;
	if (in.n >= 4)
		n += (int64_t)(unsigned char)in.p[1] << 16 |
		    (int64_t)(unsigned char)in.p[2] << 8 |
		    (int64_t)(unsigned char)in.p[3];
	return FRAME_GRACE_MS + n * 1000 / FRAME_RATE;
}

static void
check_time(struct session *s)
{
	struct err e = { 0 };

	if (!s->keep && long_since(s, s->born_at, TOTAL_MS))
		err_set(&e, ERR_TEMP, "the session took longer than %d s",
		    TOTAL_MS / 1000);
	else if (long_since(s, s->heard_at, pace(s)->silence_ms))
		err_set(&e, ERR_TEMP,
		    "the far end was silent for %" PRId64 " s",
		    pace(s)->silence_ms / 1000);
	else if (s->out.n > 0 &&
	    long_since(s, s->said_at, pace_kept.silence_ms))
		err_set(&e, ERR_TEMP, "the far end does not read");
	else if (s->in_part && long_since(s, s->part_at, part_ms(s)))
		err_set(&e, ERR_TEMP, "the far end is too slow");
	else
		return;
	refuse(s, &e);
}

static void
refill(struct session *s)
{
	int64_t rate = (int64_t)s->opts.rate;
	int64_t ms = mono_ms_since(s->now, s->rate_at);

	if (rate == 0 || ms <= 0)
		return;
	s->rate_at = mono_add_ms(s->rate_at, ms);
	if (ms > 10000)
		ms = 10000; /* the bucket holds a second's worth anyway */
	s->allowance += rate * ms / 1000;
	if (s->allowance > rate)
		s->allowance = rate;
	if (s->allowance < -9 * rate)
		s->allowance = -9 * rate;
}

static struct mono
earlier(struct mono a, struct mono b)
{
	return a.ns < b.ns ? a : b;
}

struct mono
session_wake(const struct session *s)
{
	struct mono t = mono_add_ms(s->now, NEVER_MS);

	if (over(s))
		return t;
	if (s->state == STATE_REFUSING)
		return s->fail_at;
	if (!s->keep)
		t = earlier(t, mono_add_ms(s->born_at, TOTAL_MS));
	t = earlier(t, mono_add_ms(s->heard_at, pace(s)->silence_ms));
	if (s->out.n > 0)
		t = earlier(t, mono_add_ms(s->said_at, pace_kept.silence_ms));
	else if (s->state == STATE_OPEN)
		t = earlier(t, mono_add_ms(s->said_at, pace(s)->ping_ms));
	if (s->in_part)
		t = earlier(t, mono_add_ms(s->part_at, part_ms(s)));
	if (s->opts.rate > 0 && s->out.n > 0 && s->allowance <= 0)
		t = earlier(t,
		    mono_add_ms(s->rate_at,
			(1 - s->allowance) * 1000 / (int64_t)s->opts.rate + 1));
	return t;
}

/* What we say: answers first, then keep-alives, then our messages. */
static void
fill_out(struct session *s)
{
	while (s->state == STATE_OPEN && s->out.n < OUT_ENOUGH &&
	    (receiver_put(&s->receiver, &s->out) ||
		sender_put(&s->sender, &s->out)))
		continue;
	s->counts.sent = s->sender.sent;
	if (s->state != STATE_OPEN || s->out.n > 0)
		return;
	if (!s->done && !s->start_due && sender_idle(&s->sender) &&
	    (!s->keep || s->receiver.done)) {
		frame_put_signal(&s->out, FRAME_DONE);
		s->done = true;
	} else if (long_since(s, s->said_at, pace(s)->ping_ms)) {
		frame_put_signal(&s->out, FRAME_PING);
		s->said_at = s->now;
	}
}

/* Actions */

static bool
take_action(struct session *s, struct session_action *a)
{
	struct receiver *r = &s->receiver;

	if (s->told)
		return false;
	if (r->state == RECEIVER_TAKING) {
		*a = (struct session_action){ .kind = SESSION_TAKE,
			.bytes = buf_slice(&r->plain),
			.at = { r->batch.stream, r->batch.last,
			    r->batch.digest },
			.first = r->batch.first,
			.last = r->batch.last };
	} else if (r->state == RECEIVER_RECORDING) {
		*a = (struct session_action){ .kind = SESSION_RECORD,
			.at = { r->lost.stream, r->lost.last, 0 },
			.first = r->lost.first,
			.last = r->lost.last };
	} else {
		return false;
	}
	s->told = true;
	return true;
}

/* What the shell must hear of before anything else. */
static bool
due_action(struct session *s, struct session_action *a)
{
	if (s->warning[0] != '\0') {
		a->kind = SESSION_WARN;
		snprintf(a->err.msg, sizeof(a->err.msg), "%s", s->warning);
		a->text = a->err.msg;
		s->warning[0] = '\0';
	} else if (s->renew_due) {
		a->kind = SESSION_RENEW;
		s->renew_due = false;
	} else if (s->start_due) {
		a->kind = SESSION_START;
		a->at = s->sender.acked;
		s->start_due = false;
	} else if (s->acked_due) {
		a->kind = SESSION_ACKED;
		a->at = s->sender.acked;
		s->acked_due = false;
	} else if (s->seek_due != 0) {
		a->kind = SESSION_SEEK;
		a->first = s->seek_due;
		s->seek_due = 0;
	} else {
		return take_action(s, a);
	}
	return true;
}

static bool
send_action(const struct session *s, struct session_action *a)
{
	struct slice bytes = buf_slice(&s->out);

	if (s->opts.rate > 0) {
		if (s->allowance <= 0)
			return false;
		if (bytes.n > (size_t)s->allowance)
			bytes.n = (size_t)s->allowance;
	}
	if (bytes.n == 0)
		return false;
	a->kind = SESSION_SEND;
	a->bytes = bytes;
	return true;
}

/* The peer has closed and all that it said is read. */
static void
take_end(struct session *s)
{
	if (!s->heard && !s->opts.opener)
		set_state(s, STATE_ENDED); /* a look at the port, no session */
	else if (!s->heard)
		fail(s, ERR_TEMP, "the far end closed without a word");
	else
		fail(s, ERR_TEMP, "the far end closed in the middle");
}

static void
step(struct session *s)
{
	read_frames(s);
	check_time(s);
	if (s->state == STATE_REFUSING &&
	    (s->out.n == 0 || s->closed || long_since(s, s->fail_at, 0)))
		set_state(s, STATE_FAILED);
	if (busy(s))
		return;
	fill_out(s);
	if (s->state == STATE_OPEN && s->done && s->receiver.done &&
	    s->out.n == 0)
		set_state(s, STATE_ENDED);
	else if (s->closed && !over(s))
		take_end(s);
}

void
session_next(struct session *s, struct mono now, struct session_action *a)
{
	*a = (struct session_action){ .kind = SESSION_NOTHING };
	s->now = now;
	refill(s);
	if (!over(s))
		step(s);
	if (over(s)) {
		a->kind =
		    s->state == STATE_ENDED ? SESSION_END : SESSION_FAILED;
		a->err = s->why;
		return;
	}
	if (s->state != STATE_REFUSING && due_action(s, a))
		return;
	if (!send_action(s, a))
		a->kind = SESSION_NOTHING;
}

const struct session_counts *
session_counts(const struct session *s)
{
	return &s->counts;
}
