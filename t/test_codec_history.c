/*
 * Codecs that code a batch upon those before it: both ends stay in step,
 * whatever the batches hold and however each of them went; what is not in step
 * does no harm.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/codec.h"
#include "common/message/message.h"

enum {
	LEAVES = 300,
};

/* A stream of messages as they come. */
struct source {
	uint64_t random;
	uint64_t msgid, generation, value[LEAVES];
	uint32_t prev;
};

static unsigned
draw(struct source *s, unsigned most)
{
	s->random = s->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((s->random >> 33) % most);
}

static void
put_data(struct source *s, struct buf *body)
{
	unsigned from = draw(s, 8) == 0 ? draw(s, LEAVES) : 0;

	for (unsigned i = from; i < LEAVES; i++) {
		if (s->value[i] == 0)
			s->value[i] = UINT64_C(123456789) * (i + 1);
		s->value[i] += draw(s, 3) == 0 ? 0 : draw(s, 1000);
		if (draw(s, 100) == 0)
			buf_printf(body, "T%u:U\n", i + 1);
		else if (draw(s, 100) == 0)
			buf_printf(body, "T%u:-00%u.500\n", i + 1, i);
		else
			buf_printf(body, "T%u:%llu\n", i + 1,
			    (unsigned long long)s->value[i]);
	}
}

static void
put_config(struct buf *body)
{
	for (unsigned i = 0; i < LEAVES; i++)
		buf_printf(body, "%slevel2-token:T%u\nlevel2-path:/a/b%u\n",
		    i > 0 ? ";\n" : "", i + 1, i);
}

static void
put_message(struct source *s, enum message_type type, struct buf *out)
{
	struct buf body = { 0 };
	struct message m = { .type = type,
		.msgid = s->msgid + 1,
		.timestamp = 1085528990 + s->msgid * 300,
		.stream = { { 1 } },
		.prev = s->prev,
		.part = 1,
		.parts = 1 };
	struct err e = { 0 };

	if (m.type == MESSAGE_CONFIG) {
		m.generation = ++s->generation;
		put_config(&body);
	} else if (m.type == MESSAGE_DATA) {
		m.generation = s->generation;
		put_data(s, &body);
	} else {
		buf_printf(&body, "load:%u\n", draw(s, 100));
	}
	if (draw(s, 20) == 0) /* what is accepted although it is poison */
		buf_put_str(&body, "no line of any body\n");
	m.body = buf_slice(&body);
	assert_int_equal(message_write(out, &m, &e), 0);
	s->prev = m.digest;
	s->msgid++;
	buf_clear(&body);
}

/* Of a kind drawn at random. */
static void
put_any(struct source *s, struct buf *out)
{
	static const enum message_type types[] = { MESSAGE_DATA, MESSAGE_DATA,
		MESSAGE_DATA, MESSAGE_DATA, MESSAGE_STATUS, MESSAGE_RESULT,
		MESSAGE_CONFIG };

	put_message(s, s->msgid == 0 ? MESSAGE_CONFIG : types[draw(s, 7)], out);
}

static void
put_batch(struct source *s, struct buf *out)
{
	for (unsigned n = 1 + draw(s, 4); n > 0; n--)
		put_any(s, out);
}

static void
fresh(struct codec_state **s, const struct codec_history *h)
{
	h->state_free(*s);
	*s = h->state_new();
}

/* One batch from one end to the other, in any of the ways. */
static void
carry(const struct codec_ops *c, struct source *s, struct codec_state **from,
    struct codec_state **to)
{
	const struct codec_history *h = c->history;
	struct buf in = { 0 }, mid = { 0 }, out = { 0 };
	struct err e = { 0 };
	unsigned way = draw(s, 10);

	put_batch(s, &in);
	if (way == 0) { /* begun anew */
		fresh(from, h);
		fresh(to, h);
	}
	if (way == 1) { /* by another codec */
		h->learn(*from, buf_slice(&in));
		h->learn(*to, buf_slice(&in));
		buf_put(&out, buf_slice(&in));
	} else {
		assert_int_equal(h->encode(*from, buf_slice(&in),
				     c->level_default, &mid, &e),
		    0);
		if (way == 2) { /* and then it was not worth it */
			h->learn(*to, buf_slice(&in));
			buf_put(&out, buf_slice(&in));
		} else if (h->decode(*to, buf_slice(&mid), in.n, &out, &e) ==
		    -1) {
			fail_msg("message %llu: %s",
			    (unsigned long long)s->msgid, e.msg);
		}
	}
	assert_true(slice_eq(buf_slice(&in), buf_slice(&out)));
	buf_clear(&in);
	buf_clear(&mid);
	buf_clear(&out);
}

static void
each(void (*test)(const struct codec_ops *c))
{
	for (const struct codec_ops *const *c = codec_all(); *c != NULL; c++)
		if ((*c)->history != NULL)
			test(*c);
}

static void
step_by_step(const struct codec_ops *c)
{
	const struct codec_history *h = c->history;

	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct source s = { .random = seed };
		struct codec_state *from = h->state_new(), *to = h->state_new();

		for (int i = 0; i < 100; i++)
			carry(c, &s, &from, &to);
		h->state_free(from);
		h->state_free(to);
	}
}

static void
both_ends_stay_in_step(void **state)
{
	(void)state;
	each(step_by_step);
}

static void
one_seed(const struct codec_ops *c)
{
	const struct codec_history *h = c->history;
	struct source s = { .random = 7 };
	struct codec_state *a = h->state_new(), *b = h->state_new();
	struct buf all = { 0 }, next = { 0 }, by_a = { 0 }, by_b = { 0 };
	struct err e = { 0 };

	for (int i = 0; i < 20; i++) {
		struct buf one = { 0 };

		put_any(&s, &one);
		h->learn(b, buf_slice(&one));
		buf_put(&all, buf_slice(&one));
		buf_clear(&one);
	}
	h->learn(a, buf_slice(&all));
	put_batch(&s, &next);
	assert_int_equal(
	    h->encode(a, buf_slice(&next), c->level_default, &by_a, &e), 0);
	assert_int_equal(
	    h->encode(b, buf_slice(&next), c->level_default, &by_b, &e), 0);
	assert_true(slice_eq(buf_slice(&by_a), buf_slice(&by_b)));
	h->state_free(a);
	h->state_free(b);
	buf_clear(&all);
	buf_clear(&next);
	buf_clear(&by_a);
	buf_clear(&by_b);
}

static void
what_is_learnt_at_once_or_one_by_one_is_the_same(void **state)
{
	(void)state;
	each(one_seed);
}

/* What comes out is of the size promised, or nothing; the state is gone. */
static void
try_decode(const struct codec_ops *c, struct slice learnt, struct slice in,
    size_t size)
{
	struct codec_state *s = c->history->state_new();
	struct buf out = { 0 };
	struct err e = { 0 };
	int rc;

	c->history->learn(s, learnt);
	rc = c->history->decode(s, in, size, &out, &e);
	assert_int_equal(out.n, rc == 0 ? size : 0);
	if (rc == -1)
		assert_int_equal(e.kind, ERR_INPUT);
	c->history->state_free(s);
	buf_clear(&out);
}

static void
wrong_input(const struct codec_ops *c)
{
	const struct codec_history *h = c->history;
	struct source s = { .random = 3 };
	struct codec_state *from = h->state_new();
	struct buf seed = { 0 }, in = { 0 }, mid = { 0 };
	struct err e = { 0 };

	for (int i = 0; i < 5; i++)
		put_any(&s, &seed);
	h->learn(from, buf_slice(&seed));
	put_batch(&s, &in);
	assert_int_equal(
	    h->encode(from, buf_slice(&in), c->level_default, &mid, &e), 0);
	h->state_free(from);

	try_decode(c, (struct slice){ 0 }, buf_slice(&mid), in.n);
	try_decode(c, (struct slice){ seed.p, seed.n / 2 }, buf_slice(&mid),
	    in.n);
	try_decode(c, buf_slice(&seed), buf_slice(&mid), in.n + 1);
	try_decode(c, buf_slice(&seed), buf_slice(&mid), in.n - 1);
	for (size_t n = 0; n < mid.n; n += 1 + n / 16)
		try_decode(c, buf_slice(&seed), (struct slice){ mid.p, n },
		    in.n);
	for (size_t i = 0; i < mid.n; i += 1 + i / 16) {
		mid.p[i] ^= '\x10';
		try_decode(c, buf_slice(&seed), buf_slice(&mid), in.n);
		mid.p[i] ^= '\x10';
	}
	buf_clear(&seed);
	buf_clear(&in);
	buf_clear(&mid);
}

static void
another_state_or_damage_does_no_harm(void **state)
{
	(void)state;
	each(wrong_input);
}

static void
odd_learning(const struct codec_ops *c)
{
	static const struct slice odd[] = { { NULL, 0 }, { "\0\0\0", 3 },
		{ "MsgID:1\n", 8 }, { "\n\n.\n.\n", 6 },
		{ "MsgID:1\nType:DATA\nLength:99999999\nDigest:crc32=00000000"
		  "\n\n.\n",
		    57 } };
	struct source s = { .random = 5 };
	struct codec_state *from = c->history->state_new();
	struct codec_state *to = c->history->state_new();

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		c->history->learn(from, odd[i]);
		c->history->learn(to, odd[i]);
		carry(c, &s, &from, &to);
	}
	c->history->state_free(from);
	c->history->state_free(to);
	c->history->state_free(NULL);
}

static void
what_are_no_messages_can_be_learnt(void **state)
{
	(void)state;
	each(odd_learning);
}

/* A cycle costs little more than what changed in it. */
static void
a_state_pays(const struct codec_ops *c)
{
	const struct codec_history *h = c->history;
	struct source s = { .random = 9 };
	struct buf seed = { 0 }, in = { 0 }, alone = { 0 }, upon = { 0 };
	struct codec_state *from = h->state_new();
	struct err e = { 0 };

	put_message(&s, MESSAGE_CONFIG, &seed);
	for (int i = 0; i < 8; i++)
		put_message(&s, MESSAGE_DATA, &seed);
	h->learn(from, buf_slice(&seed));
	put_message(&s, MESSAGE_DATA, &in);
	assert_int_equal(
	    c->encode(buf_slice(&in), c->level_default, &alone, &e), 0);
	assert_int_equal(
	    h->encode(from, buf_slice(&in), c->level_default, &upon, &e), 0);
	assert_in_range(upon.n, 1, alone.n * 3 / 4);
	h->state_free(from);
	buf_clear(&seed);
	buf_clear(&in);
	buf_clear(&alone);
	buf_clear(&upon);
}

static void
what_was_sent_before_saves_bytes(void **state)
{
	(void)state;
	each(a_state_pays);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_stay_in_step),
		cmocka_unit_test(
		    what_is_learnt_at_once_or_one_by_one_is_the_same),
		cmocka_unit_test(another_state_or_damage_does_no_harm),
		cmocka_unit_test(what_are_no_messages_can_be_learnt),
		cmocka_unit_test(what_was_sent_before_saves_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
