/*
 * The sequencer against its table: each row is one message offered at a
 * cursor; then histories against a model that keeps every number in an array.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/message/limits.h"
#include "hub/ingest/sequencer.h"

static const struct stream_id current = { .b = { 1 } },
			      replaced = { .b = { 2 } },
			      strange = { .b = { 3 } };

static uint32_t
digest_of(uint64_t msgid)
{
	return msgid == 0 ? 0 : (uint32_t)(msgid * 2654435761U) | 1;
}

static struct message
message_at(uint64_t msgid)
{
	return (struct message){
		.msgid = msgid,
		.type = MESSAGE_DATA,
		.stream = current,
		.prev = digest_of(msgid - 1),
		.digest = digest_of(msgid),
	};
}

struct row {
	const char *name;
	uint64_t cursor, msgid;
	const struct stream_id *stream; /* NULL: the current one */
	bool other_bytes;               /* than those of this number before */
	bool other_prev;
	bool known; /* the digest is looked up for it */
	enum sequencer_verdict want;
};

static const struct row rows[] = {
	{ "first", 0, 1, .want = SEQUENCER_NEXT },
	{ "first, Prev not zero", 0, 1, .other_prev = true,
	    .want = SEQUENCER_FORK },
	{ "next", 10, 11, .want = SEQUENCER_NEXT },
	{ "next, other Prev", 10, 11, .other_prev = true,
	    .want = SEQUENCER_FORK },
	{ "at cursor, same", 10, 10, .want = SEQUENCER_DUPLICATE },
	{ "at cursor, other", 10, 10, .other_bytes = true,
	    .want = SEQUENCER_FORK },
	{ "below, same", 10, 4, .known = true, .want = SEQUENCER_DUPLICATE },
	{ "below, other", 10, 4, .known = true, .other_bytes = true,
	    .want = SEQUENCER_FORK },
	{ "below, cannot be compared", 10, 4, .other_bytes = true,
	    .want = SEQUENCER_DUPLICATE },
	{ "one missing", 10, 12, .want = SEQUENCER_HELD },
	{ "held whatever its Prev", 10, 12, .other_prev = true,
	    .want = SEQUENCER_HELD },
	{ "end of window", 10, 110, .want = SEQUENCER_HELD },
	{ "past window", 10, 111, .want = SEQUENCER_BEYOND },
	{ "far past window", 10, 1000000000000, .want = SEQUENCER_BEYOND },
	{ "greatest number", 10, INT64_MAX, .want = SEQUENCER_BEYOND },
	{ "greatest number, next", INT64_MAX - 1, INT64_MAX,
	    .want = SEQUENCER_NEXT },
	{ "new stream at 1", 10, 1, &strange, .want = SEQUENCER_NEW_STREAM },
	{ "new stream at 2", 10, 2, &strange, .want = SEQUENCER_LATE_STREAM },
	{ "new stream at the next", 10, 11, &strange,
	    .want = SEQUENCER_LATE_STREAM },
	{ "replaced stream at 1", 10, 1, &replaced, .want = SEQUENCER_STRANGE },
	{ "replaced stream at the next", 10, 11, &replaced,
	    .want = SEQUENCER_STRANGE },
};

static void
each_row_gets_its_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = rows + i;
		struct spool_point at = { current, r->cursor,
			digest_of(r->cursor) };
		struct sequencer *s = sequencer_new(&at, 100);
		struct message m = message_at(r->msgid);
		uint32_t before = m.digest;
		enum sequencer_verdict v;

		sequencer_replaced(s, replaced);
		if (r->stream != NULL)
			m.stream = *r->stream;
		m.digest ^= r->other_bytes;
		m.prev ^= r->other_prev;
		v = sequencer_offer(s, &m, r->known, before);
		if (v != r->want)
			fail_msg("%s: %s", r->name, sequencer_verdict_name(v));
		assert_int_equal(sequencer_cursor(s).msgid, r->cursor);
		sequencer_free(s);
	}
}

static void
offer(struct sequencer *s, uint64_t msgid, enum sequencer_verdict want)
{
	struct message m = message_at(msgid);

	assert_int_equal(sequencer_offer(s, &m, false, 0), want);
	if (want == SEQUENCER_NEXT)
		sequencer_advance(s, &m);
}

static void
assert_gap(const struct sequencer *s, uint64_t want_first, uint64_t want_last)
{
	uint64_t first, last;

	assert_true(sequencer_gap(s, &first, &last));
	assert_int_equal(first, want_first);
	assert_int_equal(last, want_last);
}

static void
gap_ends_by_its_message(void **state)
{
	struct spool_point at = { current, 5, digest_of(5) };
	struct sequencer *s = sequencer_new(&at, 0);
	uint64_t first, last;

	(void)state;
	assert_false(sequencer_gap(s, &first, &last));
	offer(s, 8, SEQUENCER_HELD);
	offer(s, 9, SEQUENCER_HELD);
	offer(s, 12, SEQUENCER_HELD);
	assert_gap(s, 6, 7);
	offer(s, 6, SEQUENCER_NEXT);
	assert_gap(s, 7, 7);
	offer(s, 7, SEQUENCER_NEXT);
	assert_gap(s, 10, 11);
	offer(s, 8, SEQUENCER_NEXT);
	offer(s, 9, SEQUENCER_NEXT);
	offer(s, 10, SEQUENCER_NEXT);
	offer(s, 11, SEQUENCER_NEXT);
	offer(s, 12, SEQUENCER_NEXT);
	assert_false(sequencer_gap(s, &first, &last));
	sequencer_free(s);
}

static void
lost_numbers_are_passed(void **state)
{
	struct spool_point at = { current, 5, digest_of(5) };
	struct sequencer *s = sequencer_new(&at, 0);
	struct message m = message_at(11);

	(void)state;
	assert_false(sequencer_lost(s, 1, 5)); /* had them */
	assert_false(sequencer_lost(s, 9, 10));
	offer(s, 8, SEQUENCER_HELD);
	assert_gap(s, 6, 7);
	assert_true(sequencer_lost(s, 4, 7));
	assert_int_equal(sequencer_cursor(s).msgid, 7);
	assert_int_equal(sequencer_cursor(s).digest, 0);
	m.prev = 99; /* not compared over a lost range */
	offer(s, 8, SEQUENCER_NEXT);
	assert_int_equal(sequencer_cursor(s).msgid, 10);
	assert_int_equal(sequencer_offer(s, &m, false, 0), SEQUENCER_NEXT);
	sequencer_free(s);
}

static void
lost_number_that_comes_is_dropped(void **state)
{
	struct spool_point at = { current, 5, digest_of(5) };
	struct sequencer *s = sequencer_new(&at, 0);

	(void)state;
	assert_true(sequencer_lost(s, 6, 6));
	offer(s, 6, SEQUENCER_DUPLICATE);
	offer(s, 7, SEQUENCER_NEXT);
	sequencer_free(s);
}

static void
replaced_stream_never_comes_back(void **state)
{
	struct spool_point at = { current, 5, digest_of(5) };
	struct sequencer *s = sequencer_new(&at, 0);
	struct message m = message_at(1);

	(void)state;
	offer(s, 9, SEQUENCER_HELD);
	m.stream = strange;
	assert_int_equal(sequencer_offer(s, &m, false, 0),
	    SEQUENCER_NEW_STREAM);
	sequencer_begin(s, strange);
	assert_int_equal(sequencer_cursor(s).msgid, 0);
	assert_int_equal(sequencer_offer(s, &m, false, 0), SEQUENCER_NEXT);
	sequencer_advance(s, &m);
	offer(s, 1, SEQUENCER_STRANGE);
	offer(s, 6, SEQUENCER_STRANGE);
	sequencer_free(s);
}

/* --- Histories ---------------------------------------------------------- */

enum {
	NUMBERS = 64,
	WINDOW = 16
};

static uint32_t
draw(uint64_t *seed, uint32_t below)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*seed >> 33) % below;
}

struct model {
	bool lost[NUMBERS + 2], held[NUMBERS + 2];
	uint64_t cursor;
};

static void
model_pass_lost(struct model *k)
{
	while (k->cursor < NUMBERS && k->lost[k->cursor + 1])
		k->cursor++;
}

static enum sequencer_verdict
model_offer(struct model *k, uint64_t msgid)
{
	if (msgid <= k->cursor)
		return SEQUENCER_DUPLICATE;
	if (msgid == k->cursor + 1) {
		k->cursor++;
		model_pass_lost(k);
		return SEQUENCER_NEXT;
	}
	if (msgid - k->cursor > WINDOW)
		return SEQUENCER_BEYOND;
	k->held[msgid] = true;
	return SEQUENCER_HELD;
}

static bool
model_gap(const struct model *k, uint64_t *first, uint64_t *last)
{
	uint64_t i = k->cursor + 1, high = NUMBERS;

	while (high > k->cursor && !k->held[high] && !k->lost[high])
		high--;
	while (i < high && (k->held[i] || k->lost[i]))
		i++;
	if (i >= high)
		return false;
	*first = i;
	while (!k->held[i + 1] && !k->lost[i + 1])
		i++;
	*last = i;
	return true;
}

/* As many as the window holds, last first and then in any order: each is handed
 * on once, in its turn. */
static void
ten_thousand_in_any_order_are_handed_on_in_turn(void **state)
{
	enum {
		COUNT = LIMIT_WINDOW_MESSAGES
	};
	static uint64_t order[COUNT];
	static bool offered[COUNT + 1];
	uint32_t seed = 1;

	(void)state;
	for (int shuffled = 0; shuffled <= 1; shuffled++) {
		struct spool_point zero = { .stream = current };
		struct sequencer *s = sequencer_new(&zero, 0);
		uint64_t next = 1;

		memset(offered, 0, sizeof(offered));
		for (size_t i = 0; i < COUNT; i++)
			order[i] = COUNT - i;
		for (size_t i = COUNT - 1; shuffled && i > 0; i--) {
			uint64_t keep = order[i];
			size_t k;

			seed = seed * 1664525u + 1013904223u;
			k = (seed >> 8) % (i + 1);
			order[i] = order[k];
			order[k] = keep;
		}
		for (size_t i = 0; i < COUNT; i++) {
			offered[order[i]] = true;
			offer(s, order[i],
			    order[i] == next ? SEQUENCER_NEXT : SEQUENCER_HELD);
			next += order[i] == next;
			/* the inbox offers again what was held */
			while (next <= COUNT && offered[next])
				offer(s, next++, SEQUENCER_NEXT);
		}
		assert_int_equal(sequencer_cursor(s).msgid, COUNT);
		sequencer_free(s);
	}
}

static void
histories_agree_with_the_model(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		uint64_t at = seed, a, b, c, d;
		struct spool_point zero = { .stream = current };
		struct sequencer *s = sequencer_new(&zero, WINDOW);
		struct model k = { .cursor = 0 };

		for (int step = 0; step < 200; step++) {
			uint64_t msgid = 1 + draw(&at, NUMBERS);

			if (draw(&at, 16) == 0) {
				uint64_t last = msgid + draw(&at, 4);

				if (last > NUMBERS)
					last = NUMBERS;
				(void)sequencer_lost(s, msgid, last);
				for (uint64_t i = msgid; i <= last; i++)
					k.lost[i] |= !k.held[i];
				model_pass_lost(&k);
			} else {
				offer(s, msgid, model_offer(&k, msgid));
			}
			assert_int_equal(sequencer_cursor(s).msgid, k.cursor);
			assert_int_equal(sequencer_gap(s, &a, &b),
			    model_gap(&k, &c, &d));
			if (sequencer_gap(s, &a, &b)) {
				assert_int_equal(a, c);
				assert_int_equal(b, d);
			}
		}
		sequencer_free(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_gets_its_verdict),
		cmocka_unit_test(gap_ends_by_its_message),
		cmocka_unit_test(lost_numbers_are_passed),
		cmocka_unit_test(lost_number_that_comes_is_dropped),
		cmocka_unit_test(replaced_stream_never_comes_back),
		cmocka_unit_test(
		    ten_thousand_in_any_order_are_handed_on_in_turn),
		cmocka_unit_test(histories_agree_with_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
