/*
 * What the two ends of transport http read of each other: the first byte says
 * what the rest is.  As a script, requests of a stranger that knows a token: any
 * numbers, in any order, while the session says something or ends.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "transport/http/http_answerer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	TICKETS = 8,
};

/* What is taken is written as it came. */
static void
read_words(struct slice s)
{
	struct http_request r;
	struct http_answer a;
	struct slice token;
	struct err e;
	char text[HTTP_HEADER_MAX];

	if (http_request_parse(s, &r, &e) == 0) {
		http_request_text(&r, text);
		if (!slice_eq_str(s, text))
			abort();
	}
	if (http_answer_parse(s, &a, &e) == 0) {
		http_answer_text(&a, text);
		if (!slice_eq_str(s, text))
			abort();
	}
	if (http_bearer(s, &token) && !http_token_eq(token, token))
		abort();
	if (http_token_of(s, &token, &e) == 0 && token.n > HTTP_TOKEN_MOST)
		abort();
	(void)http_refused((unsigned)s.n % 600, s.n % 2 == 0, s, &e);
	if (memchr(e.msg, '\n', strlen(e.msg)) != NULL)
		abort();
}

static uint8_t
next(struct slice *s)
{
	uint8_t b = 0;

	if (s->n > 0) {
		b = (uint8_t)s->p[0];
		s->p++;
		s->n--;
	}
	return b;
}

static void
use(struct http_answerer *h, struct http_ticket *t, struct slice *s,
    struct mono now)
{
	struct http_answer a;
	struct slice body;
	struct mono wake;
	size_t n = next(s), had;

	if (http_ticket_body(h, t, n, &had)) {
		if (had > n)
			abort();
		http_ticket_took(h, t, had + (n - had) / 2, now);
	}
	http_ticket_whole(h, t, now);
	(void)http_ticket_ends(h, t);
	if (!http_ticket_due(h, t, now, &wake) || http_ticket_gone(h, t) ||
	    http_ticket_late(h, t))
		return;
	http_ticket_answer(h, t, now, &a, &body);
	if (a.sent != t->request.received || body.n > HTTP_CHUNKS_MAX ||
	    a.received < t->at)
		abort();
	if (!t->goes_on ||
	    http_ticket_more(h, t, now, &body, &wake) != HTTP_BYTES)
		return;
	if (body.n == 0 || body.n > HTTP_CHUNKS_MAX - t->said)
		abort();
	http_ticket_said(h, t, body.n > 1 ? body.n - n % 2 : 1, now);
}

/* Now and then so much that an answer goes on. */
static void
say(struct http_answerer *h, size_t which, bool much, struct slice s,
    struct mono now)
{
	static const char p[64 << 10];

	if (much)
		s = (struct slice){ p, sizeof(p) };
	else if (s.n > 9)
		s.n = 9;
	if (s.n <= http_session_room(h, which))
		http_session_said(h, which, s, now);
}

static void
run_script(struct slice s)
{
	struct http_answerer *h = http_answerer_new(2, 1);
	struct http_ticket t[TICKETS];
	bool has[TICKETS] = { false };
	struct mono now = { 1 };

	while (s.n > 0) {
		uint8_t b = next(&s);
		size_t i = b % TICKETS, which = b / 8 % 2, over;
		struct http_request r = { .sent = next(&s),
			.received = next(&s),
			.word = (enum http_word)(b / 16 % 3) };

		memset(r.id, '0' + b / 64, HTTP_ID_SIZE - 1);
		now = mono_add_ms(now, next(&s) * 500);
		if (has[i]) {
			use(h, &t[i], &s, now);
			if (b / 16 % 2 == 0)
				continue;
			http_ticket_end(h, &t[i]);
			has[i] = false;
		} else {
			enum http_verdict v =
			    http_answerer_request(h, which, &r, now, &t[i]);

			has[i] = v == HTTP_BEGINS || v == HTTP_GOES_ON;
		}
		if (http_session_lives(h, which))
			say(h, which, b % 8 == 5, s, now);
		if (b == 0xff)
			http_session_ended(h, which);
		while (http_answerer_idle(h, now, &over))
			continue;
		if (http_answerer_sessions(h) > 1)
			abort();
	}
	http_answerer_free(h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = { (const char *)data, size };

	if (size == 0)
		return 0;
	s.p++;
	s.n--;
	if (data[0] == 's')
		run_script(s);
	else
		read_words(s);
	return 0;
}
