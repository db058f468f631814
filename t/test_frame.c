/*
 * Frames: what is written is read back, and what is not to the byte of the
 * protocol is refused.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transport/session/frame.h"

static const struct stream_id stream = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    12, 13, 14, 15, 16 } };

static struct frame
cut_one(const struct buf *b)
{
	struct slice in = buf_slice(b);
	struct frame f;
	struct err e = { 0 };

	assert_int_equal(frame_cut(&in, &f, &e), FRAME_WHOLE);
	assert_int_equal(in.n, 0);
	for (size_t n = 0; n < b->n; n++) {
		in = (struct slice){ b->p, n };
		assert_int_equal(frame_cut(&in, &f, &e), FRAME_MORE);
		assert_int_equal(in.n, n);
	}
	in = buf_slice(b);
	frame_cut(&in, &f, &e);
	return f;
}

static void
heads_have_limits(void **state)
{
	static const struct {
		uint32_t n;
		char type;
		enum frame_cut cut;
	} rows[] = {
		{ 0, 'P', FRAME_BAD },
		{ 1, 'P', FRAME_MORE },
		{ FRAME_PAYLOAD_MAX - 1, 'C', FRAME_MORE },
		{ FRAME_PAYLOAD_MAX, 'C', FRAME_MORE },
		{ FRAME_PAYLOAD_MAX + 1, 'C', FRAME_BAD },
		{ 0x80000000, 'C', FRAME_BAD },
		{ 0xffffffff, 'C', FRAME_BAD },
		{ 1, '\0', FRAME_BAD },
		{ 1, 'Z', FRAME_BAD },
		{ 1, 'h', FRAME_BAD },
		{ 1, '\xff', FRAME_BAD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char head[FRAME_HEADER];
		struct slice in = { head, sizeof(head) };
		struct frame f;
		struct err e = { 0 };

		for (int k = 0; k < 4; k++)
			head[k] = (char)(rows[i].n >> (24 - 8 * k));
		head[4] = rows[i].type;
		assert_int_equal(frame_cut(&in, &f, &e), rows[i].cut);
		assert_int_equal(in.n, sizeof(head));
		assert_int_equal(e.kind,
		    rows[i].cut == FRAME_BAD ? ERR_PROTOCOL : ERR_NONE);
	}
}

static const char good_hello[] =
    "version:1-1\n"
    "association:alps\n"
    "role:spoke\n"
    "mode:push\n"
    "keep:no\n"
    "codecs:none,gzip\n"
    "out:0102030405060708090a0b0c0d0e0f10 7 0000abcd\n"
    "in:none\n";

static void
a_hello_is_read_as_it_was_written(void **state)
{
	struct frame_hello h = { .version_min = 1,
		.version_max = 1,
		.association = SLICE("alps"),
		.push = true,
		.codecs = SLICE("none,gzip"),
		.out = { stream, 7, 0xabcd } };
	struct frame_hello back;
	struct buf b = { 0 };
	struct frame f;
	struct err e = { 0 };

	(void)state;
	frame_put_hello(&b, &h);
	f = cut_one(&b);
	assert_int_equal(f.type, FRAME_HELLO);
	assert_true(slice_eq_str(f.payload, good_hello));
	assert_int_equal(frame_read_hello(f.payload, &back, &e), 0);
	assert_int_equal(back.version_max, 1);
	assert_true(slice_eq(back.association, h.association));
	assert_true(slice_eq(back.codecs, h.codecs));
	assert_false(back.hub);
	assert_true(back.push);
	assert_false(back.keep);
	assert_true(stream_eq(back.out.stream, stream));
	assert_int_equal(back.out.msgid, 7);
	assert_int_equal(back.out.digest, 0xabcd);
	assert_true(stream_is_zero(back.in.stream));
	buf_clear(&b);
}

/* good_hello with `from` replaced by `to`. */
static void
change(struct buf *out, const char *from, const char *to)
{
	const char *hit = strstr(good_hello, from);

	assert_non_null(hit);
	buf_put(out, (struct slice){ good_hello, (size_t)(hit - good_hello) });
	buf_put_str(out, to);
	buf_put_str(out, hit + strlen(from));
}

static void
hellos_are_judged(void **state)
{
	static const struct {
		const char *from, *to;
		int rc;
	} rows[] = {
		{ "keep:no\n", "keep:no\nlater:what ever\n", 0 },
		{ "keep:no\n", "keep:yes\n", 0 },
		{ "none\n", "0102030405060708090a0b0c0d0e0f10 0 00000000\n",
		    0 },
		{ "version:1-1\n", "version:1-9999\n", 0 },
		{ "version:1-1\n", "version:2-1\n", -1 },
		{ "version:1-1\n", "version:0-1\n", -1 },
		{ "version:1-1\n", "version:1-10000\n", -1 },
		{ "version:1-1\n", "version:1\n", -1 },
		{ "version:1-1\n", "version:01-1\n", -1 },
		{ "version:1-1\n", "", -1 },
		{ "keep:no\n", "", -1 },
		{ "in:none\n", "", -1 },
		{ "keep:no\n", "keep:no\nkeep:no\n", -1 },
		{ "keep:no\n", "keep:maybe\n", -1 },
		{ "keep:no\n", "keep: no\n", -1 },
		{ "keep:no\n", "keep:no\n\n", -1 },
		{ "keep:no\n", "keep:no\nlater\n", -1 },
		{ "in:none\n", "in:none", -1 },
		{ "role:spoke\n", "role:Hub\n", -1 },
		{ "mode:push\n", "mode:\n", -1 },
		{ "alps", "../alps", -1 },
		{ "alps", "", -1 },
		{ "none,gzip", "", -1 },
		{ "none,gzip", "none,,gzip", -1 },
		{ "none,gzip", "none,gzip,", -1 },
		{ "none,gzip", "NONE", -1 },
		{ "none,gzip", "abcdefghijklmnop", 0 },
		{ "none,gzip", "abcdefghijklmnopq", -1 },
		{ "none,gzip", "1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,g", 0 },
		{ "none,gzip", "1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,g,h", -1 },
		{ " 7 ", " 9223372036854775807 ", 0 },
		{ " 7 ", " 9223372036854775808 ", -1 },
		{ " 7 ", " -7 ", -1 },
		{ " 7 ", " 07 ", -1 },
		{ " 7 ", "  7 ", -1 },
		{ " 7 ", " 0 ", -1 },
		{ "0000abcd", "0000ABCD", -1 },
		{ "0000abcd", "abcd", -1 },
		{ "0f10 ", "0f1 ", -1 },
		{ "0f10 ", "0f100 ", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };
		struct frame_hello h;
		struct err e = { 0 };

		change(&b, rows[i].from, rows[i].to);
		if (frame_read_hello(buf_slice(&b), &h, &e) != rows[i].rc)
			fail_msg("%s for %s", rows[i].to, rows[i].from);
		if (rows[i].rc == -1)
			assert_int_equal(e.kind, ERR_PROTOCOL);
		buf_clear(&b);
	}
}

static void
a_hello_of_another_version_tells_which(void **state)
{
	uint64_t min = 0, max = 0;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(
	    frame_read_versions(SLICE("version:2-7\nrole:moon\nrest"), &min,
		&max, &e),
	    0);
	assert_int_equal(min, 2);
	assert_int_equal(max, 7);
	assert_int_equal(frame_read_versions(SLICE("role:hub\nversion:1-1\n"),
			     &min, &max, &e),
	    -1);
}

static void
a_batch_is_read_as_it_was_written(void **state)
{
	struct frame_batch in = { stream, 5, 7, 0x12345678, 0x9abcdef0, true,
		1000, 300, SLICE("gzip") };
	struct frame_batch out;
	struct buf b = { 0 };
	struct frame f;
	struct err e = { 0 };

	(void)state;
	frame_put_batch(&b, &in);
	assert_memory_equal(b.p,
	    "\0\0\0\x35"
	    "B"
	    "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
	    "\0\0\0\0\0\0\0\5"
	    "\0\0\0\0\0\0\0\7"
	    "\x12\x34\x56\x78"
	    "\x9a\xbc\xde\xf0"
	    "\0\0\3\xe8"
	    "\0\0\1\x2c"
	    "\1"
	    "gzip",
	    b.n);
	f = cut_one(&b);
	assert_int_equal(frame_read_batch(f.payload, &out, &e), 0);
	assert_true(stream_eq(out.stream, stream));
	assert_int_equal(out.first, 5);
	assert_int_equal(out.last, 7);
	assert_int_equal(out.digest, in.digest);
	assert_int_equal(out.base, in.base);
	assert_int_equal(out.flags, FRAME_UPON);
	assert_int_equal(out.size, 1000);
	assert_int_equal(out.encoded, 300);
	assert_true(slice_eq_str(out.codec, "gzip"));
	buf_clear(&b);
}

static void
batches_have_limits(void **state)
{
	static const struct {
		uint64_t first, last;
		uint32_t size, encoded;
		const char *codec;
		int rc;
	} rows[] = {
		{ 1, 1, 1, 1, "x", 0 },
		{ 1, 1000, 1000, 1, "x", 0 },
		{ 1, 1001, 1000, 1, "x", -1 },
		{ 0, 0, 1, 1, "x", -1 },
		{ 0, 1, 1, 1, "x", -1 },
		{ 2, 1, 1, 1, "x", -1 },
		{ INT64_MAX, INT64_MAX, 1, 1, "x", 0 },
		{ 1, UINT64_MAX, 1, 1, "x", -1 },
		{ INT64_MAX, (uint64_t)INT64_MAX + 1, 1, 1, "x", -1 },
		{ 1, 1, 0, 0, "x", -1 },
		{ 1, 1, 1, 0, "x", -1 },
		{ 1, 1, 1, 2, "x", -1 },
		{ 1, 2, 8 << 20, 1, "x", 0 },
		{ 1, 2, (8 << 20) + 1, 1, "x", -1 },
		{ 1, 1, 64 << 20, 1, "x", 0 },
		{ 1, 1, (64 << 20) + 1, 1, "x", -1 },
		{ 1, 1, UINT32_MAX, 1, "x", -1 },
		{ 1, 1, 1, 1, "", -1 },
		{ 1, 1, 1, 1, "abcdefghijklmnop", 0 },
		{ 1, 1, 1, 1, "abcdefghijklmnopq", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame_batch in = { .stream = stream,
			.first = rows[i].first,
			.last = rows[i].last,
			.size = rows[i].size,
			.encoded = rows[i].encoded,
			.codec = slice_str(rows[i].codec) };
		struct frame_batch out;
		struct buf b = { 0 };
		struct err e = { 0 };
		struct slice payload;

		frame_put_batch(&b, &in);
		payload =
		    (struct slice){ b.p + FRAME_HEADER, b.n - FRAME_HEADER };
		if (frame_read_batch(payload, &out, &e) != rows[i].rc)
			fail_msg("row %zu: %s", i, e.msg);
		payload.n = 49; /* flags, and nothing behind them */
		assert_int_equal(frame_read_batch(payload, &out, &e), -1);
		buf_clear(&b);
	}
}

static void
answers_are_read_as_they_were_written(void **state)
{
	struct spool_point at = { stream, 99, 0xdeadbeef }, at2;
	struct frame_nak nak = { stream, 3, FRAME_NAK_DAMAGED, SLICE("why") },
			 nak2;
	struct frame_lost lost = { stream, 3, UINT64_C(1) << 40 }, lost2;
	struct frame_refuse refuse = { 75, SLICE("busy") }, refuse2;
	struct buf b = { 0 };
	struct err e = { 0 };

	(void)state;
	frame_put_ack(&b, &at);
	assert_int_equal(frame_read_ack(cut_one(&b).payload, &at2, &e), 0);
	assert_int_equal(at2.msgid, 99);
	assert_int_equal(at2.digest, 0xdeadbeef);
	buf_reset(&b);
	frame_put_nak(&b, &nak);
	assert_int_equal(frame_read_nak(cut_one(&b).payload, &nak2, &e), 0);
	assert_int_equal(nak2.from, 3);
	assert_true(slice_eq_str(nak2.text, "why"));
	buf_reset(&b);
	frame_put_lost(&b, &lost);
	assert_int_equal(frame_read_lost(cut_one(&b).payload, &lost2, &e), 0);
	assert_int_equal(lost2.first, 3);
	assert_int_equal(lost2.last, UINT64_C(1) << 40);
	buf_reset(&b);
	frame_put_refuse(&b, &refuse);
	assert_int_equal(frame_read_refuse(cut_one(&b).payload, &refuse2, &e),
	    0);
	assert_int_equal(refuse2.code, 75);
	assert_true(slice_eq_str(refuse2.text, "busy"));
	buf_reset(&b);
	frame_put_signal(&b, FRAME_DONE);
	assert_memory_equal(b.p, "\0\0\0\1D\0", b.n);
	buf_clear(&b);
}

static void
answers_have_one_length(void **state)
{
	static const char zeros[300];
	struct spool_point at;
	struct frame_nak nak;
	struct frame_lost lost;
	struct frame_refuse refuse;
	struct err e = { 0 };

	(void)state;
	for (size_t n = 0; n < sizeof(zeros); n++) {
		struct slice in = { zeros, n };

		assert_int_equal(frame_read_ack(in, &at, &e), n == 28 ? 0 : -1);
		assert_int_equal(frame_read_lost(in, &lost, &e), -1);
		assert_int_equal(frame_read_nak(in, &nak, &e), -1);
		assert_int_equal(frame_read_refuse(in, &refuse, &e),
		    n >= 1 && n <= 201 ? 0 : -1);
	}
}

static void
long_reasons_are_cut(void **state)
{
	static char text[1000];
	struct frame_refuse r = { 76, { text, sizeof(text) } };
	struct frame_nak n = { stream, 1, FRAME_NAK_STATE,
		{ text, sizeof(text) } };
	struct buf b = { 0 };
	struct err e = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	frame_put_refuse(&b, &r);
	assert_int_equal(frame_read_refuse(cut_one(&b).payload, &r, &e), 0);
	assert_int_equal(r.text.n, FRAME_TEXT_MAX);
	buf_reset(&b);
	frame_put_nak(&b, &n);
	assert_int_equal(frame_read_nak(cut_one(&b).payload, &n, &e), 0);
	assert_int_equal(n.text.n, FRAME_TEXT_MAX);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_have_limits),
		cmocka_unit_test(a_hello_is_read_as_it_was_written),
		cmocka_unit_test(hellos_are_judged),
		cmocka_unit_test(a_hello_of_another_version_tells_which),
		cmocka_unit_test(a_batch_is_read_as_it_was_written),
		cmocka_unit_test(batches_have_limits),
		cmocka_unit_test(answers_are_read_as_they_were_written),
		cmocka_unit_test(answers_have_one_length),
		cmocka_unit_test(long_reasons_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
