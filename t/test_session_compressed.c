/*
 * A session and a peer whose compressed bytes are not what they seem: whatever
 * the compression, nothing of a damaged batch is taken, it is asked for again,
 * and what is right is taken then.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "t/peer.h"
#include "transport/session/frame.h"

static struct peer us, them; /* them: only what we say goes there */
static struct mono now;

static void
run(void)
{
	while (peer_run(&us, &them, now) || peer_read(&us, 1 << 20, now))
		continue;
}

static void
open_with(const char *codecs)
{
	struct frame_hello h = { .version_min = 1,
		.version_max = 1,
		.association = SLICE("alps"),
		.push = true,
		.codecs = slice_str(codecs) };

	peer_open(&us, now);
	buf_put_str(&us.wire, FRAME_OPENING);
	frame_put_hello(&us.wire, &h);
	run();
	assert_int_equal(us.end, SESSION_NOTHING);
}

static void
begin(void)
{
	now = (struct mono){ 1000000000 };
	peer_init(&us, SESSION_HUB, false);
	peer_init(&them, SESSION_SPOKE, true);
	open_with("none");
	buf_reset(&them.wire);
}

static void
end(void)
{
	peer_clear(&us);
	peer_clear(&them);
}

/* The messages first to last of theirs. */
static void
text_of(uint64_t first, uint64_t last, struct buf *out)
{
	for (uint64_t n = first; n <= last; n++)
		buf_put(out, buf_slice(&them.out.raw[n]));
}

static void
say(const struct codec_ops *c, uint64_t first, uint64_t last, unsigned flags,
    size_t size, struct slice encoded)
{
	struct frame_batch b = { .stream = them.out.stream,
		.first = first,
		.last = last,
		.digest = them.out.digest[last],
		.base = them.out.digest[first - 1],
		.flags = flags,
		.size = (uint32_t)size,
		.encoded = (uint32_t)encoded.n,
		.codec = slice_str(c->name) };

	frame_put_batch(&us.wire, &b);
	frame_put_chunk(&us.wire, encoded);
	run();
}

/* The reason of the NAK that came, 0: none did. */
static unsigned
heard_nak(void)
{
	struct slice in = buf_slice(&them.wire);
	struct frame f;
	struct frame_nak nak;
	struct err e = { 0 };
	unsigned why = 0;

	while (frame_cut(&in, &f, &e) == FRAME_WHOLE)
		if (f.type == FRAME_NAK) {
			assert_int_equal(frame_read_nak(f.payload, &nak, &e),
			    0);
			why = nak.why;
		}
	buf_reset(&them.wire);
	return why;
}

static void
assert_taken(uint64_t last)
{
	assert_int_equal(heard_nak(), 0);
	assert_string_equal(us.why.msg, "");
	assert_int_equal(us.in.last, last);
}

static void
assert_refused(unsigned why, uint64_t last)
{
	assert_int_equal(us.end, SESSION_NOTHING);
	assert_int_equal(heard_nak(), why);
	assert_int_equal(us.in.last, last);
}

static void
encode(const struct codec_ops *c, struct slice in, struct buf *out)
{
	struct err e = { 0 };

	buf_reset(out);
	assert_int_equal(c->encode(in, c->level_default, out, &e), 0);
}

static void
each(void (*test)(const struct codec_ops *c), bool with_history)
{
	for (const struct codec_ops *const *c = codec_all(); *c != NULL; c++) {
		if (*c == &codec_none ||
		    (with_history && (*c)->history == NULL))
			continue;
		begin();
		test(*c);
		end();
	}
}

/* Each way once, since a number is asked for twice only. */
static void
damage_by(const struct codec_ops *c)
{
	struct buf text = { 0 }, good = { 0 }, bad = { 0 };

	peer_write(&them, 3, 500);
	text_of(1, 3, &text);
	encode(c, buf_slice(&text), &good);
	for (int way = 0; way < 5; way++) {
		buf_reset(&bad);
		buf_put(&bad, buf_slice(&good));
		switch (way) {
		case 0: /* cut */
			bad.n -= 1 + bad.n / 3;
			break;
		case 1: /* bytes behind */
			buf_put_str(&bad, "tail");
			break;
		case 2: /* two of them */
			buf_put(&bad, buf_slice(&good));
			break;
		case 3: /* a bit */
			bad.p[bad.n / 2] ^= 4;
			break;
		case 4: /* what is no stream at all */
			memset(bad.p, 'x', bad.n);
			break;
		}
		if (bad.n > text.n)
			bad.n = text.n;
		end();
		begin();
		peer_write(&them, 3, 500);
		say(c, 1, 3, 0, text.n, buf_slice(&bad));
		/* what was decoded before a flipped bit may be right */
		if (way == 3 && us.in.last > 0)
			continue;
		assert_refused(FRAME_NAK_DAMAGED, 0);
		say(c, 1, 3, 0, text.n, buf_slice(&good));
		assert_taken(3);
	}
	buf_clear(&text);
	buf_clear(&good);
	buf_clear(&bad);
}

static void
damaged_streams_are_asked_for_again(void **state)
{
	(void)state;
	each(damage_by, false);
}

static void
bomb_by(const struct codec_ops *c)
{
	struct buf text = { 0 }, bomb = { 0 };
	size_t n = 8 << 20;

	peer_write(&them, 1, 50);
	memset(buf_room(&text, n), '0', n);
	text.n = n;
	encode(c, buf_slice(&text), &bomb);
	say(c, 1, 1, 0, n, buf_slice(&bomb)); /* its own size */
	assert_refused(FRAME_NAK_DAMAGED, 0);
	say(c, 1, 1, 0, bomb.n, buf_slice(&bomb)); /* and another one */
	assert_refused(FRAME_NAK_DAMAGED, 0);
	assert_true(us.largest <= n);
	buf_reset(&text);
	text_of(1, 1, &text);
	say(&codec_none, 1, 1, 0, text.n, buf_slice(&text));
	assert_taken(1);
	buf_clear(&text);
	buf_clear(&bomb);
}

static void
bombs_are_refused(void **state)
{
	(void)state;
	each(bomb_by, false);
}

static void
levels_and_names_by(const struct codec_ops *c)
{
	struct codec_ops odd = *c;
	struct buf text = { 0 }, good = { 0 };

	odd.name = "zlib";
	peer_write(&them, 1, 500);
	text_of(1, 1, &text);
	encode(c, buf_slice(&text), &good);
	say(&odd, 1, 1, 0, text.n, buf_slice(&good));
	assert_int_equal(us.end, SESSION_FAILED);
	assert_int_equal(us.why.kind, ERR_PROTOCOL);
	buf_clear(&text);
	buf_clear(&good);
}

static void
an_unknown_compression_ends_the_session(void **state)
{
	(void)state;
	each(levels_and_names_by, false);
}

/* What our first batch is in, when the other end decodes only these. */
static void
falls_back(const struct codec_ops *c, const char *codecs, const char *to)
{
	struct slice in;
	struct frame f = { 0 };
	struct frame_batch b;
	struct err e = { 0 };
	char text[128];

	end();
	peer_init(&us, SESSION_HUB, false);
	peer_init(&them, SESSION_SPOKE, true);
	peer_choose(&us, c->name);
	peer_write(&us, 1, 3000);
	open_with(codecs);
	in = buf_slice(&them.wire);
	in.p += sizeof(FRAME_OPENING) - 1;
	in.n -= sizeof(FRAME_OPENING) - 1;
	while (f.type != FRAME_BATCH)
		assert_int_equal(frame_cut(&in, &f, &e), FRAME_WHOLE);
	assert_int_equal(frame_read_batch(f.payload, &b, &e), 0);
	assert_true(slice_eq_str(b.codec, to));
	if (strcmp(c->name, to) == 0) {
		assert_string_equal(us.warning, "");
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "the far end does not know compression %s: sending %s", c->name,
	    to);
	assert_string_equal(us.warning, text);
}

static void
falls_back_from(const struct codec_ops *c)
{
	char all[64];

	(void)snprintf(all, sizeof(all), "none,gzip,%s", c->name);
	falls_back(c, all, c->name);
	falls_back(c, "none,gzip", "gzip");
	falls_back(c, "none", "none");
	falls_back(c, "lzma,none,gzi,gzipp", "none");
}

static void
what_the_other_end_lacks_falls_back(void **state)
{
	(void)state;
	each(falls_back_from, false);
}

/* --- Upon a state ---------------------------------------------------------------- */

/* As a sender would, for whom the state learnt these. */
static void
encode_upon(const struct codec_ops *c, struct slice learnt, struct slice in,
    struct buf *out)
{
	struct codec_state *s = c->history->state_new();
	struct err e = { 0 };

	buf_reset(out);
	c->history->learn(s, learnt);
	assert_int_equal(c->history->encode(s, in, c->level_default, out, &e),
	    0);
	c->history->state_free(s);
}

static void
without_a_state(const struct codec_ops *c)
{
	struct buf one = { 0 }, two = { 0 }, coded = { 0 };

	peer_write(&them, 2, 500);
	text_of(1, 1, &one);
	text_of(2, 2, &two);
	encode_upon(c, (struct slice){ 0 }, buf_slice(&one), &coded);
	say(c, 1, 1, FRAME_UPON, one.n, buf_slice(&coded));
	assert_refused(FRAME_NAK_STATE, 0);
	encode(c, buf_slice(&one), &coded);
	say(c, 1, 1, FRAME_ANEW, one.n, buf_slice(&coded));
	assert_taken(1);
	encode_upon(c, buf_slice(&one), buf_slice(&two), &coded);
	say(c, 2, 2, FRAME_UPON, two.n, buf_slice(&coded));
	assert_taken(2);
	assert_int_equal(us.seeds, 0);
	buf_clear(&one);
	buf_clear(&two);
	buf_clear(&coded);
}

static void
a_state_that_was_never_begun_is_asked_for(void **state)
{
	(void)state;
	each(without_a_state, true);
}

/* Right bytes upon another state than ours. */
static void
another_state(const struct codec_ops *c)
{
	struct buf one = { 0 }, two = { 0 }, coded = { 0 };

	peer_write(&them, 1, 500);
	peer_write(&them, 2, 510);
	text_of(1, 2, &one);
	text_of(3, 3, &two);
	encode(c, buf_slice(&one), &coded);
	say(c, 1, 2, 0, one.n, buf_slice(&coded));
	assert_taken(2);
	encode_upon(c, buf_slice(&them.out.raw[1]), buf_slice(&two), &coded);
	say(c, 3, 3, FRAME_UPON | FRAME_ANEW, two.n, buf_slice(&coded));
	assert_refused(FRAME_NAK_STATE, 2);
	assert_int_equal(us.seeds, 1);
	encode(c, buf_slice(&two), &coded);
	say(c, 3, 3, FRAME_ANEW, two.n, buf_slice(&coded));
	assert_taken(3);
	buf_clear(&one);
	buf_clear(&two);
	buf_clear(&coded);
}

static void
a_batch_upon_another_state_is_not_taken(void **state)
{
	(void)state;
	each(another_state, true);
}

/* Messages that are right by themselves, and not those that were announced. */
static void
other_messages(const struct codec_ops *c)
{
	struct buf one = { 0 }, coded = { 0 };
	uint32_t digest;

	peer_write(&them, 2, 500);
	text_of(1, 1, &one);
	encode_upon(c, (struct slice){ 0 }, buf_slice(&one), &coded);
	digest = them.out.digest[1];
	them.out.digest[1] ^= 1;
	say(c, 1, 1, FRAME_UPON | FRAME_ANEW, one.n, buf_slice(&coded));
	assert_refused(FRAME_NAK_STATE, 0);
	them.out.digest[1] = digest;
	them.out.digest[0] = 7; /* behind another message */
	say(c, 1, 1, FRAME_UPON | FRAME_ANEW, one.n, buf_slice(&coded));
	assert_refused(FRAME_NAK_STATE, 0);
	buf_clear(&one);
	buf_clear(&coded);
}

static void
only_the_messages_announced_are_taken(void **state)
{
	(void)state;
	each(other_messages, true);
}

static void
again_and_again(const struct codec_ops *c)
{
	struct buf in = { 0 }, learnt = { 0 }, coded = { 0 };
	uint64_t n;

	peer_write(&them, 105, 300);
	for (n = 1; n <= 105 && us.end == SESSION_NOTHING; n++) {
		uint64_t from =
		    n > c->history->messages ? n - c->history->messages : 1;

		buf_reset(&in);
		buf_reset(&learnt);
		text_of(from, n - 1, &learnt);
		text_of(n, n, &in);
		encode_upon(c, buf_slice(&learnt), buf_slice(&in), &coded);
		say(c, n, n, FRAME_UPON | FRAME_ANEW, in.n, buf_slice(&coded));
	}
	assert_int_equal(us.end, SESSION_FAILED);
	assert_int_equal(us.why.kind, ERR_PROTOCOL);
	assert_non_null(strstr(us.why.msg, "begins anew too often"));
	assert_int_equal(us.in.last, 100);
	buf_clear(&in);
	buf_clear(&learnt);
	buf_clear(&coded);
}

static void
a_state_cannot_be_begun_for_ever(void **state)
{
	(void)state;
	each(again_and_again, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_streams_are_asked_for_again),
		cmocka_unit_test(bombs_are_refused),
		cmocka_unit_test(an_unknown_compression_ends_the_session),
		cmocka_unit_test(what_the_other_end_lacks_falls_back),
		cmocka_unit_test(a_state_that_was_never_begun_is_asked_for),
		cmocka_unit_test(a_batch_upon_another_state_is_not_taken),
		cmocka_unit_test(only_the_messages_announced_are_taken),
		cmocka_unit_test(a_state_cannot_be_begun_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
