/*
 * Both ends of transport http without I/O, joined by links: one that loses, repeats
 * and reorders requests and answers, and one that is long.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "transport/http/http_answerer.h"
#include "transport/http/http_requester.h"

#define ID "00112233445566778899aabbccddeeff"

static const struct mono at0 = { 1000000000 };

/* --- A bad link ------------------------------------------------------------------ */

enum {
	FLYING = 64,
	UP_BYTES = 300000,
	DOWN_BYTES = 200000,
	LITTLE_BYTES = 3000, /* of small talk, each way */
};

/* A request on its way; its answer on the way back. */
struct flight {
	bool used;
	bool there;    /* let in */
	bool answered; /* and the answer on its way back */
	bool orphan;   /* the requester has given it up */
	size_t which;
	struct http_request r;
	struct buf body; /* as far as it was sent */
	bool sent;       /* all of it */
	size_t at;
	struct http_ticket t;
	struct http_answer a;
	char *back;
	size_t back_n, back_at;
};

struct link {
	struct http_requester q;
	struct http_answerer *h;
	struct flight f[FLYING];
	struct mono now;
	unsigned seed;
	bool spare;                /* it would carry more */
	unsigned loss;             /* of 1000 */
	bool little;               /* now and then a few bytes */
	size_t up_most, down_most; /* in all */
	size_t put, got_up, said, got_down;
	size_t beside; /* answers of others than those that wait, with bytes */
	bool up_ended, down_ended, over, gave_up;
};

static unsigned
draw(struct link *l, unsigned n)
{
	l->seed = l->seed * 1103515245 + 12345;
	return (l->seed >> 8) % n;
}

static char
byte_at(size_t i, char of)
{
	return (char)((i * 2654435761U >> 7) ^ (unsigned char)of);
}

static void
drop(struct link *l, struct flight *f)
{
	if (f->there)
		http_ticket_end(l->h, &f->t);
	buf_clear(&f->body);
	free(f->back);
	*f = (struct flight){ .used = false };
}

static void
send_request(struct link *l, size_t which)
{
	for (size_t i = 0; i < FLYING; i++) {
		struct flight *f = &l->f[i];

		if (f->used)
			continue;
		*f = (struct flight){ .used = true,
			.which = which,
			.r = l->q.post[which].request };
		buf_init(&f->body, SIZE_MAX);
		return;
	}
	fail_msg("too many requests under way");
}

/* The connection breaks: what was on its way in it may come or not. */
static void
break_off(struct link *l, struct flight *f)
{
	if (!f->orphan && !http_requester_failed(&l->q, f->which, true, l->now))
		l->gave_up = true;
	f->orphan = true;
	if (draw(l, 2) == 0)
		drop(l, f);
}

static void
let_in(struct link *l, struct flight *f)
{
	switch (http_answerer_request(l->h, 0, &f->r, l->now, &f->t)) {
	case HTTP_BEGINS:
	case HTTP_GOES_ON:
		f->there = true;
		return;
	case HTTP_GONE:
	case HTTP_STRANGE:
		if (!f->orphan)
			fail_msg("a request was refused");
		drop(l, f);
		return;
	case HTTP_FULL:
		break_off(l, f);
	}
}

/* More of its body, while the connection is whole. */
static void
send_more(struct link *l, struct flight *f)
{
	struct slice bytes;
	struct mono wake;

	if (f->orphan || f->sent)
		return;
	switch (http_requester_more(&l->q, f->which, l->now, &bytes, &wake)) {
	case HTTP_BYTES:
		if (bytes.n > 20000)
			bytes.n = 1 + draw(l, 20000);
		buf_put(&f->body, bytes);
		http_requester_gone(&l->q, f->which, bytes.n, l->now);
		break;
	case HTTP_SILENT:
		break;
	case HTTP_ENOUGH:
		f->sent = true;
	}
}

static void
carry_body(struct link *l, struct flight *f)
{
	size_t n = f->body.n - f->at, had, take;

	if (n > 5000)
		n = 1 + draw(l, 5000);
	if (http_ticket_gone(l->h, &f->t)) {
		drop(l, f);
		return;
	}
	if (!http_ticket_body(l->h, &f->t, n, &had))
		return;
	take = had + (n > had ? draw(l, (unsigned)(n - had) + 1) : 0);
	for (size_t i = had; i < take; i++)
		assert_int_equal(f->body.p[f->at + i],
		    byte_at(l->got_up++, 'u'));
	http_ticket_took(l->h, &f->t, take, l->now);
	f->at += take;
}

/* An answer that goes on: false when it is over. */
static bool
more_answer(struct link *l, struct flight *f)
{
	enum http_more more = HTTP_ENOUGH;
	struct slice body;
	struct mono wake;

	if (f->t.goes_on)
		more = http_ticket_more(l->h, &f->t, l->now, &body, &wake);
	if (more != HTTP_BYTES)
		return more == HTTP_SILENT;
	if (body.n > 30000)
		body.n = 1 + draw(l, 30000);
	free(f->back);
	f->back = mem_strndup(body.p, body.n);
	f->back_n = body.n;
	f->back_at = 0;
	http_ticket_said(l->h, &f->t, body.n, l->now);
	return true;
}

static void
carry_answer(struct link *l, struct flight *f)
{
	size_t n = f->back_n - f->back_at, had;
	struct err e;

	if (f->orphan) {
		drop(l, f);
		return;
	}
	assert_int_equal(http_requester_head(&l->q, f->which, &f->a, &e), 0);
	if (n > 3000)
		n = 1 + draw(l, 3000);
	had = n == 0 ? 0 : http_requester_heard(&l->q, f->which, n);
	for (size_t i = had; i < n; i++)
		assert_int_equal(f->back[f->back_at + i],
		    byte_at(l->got_down++, 'd'));
	f->back_at += n;
	if (f->back_at < f->back_n || more_answer(l, f))
		return;
	http_requester_answered(&l->q, f->which, &f->a, l->now);
	drop(l, f);
}

static void
fly(struct link *l, struct flight *f)
{
	struct slice body;
	struct mono wake;

	send_more(l, f);
	if (l->q.answered && draw(l, 1000) < l->loss) {
		break_off(l, f);
	} else if (!f->there) {
		let_in(l, f);
	} else if (f->answered) {
		carry_answer(l, f);
	} else if (f->at < f->body.n) {
		carry_body(l, f);
	} else if (f->orphan && !f->sent) {
		drop(l, f); /* its body has no end */
	} else if (f->sent) {
		http_ticket_whole(l->h, &f->t, l->now);
		if (http_ticket_ends(l->h, &f->t))
			l->up_ended = true;
		if (!http_ticket_due(l->h, &f->t, l->now, &wake))
			return;
		if (http_ticket_late(l->h, &f->t)) {
			break_off(l, f);
			return;
		}
		http_ticket_answer(l->h, &f->t, l->now, &f->a, &body);
		f->back = mem_strndup(body.p, body.n);
		f->back_n = body.n;
		f->answered = true;
		l->beside += f->r.word == HTTP_NOW && body.n > 0;
	}
}

static void
speak(struct link *l)
{
	char p[20000];
	const unsigned most = l->little ? 40 : sizeof(p);
	size_t n = http_requester_room(&l->q), room;

	if (n > draw(l, most))
		n = draw(l, most);
	if (n > l->up_most - l->put)
		n = l->up_most - l->put;
	for (size_t i = 0; i < n; i++)
		p[i] = byte_at(l->put + i, 'u');
	http_requester_put(&l->q, (struct slice){ p, n }, l->now);
	l->put += n;
	if (l->put == l->up_most)
		http_requester_put_end(&l->q);
	if (!http_session_lives(l->h, 0))
		return;
	room = http_session_room(l->h, 0);
	n = draw(l, most);
	n = n < room ? n : room;
	if (n > l->down_most - l->said)
		n = l->down_most - l->said;
	for (size_t i = 0; i < n; i++)
		p[i] = byte_at(l->said + i, 'd');
	http_session_said(l->h, 0, (struct slice){ p, n }, l->now);
	l->said += n;
	if (l->said == l->down_most && l->up_ended) {
		http_session_ended(l->h, 0);
		l->down_ended = true;
	}
}

static void
run(struct link *l)
{
	struct mono wake;
	enum http_todo todo;
	size_t which;

	for (unsigned turn = 0; turn < 200000 && !l->over && !l->gave_up;
	     turn++) {
		if (draw(l, l->little ? 30 : 3) == 0)
			speak(l);
		http_requester_line(&l->q, l->spare, l->now);
		todo = http_requester_next(&l->q, l->now, &which, &wake);
		if (todo == HTTP_START)
			send_request(l, which);
		l->over = todo == HTTP_OVER;
		for (size_t i = 0; i < FLYING; i++)
			if (l->f[i].used && draw(l, 2) == 0)
				fly(l, &l->f[i]);
		l->now = mono_add_ms(l->now, draw(l, 20) == 0 ? 700 : 3);
	}
}

static void
every_byte_comes_once_and_in_order_over_a_bad_link(void **state)
{
	unsigned over = 0, gave_up = 0;
	size_t beside = 0;

	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct link *l = mem_alloc(sizeof(*l));

		l->seed = seed;
		l->loss = seed % 4 * 60;
		l->spare = seed % 3 == 0;
		l->little = seed % 5 == 0;
		l->up_most = l->little ? LITTLE_BYTES : UP_BYTES;
		l->down_most = l->little ? LITTLE_BYTES : DOWN_BYTES;
		l->now = at0;
		l->h = http_answerer_new(1, 1);
		http_requester_init(&l->q, ID, l->now);
		run(l);
		/* Whatever came is right; and it ended. */
		if (!l->over && !l->gave_up)
			fail_msg("seed %u: no end: up %zu down %zu", seed,
			    l->got_up, l->got_down);
		if (l->over) {
			assert_int_equal(l->got_up, l->up_most);
			assert_int_equal(l->got_down, l->down_most);
		}
		if (l->loss == 0)
			assert_true(l->over);
		over += l->over;
		gave_up += l->gave_up;
		beside += l->beside;
		for (size_t i = 0; i < FLYING; i++)
			if (l->f[i].used)
				drop(l, &l->f[i]);
		http_requester_clear(&l->q);
		http_answerer_free(l->h);
		free(l);
	}
	/* Most of the bad links are overcome, or this shows nothing. */
	print_message("# over %u, gave up %u, %zu answers beside\n", over,
	    gave_up, beside);
	assert_true(over > 200 && gave_up > 0 && beside > 200);
}

/* --- A long link ----------------------------------------------------------------- */

enum {
	LONG_MS = 300,         /* one way */
	LONG_RATE = 20000,     /* bytes a ms: much more than the trip carries */
	LONG_BYTES = 16 << 20, /* to get up to speed, and as many behind it */
};

enum {
	PIECES = 4096
};

/* Pieces of a body on their way. */
struct pieces {
	struct {
		size_t n;
		struct mono due;
	} piece[PIECES];
	size_t came, sent; /* of those */
};

/* A link of 600 ms there and back, on which nothing is lost: requests and answers come
 * in pieces, each so much later. */
struct trip {
	bool used, asked, answered, said; /* all of it */
	size_t which;
	struct http_request r;
	struct http_ticket t;
	struct http_answer a;
	struct pieces up, down;
};

struct far {
	struct http_requester q;
	struct http_answerer *h;
	struct trip trip[HTTP_POSTS];
	struct mono now;
	size_t up, down; /* bytes that came */
	size_t up_most, down_most;
};

static struct mono
comes_at(const struct far *f, size_t n)
{
	return mono_add_ms(f->now, LONG_MS + (int64_t)(n / LONG_RATE));
}

static void
say(struct far *f, struct pieces *p, size_t n)
{
	assert_true(p->sent - p->came < PIECES);
	p->piece[p->sent % PIECES].n = n;
	p->piece[p->sent++ % PIECES].due = comes_at(f, n);
}

static bool
comes(const struct far *f, struct pieces *p, size_t *n)
{
	if (p->came == p->sent || p->piece[p->came % PIECES].due.ns > f->now.ns)
		return false;
	*n = p->piece[p->came++ % PIECES].n;
	return true;
}

/* What the line takes in 2 ms. */
static void
say_more(struct far *f, struct trip *t)
{
	struct slice body;
	struct mono wake;
	enum http_more more =
	    http_ticket_more(f->h, &t->t, f->now, &body, &wake);

	if (more == HTTP_BYTES) {
		if (body.n > 2 * LONG_RATE)
			body.n = 2 * LONG_RATE;
		say(f, &t->down, body.n);
		http_ticket_said(f->h, &t->t, body.n, f->now);
	}
	t->said = more == HTTP_ENOUGH;
}

static void
answer(struct far *f, struct trip *t)
{
	struct slice body;

	http_ticket_answer(f->h, &t->t, f->now, &t->a, &body);
	t->answered = true;
	t->said = !t->t.goes_on;
	if (t->said)
		say(f, &t->down, body.n);
}

static void
hear(struct far *f, struct trip *t)
{
	size_t n;

	while (comes(f, &t->down, &n))
		f->down += n - http_requester_heard(&f->q, t->which, n);
	if (!t->said || t->down.came < t->down.sent)
		return;
	http_requester_answered(&f->q, t->which, &t->a, f->now);
	t->used = false;
}

/* What the line takes in 2 ms; a last piece, of nothing, is the end. */
static void
ask_more(struct far *f, struct trip *t)
{
	struct slice bytes;
	struct mono wake;

	if (t->asked)
		return;
	switch (http_requester_more(&f->q, t->which, f->now, &bytes, &wake)) {
	case HTTP_BYTES:
		if (bytes.n > 2 * LONG_RATE)
			bytes.n = 2 * LONG_RATE;
		say(f, &t->up, bytes.n);
		http_requester_gone(&f->q, t->which, bytes.n, f->now);
		break;
	case HTTP_SILENT:
		break;
	case HTTP_ENOUGH:
		say(f, &t->up, 0);
		t->asked = true;
	}
}

static void
arrive(struct far *f, struct trip *t)
{
	struct mono wake;
	size_t had, n;

	if (t->answered) {
		bool was_said = t->said;

		if (!t->said)
			say_more(f, t);
		if (t->said && !was_said)
			http_ticket_end(f->h, &t->t);
		hear(f, t);
		return;
	}
	while (!t->t.whole &&
	    (t->t.serial == 0 || http_ticket_body(f->h, &t->t, 1, &had)) &&
	    comes(f, &t->up, &n)) {
		if (t->t.serial == 0)
			assert_true(http_answerer_request(f->h, 0, &t->r,
					f->now, &t->t) <= HTTP_GOES_ON);
		assert_true(http_ticket_body(f->h, &t->t, n, &had));
		http_ticket_took(f->h, &t->t, n, f->now);
		f->up += n - had;
		if (n == 0)
			http_ticket_whole(f->h, &t->t, f->now);
	}
	if (!t->t.whole || !http_ticket_due(f->h, &t->t, f->now, &wake))
		return;
	answer(f, t);
	if (t->said)
		http_ticket_end(f->h, &t->t);
}

static void
fill(struct far *f)
{
	static char p[1 << 20];
	size_t n = http_requester_room(&f->q);

	n = n < sizeof(p) ? n : sizeof(p);
	n = n < f->up_most ? n : f->up_most;
	f->up_most -= n;
	if (n > 0)
		http_requester_put(&f->q, (struct slice){ p, n }, f->now);
	if (!http_session_lives(f->h, 0))
		return;
	n = http_session_room(f->h, 0);
	n = n < sizeof(p) ? n : sizeof(p);
	n = n < f->down_most ? n : f->down_most;
	f->down_most -= n;
	if (n > 0)
		http_session_said(f->h, 0, (struct slice){ p, n }, f->now);
}

/* How many ms until so many bytes more came, of those that are said. */
static int64_t
takes(struct far *f, size_t up, size_t down)
{
	struct mono began = f->now, wake;
	size_t which;

	while (f->up < up || f->down < down) {
		fill(f);
		while (http_requester_next(&f->q, f->now, &which, &wake) ==
		    HTTP_START) {
			struct trip *t = &f->trip[which];

			assert_false(t->used);
			*t = (struct trip){ .used = true,
				.which = which,
				.r = f->q.post[which].request };
		}
		for (size_t i = 0; i < HTTP_POSTS; i++) {
			if (f->trip[i].used)
				ask_more(f, &f->trip[i]);
			if (f->trip[i].used)
				arrive(f, &f->trip[i]);
		}
		f->now = mono_add_ms(f->now, 2);
		assert_true(mono_ms_since(f->now, began) < 120000);
	}
	return mono_ms_since(f->now, began);
}

/* Bytes in both directions, neither at a megabyte a round trip. */
static void
a_long_link_is_kept_full(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++) {
		struct far *f = mem_alloc(sizeof(*f));
		size_t up = way == 0 ? LONG_BYTES : 0;
		size_t down = way == 0 ? 0 : LONG_BYTES;
		int64_t first, second;

		f->now = at0;
		f->h = http_answerer_new(1, 1);
		http_requester_init(&f->q, ID, f->now);
		http_requester_put(&f->q, SLICE("hello"), f->now);
		f->up_most = 2 * up;
		f->down_most = 2 * down + 5; /* both ends speak first */
		first = takes(f, up, down);
		second = takes(f, 2 * up, 2 * down);
		print_message("# way %d: %d ms, %d ms more\n", way, (int)first,
		    (int)second);
		assert_in_range(first, 1, 12 * 2 * LONG_MS);
		/* sixteen round trips, were it one a MiB */
		assert_in_range(second, 1, 5 * 2 * LONG_MS);
		http_requester_clear(&f->q);
		http_answerer_free(f->h);
		free(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_byte_comes_once_and_in_order_over_a_bad_link),
		cmocka_unit_test(a_long_link_is_kept_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
