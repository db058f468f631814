/*
 * Signals that ask a waiting process to end: when they come, which one counts, and
 * which are not for us.
 */
#include "config.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/delivery/stop.h"

static void
wait_with(const struct stop *s)
{
	const struct timespec none = { 0 };

	(void)ppoll(NULL, 0, &none, &s->waiting);
}

static void
they_come_while_we_wait_and_the_first_counts(void **state)
{
	static const int numbers[] = { SIGTERM, SIGINT };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct stop s;

		stop_mind(&s);
		assert_int_equal(stop_signal(), 0);
		assert_int_equal(raise(numbers[i]), 0);
		assert_int_equal(stop_signal(), 0);
		wait_with(&s);
		assert_int_equal(stop_signal(), numbers[i]);
		assert_int_equal(raise(numbers[1 - i]), 0);
		wait_with(&s);
		assert_int_equal(stop_signal(), numbers[i]);
		stop_forget(&s);
		assert_int_equal(stop_signal(), numbers[i]);
	}
}

static void
one_that_is_ignored_stays_so(void **state)
{
	static const int numbers[] = { SIGTERM, SIGINT };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct sigaction ignore = { .sa_handler = SIG_IGN };
		struct sigaction before, now;
		struct stop s;

		assert_int_equal(sigaction(numbers[i], &ignore, &before), 0);
		stop_mind(&s);
		assert_int_equal(raise(numbers[i]), 0);
		wait_with(&s);
		assert_int_equal(stop_signal(), 0);
		assert_int_equal(raise(numbers[1 - i]), 0);
		wait_with(&s);
		assert_int_equal(stop_signal(), numbers[1 - i]);
		stop_forget(&s);
		assert_int_equal(sigaction(numbers[i], &before, &now), 0);
		assert_ptr_equal(now.sa_handler, SIG_IGN);
	}
}

static void
all_is_as_before_then(void **state)
{
	struct sigaction now;
	sigset_t mask;
	struct stop s;

	(void)state;
	stop_mind(&s);
	stop_forget(&s);
	assert_int_equal(sigaction(SIGTERM, NULL, &now), 0);
	assert_ptr_equal(now.sa_handler, SIG_DFL);
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
	assert_int_equal(sigismember(&mask, SIGINT), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_come_while_we_wait_and_the_first_counts),
		cmocka_unit_test(one_that_is_ignored_stays_so),
		cmocka_unit_test(all_is_as_before_then),
	};

	(void)signal(SIGINT, SIG_DFL); /* a shell's "&" ignores it */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
