/*
 * The end of transport http that sends requests, without I/O.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transport/http/http_requester.h"

#define ID "00112233445566778899aabbccddeeff"

static const struct mono at0 = { 1000000000 };

/* What there is of a body goes; the bytes live until the next call. */
static struct slice
body_of(struct http_requester *q, size_t which, struct mono now)
{
	struct slice bytes = { "", 0 };
	struct mono wake;

	if (http_requester_more(q, which, now, &bytes, &wake) == HTTP_BYTES)
		http_requester_gone(q, which, bytes.n, now);
	return bytes;
}

/* A small session needs one request at a time, that is, one connection. */
static void
a_reply_goes_with_the_request_that_asks_for_more(void **state)
{
	struct http_answer a = { 0, 3, false };
	struct http_requester q;
	struct mono wake, now = at0;
	size_t which;

	(void)state;
	http_requester_init(&q, ID, now);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_NOTHING);
	assert_true(wake.ns == INT64_MAX);
	http_requester_put(&q, SLICE("abc"), now);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_NOTHING);
	now = wake;
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_START);
	assert_true(slice_eq_str(body_of(&q, which, now), "abc"));
	assert_int_equal(q.post[which].request.word, HTTP_WAIT);
	/* It begins the session, and so goes alone. */
	http_requester_put(&q, SLICE("de"), now);
	now = mono_add_ms(now, 10);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_NOTHING);
	which = 0;
	assert_int_equal(http_requester_heard(&q, which, 5), 0);
	http_requester_answered(&q, which, &a, now);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_START);
	assert_true(slice_eq_str(body_of(&q, which, now), "de"));
	a = (struct http_answer){ 5, 5, false };
	http_requester_answered(&q, which, &a, now);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_START); /* nothing was said: it waits on */
	assert_int_equal(body_of(&q, which, now).n, 0);
	assert_int_equal(http_requester_heard(&q, which, 1), 0);
	a = (struct http_answer){ 5, 5, false };
	http_requester_answered(&q, which, &a, now);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_NOTHING); /* our reply is awaited, for a while */
	assert_int_equal(mono_ms_since(wake, now), 200);
	http_requester_put(&q, SLICE("f"), now);
	now = mono_add_ms(now, 10);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_START);
	assert_true(slice_eq_str(body_of(&q, which, now), "f"));
	assert_int_equal(q.post[which].request.word, HTTP_WAIT);
	assert_int_equal(q.post[which].request.sent, 5);
	assert_int_equal(q.post[which].request.received, 6);
	/* What comes now does not wait for its answer. */
	http_requester_put(&q, SLICE("ghi"), now);
	now = mono_add_ms(now, 10);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_START);
	assert_true(slice_eq_str(body_of(&q, which, now), "ghi"));
	assert_int_equal(q.post[which].request.word, HTTP_NOW);
	http_requester_clear(&q);
}

/* One that is stopped while it connects must not begin a session, late; one that has
 * said all, and listens, must. */
static void
what_is_gone_before_its_first_byte_went_begins_nothing(void **state)
{
	static const struct {
		bool put, connects, went, gone;
		enum http_todo todo;
	} rows[] = {
		{ false, false, false, true, HTTP_OVER },
		{ true, false, false, true, HTTP_OVER },
		{ true, true, false, true, HTTP_OVER },
		{ true, true, true, true,
		    HTTP_NOTHING }, /* its answer is awaited */
		{ false, false, false, false, HTTP_START },
		{ true, false, false, false, HTTP_START },
		{ true, true, false, false, HTTP_NOTHING },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mono wake, now = mono_add_ms(at0, 10);
		struct http_requester q;
		size_t which;

		http_requester_init(&q, ID, at0);
		if (rows[i].put)
			http_requester_put(&q, SLICE("abc"), at0);
		if (rows[i].connects)
			assert_int_equal(
			    http_requester_next(&q, now, &which, &wake),
			    HTTP_START);
		if (rows[i].went)
			assert_int_equal(body_of(&q, which, now).n, 3);
		http_requester_put_end(&q);
		if (rows[i].gone)
			http_requester_orphan(&q);
		assert_int_equal(http_requester_next(&q, now, &which, &wake),
		    rows[i].todo);
		http_requester_clear(&q);
	}
}

/* As a session writes: a quarter of a second's worth each time. */
static size_t
body_of_a_flow(uint64_t rate, size_t write, size_t writes, int64_t *ms)
{
	static const char bytes[16384];
	struct http_answer a = { 0, 3, false };
	struct http_requester q;
	struct mono wake, now = at0;
	size_t which, n = 0;

	http_requester_init(&q, ID, now);
	http_requester_rate(&q, rate);
	http_requester_put(&q, SLICE("abc"), now);
	now = mono_add_ms(now, 10);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_START); /* a little is not held, whatever the rate */
	assert_int_equal(body_of(&q, which, now).n, 3);
	http_requester_answered(&q, which, &a, now);
	for (*ms = 0; n == 0; (*ms)++) {
		assert_in_range(*ms, 0, 10000);
		if (*ms % 250 == 0 && writes > 0) {
			http_requester_put(&q, (struct slice){ bytes, write },
			    now);
			writes--;
		}
		if (http_requester_next(&q, now, &which, &wake) == HTTP_START)
			n = body_of(&q, which, now).n;
		now = mono_add_ms(now, 1);
	}
	http_requester_clear(&q);
	return n;
}

static void
under_a_rate_bodies_are_worth_their_heads(void **state)
{
	int64_t ms;

	(void)state;
	assert_int_equal(body_of_a_flow(0, 2048, 100, &ms), 2048);
	assert_in_range(ms, 10, 20);
	assert_int_equal(body_of_a_flow(8192, 2048, 100, &ms), 16384);
	assert_in_range(ms, 1750, 1800);
	/* its end, and what is none */
	assert_int_equal(body_of_a_flow(8192, 2048, 2, &ms), 4096);
	assert_in_range(ms, 250, 1200);
	assert_int_equal(body_of_a_flow(8192, 1000, 1, &ms), 1000);
	assert_in_range(ms, 10, 20);
	/* such a write is enough */
	assert_int_equal(body_of_a_flow(65536, 16384, 1, &ms), 16384);
	assert_in_range(ms, 10, 20);
}

static void
answers_for_other_requests_are_refused(void **state)
{
	static const struct http_answer bad[] = {
		{ 1, 3, false }, /* not from where we asked */
		{ 0, 2, false }, /* less than we brought */
		{ 0, 4, false }, /* more than we ever brought */
	};
	struct http_requester q;
	struct mono wake, now = at0;
	struct err e;
	size_t which;

	(void)state;
	http_requester_init(&q, ID, now);
	http_requester_put(&q, SLICE("abc"), now);
	now = mono_add_ms(now, 10);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_START);
	assert_int_equal(body_of(&q, which, now).n, 3);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(http_requester_head(&q, which, &bad[i], &e),
		    -1);
		assert_int_equal(e.kind, ERR_PROTOCOL);
	}
	http_requester_clear(&q);
}

/* How often it is sent again, each time later, until it is not worth it. */
static int
tries_of(struct http_requester *q, bool met, struct mono now)
{
	struct mono wake, before;
	size_t which;

	for (int tries = 0;; tries++) {
		before = now;
		while (http_requester_next(q, now, &which, &wake) != HTTP_START)
			now = wake;
		if (tries > 0)
			assert_true(
			    mono_ms_since(now, before) >= 500 << (tries - 1));
		if (!http_requester_failed(q, which, met, now))
			return tries;
	}
}

static void
tries_are_few_and_further_and_further_apart(void **state)
{
	struct http_answer a = { 0, 1, false };
	struct mono wake, now = mono_add_ms(at0, 10);
	struct http_requester q;
	size_t which;

	(void)state;
	/* Never answered: another try is the caller's caller's, but for two
	 * where somebody had taken the connection. */
	for (int met = 0; met <= 1; met++) {
		http_requester_init(&q, ID, at0);
		http_requester_put(&q, SLICE("a"), at0);
		assert_int_equal(tries_of(&q, met, now), met ? 2 : 0);
		http_requester_clear(&q);
	}
	http_requester_init(&q, ID, at0);
	http_requester_put(&q, SLICE("a"), at0);
	(void)http_requester_next(&q, now, &which, &wake);
	http_requester_answered(&q, which, &a, now);
	assert_int_equal(tries_of(&q, false, now), 5);
	http_requester_clear(&q);
}

/* Begun, and the first 64 KiB answered. */
static void
begin_much(struct http_requester *q, struct slice bytes, struct mono now)
{
	struct http_answer a = { 0, 65536, false };
	struct mono wake;
	size_t which;

	http_requester_init(q, ID, now);
	http_requester_put(q, bytes, now);
	assert_int_equal(http_requester_next(q, now, &which, &wake),
	    HTTP_START);
	assert_int_equal(q->post[which].request.word, HTTP_WAIT);
	assert_int_equal(body_of(q, which, now).n, 65536);
	http_requester_answered(q, which, &a, mono_add_ms(now, 100));
}

enum {
	KEPT = 4 << 20 /* at first */
};

static char much_of_ours[KEPT];
static const struct slice ours = { much_of_ours, sizeof(much_of_ours) };
static const struct slice some_of_ours = { much_of_ours, 500000 };

/* One under way with all of it, and one that waits. */
static void
begin_both(struct http_requester *q, struct mono now, size_t *sends,
    size_t *waits)
{
	struct mono wake;

	begin_much(q, ours, now);
	assert_int_equal(http_requester_next(q, now, sends, &wake), HTTP_START);
	assert_int_equal(http_requester_next(q, now, waits, &wake), HTTP_START);
}

/* Whatever comes goes at once, however much is not answered; and the far end is heard
 * whatever of it is late. */
static void
a_body_goes_on_with_what_comes(void **state)
{
	struct mono wake, now = at0;
	struct http_requester q;
	struct http_post *p;
	struct slice bytes;
	size_t which, other;

	(void)state;
	begin_much(&q, some_of_ours, now);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_START);
	p = &q.post[which];
	assert_int_equal(p->request.word, HTTP_NOW);
	assert_true(p->chunks);
	assert_int_equal(body_of(&q, which, now).n, some_of_ours.n - 65536);
	/* One that waits, before all of that. */
	assert_int_equal(http_requester_next(&q, now, &other, &wake),
	    HTTP_START);
	assert_int_equal(q.post[other].request.word, HTTP_WAIT);
	assert_int_equal(q.post[other].request.sent, 65536);
	assert_int_equal(q.post[other].n, 0);
	/* More goes in the same body, little too. */
	http_requester_put(&q, SLICE("abc"), now);
	now = mono_add_ms(now, 1000);
	assert_int_equal(http_requester_next(&q, now, &other, &wake),
	    HTTP_NOTHING);
	assert_true(slice_eq_str(body_of(&q, which, now), "abc"));
	assert_int_equal(http_requester_more(&q, which, now, &bytes, &wake),
	    HTTP_SILENT);
	assert_int_equal(mono_ms_since(wake, now), 400);
	/* Nothing more: it is over, and what comes later goes in another. */
	now = wake;
	assert_int_equal(http_requester_more(&q, which, now, &bytes, &wake),
	    HTTP_ENOUGH);
	http_requester_put(&q, SLICE("def"), now);
	now = mono_add_ms(now, 10);
	assert_int_equal(http_requester_next(&q, now, &other, &wake),
	    HTTP_START);
	assert_int_equal(q.post[other].request.word, HTTP_NOW);
	assert_int_equal(q.post[other].request.sent, p->request.sent + p->n);
	assert_true(slice_eq_str(body_of(&q, other, now), "def"));
	http_requester_clear(&q);
}

/* Else nothing would say that there is room, where the far end has nothing to say
 * before it has all. */
static void
it_is_asked_how_much_of_a_body_came(void **state)
{
	struct http_answer a = { 0, KEPT / 2, false };
	struct mono wake, now = at0;
	struct http_requester q;
	size_t which, other, asks;

	(void)state;
	begin_both(&q, now, &which, &other);
	http_requester_gone(&q, which, KEPT / 2 - 1, now);
	assert_int_equal(http_requester_next(&q, now, &asks, &wake),
	    HTTP_NOTHING);
	http_requester_gone(&q, which, 1, now);
	assert_int_equal(http_requester_next(&q, now, &asks, &wake),
	    HTTP_START);
	assert_int_equal(q.post[asks].request.word, HTTP_NOW);
	assert_int_equal(q.post[asks].request.sent, 65536);
	assert_int_equal(q.post[asks].n, 0);
	(void)body_of(&q, which, now);
	assert_int_equal(http_requester_room(&q), 0);
	http_requester_answered(&q, asks, &a, now);
	assert_true(http_requester_room(&q) > KEPT);
	http_requester_clear(&q);
}

static void
the_next_body_begins_before_one_that_is_old_ends(void **state)
{
	struct http_answer a = { 0, 265536, false };
	struct mono wake, now = at0;
	struct http_requester q;
	struct http_post *p;
	struct slice bytes;
	size_t which, other;

	(void)state;
	begin_both(&q, now, &which, &other);
	p = &q.post[which];
	http_requester_gone(&q, which, 200000, now);
	/* They came, slowly: as much is kept as before. */
	now = mono_add_ms(now, 8000);
	http_requester_answered(&q, other, &a, now);
	(void)http_requester_next(&q, now, &other, &wake);
	http_requester_gone(&q, which, 100000, now);
	now = mono_add_ms(at0, 59999);
	assert_int_equal(http_requester_more(&q, which, now, &bytes, &wake),
	    HTTP_BYTES);
	assert_int_equal(bytes.n, KEPT - 65536 - 300000);
	assert_int_equal(http_requester_next(&q, now, &other, &wake),
	    HTTP_NOTHING);
	now = mono_add_ms(now, 1);
	assert_int_equal(http_requester_more(&q, which, now, &bytes, &wake),
	    HTTP_BYTES);
	assert_int_equal(bytes.n, KEPT / 2);
	assert_true(p->goes_on);
	assert_int_equal(http_requester_next(&q, now, &other, &wake),
	    HTTP_START);
	assert_int_equal(q.post[other].request.word, HTTP_NOW);
	assert_int_equal(q.post[other].request.sent,
	    p->request.sent + 300000 + KEPT / 2);
	assert_int_equal(body_of(&q, which, now).n, KEPT / 2);
	assert_int_equal(http_requester_more(&q, which, now, &bytes, &wake),
	    HTTP_ENOUGH);
	http_requester_clear(&q);
}

/* A proxy may gather all of it first. */
static void
a_body_of_which_nothing_comes_is_ended(void **state)
{
	struct http_answer a = { 0, 65536, false };
	struct mono wake, now = at0;
	struct http_requester q;
	struct slice bytes;
	size_t which, other;

	(void)state;
	begin_both(&q, now, &which, &other);
	http_requester_gone(&q, which, 100000, now);
	/* What came is asked for. */
	assert_int_equal(http_requester_next(&q, now, &other, &wake),
	    HTTP_NOTHING);
	assert_in_range(mono_ms_since(wake, now), 4000, 4100);
	now = wake;
	assert_int_equal(http_requester_next(&q, now, &other, &wake),
	    HTTP_START);
	assert_int_equal(q.post[other].n, 0);
	http_requester_answered(&q, other, &a, now);
	now = mono_add_ms(at0, 8999);
	assert_int_equal(http_requester_more(&q, which, now, &bytes, &wake),
	    HTTP_BYTES);
	now = mono_add_ms(now, 1);
	assert_int_equal(http_requester_more(&q, which, now, &bytes, &wake),
	    HTTP_ENOUGH);
	assert_int_equal(http_requester_next(&q, now, &other, &wake),
	    HTTP_START);
	assert_int_equal(q.post[other].request.word, HTTP_NOW);
	assert_int_equal(q.post[other].request.sent, 65536 + 100000);
	http_requester_clear(&q);
}

/* Losses that have nothing to do with the line hold TCP back. */
static void
on_a_line_that_would_carry_more_bodies_go_side_by_side(void **state)
{
	struct mono wake, now = at0;
	struct http_requester q;
	struct slice bytes;
	size_t which, other;
	uint64_t at;

	(void)state;
	begin_both(&q, now, &which, &other);
	http_requester_gone(&q, which, 100000, now);
	/* Not for a moment, nor for many. */
	for (int ms = 0; ms < 2000; ms += 1000) {
		now = mono_add_ms(at0, ms);
		http_requester_line(&q, true, now);
		http_requester_line(&q, false, mono_add_ms(now, 999));
	}
	assert_false(q.spread);
	http_requester_line(&q, true, now);
	now = mono_add_ms(now, 1499);
	http_requester_line(&q, true, now);
	assert_false(q.spread);
	now = mono_add_ms(now, 1);
	http_requester_line(&q, true, now);
	assert_true(q.spread);
	/* Each has a sixteenth of what is kept; of the first it is the rest. */
	assert_int_equal(body_of(&q, which, now).n, KEPT / 16);
	assert_int_equal(http_requester_more(&q, which, now, &bytes, &wake),
	    HTTP_ENOUGH);
	at = q.post[which].request.sent + 100000 + KEPT / 16;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(http_requester_next(&q, now, &which, &wake),
		    HTTP_START);
		assert_int_equal(q.post[which].request.word, HTTP_NOW);
		assert_int_equal(q.post[which].request.sent, at);
		assert_int_equal(
		    http_requester_more(&q, which, now, &bytes, &wake),
		    HTTP_BYTES);
		assert_int_equal(bytes.n, KEPT / 16);
		at += KEPT / 16;
	}
	assert_int_equal(http_requester_next(&q, now, &other, &wake),
	    HTTP_NOTHING);
	/* The next, when one of them went, whatever is not answered. */
	(void)body_of(&q, which, now);
	assert_int_equal(http_requester_more(&q, which, now, &bytes, &wake),
	    HTTP_ENOUGH);
	assert_int_equal(http_requester_next(&q, now, &other, &wake),
	    HTTP_START);
	assert_int_equal(q.post[other].request.sent, at);
	http_requester_clear(&q);
}

/* Where a proxy takes no chunks, or not so many. */
static void
a_body_that_is_refused_takes_another_form(void **state)
{
	static const struct {
		unsigned status;
		bool again, chunks;
		size_t most;
	} row[] = {
		{ 411, true, false, 0 },
		{ 413, true, true, HTTP_BODY_MAX },
		{ 404, false, true, HTTP_CHUNKS_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct http_answer a = { 0, 65536, false };
		struct mono wake, now = at0;
		struct http_requester q;
		struct http_post *p;
		size_t which, other;

		begin_both(&q, now, &which, &other);
		http_requester_gone(&q, which, 100000, now);
		assert_int_equal(
		    http_requester_other_form(&q, other, row[i].status), false);
		assert_int_equal(
		    http_requester_other_form(&q, which, row[i].status),
		    row[i].again);
		assert_true(http_requester_failed(&q, which, true, now));
		now = mono_add_ms(now, 500);
		assert_int_equal(http_requester_next(&q, now, &which, &wake),
		    HTTP_START);
		http_requester_answered(&q, which, &a, now);
		assert_int_equal(http_requester_next(&q, now, &which, &wake),
		    HTTP_START);
		p = &q.post[which];
		assert_int_equal(p->request.sent, 65536);
		assert_int_equal(p->chunks, row[i].chunks);
		if (p->chunks)
			assert_int_equal(p->most, row[i].most);
		else
			assert_int_equal(p->n, HTTP_BODY_MAX);
		/* Not for ever. */
		assert_false(
		    http_requester_other_form(&q, which, row[i].status));
		http_requester_clear(&q);
	}
}

/* All connections of a line break with it; then it is asked first what came, by a
 * request that says nothing. */
static void
one_cut_is_one_failure(void **state)
{
	struct http_answer a = { 0, 300000, false };
	struct mono wake, now = at0;
	struct http_requester q;
	size_t which, n = 0;

	(void)state;
	begin_much(&q, some_of_ours, now);
	while (http_requester_next(&q, now, &which, &wake) == HTTP_START) {
		(void)body_of(&q, which, now);
		n++;
	}
	assert_int_equal(n, 2);
	now = mono_add_ms(now, 1000);
	for (size_t i = 0; i < n; i++)
		assert_true(http_requester_failed(&q, i, true, now));
	assert_int_equal(q.failures, 1);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_NOTHING);
	assert_int_equal(mono_ms_since(wake, now), 500);
	now = wake;
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_START);
	assert_int_equal(q.post[which].request.word, HTTP_NOW);
	assert_int_equal(q.post[which].request.sent, 65536);
	assert_int_equal(q.post[which].n, 0);
	n = which;
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_NOTHING);
	http_requester_answered(&q, n, &a, now);
	assert_int_equal(http_requester_next(&q, now, &which, &wake),
	    HTTP_START);
	assert_int_equal(q.post[which].request.sent, 300000);
	http_requester_clear(&q);
}

/* curl does so by itself when a connection that rested was dead. */
static void
a_body_begins_anew_while_it_is_kept(void **state)
{
	struct http_answer a = { 0, 1600000, false };
	struct mono now = at0;
	struct http_requester q;
	size_t which, other;

	(void)state;
	begin_both(&q, now, &which, &other);
	http_requester_gone(&q, which, 1500000, now);
	assert_true(http_requester_rewind(&q, which));
	http_requester_gone(&q, which, 1700000, now);
	http_requester_answered(&q, other, &a, now);
	assert_false(http_requester_rewind(&q, which));
	/* The rest is there. */
	assert_int_equal(body_of(&q, which, now).n, KEPT - 65536 - 1700000);
	http_requester_clear(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_reply_goes_with_the_request_that_asks_for_more),
		cmocka_unit_test(
		    what_is_gone_before_its_first_byte_went_begins_nothing),
		cmocka_unit_test(under_a_rate_bodies_are_worth_their_heads),
		cmocka_unit_test(answers_for_other_requests_are_refused),
		cmocka_unit_test(a_body_goes_on_with_what_comes),
		cmocka_unit_test(it_is_asked_how_much_of_a_body_came),
		cmocka_unit_test(
		    the_next_body_begins_before_one_that_is_old_ends),
		cmocka_unit_test(a_body_of_which_nothing_comes_is_ended),
		cmocka_unit_test(
		    on_a_line_that_would_carry_more_bodies_go_side_by_side),
		cmocka_unit_test(a_body_that_is_refused_takes_another_form),
		cmocka_unit_test(a_body_begins_anew_while_it_is_kept),
		cmocka_unit_test(one_cut_is_one_failure),
		cmocka_unit_test(tries_are_few_and_further_and_further_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
