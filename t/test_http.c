/*
 * The words of transport http, and without I/O the end of it that answers; the end that
 * asks is in test_http_requester.c, and test_http_link.c joins them.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "transport/http/http_answerer.h"

#define ID    "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"

/* --- Words ---------------------------------------------------------------------- */

static void
request_words_are_taken_or_refused(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ ID " 0 0 wait", true },
		{ ID " 1 2 now", true },
		{ ID " 9223372036854775807 9223372036854775807 end", true },
		{ ID " 9223372036854775808 0 wait", false },
		{ ID " 0 0 WAIT", false },
		{ ID " 0 0 more", false },
		{ ID " 0 0 wait ", false },
		{ ID " 0 0  wait", false },
		{ ID " 00 0 wait", false },
		{ ID " -1 0 wait", false },
		{ ID " 0 0", false },
		{ ID "0 0 0 wait", false },
		{ "00112233445566778899aabbccddeef 0 0 wait", false },
		{ "00112233445566778899AABBCCDDEEFF 0 0 wait", false },
		{ "../112233445566778899aabbccddeeff 0 0 wait", false },
		{ "", false },
	};
	char text[HTTP_HEADER_MAX];
	struct http_request r;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = http_request_parse(slice_str(rows[i].text), &r, &e);

		if ((rc == 0) != rows[i].good)
			fail_msg("row %zu: %s", i, rows[i].text);
		if (rc == -1)
			continue;
		http_request_text(&r, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void
answer_words_are_taken_or_refused(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "0 0 more", true },
		{ "1 9223372036854775807 end", true },
		{ "1 1 wait", false },
		{ "1 1", false },
		{ "1 1 end ", false },
		{ "x 1 end", false },
		{ "", false },
	};
	char text[HTTP_HEADER_MAX];
	struct http_answer a;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = http_answer_parse(slice_str(rows[i].text), &a, &e);

		if ((rc == 0) != rows[i].good)
			fail_msg("row %zu: %s", i, rows[i].text);
		if (rc == -1)
			continue;
		http_answer_text(&a, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void
tokens_are_taken_or_refused(void **state)
{
	char text[HTTP_TOKEN_MOST + 3];
	struct slice token;
	struct err e;

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t n = 0; n < sizeof(text); n++) {
		struct slice s = { text, n };
		bool good = n >= HTTP_TOKEN_LEAST && n <= HTTP_TOKEN_MOST;

		assert_int_equal(http_token_of(s, &token, &e), good ? 0 : -1);
		if (n == 0)
			continue;
		text[n - 1] = '\n';
		good = n - 1 >= HTTP_TOKEN_LEAST && n - 1 <= HTTP_TOKEN_MOST;
		assert_int_equal(http_token_of(s, &token, &e), good ? 0 : -1);
		text[n - 1] = 'a';
	}
	assert_int_equal(
	    http_token_of(SLICE("0123456789 0123456789012"), &token, &e), -1);
	assert_int_equal(http_token_of(SLICE("0123456789\0"
					     "0123456789012"),
			     &token, &e),
	    -1);
	assert_int_equal(
	    http_token_of(SLICE("0123456789012345678901\n\n"), &token, &e), -1);
	assert_true(
	    http_bearer(SLICE("bEaReR 0123456789abcdefABCDEF-._~+/="), &token));
	assert_true(slice_eq_str(token, "0123456789abcdefABCDEF-._~+/="));
	assert_false(http_bearer(SLICE("Bearer"), &token));
	assert_false(http_bearer(SLICE("Bearer short"), &token));
	assert_false(
	    http_bearer(SLICE("Basic 0123456789abcdefABCDEF"), &token));
}

static void
tokens_are_equal_when_all_of_them_is(void **state)
{
	(void)state;
	assert_true(http_token_eq(SLICE("abc"), SLICE("abc")));
	assert_false(http_token_eq(SLICE("abc"), SLICE("abd")));
	assert_false(http_token_eq(SLICE("abc"), SLICE("ab")));
	assert_false(http_token_eq(SLICE("ab"), SLICE("abc")));
	assert_false(http_token_eq(SLICE("abcabc"), SLICE("abc")));
	assert_false(http_token_eq(SLICE("abc"), SLICE("")));
	assert_false(http_token_eq(SLICE(""), SLICE("abc")));
	assert_false(http_token_eq(SLICE(""), SLICE("")));
}

static void
statuses_tell_who_must_act(void **state)
{
	static const struct {
		unsigned status;
		enum err_kind kind;
		bool busy;
	} rows[] = {
		{ 301, ERR_PROTOCOL, false },
		{ 307, ERR_PROTOCOL, false },
		{ 400, ERR_PROTOCOL, false },
		{ 401, ERR_DENIED, false },
		{ 403, ERR_DENIED, false },
		{ 404, ERR_PROTOCOL, false },
		{ 408, ERR_TEMP, false },
		{ 409, ERR_PROTOCOL, false },
		{ 410, ERR_TEMP, false },
		{ 413, ERR_PROTOCOL, false },
		{ 429, ERR_TEMP, false },
		{ 500, ERR_TEMP, false },
		{ 502, ERR_TEMP, false },
		{ 503, ERR_TEMP, true },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		http_refused(rows[i].status, true,
		    SLICE("why \x1b[2J\nnot this"), &e);
		assert_int_equal(e.sys, rows[i].busy ? EAGAIN : 0);
		if (e.kind != rows[i].kind)
			fail_msg("%u: %s", rows[i].status, e.msg);
		assert_null(strchr(e.msg, '\x1b'));
		assert_null(strstr(e.msg, "not this"));
		/* who says nothing leaves no blank for it */
		http_refused(rows[i].status, false, SLICE(""), &e);
		assert_int_equal(e.kind, rows[i].kind);
		assert_int_equal(e.sys, 0); /* a proxy's */
		assert_null(strstr(e.msg, " )"));
		assert_int_not_equal(e.msg[strlen(e.msg) - 1], ' ');
	}
}

/* --- Sessions --------------------------------------------------------------------- */

static struct http_request
request(const char *id, uint64_t sent, uint64_t received, enum http_word word)
{
	struct http_request r = { .sent = sent,
		.received = received,
		.word = word };

	memcpy(r.id, id, HTTP_ID_SIZE);
	return r;
}

static const struct mono at0 = { 1000000000 };

static void
a_request_finds_its_session(void **state)
{
	struct http_answerer *h = http_answerer_new(2, 64);
	struct http_request r = request(ID, 0, 0, HTTP_WAIT);
	struct http_ticket t, u;

	(void)state;
	assert_int_equal(http_answerer_request(h, 0, &r, at0, &t), HTTP_BEGINS);
	r = request(ID, 5, 0, HTTP_NOW);
	assert_int_equal(http_answerer_request(h, 0, &r, at0, &u),
	    HTTP_GOES_ON);
	http_ticket_end(h, &u);
	/* Another association's session is not there for this one. */
	assert_int_equal(http_answerer_request(h, 1, &r, at0, &u), HTTP_GONE);
	/* More than was said. */
	r = request(ID, 0, 1, HTTP_WAIT);
	assert_int_equal(http_answerer_request(h, 0, &r, at0, &u),
	    HTTP_STRANGE);
	/* Not from its beginning. */
	r = request(OTHER, 1, 0, HTTP_WAIT);
	assert_int_equal(http_answerer_request(h, 0, &r, at0, &u), HTTP_GONE);
	assert_false(http_ticket_gone(h, &t));
	/* A newer one takes its place. */
	r = request(OTHER, 0, 0, HTTP_WAIT);
	assert_int_equal(http_answerer_request(h, 0, &r, at0, &u), HTTP_BEGINS);
	assert_true(http_ticket_gone(h, &t));
	assert_false(http_ticket_gone(h, &u));
	r = request(ID, 5, 0, HTTP_WAIT);
	assert_int_equal(http_answerer_request(h, 0, &r, at0, &t), HTTP_GONE);
	http_answerer_free(h);
}

static void
sessions_and_requests_are_limited(void **state)
{
	struct http_answerer *h = http_answerer_new(3, 2);
	struct http_request r = request(ID, 0, 0, HTTP_WAIT);
	enum http_verdict v = HTTP_GOES_ON;
	struct http_ticket t;
	size_t which;
	int n = 1;

	(void)state;
	assert_int_equal(http_answerer_request(h, 0, &r, at0, &t), HTTP_BEGINS);
	assert_int_equal(http_answerer_request(h, 1, &r, at0, &t), HTTP_BEGINS);
	assert_int_equal(http_answerer_request(h, 2, &r, at0, &t), HTTP_FULL);
	http_session_ended(h, 1);
	assert_int_equal(http_answerer_request(h, 2, &r, at0, &t), HTTP_BEGINS);
	http_ticket_end(h, &t);
	while ((v = http_answerer_request(h, 0, &r, at0, &t)) == HTTP_GOES_ON)
		n++;
	assert_int_equal(v, HTTP_FULL);
	assert_int_equal(n, 16);
	/* Only the one without a request is idle. */
	assert_false(
	    http_answerer_idle(h, mono_add_ms(at0, HTTP_IDLE_MS), &which));
	assert_true(
	    http_answerer_idle(h, mono_add_ms(at0, HTTP_IDLE_MS + 1), &which));
	assert_int_equal(which, 2);
	assert_false(
	    http_answerer_idle(h, mono_add_ms(at0, HTTP_IDLE_MS + 1), &which));
	http_answerer_free(h);
}

static void
a_repeated_body_is_not_taken_twice(void **state)
{
	struct http_answerer *h = http_answerer_new(1, 1);
	struct http_request r = request(ID, 0, 0, HTTP_NOW);
	struct http_ticket t, u, late;
	struct http_answer a;
	struct slice body;
	struct mono wake;
	size_t had;

	(void)state;
	(void)http_answerer_request(h, 0, &r, at0, &t);
	assert_true(http_ticket_body(h, &t, 10, &had));
	assert_int_equal(had, 0);
	http_ticket_took(h, &t, 7, at0); /* and is cut off */
	(void)http_answerer_request(h, 0, &r, at0, &u);
	assert_true(http_ticket_body(h, &u, 10, &had));
	assert_int_equal(had, 7);
	http_ticket_took(h, &u, 10, at0);
	http_ticket_whole(h, &u, at0);
	http_ticket_answer(h, &u, at0, &a, &body);
	assert_int_equal(a.received, 10);
	/* What was on its way in the first comes after all. */
	assert_true(http_ticket_body(h, &t, 3, &had));
	assert_int_equal(had, 3);
	/* What is ahead waits, for so long. */
	r = request(ID, 11, 0, HTTP_NOW);
	(void)http_answerer_request(h, 0, &r, at0, &late);
	assert_false(http_ticket_body(h, &late, 1, &had));
	assert_false(http_ticket_due(h, &late, at0, &wake));
	assert_true(http_ticket_due(h, &late, wake, &wake));
	assert_true(http_ticket_late(h, &late));
	http_answerer_free(h);
}

static void
a_lost_answer_is_given_again(void **state)
{
	struct http_answerer *h = http_answerer_new(1, 1);
	struct http_request r = request(ID, 0, 0, HTTP_WAIT);
	struct http_ticket t, u;
	struct http_answer a;
	struct slice body;
	struct mono wake;

	(void)state;
	(void)http_answerer_request(h, 0, &r, at0, &t);
	http_ticket_whole(h, &t, at0);
	assert_false(http_ticket_due(h, &t, at0, &wake));
	assert_int_equal(wake.ns, at0.ns + HTTP_HOLD_MS * INT64_C(1000000));
	http_session_said(h, 0, SLICE("abcdef"), at0);
	assert_false(http_ticket_due(h, &t, at0, &wake));
	assert_int_equal(mono_ms_since(wake, at0), 10); /* more may follow */
	assert_true(http_ticket_due(h, &t, wake, &wake));
	http_ticket_answer(h, &t, at0, &a, &body);
	assert_true(slice_eq_str(body, "abcdef"));
	http_ticket_end(h, &t);
	/* Half of it came. */
	r = request(ID, 0, 3, HTTP_WAIT);
	(void)http_answerer_request(h, 0, &r, at0, &t);
	http_ticket_whole(h, &t, at0);
	http_ticket_answer(h, &t, at0, &a, &body);
	assert_true(slice_eq_str(body, "def"));
	assert_int_equal(a.sent, 3);
	/* A newer one that waits gets it; the older is let go. */
	http_session_ended(h, 0);
	(void)http_answerer_request(h, 0, &r, at0, &u);
	http_ticket_whole(h, &u, at0);
	assert_true(http_ticket_due(h, &t, at0, &wake));
	http_ticket_answer(h, &t, at0, &a, &body);
	assert_int_equal(body.n, 0);
	assert_false(a.end);
	http_ticket_answer(h, &u, at0, &a, &body);
	assert_true(slice_eq_str(body, "def"));
	assert_true(a.end);
	http_answerer_free(h);
}

/* The session of two requests: one waits, one has brought n bytes. */
struct two {
	struct http_answerer *h;
	struct http_ticket waits, now;
	struct mono wake;
	struct http_answer a;
	struct slice body;
};

static void
bring(struct two *s, uint64_t sent, size_t n, uint64_t received)
{
	struct http_request r = request(ID, sent, received, HTTP_NOW);

	assert_int_equal(http_answerer_request(s->h, 0, &r, at0, &s->now),
	    HTTP_GOES_ON);
	http_ticket_took(s->h, &s->now, n, at0);
	http_ticket_whole(s->h, &s->now, at0);
}

static void
begin_two(struct two *s, size_t n)
{
	struct http_request r = request(ID, 0, 0, HTTP_WAIT);

	s->h = http_answerer_new(1, 1);
	(void)http_answerer_request(s->h, 0, &r, at0, &s->waits);
	http_ticket_whole(s->h, &s->waits, at0);
	bring(s, 0, n, 0);
}

static bool
is_due(struct two *s, const struct http_ticket *t, int64_t ms)
{
	return http_ticket_due(s->h, t, mono_add_ms(at0, ms), &s->wake);
}

/* What it says. */
static struct slice
answer(struct two *s, struct http_ticket *t)
{
	http_ticket_answer(s->h, t, at0, &s->a, &s->body);
	assert_int_equal(s->a.sent, t->request.received);
	assert_false(s->a.end);
	http_ticket_end(s->h, t);
	return s->body;
}

static void
what_is_said_to_a_little_goes_with_its_answer(void **state)
{
	struct two s;

	(void)state;
	begin_two(&s, 10);
	assert_false(is_due(&s, &s.now, 0));
	http_session_said(s.h, 0, SLICE("abc"), at0);
	assert_false(is_due(&s, &s.now, 9));
	assert_false(is_due(&s, &s.waits, 10)); /* it is not for this one */
	assert_true(is_due(&s, &s.now, 10));
	assert_true(slice_eq_str(answer(&s, &s.now), "abc"));
	assert_int_equal(s.a.received, 10);
	assert_false(is_due(&s, &s.waits, 1000));
	/* It came, and so did what is said to the next. */
	bring(&s, 10, 1, 3);
	http_session_said(s.h, 0, SLICE("de"), at0);
	assert_true(is_due(&s, &s.now, 10));
	assert_true(slice_eq_str(answer(&s, &s.now), "de"));
	/* What comes by itself is for the one that waits, from its number on. */
	assert_false(is_due(&s, &s.waits, 1000));
	http_session_said(s.h, 0, SLICE("f"), at0);
	assert_true(is_due(&s, &s.waits, 10));
	assert_true(slice_eq_str(answer(&s, &s.waits), "abcdef"));
	http_answerer_free(s.h);
}

static void
one_that_waits_in_vain_says_nothing_again(void **state)
{
	struct two s;

	(void)state;
	begin_two(&s, 10);
	http_session_said(s.h, 0, SLICE("abc"), at0);
	assert_true(slice_eq_str(answer(&s, &s.now), "abc"));
	assert_false(is_due(&s, &s.waits, HTTP_HOLD_MS - 1));
	assert_true(is_due(&s, &s.waits, HTTP_HOLD_MS));
	assert_int_equal(answer(&s, &s.waits).n, 0);
	http_answerer_free(s.h);
}

static void
what_a_lost_answer_said_is_for_the_one_that_waits(void **state)
{
	struct two s;

	(void)state;
	begin_two(&s, 10);
	http_session_said(s.h, 0, SLICE("abc"), at0);
	assert_true(slice_eq_str(answer(&s, &s.now), "abc"));
	bring(&s, 10, 0, 0); /* it asks how much came */
	assert_true(is_due(&s, &s.now, 0));
	assert_int_equal(answer(&s, &s.now).n, 0);
	assert_true(is_due(&s, &s.waits, 10));
	assert_true(slice_eq_str(answer(&s, &s.waits), "abc"));
	http_answerer_free(s.h);
}

static void
a_little_is_held_a_moment_and_much_is_not(void **state)
{
	struct two s;

	(void)state;
	begin_two(&s, 1);
	assert_false(is_due(&s, &s.now, 249));
	assert_true(is_due(&s, &s.now, 250));
	/* A newer one lets it go; one that is cut is for the one that waits. */
	bring(&s, 1, (64 << 10) - 1, 0);
	assert_false(is_due(&s, &s.now, 249));
	http_session_said(s.h, 0, SLICE("a"), at0);
	assert_false(is_due(&s, &s.waits, 10));
	http_ticket_end(s.h, &s.now);
	assert_true(is_due(&s, &s.waits, 10));
	bring(&s, 64 << 10, 64 << 10, 0);
	assert_true(is_due(&s, &s.now, 0));
	assert_int_equal(answer(&s, &s.now).n, 0);
	/* No more follows behind one that is not held. */
	bring(&s, 128 << 10, 1, 0);
	http_session_ended(s.h, 0);
	assert_true(is_due(&s, &s.now, 0));
	assert_int_equal(answer(&s, &s.now).n, 0);
	http_answerer_free(s.h);
}

static void
an_answer_goes_on_while_there_is_much(void **state)
{
	static char much[1 << 20];
	const struct slice bytes = { much, sizeof(much) };
	struct http_answerer *h = http_answerer_new(1, 1);
	struct http_request r = request(ID, 0, 0, HTTP_WAIT);
	struct http_ticket t, u;
	struct mono wake, now = at0;
	struct http_answer a;
	struct slice body;

	(void)state;
	(void)http_answerer_request(h, 0, &r, now, &t);
	http_ticket_whole(h, &t, now);
	http_session_said(h, 0, bytes, now);
	assert_true(http_ticket_due(h, &t, now, &wake));
	http_ticket_answer(h, &t, now, &a, &body);
	assert_true(t.goes_on && !a.end);
	assert_int_equal(http_ticket_more(h, &t, now, &body, &wake),
	    HTTP_BYTES);
	assert_int_equal(body.n, sizeof(much));
	http_ticket_said(h, &t, body.n, now);
	/* Silent for a while, and then not. */
	assert_int_equal(http_ticket_more(h, &t, now, &body, &wake),
	    HTTP_SILENT);
	assert_int_equal(mono_ms_since(wake, now), 2000);
	now = mono_add_ms(now, 1999);
	http_session_said(h, 0, SLICE("abc"), now);
	assert_int_equal(http_ticket_more(h, &t, now, &body, &wake),
	    HTTP_BYTES);
	assert_true(slice_eq_str(body, "abc"));
	http_ticket_said(h, &t, 3, now);
	/* What is said is kept until it is known to have come. */
	http_session_said(h, 0, (struct slice){ much, http_session_room(h, 0) },
	    now);
	assert_int_equal(http_ticket_more(h, &t, now, &body, &wake),
	    HTTP_BYTES);
	http_ticket_said(h, &t, body.n, now);
	assert_int_equal(http_ticket_more(h, &t, now, &body, &wake),
	    HTTP_ENOUGH);
	r = request(ID, 0, sizeof(much), HTTP_NOW);
	(void)http_answerer_request(h, 0, &r, now, &u);
	assert_int_equal(http_ticket_more(h, &t, now, &body, &wake),
	    HTTP_SILENT);
	assert_int_equal(http_ticket_more(h, &t, wake, &body, &wake),
	    HTTP_ENOUGH);
	/* Another that waits has the rest. */
	http_session_said(h, 0, SLICE("def"), now);
	r = request(ID, 0, sizeof(much) + 3, HTTP_END);
	(void)http_answerer_request(h, 0, &r, now, &u);
	assert_int_equal(http_ticket_more(h, &t, now, &body, &wake),
	    HTTP_ENOUGH);
	http_answerer_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_words_are_taken_or_refused),
		cmocka_unit_test(answer_words_are_taken_or_refused),
		cmocka_unit_test(tokens_are_taken_or_refused),
		cmocka_unit_test(tokens_are_equal_when_all_of_them_is),
		cmocka_unit_test(statuses_tell_who_must_act),
		cmocka_unit_test(a_request_finds_its_session),
		cmocka_unit_test(sessions_and_requests_are_limited),
		cmocka_unit_test(a_repeated_body_is_not_taken_twice),
		cmocka_unit_test(a_lost_answer_is_given_again),
		cmocka_unit_test(what_is_said_to_a_little_goes_with_its_answer),
		cmocka_unit_test(one_that_waits_in_vain_says_nothing_again),
		cmocka_unit_test(
		    what_a_lost_answer_said_is_for_the_one_that_waits),
		cmocka_unit_test(a_little_is_held_a_moment_and_much_is_not),
		cmocka_unit_test(an_answer_goes_on_while_there_is_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
