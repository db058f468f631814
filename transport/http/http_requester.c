/*
 * The requests of transport http; see http_requester.h.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "transport/http/http_requester_impl.h"

enum {
	GATHER_MS = 10, /* bytes that come one behind another go together */
	/* Under a rate they come in the writes of a session: from so many bytes
	 * on more follows, and so many are worth their head. */
	FLOW_LEAST = 1400,
	FLOW_ENOUGH = 16 << 10,
	FLOW_MS = 500, /* and the time of two such writes */
	FLOW_MOST_MS = 4000,
	LINGER_MS = 200, /* our program's reply goes with the next request */
	MUCH = 64 << 10, /* so much has more behind it: of an answer, or ours */
	KEPT_FIRST = 4 << 20, /* TCP finds its speed quicker than we do */
	KEPT_LEAST = 1 << 20,
	ASK_MS = 4000,           /* whether some did */
	BODIES = HTTP_POSTS - 1, /* at once: one waits */
	SIDE = 4,                /* of them that still go, side by side */
	TELL = 256 << 10,        /* that so many came, while more do */
	TRIES = 5,
	TRIES_FIRST = 2, /* while there was no answer at all */
	RETRY_MS = 500,  /* doubled each time */
	RETRY_MOST_MS = 8000,
	LENGTH_REQUIRED = 411,
	TOO_LARGE = 413,
};

void
http_requester_init(struct http_requester *r, const char *id, struct mono now)
{
	*r = (struct http_requester){ .body_most = HTTP_CHUNKS_MAX };
	memcpy(r->id, id, sizeof(r->id));
	buf_init(&r->out, HTTP_KEPT_MAX);
	http_kept_init(&r->kept, KEPT_FIRST, KEPT_LEAST);
	r->well_at = now;
	r->poll_at = (struct mono){ INT64_MAX }; /* our program speaks first */
}

void
http_requester_rate(struct http_requester *r, uint64_t rate)
{
	int64_t ms;

	if (rate == 0 || rate >= 4 * FLOW_ENOUGH) /* a write has enough */
		return;
	ms = FLOW_MS + 2000 * FLOW_LEAST / (int64_t)rate;
	r->flow_ms = ms < FLOW_MOST_MS ? ms : FLOW_MOST_MS;
}

void
http_requester_clear(struct http_requester *r)
{
	buf_clear(&r->out);
}

size_t
http_requester_room(const struct http_requester *r)
{
	return r->out_ended || r->out.n >= r->kept.most
	    ? 0
	    : r->kept.most - r->out.n;
}

void
http_requester_put(struct http_requester *r, struct slice bytes,
    struct mono now)
{
	bool fits = buf_put(&r->out, bytes);

	assert(fits);
	r->put_at = now;
}

void
http_requester_put_end(struct http_requester *r)
{
	r->out_ended = true;
}

void
http_requester_orphan(struct http_requester *r)
{
	r->orphan = true;
}

/* --- What is under way ------------------------------------------------------ */

/* The first byte that no request is bringing, and how many before one that some
 * request does. */
static uint64_t
uncovered(const struct http_requester *r, size_t *n)
{
	uint64_t at = r->acked, end = http_requester_end(r);
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < HTTP_POSTS; i++) {
			const struct http_post *p = &r->post[i];

			if (!p->under_way || p->request.sent > at ||
			    http_requester_reach(p) <= at)
				continue;
			at = http_requester_reach(p);
			more = true;
		}
	}
	for (size_t i = 0; i < HTTP_POSTS; i++) {
		const struct http_post *p = &r->post[i];

		if (p->under_way && http_requester_reach(p) > at &&
		    p->request.sent > at && p->request.sent < end)
			end = p->request.sent;
	}
	*n = end > at ? (size_t)(end - at) : 0;
	return at;
}

static size_t
under_way(const struct http_requester *r, enum http_word word)
{
	size_t n = 0;

	for (size_t i = 0; i < HTTP_POSTS; i++)
		n += r->post[i].under_way && r->post[i].request.word == word;
	return n;
}

/* Of those that are answered at once: with a body that there is little of, or
 * none. */
static size_t
little_ones(const struct http_requester *r, bool empty)
{
	size_t n = 0;

	for (size_t i = 0; i < HTTP_POSTS; i++) {
		const struct http_post *p = &r->post[i];

		n += p->under_way && p->request.word == HTTP_NOW &&
		    !p->chunks && (p->n == 0) == empty && p->n < MUCH;
	}
	return n;
}

static size_t
unfinished(const struct http_requester *r)
{
	size_t n = 0;

	for (size_t i = 0; i < HTTP_POSTS; i++)
		n += http_requester_is_unfinished(&r->post[i]);
	return n;
}

/* HTTP_POSTS: there is none. */
static size_t
free_post(const struct http_requester *r)
{
	size_t i = 0;

	while (i < HTTP_POSTS && r->post[i].under_way)
		i++;
	return i;
}

/* --- What to do ---------------------------------------------------------------- */

/* Our program was gone before any of its bytes went: there is no session to end, and a
 * request that came late would take the place of the next one. */
static bool
never_began(const struct http_requester *r)
{
	bool went = r->answered;

	for (size_t i = 0; i < HTTP_POSTS; i++)
		went |= r->post[i].under_way && r->post[i].gone > 0;
	return r->orphan && !went;
}

static void
sooner(struct mono *wake, struct mono at)
{
	if (at.ns < wake->ns)
		*wake = at;
}

/* n bytes from `at` on, or none.  Where they are many, and nobody brings what comes
 * behind them, that goes in the same body. */
static void
start(struct http_requester *r, enum http_word word, uint64_t at, size_t n,
    struct mono now, size_t *which)
{
	struct http_post *p;

	*which = free_post(r);
	assert(*which < HTTP_POSTS);
	p = &r->post[*which];
	*p = (struct http_post){ .under_way = true,
		.n = n,
		.begun = now,
		.gone_at = now };
	memcpy(p->request.id, r->id, sizeof(r->id));
	p->request.sent = at;
	p->request.received = r->received;
	p->request.word = word;
	if (n >= MUCH && word == HTTP_NOW && at + n == http_requester_end(r) &&
	    !r->no_chunks) {
		p->chunks = p->goes_on = true;
		p->most = http_requester_body_most(r);
	} else {
		p->n = n < HTTP_BODY_MAX ? n : HTTP_BODY_MAX;
		if (at + p->n > r->highest) /* all of it goes */
			r->highest = at + p->n;
	}
	r->told = r->received;
	if (n == 0 && word == HTTP_NOW)
		r->asked = r->highest;
	if (word != HTTP_NOW)
		r->poll_at = (struct mono){ INT64_MAX };
	else if (n > 0 && under_way(r, HTTP_WAIT) == 0)
		sooner(&r->poll_at, now); /* its answer says nothing */
}

/* Bytes that wait go, unless more may be on their heels. */
static bool
is_ripe(const struct http_requester *r, size_t n, struct mono now,
    struct mono *wake)
{
	bool flows = r->flow_ms > 0 && n >= FLOW_LEAST && n < FLOW_ENOUGH;
	struct mono at = mono_add_ms(r->put_at, flows ? r->flow_ms : GATHER_MS);

	if (n >= MUCH || r->out_ended || http_requester_room(r) == 0 ||
	    now.ns >= at.ns)
		return true;
	sooner(wake, at);
	return false;
}

/* The word of a request that brings n bytes from `at` on; false: none now.  What a
 * cut left out must go, for what is behind it waits; a little, not beside another
 * little.  It is not for one that brings bytes behind others to wait for the far end:
 * when one of those were late, so would all be that the far end says. */
static bool
brings(const struct http_requester *r, uint64_t at, size_t n,
    enum http_word *word)
{
	size_t others = under_way(r, HTTP_NOW);

	*word = HTTP_END;
	if (r->out_ended && at + n == http_requester_end(r) && n <= MUCH) {
		/* also while one waits: it need not more; but an end
		 * alone has no need of another connection */
		if (n > 0 || others == 0)
			return true;
	}
	if (n == 0)
		return false;
	*word = HTTP_WAIT;
	if (!r->answered ||
	    (n < MUCH && at == r->acked && under_way(r, HTTP_WAIT) == 0))
		return true;
	*word = HTTP_NOW;
	return others < BODIES && (!r->spread || unfinished(r) < SIDE) &&
	    (n >= MUCH || at < r->highest || little_ones(r, false) == 0);
}

/* Does a body go on of which nothing came, as far as we know? */
static bool
is_unheard(const struct http_requester *r)
{
	bool is = false;

	for (size_t i = 0; i < HTTP_POSTS; i++) {
		const struct http_post *p = &r->post[i];

		is |= p->under_way && p->goes_on && p->gone > 0 &&
		    r->acked <= p->request.sent;
	}
	return is;
}

/* May one without bytes be sent? */
static bool
asks(const struct http_requester *r, struct mono now, enum http_word *word,
    struct mono *wake)
{
	*word = HTTP_WAIT;
	if (under_way(r, HTTP_WAIT) == 0) {
		if (now.ns >= r->poll_at.ns)
			return true;
		sooner(wake, r->poll_at);
		return false;
	}
	*word = HTTP_NOW; /* each end keeps what it is not told of */
	if (little_ones(r, true) > 0)
		return false;
	if (r->received - r->told >= TELL ||
	    r->highest - r->asked >= r->kept.most / 2)
		return true;
	if (!is_unheard(r))
		return false;
	sooner(wake, mono_add_ms(r->well_at, ASK_MS));
	return now.ns >= mono_add_ms(r->well_at, ASK_MS).ns;
}

/* How far did those come that were under way when one broke? */
static enum http_todo
find_out(struct http_requester *r, struct mono now, size_t *which)
{
	for (size_t i = 0; i < HTTP_POSTS; i++)
		if (r->post[i].under_way && r->post[i].asks)
			return HTTP_NOTHING;
	start(r, HTTP_NOW, r->acked, 0, now, which);
	r->post[*which].asks = true;
	return HTTP_START;
}

enum http_todo
http_requester_next(struct http_requester *r, struct mono now, size_t *which,
    struct mono *wake)
{
	enum http_word word;
	uint64_t at;
	size_t n;

	*wake = (struct mono){ INT64_MAX };
	if (r->in_ended || never_began(r))
		return HTTP_OVER;
	if (free_post(r) == HTTP_POSTS ||
	    (free_post(r) > 0 && !r->answered)) /* it begins the session */
		return HTTP_NOTHING;
	if (now.ns < r->retry_at.ns) {
		*wake = r->retry_at;
		return HTTP_NOTHING;
	}
	if (r->lost)
		return find_out(r, now, which);
	if (under_way(r, HTTP_END) > 0)
		return HTTP_NOTHING;
	at = uncovered(r, &n);
	if (n > 0 && !is_ripe(r, n, now, wake))
		return HTTP_NOTHING;
	if (n > MUCH && !r->answered) /* it begins the session, and waits */
		n = MUCH;
	if (brings(r, at, n, &word)) {
		start(r, word, at, n, now, which);
	} else if (asks(r, now, &word, wake)) {
		/* They go before none: none of ours is waited for. */
		start(r, word, r->acked, 0, now, which);
	} else {
		return HTTP_NOTHING;
	}
	return HTTP_START;
}

/* --- Answers ---------------------------------------------------------------------- */

int
http_requester_head(const struct http_requester *r, size_t which,
    const struct http_answer *a, struct err *e)
{
	const struct http_post *p = &r->post[which];

	if (a->sent != p->request.received || p->goes_on ||
	    a->received < http_requester_reach(p) || a->received > r->highest)
		return err_set(e, ERR_PROTOCOL,
		    "the far end answers for another request");
	return 0;
}

size_t
http_requester_heard(struct http_requester *r, size_t which, size_t n)
{
	struct http_post *p = &r->post[which];
	uint64_t at = p->request.received + p->heard;
	size_t had = 0;

	p->heard += n;
	if (r->received > at)
		had = r->received - at < n ? (size_t)(r->received - at) : n;
	r->received += n - had;
	if (n > had) /* it moves, though every connection may be cut */
		r->failures = 0;
	return had;
}

void
http_requester_answered(struct http_requester *r, size_t which,
    const struct http_answer *a, struct mono now)
{
	struct http_post *p = &r->post[which];

	p->under_way = false;
	if (!r->answered)
		r->trip_ms = mono_ms_since(now, p->begun);
	r->answered = true;
	if (!p->asks || a->received > r->acked)
		r->failures = 0;
	if (p->asks)
		r->lost = false;
	r->retry_at = (struct mono){ 0 };
	r->well_at = now;
	if (a->received > r->acked)
		r->acked = a->received;
	r->asked = r->highest;
	http_kept_came(&r->kept, r->acked, now);
	http_requester_drop(r);
	if (p->request.word == HTTP_NOW)
		return;
	r->in_ended = a->end && a->sent + p->heard == r->received;
	r->poll_at =
	    p->heard == 0 || p->heard >= MUCH || under_way(r, HTTP_NOW) > 0
	    ? now
	    : mono_add_ms(now, LINGER_MS);
}

bool
http_requester_failed(struct http_requester *r, size_t which, bool met,
    struct mono now)
{
	struct http_post *p = &r->post[which];
	int tries = r->answered ? TRIES : met ? TRIES_FIRST : 0;
	int64_t wait_ms = RETRY_MS;

	p->under_way = false;
	if (p->request.word != HTTP_NOW)
		r->poll_at = now;
	http_kept_unsaid(&r->kept, p->request.sent + p->gone);
	if (p->chunks && p->gone > HTTP_BODY_MAX)
		r->body_most = HTTP_BODY_MAX; /* it may be too large */
	/* What was under way when another broke only says the same. */
	if (r->failures > 0 && p->begun.ns <= r->failed_at.ns)
		return true;
	r->failures++;
	r->failed_at = now;
	r->lost = r->answered;
	if (r->failures > tries ||
	    mono_ms_since(now, r->well_at) > HTTP_IDLE_MS)
		return false;
	for (int i = 1; i < r->failures && wait_ms < RETRY_MOST_MS; i++)
		wait_ms *= 2;
	r->retry_at = mono_add_ms(now, wait_ms);
	return true;
}

bool
http_requester_other_form(struct http_requester *r, size_t which,
    unsigned status)
{
	const struct http_post *p = &r->post[which];
	bool was = r->no_chunks || r->body_most == HTTP_BODY_MAX;

	if (!p->chunks)
		return false;
	if (status == LENGTH_REQUIRED)
		r->no_chunks = true;
	else if (status == TOO_LARGE && !was)
		r->body_most = HTTP_BODY_MAX;
	else
		return false;
	return true;
}
