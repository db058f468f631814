/*
 * The answers of transport http; see http_answerer.h.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "transport/http/http_answerer.h"
#include "transport/http/http_kept.h"

enum {
	REQUESTS_MOST = 16, /* eight, and those of connections that are dead */
	GATHER_MS = 10,     /* bytes that come one behind another go together */
	MUCH = 64 << 10,    /* and so much goes at once */
	HELD_MS = 250,     /* now: until the stream has an answer to its body */
	AGAIN_MOST = 4096, /* said once more to one that waits */
	KEPT_LEAST = 2 << 20,
	ANSWER_MS = 60000, /* of one answer that goes on */
	SILENT_MS = 2000,  /* within it */
};

enum session_state {
	SESSION_NONE,
	SESSION_LIVES,
	SESSION_OVER, /* its stream ended: what is left is fetched */
};

struct http_session {
	enum session_state state;
	char id[HTTP_ID_SIZE];
	uint64_t number;  /* counts those of the association */
	uint64_t taken;   /* of the requester's bytes */
	uint64_t down_at; /* of ours, the first that is kept */
	struct buf down;  /* from there on */
	/* Of ours, the requester has so many; or will, by an answer beside the one
	 * that waits. */
	uint64_t has;
	struct http_kept kept;
	struct mono said;     /* it grew last */
	bool up_ended;        /* the requester sends no more */
	uint64_t newest;      /* serial of the newest request that waits */
	uint64_t newest_from; /* which had so many then */
	uint64_t held; /* serial of one whose answer takes what is said; or 0 */
	int going;     /* answers that go on */
	int requests;
	struct mono heard;
};

struct http_answerer {
	struct http_session *session; /* one an association */
	size_t n, most;
	uint64_t serial;
};

struct http_answerer *
http_answerer_new(size_t n, size_t sessions_most)
{
	struct http_answerer *h = mem_alloc(sizeof(*h));

	h->session = mem_array(n == 0 ? 1 : n, sizeof(*h->session));
	h->n = n;
	h->most = sessions_most;
	for (size_t i = 0; i < n; i++)
		buf_init(&h->session[i].down, HTTP_KEPT_MAX);
	return h;
}

void
http_answerer_free(struct http_answerer *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->n; i++)
		buf_clear(&h->session[i].down);
	free(h->session);
	free(h);
}

static struct http_session *
session_of(const struct http_answerer *h, size_t association)
{
	assert(association < h->n);
	return &h->session[association];
}

size_t
http_answerer_sessions(const struct http_answerer *h)
{
	size_t live = 0;

	for (size_t i = 0; i < h->n; i++)
		live += h->session[i].state == SESSION_LIVES;
	return live;
}

/* --- Requests ------------------------------------------------------------------ */

static void
begin(struct http_session *s, const struct http_request *r)
{
	uint64_t number = s->number + 1;

	buf_clear(&s->down);
	*s = (struct http_session){ .state = SESSION_LIVES,
		.number = number,
		.down = s->down };
	http_kept_init(&s->kept, KEPT_LEAST, KEPT_LEAST);
	memcpy(s->id, r->id, sizeof(s->id));
}

static enum http_verdict
judge(const struct http_answerer *h, struct http_session *s,
    const struct http_request *r)
{
	bool known = s->state != SESSION_NONE &&
	    memcmp(s->id, r->id, sizeof(s->id)) == 0;

	if (known) {
		if (r->received > s->down_at + s->down.n)
			return HTTP_STRANGE;
		return s->requests < REQUESTS_MOST ? HTTP_GOES_ON : HTTP_FULL;
	}
	if (r->sent != 0 || r->received != 0)
		return HTTP_GONE;
	if (s->state != SESSION_LIVES && http_answerer_sessions(h) >= h->most)
		return HTTP_FULL;
	return HTTP_BEGINS;
}

/* It need not be kept; but a little, with which the answer begins that waits. */
static void
drop_what_it_has(struct http_session *s)
{
	uint64_t from = s->has;

	if (from > s->newest_from && from - s->newest_from <= AGAIN_MOST)
		from = s->newest_from;
	if (from <= s->down_at)
		return;
	buf_drop(&s->down, (size_t)(from - s->down_at));
	s->down_at = from;
}

enum http_verdict
http_answerer_request(struct http_answerer *h, size_t association,
    const struct http_request *r, struct mono now, struct http_ticket *out)
{
	struct http_session *s = session_of(h, association);
	enum http_verdict v = judge(h, s, r);

	if (v != HTTP_BEGINS && v != HTTP_GOES_ON)
		return v;
	if (v == HTTP_BEGINS)
		begin(s, r);
	if (r->word != HTTP_NOW) {
		s->newest = h->serial + 1;
		s->newest_from = r->received;
	}
	s->has = r->received; /* what went beside it may be lost */
	drop_what_it_has(s);
	http_kept_came(&s->kept, r->received, now);
	s->heard = now;
	s->requests++;
	*out = (struct http_ticket){ .association = association,
		.session = s->number,
		.request = *r,
		.at = r->sent,
		.serial = ++h->serial,
		.since = now };
	return v;
}

bool
http_ticket_gone(const struct http_answerer *h, const struct http_ticket *t)
{
	const struct http_session *s = session_of(h, t->association);

	return s->state == SESSION_NONE || s->number != t->session;
}

bool
http_ticket_body(const struct http_answerer *h, const struct http_ticket *t,
    size_t n, size_t *had)
{
	const struct http_session *s = session_of(h, t->association);

	if (t->at > s->taken)
		return false;
	*had = s->taken - t->at < n ? (size_t)(s->taken - t->at) : n;
	return true;
}

void
http_ticket_took(struct http_answerer *h, struct http_ticket *t, size_t n,
    struct mono now)
{
	struct http_session *s = session_of(h, t->association);

	if (n > 0 && !t->whole)
		t->since = now;
	t->at += n;
	if (!http_ticket_gone(h, t) && t->at > s->taken)
		s->taken = t->at;
}

void
http_ticket_whole(const struct http_answerer *h, struct http_ticket *t,
    struct mono now)
{
	struct http_session *s = session_of(h, t->association);
	uint64_t n = t->at - t->request.sent;

	if (t->whole)
		return;
	t->since = now;
	t->whole = true;
	/* what the stream says to a little comes soon */
	if (t->request.word == HTTP_NOW && n > 0 && n < MUCH &&
	    !http_ticket_gone(h, t))
		s->held = t->serial;
}

bool
http_ticket_late(const struct http_answerer *h, const struct http_ticket *t)
{
	return !t->whole || t->at > session_of(h, t->association)->taken;
}

bool
http_ticket_ends(struct http_answerer *h, const struct http_ticket *t)
{
	struct http_session *s = session_of(h, t->association);

	if (t->request.word != HTTP_END || http_ticket_gone(h, t) ||
	    http_ticket_late(h, t) || s->up_ended)
		return false;
	s->up_ended = true;
	return true;
}

/* Bytes that nobody brings. */
static bool
has_news(const struct http_session *s)
{
	return s->down_at + s->down.n > s->has;
}

static bool
is_held(const struct http_session *s, const struct http_ticket *t)
{
	return s->held == t->serial && s->state == SESSION_LIVES &&
	    s->going == 0 && s->down.n < MUCH;
}

static void
let_go(struct http_session *s, const struct http_ticket *t)
{
	if (s->held == t->serial)
		s->held = 0;
}

bool
http_ticket_due(const struct http_answerer *h, const struct http_ticket *t,
    struct mono now, struct mono *wake)
{
	const struct http_session *s = session_of(h, t->association);

	*wake = mono_add_ms(t->since, HTTP_HOLD_MS);
	if (http_ticket_gone(h, t) || now.ns >= wake->ns)
		return true;
	if (http_ticket_late(h, t))
		return false; /* what goes before it comes by another */
	if (t->request.word == HTTP_NOW) {
		if (!is_held(s, t))
			return true;
		*wake = mono_add_ms(t->since, HELD_MS);
	} else if (t->serial != s->newest || s->state == SESSION_OVER ||
	    s->down.n >= MUCH) {
		return true;
	} else if (s->held != 0) {
		return false; /* that one takes it */
	}
	if (has_news(s) && mono_add_ms(s->said, GATHER_MS).ns < wake->ns)
		*wake = mono_add_ms(s->said, GATHER_MS);
	return now.ns >= wake->ns;
}

/* What there is from that byte on. */
static struct slice
from_on(const struct http_session *s, uint64_t at)
{
	struct slice bytes = buf_slice(&s->down);

	bytes.p += at - s->down_at;
	bytes.n -= (size_t)(at - s->down_at);
	return bytes;
}

void
http_ticket_answer(const struct http_answerer *h, struct http_ticket *t,
    struct mono now, struct http_answer *out, struct slice *body)
{
	struct http_session *s = session_of(h, t->association);
	const bool beside = t->request.word == HTTP_NOW;
	const bool takes = beside ? is_held(s, t) && has_news(s)
				  : t->serial == s->newest &&
		(has_news(s) || s->state == SESSION_OVER);
	uint64_t from = t->request.received;

	*out = (struct http_answer){ .sent = from, .received = s->taken };
	*body = (struct slice){ "", 0 };
	let_go(s, t);
	/* An old one that came late is behind what was fetched since. */
	if (!takes || from < s->down_at)
		return;
	*body = from_on(s, from);
	if (beside) {
		s->has = from + body->n;
		return;
	}
	if (body->n < MUCH) {
		out->end = s->state == SESSION_OVER;
		return;
	}
	t->goes_on = true;
	s->going++;
	t->answered = t->said_at = now;
	*body = (struct slice){ "", 0 };
}

enum http_more
http_ticket_more(const struct http_answerer *h, const struct http_ticket *t,
    struct mono now, struct slice *body, struct mono *wake)
{
	const struct http_session *s = session_of(h, t->association);
	uint64_t at = t->request.received + t->said;

	if (http_ticket_gone(h, t) || t->serial != s->newest ||
	    at < s->down_at || t->said == HTTP_CHUNKS_MAX ||
	    mono_ms_since(now, t->answered) > ANSWER_MS)
		return HTTP_ENOUGH;
	*body = from_on(s, at);
	if (body->n > HTTP_CHUNKS_MAX - t->said)
		body->n = HTTP_CHUNKS_MAX - t->said;
	if (body->n > 0)
		return HTTP_BYTES;
	*wake = mono_add_ms(t->said_at, SILENT_MS);
	if (now.ns >= wake->ns || s->state == SESSION_OVER ||
	    http_session_room(h, t->association) == 0)
		return HTTP_ENOUGH; /* until it is known that something came */
	return HTTP_SILENT;
}

void
http_ticket_said(struct http_answerer *h, struct http_ticket *t, size_t n,
    struct mono now)
{
	struct http_session *s = session_of(h, t->association);

	http_kept_said(&s->kept, t->request.received + t->said, now);
	t->said += n;
	t->said_at = now;
}

void
http_ticket_end(struct http_answerer *h, struct http_ticket *t)
{
	struct http_session *s = session_of(h, t->association);

	if (http_ticket_gone(h, t))
		return;
	s->requests--;
	let_go(s, t);
	if (!t->goes_on)
		return;
	s->going--;
	http_kept_unsaid(&s->kept, t->request.received + t->said);
}

/* --- The stream ------------------------------------------------------------------ */

bool
http_session_lives(const struct http_answerer *h, size_t association)
{
	return session_of(h, association)->state == SESSION_LIVES;
}

size_t
http_session_room(const struct http_answerer *h, size_t association)
{
	const struct http_session *s = session_of(h, association);

	return s->down.n < s->kept.most ? s->kept.most - s->down.n : 0;
}

void
http_session_said(struct http_answerer *h, size_t association,
    struct slice bytes, struct mono now)
{
	struct http_session *s = session_of(h, association);
	bool fits = buf_put(&s->down, bytes);

	assert(fits);
	s->said = now;
}

void
http_session_ended(struct http_answerer *h, size_t association)
{
	struct http_session *s = session_of(h, association);

	if (s->state == SESSION_LIVES)
		s->state = SESSION_OVER;
}

bool
http_answerer_idle(struct http_answerer *h, struct mono now,
    size_t *association)
{
	for (size_t i = 0; i < h->n; i++) {
		struct http_session *s = &h->session[i];

		if (s->state == SESSION_NONE || s->requests > 0 ||
		    mono_ms_since(now, s->heard) <= HTTP_IDLE_MS)
			continue;
		buf_clear(&s->down);
		s->state = SESSION_NONE;
		*association = i;
		return true;
	}
	return false;
}
