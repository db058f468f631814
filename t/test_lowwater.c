/*
 * Ranges of DATA that wait: none is dropped without its being said.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/message/limits.h"
#include "hub/ingest/lowwater.h"

static const struct stream_id former = { .b = { 1 } }, other = { .b = { 2 } };

static struct waiting_range
range(uint64_t first, uint64_t tag, struct stream_id stream)
{
	return (struct waiting_range){ .first = first,
		.last = first + 1,
		.tag = tag,
		.since_s = (int64_t)tag,
		.stream = stream };
}

/* As many as there may be, of every tenth message. */
static void
fill(struct waiting *w)
{
	for (uint64_t i = 0; i < LOWWATER_RANGES_MAX; i++) {
		struct waiting_range r =
		    range(i * 10 + 1, PLAUSIBLE_FROM_S + 100 + i, former);

		assert_true(waiting_add(w, &r));
	}
}

static void
too_many_ranges_grow_together(void **state)
{
	struct waiting w = { .range = NULL };
	struct waiting_range r =
	    range(LOWWATER_RANGES_MAX * 10 + 1, PLAUSIBLE_FROM_S + 5, former);
	const struct waiting_range *end;

	(void)state;
	fill(&w);
	assert_true(waiting_add(&w, &r));
	assert_int_equal(w.n, LOWWATER_RANGES_MAX);
	end = &w.range[w.n - 1];
	assert_int_equal(end->first, LOWWATER_RANGES_MAX * 10 - 9);
	assert_int_equal(end->last, r.last);
	/* it is looked at when the time of the first of them comes */
	assert_int_equal(end->tag, PLAUSIBLE_FROM_S + 5);
	assert_int_equal(end->since_s, PLAUSIBLE_FROM_S + 5);
	waiting_clear(&w);
}

static void
numbers_of_two_streams_are_no_range(void **state)
{
	struct waiting w = { .range = NULL };
	struct waiting_range r = range(1, PLAUSIBLE_FROM_S + 5, other);

	(void)state;
	fill(&w);
	assert_false(waiting_add(&w, &r));
	assert_int_equal(w.n, LOWWATER_RANGES_MAX);
	assert_int_equal(w.range[w.n - 1].last, LOWWATER_RANGES_MAX * 10 - 8);
	waiting_clear(&w);
}

static void
what_a_new_stream_leaves_is_counted(void **state)
{
	struct lowwater l = { .at = { .stream = other, .msgid = 7 } };
	struct waiting_range r = range(3, PLAUSIBLE_FROM_S + 5, other);

	(void)state;
	fill(&l.replaced);
	assert_true(waiting_add(&l.withheld, &r));
	waiting_mark(&l.marked, 6, 2, 0);
	assert_int_equal(
	    lowwater_replace(&l, (struct spool_point){ .stream = former }), 3);
	assert_int_equal(l.withheld.n, 0);
	assert_int_equal(l.marked.n, 0);
	lowwater_clear(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_many_ranges_grow_together),
		cmocka_unit_test(numbers_of_two_streams_are_no_range),
		cmocka_unit_test(what_a_new_stream_leaves_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
