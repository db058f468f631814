/*
 * The bodies of requests of transport http: how far each goes, and what it brings;
 * see http_requester_impl.h.
 */
#include "config.h"

#include "transport/http/http_requester_impl.h"

enum {
	BODY_MS = 60000,   /* of a body that goes on */
	UNHEARD_MS = 9000, /* none of it came */
	SILENT_TRIPS = 4,  /* within it, of the first answer's */
	SILENT_LEAST_MS = 200,
	SILENT_MOST_MS = 8000,
	DROP_LEAST = 4, /* that part of what is kept */
	SPARE_MS = 1500,
	PARTS = 16, /* of what is kept */
};

/* --- Where they are ---------------------------------------------------------------- */

uint64_t
http_requester_end(const struct http_requester *r)
{
	return r->out_at + r->out.n;
}

uint64_t
http_requester_reach(const struct http_post *p)
{
	return p->request.sent + (p->goes_on ? p->most : p->n);
}

bool
http_requester_is_unfinished(const struct http_post *p)
{
	return p->under_way && (p->goes_on || p->gone < p->n);
}

/* What the far end has, and no request is bringing once more. */
void
http_requester_drop(struct http_requester *r)
{
	uint64_t until = r->acked;

	for (size_t i = 0; i < HTTP_POSTS; i++) {
		const struct http_post *p = &r->post[i];

		if (http_requester_is_unfinished(p) &&
		    p->request.sent + p->gone < until)
			until = p->request.sent + p->gone;
	}
	if (until - r->out_at < r->out.n / DROP_LEAST)
		return; /* the rest is moved each time */
	buf_drop(&r->out, (size_t)(until - r->out_at));
	r->out_at = until;
}

/* --- How far they go --------------------------------------------------------------- */

size_t
http_requester_body_most(const struct http_requester *r)
{
	size_t part = r->kept.most / PARTS;

	return r->spread && part < r->body_most ? part : r->body_most;
}

void
http_requester_line(struct http_requester *r, bool spare, struct mono now)
{
	if (!spare)
		r->spare_at = (struct mono){ 0 };
	else if (r->spare_at.ns == 0)
		r->spare_at = now;
	else if (mono_ms_since(now, r->spare_at) >= SPARE_MS)
		r->spread = true;
}

/* What it says may well be answered by our program, which goes in it too. */
static int64_t
silent_ms(const struct http_requester *r)
{
	int64_t ms = SILENT_TRIPS * r->trip_ms;

	if (ms < SILENT_LEAST_MS)
		return SILENT_LEAST_MS;
	return ms < SILENT_MOST_MS ? ms : SILENT_MOST_MS;
}

/* A body of which nothing comes, as a proxy has all of it first, ends where it is.
 * One that is old ends a while later, and what is behind that begins to go beside it
 * before it is there. */
static size_t
reach_at_age(const struct http_requester *r, const struct http_post *p,
    struct mono now)
{
	int64_t ms = mono_ms_since(now, p->begun);
	size_t n = p->most;

	if (r->spread)
		n = p->gone + http_requester_body_most(r);
	else if (p->gone == 0)
		return n;
	else if (ms >= BODY_MS)
		n = p->gone + r->kept.most / 2;
	else if (ms >= UNHEARD_MS && r->acked <= p->request.sent)
		n = p->gone;
	return n < p->most ? n : p->most;
}

/* It is over when it has reached that, or nothing follows. */
static void
find_end(const struct http_requester *r, struct http_post *p, struct mono now)
{
	size_t there = (size_t)(http_requester_end(r) - p->request.sent);

	p->most = reach_at_age(r, p, now);
	if (there > p->most)
		there = p->most;
	if (p->gone < p->most && !r->out_ended &&
	    (p->gone < there || mono_ms_since(now, p->gone_at) < silent_ms(r)))
		return;
	p->n = there;
	p->goes_on = false;
}

enum http_more
http_requester_more(struct http_requester *r, size_t which, struct mono now,
    struct slice *bytes, struct mono *wake)
{
	struct http_post *p = &r->post[which];
	uint64_t at = p->request.sent + p->gone, end;

	if (p->goes_on)
		find_end(r, p, now);
	end = http_requester_reach(p) < http_requester_end(r)
	    ? http_requester_reach(p)
	    : http_requester_end(r);
	if (at < end) {
		*bytes = (struct slice){ r->out.p + (at - r->out_at),
			(size_t)(end - at) };
		return HTTP_BYTES;
	}
	if (!p->goes_on)
		return HTTP_ENOUGH;
	*wake = mono_add_ms(p->gone_at, silent_ms(r));
	return HTTP_SILENT;
}

void
http_requester_gone(struct http_requester *r, size_t which, size_t n,
    struct mono now)
{
	struct http_post *p = &r->post[which];
	uint64_t at = p->request.sent + p->gone;

	http_kept_said(&r->kept, at, now);
	p->gone += n;
	p->gone_at = now;
	if (at + n > r->highest)
		r->highest = at + n;
}

bool
http_requester_rewind(struct http_requester *r, size_t which)
{
	struct http_post *p = &r->post[which];

	if (p->request.sent < r->out_at)
		return false;
	p->gone = 0;
	return true;
}
