/*
 * The writer, the readers of accepted bodies, and the examples of
 * doc/message-format.5.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "t/message_text.h"

static struct message
some_data(struct slice body)
{
	struct message m = { .msgid = 2,
		.type = MESSAGE_DATA,
		.timestamp = 1085528690,
		.generation = 1,
		.body = body };

	assert_true(
	    stream_parse(SLICE("00112233445566778899aabbccddeeff"), &m.stream));
	return m;
}

static void
writer_and_parser_agree(void **state)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, 0);
	struct message m = some_data(SLICE("T1:5\n")), got;
	struct buf out = { 0 };
	struct err e = { 0 };

	(void)state;
	m.prev = 0xdeadbeef;
	m.collector = SLICE("snmp");
	m.correlation = SLICE("42");
	m.extra = SLICE("X-A:1\nX-B:2\n");
	buf_put_str(&out, "before");
	assert_int_equal(message_write(&out, &m, &e), 0);
	assert_int_equal(m.raw.n, out.n - 6);
	assert_int_equal(message_parse(p, m.raw, &got, &e), MESSAGE_WHOLE);
	assert_int_equal(got.msgid, m.msgid);
	assert_int_equal(got.type, m.type);
	assert_int_equal(got.timestamp, m.timestamp);
	assert_true(stream_eq(got.stream, m.stream));
	assert_int_equal(got.prev, m.prev);
	assert_int_equal(got.generation, m.generation);
	assert_int_equal(got.part, 1);
	assert_int_equal(got.parts, 1);
	assert_true(slice_eq(got.collector, m.collector));
	assert_true(slice_eq(got.correlation, m.correlation));
	assert_true(slice_eq(got.extra, m.extra));
	assert_true(slice_eq(got.body, m.body));
	assert_int_equal(got.digest, m.digest);
	assert_false(got.bare);
	buf_clear(&out);
	message_parser_free(p);
}

/* Change one thing, and the header is refused with nothing written. */
static void
wrong_header_is_not_written(void **state)
{
	const struct message good = some_data(SLICE("T1:5\n"));
	struct message bad[12];
	struct buf out = { 0 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < 12; i++)
		bad[i] = good;
	bad[0].msgid = 0;
	bad[1].msgid = LIMIT_MSGID + 1;
	bad[2].timestamp = LIMIT_TIMESTAMP + 1;
	bad[3].generation = 0;
	bad[4].type = MESSAGE_STATUS; /* with a generation */
	bad[5].part = 1, bad[5].parts = 2;
	bad[6].type = MESSAGE_CONFIG, bad[6].part = 3, bad[6].parts = 2;
	bad[7].collector = SLICE("a b");
	bad[8].collector = SLICE("a\nX-A:1");
	bad[9].extra = SLICE("X-A:1\nX-A:2\n");
	bad[10].extra = SLICE("Association:a\n");
	bad[11].type = MESSAGE_CONFIG, bad[11].correlation = SLICE("a");
	buf_put_str(&out, "before");
	for (size_t i = 0; i < 12; i++) {
		err_clear(&e);
		if (message_write(&out, &bad[i], &e) != -1)
			fail_msg("%zu is written", i);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_string_equal(out.p, "before");
		assert_int_equal(out.n, 6);
	}
	buf_clear(&out);
}

static void
full_buffer_is_left_as_it_was(void **state)
{
	struct message m = some_data(SLICE("T1:5\n"));
	struct buf out = { 0 }, whole = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(message_write(&whole, &m, &e), 0);
	for (size_t limit = 1; limit < whole.n; limit++) {
		buf_init(&out, limit);
		assert_int_equal(message_write(&out, &m, &e), -1);
		assert_int_equal(out.n, 0);
		buf_clear(&out);
	}
	buf_init(&out, whole.n);
	assert_int_equal(message_write(&out, &m, &e), 0);
	buf_clear(&out);
	buf_clear(&whole);
}

static void
dots_are_doubled_and_halved(void **state)
{
	static const char *const tokens[] = { "T1", ".", "..", ".a", "a." };
	struct buf body = { 0 };
	struct slice rest, token, value;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_true(
		    message_put_line(&body, slice_str(tokens[i]), SLICE("5")));
	assert_string_equal(body.p, "T1:5\n..:5\n...:5\n..a:5\na.:5\n");
	rest = buf_slice(&body);
	for (size_t i = 0; i < 5; i++) {
		assert_true(message_next_value(&rest, &token, &value));
		assert_true(slice_eq_str(token, tokens[i]));
		assert_true(slice_eq_str(value, "5"));
	}
	assert_false(message_next_value(&rest, &token, &value));
	buf_clear(&body);
}

static void
line_that_does_not_fit_is_not_begun(void **state)
{
	struct buf body;

	(void)state;
	buf_init(&body, 5);
	assert_false(message_put_line(&body, SLICE(".a"), SLICE("5")));
	assert_int_equal(body.n, 0);
	assert_true(message_put_line(&body, SLICE("ab"), SLICE("5")));
	assert_false(message_put_line(&body, SLICE(""), SLICE("")));
	assert_string_equal(body.p, "ab:5\n");
	buf_clear(&body);
}

/* What message_next_param tells of a body, as "name=value," and "|". */
static void
check_params(const char *body, const char *want)
{
	struct slice rest = slice_str(body), name, value;
	struct buf got = { 0 };
	bool block_end;

	buf_put_str(&got, "");
	while (message_next_param(&rest, &name, &value, &block_end)) {
		buf_put(&got, name);
		buf_put_str(&got, block_end ? "" : "=");
		buf_put(&got, value);
		buf_put_str(&got, block_end ? "|" : ",");
	}
	assert_false(message_next_param(&rest, &name, &value, &block_end));
	assert_string_equal(got.p, want);
	buf_clear(&got);
}

static void
blocks_end_once_each(void **state)
{
	(void)state;
	check_params("", "");
	check_params("a:1\n", "a=1,|");
	check_params("a:1\nb:\n;\nc:x:y;\n", "a=1,b=,|c=x:y;,|");
	check_params("a:1\n;\nb:2\n;\nc:3\n", "a=1,|b=2,|c=3,|");
}

static void
fields_are_read_in_order(void **state)
{
	struct slice rest = SLICE("a:1\na:\nb:x:y\n"), name, value;

	(void)state;
	assert_true(message_next_field(&rest, &name, &value));
	assert_true(slice_eq_str(name, "a") && slice_eq_str(value, "1"));
	assert_true(message_next_field(&rest, &name, &value));
	assert_true(slice_eq_str(name, "a") && value.n == 0);
	assert_true(message_next_field(&rest, &name, &value));
	assert_true(slice_eq_str(name, "b") && slice_eq_str(value, "x:y"));
	assert_false(message_next_field(&rest, &name, &value));
}

static void
streams_are_drawn_and_read_back(void **state)
{
	struct stream_id a, b, c = { { 0 } };
	struct err e = { 0 };
	char text[STREAM_TEXT_SIZE];

	(void)state;
	assert_int_equal(stream_draw(&a, &e), 0);
	assert_int_equal(stream_draw(&b, &e), 0);
	assert_false(stream_eq(a, b));
	assert_false(stream_is_zero(a));
	assert_true(stream_parse(slice_str(stream_text(a, text)), &c));
	assert_true(stream_eq(a, c));
	assert_false(stream_parse(SLICE(""), &c));
	assert_true(stream_eq(a, c));
}

/* Append the example between two comments of the page, as mandoc shows it. */
static void
read_example(struct buf *out, const char *what)
{
	const char *top = getenv("top_srcdir");
	char path[4096], mark[128];
	struct buf page = { 0 };
	struct slice rest, line;
	struct err e = { 0 };
	bool inside = false;

	snprintf(path, sizeof(path), "%s/doc/message-format.5",
	    top != NULL ? top : ".");
	snprintf(mark, sizeof(mark), ".\\\" Begin of the %s", what);
	if (durable_read_file(AT_FDCWD, path, 1 << 20, &page, &e) == -1)
		fail_msg("%s", e.msg);
	rest = buf_slice(&page);
	while (slice_cut(&rest, '\n', &line)) {
		if (slice_eq_str(line, mark))
			inside = true;
		else if (slice_starts(line, SLICE(".\\\" End of the")))
			inside = false;
		if (!inside || (line.n > 0 && line.p[0] == '.'))
			continue;
		if (slice_starts(line, SLICE("\\&"))) {
			line.p += 2;
			line.n -= 2;
		}
		buf_put(out, line);
		buf_put_char(out, '\n');
	}
	buf_clear(&page);
}

static void
stream_of_the_page_is_right(void **state)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, 0);
	struct buf text = { 0 };
	struct slice rest;
	struct message m = { 0 };
	struct err e = { 0 };
	uint32_t prev = 0;
	uint64_t n = 0;

	(void)state;
	read_example(&text, "stream");
	for (rest = buf_slice(&text); rest.n > 0; n++) {
		if (message_parse(p, rest, &m, &e) != MESSAGE_WHOLE)
			fail_msg("message %d: %s", (int)n + 1, e.msg);
		assert_int_equal(m.msgid, n + 1);
		assert_int_equal(m.prev, prev);
		prev = m.digest;
		rest.p += m.raw.n;
		rest.n -= m.raw.n;
	}
	assert_int_equal(n, 3);
	buf_clear(&text);
	message_parser_free(p);
}

static void
bare_message_of_the_page_is_right(void **state)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_BARE, 0);
	struct buf text = { 0 };
	struct message m;
	struct err e = { 0 };

	(void)state;
	read_example(&text, "bare message");
	assert_int_equal(message_parse(p, buf_slice(&text), &m, &e),
	    MESSAGE_WHOLE);
	assert_int_equal(m.raw.n, text.n);
	buf_clear(&text);
	message_parser_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writer_and_parser_agree),
		cmocka_unit_test(wrong_header_is_not_written),
		cmocka_unit_test(full_buffer_is_left_as_it_was),
		cmocka_unit_test(dots_are_doubled_and_halved),
		cmocka_unit_test(line_that_does_not_fit_is_not_begun),
		cmocka_unit_test(blocks_end_once_each),
		cmocka_unit_test(fields_are_read_in_order),
		cmocka_unit_test(streams_are_drawn_and_read_back),
		cmocka_unit_test(stream_of_the_page_is_right),
		cmocka_unit_test(bare_message_of_the_page_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
