/*
 * The bare form and that of `spoke write`; what a poisoned message still says;
 * several messages one after another; a message hidden in another.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "t/message_text.h"

#define ROW               TEXT_ROW
#define BARE(body)        "MsgID:7\nType:DATA\nTimestamp:1085528690\n\n" body
#define INPUT(more, body) "Type:DATA\nTimestamp:1085528690\n" more "\n" body

static const struct text_row bare_rows[] = {
	ROW("data", BARE("T1:5\n.\n"), WHOLE),
	ROW("no values", BARE(".\n"), WHOLE),
	ROW("a doubled dot", BARE("..T:5\n.\n"), WHOLE),
	ROW("no end yet", BARE("T1:5\n"), MORE),
	ROW("half an end", BARE("T1:5\n."), MORE),
	ROW("wrong grammar", BARE("T1;5\nT2:6\n.\n"), POISON),
	ROW("wrong grammar, no end yet", BARE("T1;5\nT2:6\n"), MORE),
	ROW("end with CR", BARE("T1:5\n.\r\n.\n"), POISON),
	ROW("CR, dot, CR", BARE("T1:5\n\r.\r\n.\n"), POISON),
	ROW("end with a blank", BARE("T1:5\n. \n.\n"), POISON),
	ROW("a field of ours",
	    "MsgID:7\nType:DATA\nTimestamp:1\n" TEXT_STREAM "\n.\n", POISON),
	ROW("an X- field", "MsgID:7\nType:DATA\nTimestamp:1\nX-A:1\n\n.\n",
	    POISON),
	ROW("no Type", "MsgID:7\nTimestamp:1\n\n.\n", POISON),
	ROW("no MsgID", "Type:DATA\nTimestamp:1\n\n.\n", DAMAGED),
	ROW("config",
	    "MsgID:7\nType:CONFIG\nTimestamp:1\n\n"
	    "level2-token:T1\nlevel2-path:/a\n.\n",
	    WHOLE),
	ROW("config with a ; last",
	    "MsgID:7\nType:CONFIG\nTimestamp:1\n\n"
	    "level2-token:T1\nlevel2-path:/a\n;\n.\n",
	    POISON),
};

static const struct text_row input_rows[] = {
	ROW("data", INPUT("", "T1:5\n.\n"), WHOLE),
	ROW("MsgID given", "MsgID:7\n" INPUT("", "T1:5\n.\n"), DAMAGED),
	ROW("wrong grammar", INPUT("", "T1;5\n"), DAMAGED),
	ROW("no Type", "Timestamp:1\n\n", DAMAGED),
	ROW("no Timestamp", "Type:DATA\n\n", DAMAGED),
	ROW("wrong Type", "Type:EXEC\n", DAMAGED),
	ROW("a control character", INPUT("", "T1:5\x01\n"), DAMAGED),
	ROW("Length given", INPUT("Length:@\n", "T1:5\n.\n"), WHOLE),
	ROW("wrong Length", INPUT("Length:4\n", "T1:5\n.\n"), DAMAGED),
	ROW("Digest given", INPUT("Digest:@\n", "T1:5\n.\n"), WHOLE),
	ROW("wrong Digest", INPUT("Digest:crc32=00000000\n", "T1:5\n.\n"),
	    DAMAGED),
	ROW("both given", INPUT("Length:@\nDigest:@\n", "T1:5\n.\n"), WHOLE),
	ROW("all that may be",
	    INPUT(TEXT_STREAM TEXT_PREV TEXT_GEN
		"Collector:c\nCorrelation:7\nX-A:1\n"
		"Length:@\nDigest:@\n",
		"T1:5\n.\n"),
	    WHOLE),
	ROW("a part on DATA", INPUT("Part:1/2\n", ""), DAMAGED),
	ROW("a lone dot is not an end with CR", INPUT("", "T1:5\n.\r\n"),
	    DAMAGED),
};

static void
check_row(const struct text_row *row, enum message_form form, text_chunk *next)
{
	struct message_parser *p = message_parser_new(form, 0);
	struct buf bytes = { 0 };
	struct message m;
	struct err e = { 0 };
	enum message_verdict v;
	uint32_t seed = 1;

	text_message(&bytes, row->text);
	v = text_parse(p, buf_slice(&bytes), next, &seed, &m, &e);
	if (v != row->want)
		fail_msg("%s: %s, not %s: %s", row->name, text_verdict(v),
		    text_verdict(row->want), e.msg);
	if (v == MESSAGE_WHOLE || v == MESSAGE_POISON)
		assert_int_equal(m.raw.n, bytes.n);
	buf_clear(&bytes);
	message_parser_free(p);
}

static void
check_rows(const struct text_row *rows, size_t n, enum message_form form)
{
	for (size_t i = 0; i < n; i++) {
		check_row(&rows[i], form, text_at_once);
		check_row(&rows[i], form, text_by_byte);
		check_row(&rows[i], form, text_by_chance);
	}
}

static void
bare_rows_get_their_verdicts(void **state)
{
	(void)state;
	check_rows(bare_rows, sizeof(bare_rows) / sizeof(bare_rows[0]),
	    MESSAGE_FORM_BARE);
}

static void
input_rows_get_their_verdicts(void **state)
{
	(void)state;
	check_rows(input_rows, sizeof(input_rows) / sizeof(input_rows[0]),
	    MESSAGE_FORM_INPUT);
}

static void
bare_message_is_written_as_it_was(void **state)
{
	static const char text[] = BARE("T1:5\n.\n");
	struct message_parser *p = message_parser_new(MESSAGE_FORM_BARE, 0);
	struct buf again = { 0 };
	struct message m;
	struct err e = { 0 };
	uint32_t digest;

	(void)state;
	assert_int_equal(message_parse(p, slice_str(text), &m, &e),
	    MESSAGE_WHOLE);
	assert_true(m.bare);
	assert_int_equal(m.msgid, 7);
	assert_true(stream_is_zero(m.stream));
	assert_int_equal(m.generation, 0);
	digest = m.digest;
	assert_int_not_equal(digest, 0);
	assert_int_equal(message_write(&again, &m, &e), 0);
	assert_true(slice_eq_str(buf_slice(&again), text));
	assert_int_equal(m.digest, digest);
	buf_clear(&again);
	message_parser_free(p);
}

/* What quarantine and acknowledgement need of it. */
static void
poison_says_whose_it_is(void **state)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, 0);
	const struct slice text =
	    SLICE(TEXT_HEAD("DATA") TEXT_GEN "Length:5\nDigest:@\n\nT1;5\n.\n");
	struct buf bytes = { 0 };
	struct message m;
	struct err e = { 0 };
	char stream[STREAM_TEXT_SIZE];

	(void)state;
	text_message(&bytes, text);
	assert_int_equal(message_parse(p, buf_slice(&bytes), &m, &e),
	    MESSAGE_POISON);
	assert_string_equal(e.msg, "line 10: a line without a colon");
	assert_int_equal(m.msgid, 100002);
	assert_int_equal(m.type, MESSAGE_DATA);
	assert_string_equal(stream_text(m.stream, stream),
	    "00112233445566778899aabbccddeeff");
	assert_int_equal(m.prev, 0x89abcdef);
	assert_true(slice_eq(m.raw, buf_slice(&bytes)));
	assert_non_null(memmem(bytes.p, bytes.n, "Digest:crc32=", 13));
	buf_clear(&bytes);
	message_parser_free(p);
}

/* A second message within the first, which a reader that only looks for lone
 * dots would take. */
static void
hidden_message_is_never_taken(void **state)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, 0);
	const struct slice whole_length =
	    SLICE(TEXT_DATA("T1:5\n.\n" TEXT_DATA("T1:6\n")));
	const struct slice short_length = SLICE(TEXT_HEAD("DATA") TEXT_GEN
	    "Length:10\nDigest:@\n\nT1:5\n.\nMsgID:9\nType:DATA\n\n.\n");
	struct buf bytes = { 0 };
	struct message m;
	struct err e = { 0 };

	(void)state;
	text_message(&bytes, whole_length);
	assert_int_equal(message_parse(p, buf_slice(&bytes), &m, &e),
	    MESSAGE_POISON);
	assert_int_equal(m.raw.n, bytes.n);
	assert_string_equal(e.msg, "line 11: a lone dot before Length ends");
	buf_reset(&bytes);
	text_message(&bytes, short_length);
	assert_int_equal(message_parse(p, buf_slice(&bytes), &m, &e),
	    MESSAGE_DAMAGED);
	buf_clear(&bytes);
	message_parser_free(p);
}

static void
next_message_is_judged_by_itself(void **state)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, 0);
	const struct slice good = SLICE(TEXT_DATA("T2:5\nT1:6\na:7\n"));
	const struct slice bad = SLICE(TEXT_DATA("T2:5\na:6\nT2:7\n"));
	struct buf bytes = { 0 };
	struct slice rest;
	struct message m;
	struct err e = { 0 };

	(void)state;
	text_message(&bytes, good);
	text_message(&bytes, bad);
	text_message(&bytes, good);
	buf_put_str(&bytes, "garbage\n");
	rest = buf_slice(&bytes);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(message_parse(p, rest, &m, &e),
		    i == 1 ? MESSAGE_POISON : MESSAGE_WHOLE);
		rest.p += m.raw.n;
		rest.n -= m.raw.n;
	}
	assert_int_equal(message_parse(p, rest, &m, &e), MESSAGE_DAMAGED);
	assert_string_equal(e.msg, "line 1: a header line without a colon");
	buf_clear(&bytes);
	message_parser_free(p);
}

static void
reset_forgets_half_a_message(void **state)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, 0);
	const struct slice text = SLICE(TEXT_DATA("T1:5\nT2:6\n"));
	struct buf bytes = { 0 };
	struct message m;
	struct err e = { 0 };

	(void)state;
	text_message(&bytes, text);
	for (size_t n = 0; n < bytes.n; n++) {
		struct slice half = { bytes.p, n };

		assert_int_equal(message_parse(p, half, &m, &e), MESSAGE_MORE);
		message_parser_reset(p);
		assert_int_equal(message_parse(p, buf_slice(&bytes), &m, &e),
		    MESSAGE_WHOLE);
	}
	buf_clear(&bytes);
	message_parser_free(p);
	message_parser_free(NULL);
}

/* No single bit may change unseen. */
static void
every_flipped_bit_is_noticed(void **state)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, 0);
	const struct slice text = SLICE(TEXT_DATA("T1:5\nT2:6\n"));
	struct buf bytes = { 0 };
	struct message m;
	struct err e = { 0 };

	(void)state;
	text_message(&bytes, text);
	for (size_t bit = 0; bit < 8 * bytes.n; bit++) {
		enum message_verdict v;

		bytes.p[bit / 8] ^= (char)(1 << bit % 8);
		v = message_parse(p, buf_slice(&bytes), &m, &e);
		message_parser_reset(p);
		if (v == MESSAGE_WHOLE || v == MESSAGE_POISON)
			fail_msg("bit %zu: %s", bit, text_verdict(v));
		bytes.p[bit / 8] ^= (char)(1 << bit % 8);
	}
	buf_clear(&bytes);
	message_parser_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bare_rows_get_their_verdicts),
		cmocka_unit_test(input_rows_get_their_verdicts),
		cmocka_unit_test(bare_message_is_written_as_it_was),
		cmocka_unit_test(poison_says_whose_it_is),
		cmocka_unit_test(hidden_message_is_never_taken),
		cmocka_unit_test(next_message_is_judged_by_itself),
		cmocka_unit_test(reset_forgets_half_a_message),
		cmocka_unit_test(every_flipped_bit_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
