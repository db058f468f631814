/*
 * When a session that runs is looked at by who began it.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "t/delivery_world.h"

/* arg: counts the looks.  When it is open it is to end. */
static bool
end_when_open(void *arg, const struct delivery_sofar *now)
{
	++*(unsigned *)arg;
	return now->open;
}

static void
a_kept_session_is_looked_at_when_it_opens(void **state)
{
	unsigned looks = 0;
	struct delivery_result r;
	struct mono begun = clock_mono();
	struct err e = { 0 };
	struct child c;
	int fd[2];

	(void)state;
	spoke.a.keep = hub.a.keep = true;
	pair_up(fd);
	c = start_hub(fd, false);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	assert_int_equal(
	    delivery_run(&(struct delivery_opts){ .config = &spoke.config,
			     .association = &spoke.a,
			     .opener = true,
			     .deadline = mono_add_ms(begun, 30000),
			     .channel = &(struct channel){ .read_fd = fd[0],
				 .write_fd = fd[0],
				 .report_fd = -1 },
			     .look = end_when_open,
			     .arg = &looks },
		&r, &e),
	    0);
	assert_true(r.opened);
	assert_int_equal(looks, 1);
	/* not by its clock, every five seconds */
	assert_true(mono_ms_since(clock_mono(), begun) < 4900);
	close(fd[0]);
	assert_int_equal(end_hub(c).rc, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_kept_session_is_looked_at_when_it_opens, world_setup,
		    world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
