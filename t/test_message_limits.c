/*
 * Each limit on a message: what is at it is taken, what is one above it is
 * refused, and before more than that has been buffered.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "t/message_text.h"

static void
put_times(struct buf *b, size_t times, char c)
{
	while (times-- > 0)
		buf_put_char(b, c);
}

/* What the parser says of head, TEXT_TAIL, body and the lone dot, in two
 * halves and at once. */
static void
check(const char *head, const struct buf *body, size_t max,
    enum message_verdict want)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, max);
	struct buf text = { 0 }, bytes = { 0 };
	struct message m;
	struct err e = { 0 };

	buf_put_str(&text, head);
	buf_put_str(&text, TEXT_TAIL);
	buf_put(&text, buf_slice(body));
	buf_put_str(&text, ".\n");
	text_message(&bytes, buf_slice(&text));
	for (size_t first = bytes.n / 2; first <= bytes.n;
	     first += bytes.n - bytes.n / 2) {
		enum message_verdict v;

		v = message_parse(p, (struct slice){ bytes.p, first }, &m, &e);
		if (v == MESSAGE_MORE)
			v = message_parse(p, buf_slice(&bytes), &m, &e);
		assert_string_equal(text_verdict(v), text_verdict(want));
	}
	buf_clear(&text);
	buf_clear(&bytes);
	message_parser_free(p);
}

static void
check_body(const char *head, struct buf *body, enum message_verdict want)
{
	check(head, body, LIMIT_MESSAGE_HARD, want);
	buf_clear(body);
}

static void
check_header(struct buf *head, enum message_verdict want)
{
	struct buf body = { 0 };

	check(head->p, &body, 0, want);
	buf_clear(head);
}

/* How many bytes of text the parser has seen when it says OVERSIZE. */
static size_t
seen_before_oversize(enum message_form form, size_t max, const struct buf *text)
{
	struct message_parser *p = message_parser_new(form, max);
	struct message m;
	struct err e = { 0 };
	size_t n = 0;
	enum message_verdict v;

	do
		v = message_parse(p, (struct slice){ text->p, ++n }, &m, &e);
	while (v == MESSAGE_MORE && n < text->n);
	assert_string_equal(text_verdict(v), "oversize");
	message_parser_free(p);
	return n;
}

static void
message_bytes(void **state)
{
	struct message_parser *p;
	struct buf bytes = { 0 };
	struct message m;
	struct err e = { 0 };
	const struct slice text = SLICE(TEXT_DATA("T1:5\nT2:6\n"));

	(void)state;
	text_message(&bytes, text);
	p = message_parser_new(MESSAGE_FORM_FULL, bytes.n);
	assert_int_equal(message_parse(p, buf_slice(&bytes), &m, &e),
	    MESSAGE_WHOLE);
	message_parser_free(p);
	/* The header tells: nothing of the body is waited for. */
	assert_int_equal(
	    seen_before_oversize(MESSAGE_FORM_FULL, bytes.n - 1, &bytes),
	    bytes.n - strlen("T1:5\nT2:6\n.\n"));
	buf_clear(&bytes);
}

static void
message_bytes_without_length(void **state)
{
	struct message_parser *p;
	struct buf bytes = { 0 };
	struct message m;
	struct err e = { 0 };

	(void)state;
	buf_put_str(&bytes, "MsgID:1\nType:DATA\nTimestamp:1\n\nT1:5\n.\n");
	p = message_parser_new(MESSAGE_FORM_BARE, bytes.n);
	assert_int_equal(message_parse(p, buf_slice(&bytes), &m, &e),
	    MESSAGE_WHOLE);
	message_parser_free(p);
	assert_int_equal(
	    seen_before_oversize(MESSAGE_FORM_BARE, bytes.n - 1, &bytes),
	    bytes.n - 1);
	/* The same where the grammar is broken. */
	bytes.p[bytes.n - 4] = ':';
	assert_int_equal(
	    seen_before_oversize(MESSAGE_FORM_BARE, bytes.n - 1, &bytes),
	    bytes.n - 1);
	buf_clear(&bytes);
}

/* No size is too small to be a limit. */
static void
message_bytes_of_any_limit(void **state)
{
	static const enum message_form forms[] = { MESSAGE_FORM_FULL,
		MESSAGE_FORM_BARE, MESSAGE_FORM_INPUT };
	const struct slice texts[] = { SLICE(TEXT_DATA("T1:5\n")),
		SLICE("MsgID:1\nType:DATA\nTimestamp:1\n\nT1:5\n.\n"),
		SLICE("Type:DATA\nTimestamp:1\n\nT1:5\n.\n") };
	struct buf bytes = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		buf_reset(&bytes);
		text_message(&bytes, texts[i]);
		for (size_t max = 1; max < bytes.n; max++)
			seen_before_oversize(forms[i], max, &bytes);
	}
	buf_clear(&bytes);
}

static void
length_that_no_number_holds(void **state)
{
	struct buf text = { 0 };

	(void)state;
	buf_put_str(&text,
	    TEXT_HEAD("DATA") TEXT_GEN
	    "Length:9223372036854775807\nDigest:crc32=00000000\n\n");
	assert_int_equal(
	    seen_before_oversize(MESSAGE_FORM_FULL, LIMIT_MESSAGE_HARD, &text),
	    text.n);
	buf_clear(&text);
}

static void
header_lines(void **state)
{
	struct buf head = { 0 };

	(void)state;
	for (int more = 0; more <= 1; more++) {
		/* MsgID, Type, Timestamp, Stream, Prev, Generation, Length,
		 * Digest: 8 without these. */
		buf_put_str(&head, TEXT_HEAD("DATA") TEXT_GEN);
		for (int i = 0; i < LIMIT_HEADER_LINES - 8 + more; i++)
			buf_printf(&head, "X-%d:a\n", i);
		check_header(&head, more ? MESSAGE_OVERSIZE : MESSAGE_WHOLE);
	}
}

static void
header_line_bytes(void **state)
{
	struct buf head = { 0 };

	(void)state;
	for (size_t more = 0; more <= 1; more++) {
		buf_put_str(&head, TEXT_HEAD("DATA") TEXT_GEN "X-A:");
		put_times(&head, LIMIT_HEADER_LINE - 4 + more, 'a');
		buf_put_char(&head, '\n');
		check_header(&head, more ? MESSAGE_OVERSIZE : MESSAGE_WHOLE);
	}
}

static void
header_name_bytes(void **state)
{
	struct buf head = { 0 };

	(void)state;
	for (size_t more = 0; more <= 1; more++) {
		buf_put_str(&head, TEXT_HEAD("DATA") TEXT_GEN "X-");
		put_times(&head, LIMIT_HEADER_NAME - 2 + more, 'A');
		buf_put_str(&head, ":a\n");
		check_header(&head, more ? MESSAGE_POISON : MESSAGE_WHOLE);
	}
}

static void
parts(void **state)
{
	struct buf head = { 0 };

	(void)state;
	for (int more = 0; more <= 1; more++) {
		buf_printf(&head, TEXT_HEAD("CONFIG") TEXT_GEN "Part:1/%d\n",
		    LIMIT_PARTS + more);
		check_header(&head, more ? MESSAGE_POISON : MESSAGE_WHOLE);
	}
}

static void
endless_lines(void **state)
{
	struct buf text = { 0 };
	size_t head;

	(void)state;
	put_times(&text, 4 * LIMIT_DATA_LINE, 'M');
	assert_int_equal(seen_before_oversize(MESSAGE_FORM_FULL, 0, &text),
	    LIMIT_HEADER_LINE + 1);
	buf_reset(&text);
	buf_put_str(&text,
	    TEXT_HEAD("DATA") TEXT_GEN
	    "Length:100000\nDigest:crc32=00000000\n\n");
	head = text.n;
	put_times(&text, 100000, 'T');
	assert_int_equal(seen_before_oversize(MESSAGE_FORM_FULL, 0, &text),
	    head + LIMIT_DATA_LINE + 1);
	buf_clear(&text);
}

static void
data_line_bytes(void **state)
{
	struct buf body = { 0 };

	(void)state;
	for (size_t more = 0; more <= 1; more++) {
		put_times(&body, LIMIT_DATA_LINE + more, 'T');
		buf_put_char(&body, '\n');
		check_body(TEXT_HEAD("DATA") TEXT_GEN, &body,
		    more ? MESSAGE_OVERSIZE : MESSAGE_POISON);
	}
}

static void
token_and_value_bytes(void **state)
{
	struct buf body = { 0 };

	(void)state;
	for (size_t more = 0; more <= 3; more++) {
		put_times(&body, LIMIT_TOKEN + (more & 1), 'T');
		buf_put_char(&body, ':');
		put_times(&body, LIMIT_VALUE + (more >> 1), '1');
		buf_put_char(&body, '\n');
		check_body(TEXT_HEAD("DATA") TEXT_GEN, &body,
		    more ? MESSAGE_POISON : MESSAGE_WHOLE);
	}
}

static void
data_lines(void **state)
{
	struct buf body = { 0 };

	(void)state;
	for (int more = 0; more <= 1; more++) {
		for (int i = 0; i < LIMIT_BODY_LINES + more; i++)
			buf_printf(&body, "T%d:U\n", i);
		check_body(TEXT_HEAD("DATA") TEXT_GEN, &body,
		    more ? MESSAGE_OVERSIZE : MESSAGE_WHOLE);
	}
}

/* Tokens that are no numbers are found by another way. */
static void
data_lines_of_other_tokens(void **state)
{
	struct buf body = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_printf(&body, "%x.%d:U\n", i * 7919, i);
	check(TEXT_HEAD("DATA") TEXT_GEN, &body, 0, MESSAGE_WHOLE);
	buf_put_str(&body, "0.0:U\n");
	check_body(TEXT_HEAD("DATA") TEXT_GEN, &body, MESSAGE_POISON);
}

static void
status_lines(void **state)
{
	struct buf body = { 0 };

	(void)state;
	for (int more = 0; more <= 1; more++) {
		for (int i = 0; i < LIMIT_BODY_LINES + more; i++)
			buf_put_str(&body, "a:\n");
		check_body(TEXT_HEAD("STATUS"), &body,
		    more ? MESSAGE_OVERSIZE : MESSAGE_WHOLE);
	}
}

static void
config_value_bytes(void **state)
{
	struct buf body = { 0 };

	(void)state;
	for (size_t more = 0; more <= 1; more++) {
		buf_put_str(&body, "level2-token:T1\nlevel2-path:/a\ncomment:");
		put_times(&body, LIMIT_CONFIG_VALUE + more, 'a');
		buf_put_char(&body, '\n');
		check_body(TEXT_HEAD("CONFIG") TEXT_GEN, &body,
		    more ? MESSAGE_OVERSIZE : MESSAGE_WHOLE);
	}
}

static void
params_in_a_block(void **state)
{
	struct buf body = { 0 };

	(void)state;
	for (int more = 0; more <= 1; more++) {
		buf_put_str(&body, "level2-token:T1\nlevel2-path:/a\n");
		for (int i = 0; i < LIMIT_PARAMS + more; i++)
			buf_printf(&body, "p%d:a\n", i);
		check_body(TEXT_HEAD("CONFIG") TEXT_GEN, &body,
		    more ? MESSAGE_OVERSIZE : MESSAGE_WHOLE);
	}
}

static void
datasources(void **state)
{
	struct buf body = { 0 };

	(void)state;
	for (int more = 0; more <= 1; more++) {
		for (int i = 0; i < LIMIT_DATASOURCES + more; i++)
			buf_printf(&body,
			    "%slevel2-token:T%d\nlevel2-path:/%d\n",
			    i > 0 ? ";\n" : "", i, i);
		check_body(TEXT_HEAD("CONFIG") TEXT_GEN, &body,
		    more ? MESSAGE_OVERSIZE : MESSAGE_WHOLE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_bytes),
		cmocka_unit_test(message_bytes_without_length),
		cmocka_unit_test(message_bytes_of_any_limit),
		cmocka_unit_test(length_that_no_number_holds),
		cmocka_unit_test(header_lines),
		cmocka_unit_test(header_line_bytes),
		cmocka_unit_test(header_name_bytes),
		cmocka_unit_test(parts),
		cmocka_unit_test(endless_lines),
		cmocka_unit_test(data_line_bytes),
		cmocka_unit_test(token_and_value_bytes),
		cmocka_unit_test(data_lines),
		cmocka_unit_test(data_lines_of_other_tokens),
		cmocka_unit_test(status_lines),
		cmocka_unit_test(config_value_bytes),
		cmocka_unit_test(params_in_a_block),
		cmocka_unit_test(datasources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
