/*
 * The requests of transport http; see http_requester.h.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "transport/http/http_requester.h"

enum {
	GATHER_MS = 10,  /* bytes that come one behind another go together */
	LINGER_MS = 200, /* our program's reply goes with the next request */
	MUCH = 64 << 10, /* an answer of so much has another behind it */
	BODY_FIRST = 64 << 10,
	BODY_LEAST = 16 << 10, /* and of a request after one that failed */
	QUICK_MS = 4000, /* a satellite's handshakes and slow start included */
	SLOW_MS = 16000,
	BODIES = HTTP_POSTS - 1, /* at once: one waits */
	TELL = 256 << 10,        /* that so many came, while more do */
	TRIES = 5,
	TRIES_FIRST = 2, /* while there was no answer at all */
	RETRY_MS = 500,  /* doubled each time */
	RETRY_MOST_MS = 8000,
};

void
http_requester_init(struct http_requester *r, const char *id, struct mono now)
{
	*r = (struct http_requester){ .body_most = BODY_FIRST };
	memcpy(r->id, id, sizeof(r->id));
	buf_init(&r->out, (size_t)BODIES * HTTP_BODY_MAX);
	r->well_at = now;
	r->poll_at = (struct mono){ INT64_MAX }; /* our program speaks first */
}

void
http_requester_clear(struct http_requester *r)
{
	buf_clear(&r->out);
}

/* What a slow link could not carry for long is not taken from our program. */
size_t
http_requester_room(const struct http_requester *r)
{
	size_t most = BODIES * r->body_most;

	if (most < HTTP_BODY_MAX)
		most = HTTP_BODY_MAX;
	return r->out_ended || r->out.n >= most ? 0 : most - r->out.n;
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

/* --- What is under way ------------------------------------------------------ */

static uint64_t
end_of(const struct http_post *p)
{
	return p->request.sent + p->n;
}

/* The first byte that no request is bringing, and how many before one that some
 * request does. */
static uint64_t
uncovered(const struct http_requester *r, size_t *n)
{
	uint64_t at = r->acked, end = r->acked + r->out.n;
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < HTTP_POSTS; i++) {
			const struct http_post *p = &r->post[i];

			if (!p->under_way || p->request.sent > at ||
			    end_of(p) <= at)
				continue;
			at = end_of(p);
			more = true;
		}
	}
	for (size_t i = 0; i < HTTP_POSTS; i++) {
		const struct http_post *p = &r->post[i];

		if (p->under_way && p->n > 0 && p->request.sent > at &&
		    p->request.sent < end)
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

static void
start(struct http_requester *r, enum http_word word, uint64_t at, size_t n,
    struct mono now, size_t *which)
{
	struct http_post *p;

	*which = free_post(r);
	assert(*which < HTTP_POSTS);
	p = &r->post[*which];
	*p = (struct http_post){ .under_way = true, .n = n, .begun = now };
	memcpy(p->request.id, r->id, sizeof(r->id));
	p->request.sent = at;
	p->request.received = r->received;
	p->request.word = word;
	p->part = n > 0 && n < r->body_most;
	r->told = r->received;
	if (at + n > r->highest)
		r->highest = at + n;
	r->poll_at = (struct mono){ INT64_MAX };
}

static void
sooner(struct mono *wake, struct mono at)
{
	if (at.ns < wake->ns)
		*wake = at;
}

/* Bytes that wait go, unless more may be on their heels. */
static bool
is_ripe(const struct http_requester *r, size_t n, struct mono now,
    struct mono *wake)
{
	struct mono at = mono_add_ms(r->put_at, GATHER_MS);

	if (n >= r->body_most || r->out_ended || http_requester_room(r) == 0 ||
	    now.ns >= at.ns)
		return true;
	sooner(wake, at);
	return false;
}

/* Bodies under way that are smaller than they might be. */
static size_t
parts(const struct http_requester *r)
{
	size_t n = 0;

	for (size_t i = 0; i < HTTP_POSTS; i++)
		n += r->post[i].under_way && r->post[i].part &&
		    r->post[i].request.word == HTTP_NOW;
	return n;
}

/* May n bytes from `at` on go beside others?  What a cut left out must, for what is
 * behind it waits; and much does where the link was found to be quick, with its
 * end, but a small session has no need of another connection. */
static bool
goes_beside(const struct http_requester *r, uint64_t at, size_t n)
{
	size_t others = under_way(r, HTTP_NOW);

	if (n == 0) /* the far end keeps what it is not told of */
		return others == 0 && r->received - r->told >= TELL;
	return others == 0 ||
	    (others < BODIES &&
		(at < r->highest ||
		    (r->body_most > BODY_FIRST &&
			(n >= r->body_most || parts(r) == 0))));
}

/* The word of a request that brings *n bytes from `at` on; false: none now. */
static bool
choose(const struct http_requester *r, uint64_t at, size_t *n, struct mono now,
    enum http_word *word, struct mono *wake)
{
	bool last = r->out_ended && at + *n == r->acked + r->out.n;

	*word = HTTP_WAIT;
	if (under_way(r, HTTP_END) > 0)
		return false;
	if (last) { /* also while one waits: it need not any more */
		*word = HTTP_END;
		return true;
	}
	if (under_way(r, HTTP_WAIT) > 0) {
		*word = HTTP_NOW;
		return goes_beside(r, at, *n);
	}
	if (*n > MUCH) /* it cannot be answered before it came whole */
		*n = MUCH;
	if (*n > 0 || now.ns >= r->poll_at.ns)
		return true;
	sooner(wake, r->poll_at);
	return false;
}

enum http_todo
http_requester_next(struct http_requester *r, struct mono now, size_t *which,
    struct slice *body, struct mono *wake)
{
	enum http_word word;
	uint64_t at;
	size_t n;

	*wake = (struct mono){ INT64_MAX };
	if (r->in_ended)
		return HTTP_OVER;
	if (free_post(r) == HTTP_POSTS ||
	    (free_post(r) > 0 && !r->answered)) /* it begins the session */
		return HTTP_NOTHING;
	if (now.ns < r->retry_at.ns) {
		*wake = r->retry_at;
		return HTTP_NOTHING;
	}
	at = uncovered(r, &n);
	if (n > r->body_most)
		n = r->body_most;
	if ((n > 0 && !is_ripe(r, n, now, wake)) ||
	    !choose(r, at, &n, now, &word, wake))
		return HTTP_NOTHING;
	start(r, word, at, n, now, which);
	*body = n == 0 ? (struct slice){ "", 0 }
		       : (struct slice){ r->out.p + (at - r->acked), n };
	return HTTP_START;
}

/* --- Answers ---------------------------------------------------------------------- */

int
http_requester_head(const struct http_requester *r, size_t which,
    const struct http_answer *a, struct err *e)
{
	const struct http_post *p = &r->post[which];

	if (a->sent != p->request.received || a->received < end_of(p) ||
	    a->received > r->highest)
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

static void
adapt(struct http_requester *r, const struct http_post *p, struct mono now)
{
	int64_t ms = mono_ms_since(now, p->begun);

	if (ms < QUICK_MS && p->n >= r->body_most / 2 &&
	    r->body_most < HTTP_BODY_MAX)
		r->body_most *= 2;
	else if (ms > SLOW_MS && p->request.word == HTTP_NOW &&
	    p->n <= r->body_most && /* those beside it say the same */
	    r->body_most > BODY_LEAST)
		r->body_most /= 2;
}

void
http_requester_answered(struct http_requester *r, size_t which,
    const struct http_answer *a, struct mono now)
{
	struct http_post *p = &r->post[which];

	p->under_way = false;
	r->answered = true;
	r->failures = 0;
	r->retry_at = (struct mono){ 0 };
	r->well_at = now;
	adapt(r, p, now);
	if (a->received > r->acked) {
		buf_drop(&r->out, (size_t)(a->received - r->acked));
		r->acked = a->received;
	}
	if (p->request.word == HTTP_NOW)
		return;
	r->in_ended = a->end && a->sent + p->heard == r->received;
	r->poll_at = p->heard == 0 || p->heard >= MUCH
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
	/* What was under way when another broke only says the same. */
	if (r->failures > 0 && p->begun.ns <= r->failed_at.ns)
		return true;
	r->failures++;
	r->failed_at = now;
	if (r->failures > tries ||
	    mono_ms_since(now, r->well_at) > HTTP_IDLE_MS)
		return false;
	for (int i = 1; i < r->failures && wait_ms < RETRY_MOST_MS; i++)
		wait_ms *= 2;
	r->retry_at = mono_add_ms(now, wait_ms);
	r->body_most = BODY_LEAST; /* its answer tells how far the last came */
	return true;
}
