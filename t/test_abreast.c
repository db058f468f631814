/*
 * Work side by side: how many at once, in which order, what is said of each, and a
 * signal that ends them.
 */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/delivery/abreast.h"

enum {
	WORKS = 9,
	LASTS_MS = 7000, /* two turns of places, and some */
	MANY = 64,
	STEP_MS = 5,
	WAIT_MS = 20000,
};

/* The children and their parent see it. */
struct shared {
	volatile int running, most, begun;
	volatile int order[MANY];
};
static struct shared *shared;

enum what {
	ENDS,
	FAILS,
	DIES,
	WAITS,
	MEETS,
	LASTS
};
struct job {
	size_t i;
	enum what what;
};

static struct job job[MANY];
static void *of[MANY];

/* What was said of each. */
struct said {
	int calls, rc, stopped;
	enum err_kind kind;
	uint64_t lost;
};
static struct said said[MANY];

static void
pause_ms(int ms)
{
	const struct timespec t = { 0, ms * 1000000L };

	(void)nanosleep(&t, NULL);
}

/* Until as many run, which must be possible. */
static void
meet(int n, int most_ms)
{
	const struct mono begun = clock_mono();

	while (shared->most < n && mono_ms_since(clock_mono(), begun) < most_ms)
		pause_ms(STEP_MS);
}

static int
work(void *arg, struct delivery_result *r, struct err *e)
{
	const struct job *j = arg;
	int now = __atomic_add_fetch(&shared->running, 1, __ATOMIC_SEQ_CST);
	int most = shared->most;

	shared->order[__atomic_fetch_add(&shared->begun, 1, __ATOMIC_SEQ_CST)] =
	    (int)j->i;
	while (now > most &&
	    !__atomic_compare_exchange_n(&shared->most, &most, now, false,
		__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		continue;
	switch (j->what) {
	case WAITS:
		for (;;)
			(void)pause();
	case DIES:
		(void)__atomic_sub_fetch(&shared->running, 1, __ATOMIC_SEQ_CST);
		(void)raise(SIGKILL);
		break;
	case MEETS:
		meet(4, WAIT_MS);
		break;
	case LASTS:
		meet(5, LASTS_MS);
		break;
	case ENDS:
	case FAILS:
		break;
	}
	r->lost = 100 + j->i;
	(void)__atomic_sub_fetch(&shared->running, 1, __ATOMIC_SEQ_CST);
	return j->what == FAILS ? err_set(e, ERR_DENIED, "no") : 0;
}

/* Of each, by its number; the test is told to stop where it says so. */
static int stop_after = -1, calls;

static void
over(void *arg, size_t i, int rc, const struct delivery_result *r,
    const struct err *e)
{
	assert_ptr_equal(arg, said);
	said[i].calls++;
	said[i].rc = rc;
	said[i].kind = e->kind;
	said[i].stopped = r->stopped;
	said[i].lost = r->lost;
	if (++calls == stop_after)
		(void)raise(SIGTERM); /* blocked: it comes while we wait */
}

static int
run_most(size_t n, size_t at_once, size_t most, enum what what)
{
	const struct abreast a = { .n = n,
		.at_once = at_once,
		.most = most,
		.of = of,
		.work = work,
		.over = over,
		.arg = said };

	for (size_t i = 0; i < n; i++) {
		if (job[i].what == ENDS)
			job[i].what = what;
		job[i].i = i;
		of[i] = &job[i];
	}
	return abreast_run(&a);
}

static int
run(size_t n, size_t at_once, enum what what)
{
	return run_most(n, at_once, at_once, what);
}

static int
setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		job[i] = (struct job){ .i = i };
		said[i] = (struct said){ .calls = 0 };
	}
	stop_after = -1;
	calls = 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	return munmap(shared, sizeof(*shared));
}

static void
each_is_done_once(void **state)
{
	(void)state;
	job[3].what = FAILS;
	job[5].what = DIES;
	assert_int_equal(run(WORKS, 2, ENDS), 0);
	for (size_t i = 0; i < WORKS; i++) {
		assert_int_equal(said[i].calls, 1);
		assert_int_equal(said[i].rc, i == 3 || i == 5 ? -1 : 0);
		assert_int_equal(said[i].kind,
		    i == 3       ? ERR_DENIED
			: i == 5 ? ERR_TEMP
				 : ERR_NONE);
		assert_int_equal(said[i].lost, i == 5 ? 0 : 100 + i);
		assert_int_equal(said[i].stopped, 0);
	}
	assert_in_range(shared->most, 1, 2);
}

static void
so_many_run_at_once_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(run(MANY, 4, MEETS), 0);
	assert_int_equal(shared->most, 4);
	assert_int_equal(calls, MANY);
}

/* Two places, which are given away twice while the first last. */
static void
one_that_lasts_gives_its_place_but_so_many_run_in_all(void **state)
{
	(void)state;
	assert_int_equal(run_most(6, 2, 4, LASTS), 0);
	assert_int_equal(shared->most, 4);
	assert_int_equal(calls, 6);
}

static void
one_after_the_other_is_in_order(void **state)
{
	(void)state;
	assert_int_equal(run(WORKS, 1, ENDS), 0);
	for (int i = 0; i < WORKS; i++)
		assert_int_equal(shared->order[i], i);
}

/* The first ends while the second waits for ever. */
static void
a_signal_ends_those_that_run_and_begins_none(void **state)
{
	(void)state;
	job[0].what = FAILS;
	stop_after = 1;
	assert_int_equal(run(WORKS, 2, WAITS), SIGTERM);
	assert_int_equal(said[0].calls, 1);
	assert_int_equal(said[0].stopped, 0);
	assert_int_equal(said[1].calls, 1);
	assert_int_equal(said[1].stopped, SIGTERM);
	/* begun before the signal was seen, or not at all */
	assert_int_equal(said[2].calls == 0 || said[2].stopped == SIGTERM, 1);
	for (size_t i = 3; i < WORKS; i++)
		assert_int_equal(said[i].calls, 0);
}

static void
nothing_to_do_is_done_at_once(void **state)
{
	(void)state;
	assert_int_equal(run(0, 8, ENDS), 0);
	assert_int_equal(calls, 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(each_is_done_once),
		ROW(so_many_run_at_once_and_no_more),
		ROW(one_that_lasts_gives_its_place_but_so_many_run_in_all),
		ROW(one_after_the_other_is_in_order),
		ROW(a_signal_ends_those_that_run_and_begins_none),
		ROW(nothing_to_do_is_done_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
