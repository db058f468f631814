/*
 * How much columnar knows: what is known of each token is state, and how many there
 * are is for the far end to say.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/codec.h"
#include "common/codec/columnar/columnar_values.h"
#include "common/message/message.h"

enum {
	LINES = 131072, /* doc/columnar.5 */
};

static void
put_lines(struct buf *b, unsigned from, unsigned n)
{
	buf_reset(b);
	for (unsigned i = from; i < from + n; i++)
		buf_printf(b, "T%07u:1\n", i);
}

static void
tokens_and_values_are_bounded(void **state)
{
	static struct coder_tables tables;
	struct columns columns;
	struct values *v;
	struct buf b = { 0 };

	(void)state;
	coder_tables_init(&tables);
	columns_init(&columns);
	v = values_new(&columns, &tables);
	put_lines(&b, 0, LINES + 1);
	assert_false(values_read(v, buf_slice(&b)));
	put_lines(&b, 0, LINES);
	assert_true(values_read(v, buf_slice(&b)));
	values_learn(v, 1);
	assert_int_equal(columns.n, LINES);
	assert_true(values_read(v, buf_slice(&b)));
	put_lines(&b, LINES, 1);
	assert_false(values_read(v, buf_slice(&b)));
	assert_int_equal(columns_add(&columns, SLICE("other")), TOKEN_NONE);
	put_lines(&b, LINES - 1, 1);
	assert_true(values_read(v, buf_slice(&b)));
	values_free(v);
	columns_clear(&columns);
	buf_clear(&b);
}

/* A fleet as large as that, and one that is larger, twice in a batch. */
static void
any_number_of_tokens_comes_back(void **state)
{
	const struct codec_ops *c = codec_find(SLICE("columnar"));

	(void)state;
	for (unsigned n = LINES; n <= LINES + 1; n++) {
		struct buf in = { 0 }, body = { 0 }, mid = { 0 }, out = { 0 };
		struct message m = { .type = MESSAGE_DATA,
			.timestamp = 1700000000,
			.generation = 1,
			.part = 1,
			.parts = 1 };
		struct err e = { 0 };

		put_lines(&body, 0, n);
		m.body = buf_slice(&body);
		for (m.msgid = 1; m.msgid <= 2; m.msgid++)
			assert_int_equal(message_write(&in, &m, &e), 0);
		assert_int_equal(c->encode(buf_slice(&in), 6, &mid, &e), 0);
		assert_true(mid.n < in.n / 2);
		assert_int_equal(c->decode(buf_slice(&mid), in.n, &out, &e), 0);
		assert_true(slice_eq(buf_slice(&in), buf_slice(&out)));
		buf_clear(&in);
		buf_clear(&body);
		buf_clear(&mid);
		buf_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_and_values_are_bounded),
		cmocka_unit_test(any_number_of_tokens_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
