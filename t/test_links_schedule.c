/*
 * When links are begun, in virtual time: a world of sites, each with the time
 * that its session takes and how that ends.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "transport/links/links_schedule.h"

#define S(n)      ((n)*INT64_C(1000))
#define M(n)      (60 * S(n))
#define DAY       (24 * 60 * M(1))
#define MOST      200
#define NS        INT64_C(1000000)
#define AT(ms)    ((struct mono){ (ms)*NS })
#define MS(at)    ((at).ns / NS)
#define BEGINNING (M(1000)) /* no clock begins at 0 */

struct site {
	int64_t takes_ms;
	enum links_schedule_end how;

	bool running;
	int64_t ends_ms;
	size_t begins;
	int64_t last_ms, shortest_ms, longest_ms; /* between begins */
	int64_t first_ms;
};

struct world {
	struct links_schedule *s;
	int64_t now_ms;
	struct site site[MOST];
	size_t n, running, most_running;
	uint64_t asked; /* times that the schedule was asked */
};

static void
world_open(struct world *w, const struct links_schedule_opts *o)
{
	*w = (struct world){ .s = links_schedule_new(o), .now_ms = BEGINNING };
}

static size_t
add(struct world *w, const struct links_schedule_link *link, int64_t takes_ms,
    enum links_schedule_end how)
{
	size_t i = links_schedule_add(w->s, link, AT(w->now_ms));

	w->site[i] = (struct site){ .takes_ms = takes_ms,
		.how = how,
		.shortest_ms = INT64_MAX };
	w->n = i + 1;
	return i;
}

static size_t
add_site(struct world *w, int64_t period_ms, int64_t takes_ms,
    enum links_schedule_end how)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "site-%zu", w->n);
	return add(w,
	    &(struct links_schedule_link){ name, period_ms, period_ms == 0 },
	    takes_ms, how);
}

static void
begin(struct world *w, size_t i)
{
	struct site *s = &w->site[i];
	int64_t since = w->now_ms - s->last_ms;

	assert_false(s->running);
	if (s->begins == 0) {
		s->first_ms = w->now_ms;
	} else {
		s->shortest_ms =
		    since < s->shortest_ms ? since : s->shortest_ms;
		s->longest_ms = since > s->longest_ms ? since : s->longest_ms;
	}
	s->last_ms = w->now_ms;
	s->begins++;
	s->running = true;
	s->ends_ms = w->now_ms + s->takes_ms;
	if (++w->running > w->most_running)
		w->most_running = w->running;
}

static void
end_what_is_over(struct world *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct site *s = &w->site[i];

		if (!s->running || s->ends_ms > w->now_ms)
			continue;
		s->running = false;
		w->running--;
		links_schedule_ended(w->s, i, s->how, AT(w->now_ms));
	}
}

/* Time goes on to the next end or wake-up, as in the shell. */
static void
run(struct world *w, int64_t ms)
{
	int64_t until = w->now_ms + ms, next;
	size_t i;

	for (;;) {
		end_what_is_over(w);
		while (links_schedule_next(w->s, AT(w->now_ms), &i))
			begin(w, i);
		w->asked++;
		next = links_schedule_wake(w->s).ns == INT64_MAX
		    ? INT64_MAX
		    : (links_schedule_wake(w->s).ns + NS - 1) / NS;
		assert_true(next > w->now_ms); /* it never spins */
		for (i = 0; i < w->n; i++)
			if (w->site[i].running && w->site[i].ends_ms < next)
				next = w->site[i].ends_ms;
		if (next > until)
			break;
		w->now_ms = next > w->now_ms ? next : w->now_ms + 1;
	}
	w->now_ms = until;
}

static void
world_close(struct world *w)
{
	links_schedule_free(w->s);
}

static void
each_period_has_its_session(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL);
	add_site(&w, M(5), S(3), LINK_WELL);
	add_site(&w, S(1), 200, LINK_WELL);
	add_site(&w, DAY, M(9), LINK_WELL);
	run(&w, 10 * DAY);
	assert_in_range(w.site[0].begins, 10 * 288 - 1, 10 * 288 + 1);
	assert_int_equal(w.site[0].shortest_ms, M(5));
	assert_int_equal(w.site[0].longest_ms, M(5));
	assert_in_range(w.site[1].begins, 864000 - 2, 864000 + 1);
	assert_int_equal(w.site[2].begins, 10);
	assert_true(w.site[2].first_ms - BEGINNING <= M(5));
	world_close(&w);
}

/* Missed begins are not made up, and it stays on its own multiples. */
static void
a_session_longer_than_its_period_costs_whole_periods(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL);
	add_site(&w, M(1), S(90), LINK_WELL);
	run(&w, M(61));
	assert_int_equal(w.site[0].shortest_ms, M(2));
	assert_int_equal(w.site[0].longest_ms, M(2));
	world_close(&w);
}

/* By their names: the same after every restart, and never all at once. */
static void
sites_are_spread_over_the_period(void **state)
{
	struct world w, again;
	size_t in_a_tenth[10] = { 0 };

	(void)state;
	world_open(&w, NULL);
	world_open(&again, &(struct links_schedule_opts){ .seed = 99 });
	for (size_t i = 0; i < MOST; i++) {
		add_site(&w, M(5), 0, LINK_WELL);
		add_site(&again, M(5), 0, LINK_WELL);
	}
	run(&w, M(5));
	run(&again, M(5));
	for (size_t i = 0; i < MOST; i++) {
		int64_t phase = w.site[i].first_ms - BEGINNING;

		assert_int_equal(w.site[i].first_ms, again.site[i].first_ms);
		in_a_tenth[phase * 10 / M(5)]++;
	}
	for (size_t i = 0; i < 10; i++)
		assert_in_range(in_a_tenth[i], MOST / 30, MOST / 5);
	world_close(&w);
	world_close(&again);
}

static void
no_more_than_so_many_run_at_once(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &(struct links_schedule_opts){ .at_once = 16 });
	for (size_t i = 0; i < MOST; i++)
		add_site(&w, S(10), S(2), LINK_WELL);
	run(&w, M(10));
	assert_int_equal(w.most_running, 16);
	/* 16 places, 2 s each: 8 a second; all have their turn */
	for (size_t i = 0; i < MOST; i++)
		assert_in_range(w.site[i].begins, 600 * 8 / MOST - 5,
		    600 * 8 / MOST + 5);
	world_close(&w);
}

static void
a_dead_site_is_left_alone_ever_longer(void **state)
{
	struct world w;
	int64_t last = 0;

	(void)state;
	world_open(&w, NULL);
	add_site(&w, M(5), S(1), LINK_FAILED);
	for (int i = 0; i < 12; i++) {
		size_t begins = w.site[0].begins;
		int64_t got;

		while (w.site[0].begins == begins)
			run(&w, S(1));
		if (i > 0) {
			int64_t want = S(30) << (i - 1);

			if (want > M(15))
				want = M(15);
			got = w.site[0].last_ms - last - S(1);
			assert_in_range(got, want / 2, want + 1);
		}
		last = w.site[0].last_ms;
	}
	assert_int_equal(links_schedule_failures(w.s, 0), 11);
	/* it is back: at once on its period again */
	w.site[0].how = LINK_WELL;
	run(&w, M(16));
	assert_int_equal(links_schedule_failures(w.s, 0), 0);
	w.site[0].begins = 0;
	w.site[0].shortest_ms = INT64_MAX;
	w.site[0].longest_ms = 0;
	run(&w, M(60));
	assert_int_equal(w.site[0].begins, 12);
	assert_int_equal(w.site[0].longest_ms, M(5));
	assert_int_equal(w.site[0].shortest_ms, M(5));
	world_close(&w);
}

/* For years: no shift too far. */
static void
a_site_may_be_dead_for_ever(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL);
	add_site(&w, S(1), 0, LINK_FAILED);
	add_site(&w, 0, 0, LINK_FAILED);
	run(&w, 300 * DAY);
	assert_true(links_schedule_failures(w.s, 0) > 300 * 96);
	assert_true(w.site[0].longest_ms <= M(15) + 1);
	assert_true(w.site[1].longest_ms <= M(5) + 1);
	world_close(&w);
}

/* All that died together do not come back together. */
static void
delays_are_jittered(void **state)
{
	struct world w;
	size_t second[31] = { 0 };

	(void)state;
	world_open(&w, &(struct links_schedule_opts){ .at_once = 1000 });
	for (size_t i = 0; i < MOST; i++)
		add(&w, &(struct links_schedule_link){ "same", M(5), false }, 0,
		    LINK_FAILED);
	run(&w, M(5));
	for (size_t i = 0; i < MOST; i++) {
		assert_in_range(w.site[i].shortest_ms, S(15), S(30) + 1);
		second[w.site[i].shortest_ms / 1000]++;
	}
	for (size_t i = 0; i < 31; i++)
		assert_true(second[i] < MOST / 5);
	world_close(&w);
}

/* Rows: more dead or slow sites than there are places. */
static void
the_dead_and_the_slow_delay_nobody(void **state)
{
	static const struct {
		int64_t takes_ms;
		enum links_schedule_end how;
	} rows[] = {
		{ S(60), LINK_FAILED }, /* connects, and then silence */
		{ M(10), LINK_FAILED }, /* cut at the deadline */
		{ M(10), LINK_WELL },   /* a thin line, or a long backlog */
		{ M(10), LINK_MOVED },
		{ 0, LINK_FAILED }, /* refused */
		{ S(5), LINK_TWIN },
	};

	(void)state;
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct world w;

		world_open(&w, &(struct links_schedule_opts){ .at_once = 16 });
		for (size_t i = 0; i < 100; i++)
			add_site(&w, M(5), rows[row].takes_ms, rows[row].how);
		run(&w, M(60)); /* now it is known who they are */
		for (size_t i = 100; i < 150; i++)
			add_site(&w, M(1), S(2), LINK_WELL);
		run(&w, M(60));
		assert_true(w.most_running <= 16);
		for (size_t i = 100; i < 150; i++) {
			assert_in_range(w.site[i].begins, 59, 61);
			/* 8 places for 50 sites: hardly a wait */
			assert_true(w.site[i].longest_ms <= M(1) + S(5));
		}
		for (size_t i = 0; i < 100; i++) /* and they are not given up */
			assert_true(w.site[i].begins >= 1);
		world_close(&w);
	}
}

static void
what_waits_is_not_kept_waiting(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	world_open(&w, NULL);
	i = add_site(&w, M(60), S(2), LINK_WELL);
	run(&w, M(6)); /* the first is over */
	assert_int_equal(w.site[i].begins, 1);
	links_schedule_told(w.s, i, AT(w.now_ms));
	run(&w, 1);
	assert_int_equal(w.site[i].begins, 2);
	/* while it runs, any number: one more, and not too close */
	links_schedule_told(w.s, i, AT(w.now_ms));
	links_schedule_told(w.s, i, AT(w.now_ms));
	run(&w, S(20));
	assert_int_equal(w.site[i].begins, 3);
	w.site[i].takes_ms = 0;
	for (int n = 0; n < 100; n++) {
		links_schedule_told(w.s, i, AT(w.now_ms));
		run(&w, 100);
	}
	assert_in_range(w.site[i].begins, 3 + 9, 3 + 11);
	/* dead: what waits does not shorten its delay */
	w.site[i].how = LINK_FAILED;
	run(&w, M(60));
	w.site[i].begins = 0;
	for (int n = 0; n < 60; n++) {
		links_schedule_told(w.s, i, AT(w.now_ms));
		run(&w, S(10));
	}
	assert_true(w.site[i].begins <= 2);
	world_close(&w);
}

static void
a_kept_link_is_begun_again_when_it_ends(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &(struct links_schedule_opts){ .at_once = 1 });
	add_site(&w, 0, M(60), LINK_WELL);
	add_site(&w, 0, M(60), LINK_MOVED); /* places do not count for them */
	add_site(&w, M(1), S(1), LINK_WELL);
	run(&w, S(3));
	assert_int_equal(w.site[0].begins, 1);
	assert_int_equal(w.site[1].begins, 1);
	run(&w, DAY);
	assert_in_range(w.site[0].begins, 24, 25);
	assert_true(w.site[0].longest_ms <= M(60) + S(2) + 1);
	assert_true(w.site[1].longest_ms <= M(60) + S(2) + 1);
	assert_in_range(w.site[2].begins, 1439, 1441);
	world_close(&w);
}

/* A reload or a restart of the far end; and one that hangs up each time. */
static void
a_kept_link_whose_far_end_left_is_begun_again_soon(void **state)
{
	struct world w;
	struct links_schedule *old;

	(void)state;
	world_open(&w, NULL);
	add_site(&w, 0, S(10), LINK_PARTED);
	run(&w, S(4));
	assert_false(links_schedule_again(w.s, 0));
	run(&w, S(10));
	assert_int_equal(w.site[0].begins, 2);
	assert_int_equal(links_schedule_failures(w.s, 0), 0);
	assert_true(links_schedule_again(w.s, 0));
	w.site[0].how = LINK_FAILED; /* as it is then judged */
	run(&w, S(20));
	assert_true(links_schedule_failures(w.s, 0) > 0);
	assert_true(links_schedule_again(w.s, 0));
	w.site[0].how = LINK_PARTED; /* it lasted */
	run(&w, M(10));
	assert_int_equal(links_schedule_failures(w.s, 0), 0);
	assert_true(links_schedule_again(w.s, 0));
	old = w.s;
	w.s = links_schedule_new(NULL);
	(void)links_schedule_add(w.s,
	    &(struct links_schedule_link){ "site", 0, true }, AT(w.now_ms));
	links_schedule_inherit(w.s, 0, old, 0);
	assert_true(links_schedule_again(w.s, 0));
	links_schedule_free(old);
	w.site[0].how = LINK_WELL;
	run(&w, S(20));
	assert_false(links_schedule_again(w.s, 0));
	world_close(&w);
}

/* Who asks the budget, and not the far end, is quick and no trouble. */
static void
a_held_link_asks_again(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL);
	add_site(&w, M(5), 0, LINK_HELD);
	add_site(&w, 0, 0, LINK_HELD);
	run(&w, DAY);
	assert_in_range(w.site[0].begins, 287, 289);
	assert_in_range(w.site[1].begins, 1440, 2880);
	assert_int_equal(links_schedule_failures(w.s, 0), 0);
	world_close(&w);
}

static void
a_reload_forgets_nothing(void **state)
{
	static const struct links_schedule_link gone = { "gone", M(1), false },
						stays = { "stays", M(5),
							false };
	struct world w;
	struct links_schedule *old;
	int64_t due;

	(void)state;
	world_open(&w, NULL);
	add(&w, &gone, S(1), LINK_WELL);
	add(&w, &stays, S(1), LINK_FAILED);
	run(&w, M(60));
	assert_true(links_schedule_failures(w.s, 1) > 3);
	due = links_schedule_wake(w.s).ns;
	old = w.s;
	w.s = links_schedule_new(NULL);
	assert_int_equal(links_schedule_add(w.s, &stays, AT(w.now_ms)), 0);
	links_schedule_inherit(w.s, 0, old, 1);
	assert_int_equal(links_schedule_failures(w.s, 0),
	    links_schedule_failures(old, 1));
	assert_true(links_schedule_wake(w.s).ns >= due);
	assert_true(links_schedule_wake(w.s).ns <= AT(w.now_ms + M(15)).ns);
	links_schedule_free(old);
	world_close(&w);
}

/* One that runs goes on, counts, and ends in the new one. */
static void
a_reload_interrupts_nothing(void **state)
{
	static const struct links_schedule_link one = { "one", M(5), false },
						two = { "two", M(5), false };
	struct links_schedule *s, *old = links_schedule_new(NULL);
	size_t i;

	(void)state;
	(void)links_schedule_add(old, &one, AT(0));
	assert_true(links_schedule_next(old, AT(M(5)), &i));
	s = links_schedule_new(&(struct links_schedule_opts){ .at_once = 1 });
	(void)links_schedule_add(s, &two, AT(M(5)));
	(void)links_schedule_add(s, &one, AT(M(5)));
	links_schedule_inherit(s, 1, old, 0);
	links_schedule_free(old);
	assert_true(links_schedule_running(s, 1));
	assert_false(links_schedule_next(s, AT(M(20)), &i)); /* its place */
	assert_true(links_schedule_wake(s).ns == INT64_MAX);
	links_schedule_ended(s, 1, LINK_WELL, AT(M(21)));
	assert_true(links_schedule_next(s, AT(M(21)), &i));
	assert_int_equal(i, 0);
	links_schedule_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_period_has_its_session),
		cmocka_unit_test(
		    a_session_longer_than_its_period_costs_whole_periods),
		cmocka_unit_test(sites_are_spread_over_the_period),
		cmocka_unit_test(no_more_than_so_many_run_at_once),
		cmocka_unit_test(a_dead_site_is_left_alone_ever_longer),
		cmocka_unit_test(a_site_may_be_dead_for_ever),
		cmocka_unit_test(delays_are_jittered),
		cmocka_unit_test(the_dead_and_the_slow_delay_nobody),
		cmocka_unit_test(what_waits_is_not_kept_waiting),
		cmocka_unit_test(a_kept_link_is_begun_again_when_it_ends),
		cmocka_unit_test(
		    a_kept_link_whose_far_end_left_is_begun_again_soon),
		cmocka_unit_test(a_held_link_asks_again),
		cmocka_unit_test(a_reload_forgets_nothing),
		cmocka_unit_test(a_reload_interrupts_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
