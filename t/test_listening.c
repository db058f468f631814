/*
 * The listener in a daemon's loop, over a reload that cannot be gone back on: the
 * listener, the links and the operator are made up.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/http/http_listener.h"
#include "transport/http/listening.h"

struct http_listener {
	const struct config *config;
	bool closed;
};

static struct http_listener made[4];
static size_t n_made;
static int pipe_fd[2];
static unsigned fail_reopen; /* this one, from 1 */
static unsigned reopened, told;

int __wrap_http_listener_open(const struct config *c, enum config_role role,
    struct http_listener **out, struct err *e);
int __wrap_http_listener_reopen(struct http_listener **l,
    const struct config *c, enum config_role role, struct err *e);
int __wrap_http_listener_fd(const struct http_listener *l);
void __wrap_http_listener_close(struct http_listener *l);
int __wrap_links_reload(struct links *l, const struct config *config,
    struct err *e);
void __wrap_ground_tell(const struct config *c, const char *key,
    const char *why, const char *next);

int
__wrap_http_listener_open(const struct config *c, enum config_role role,
    struct http_listener **out, struct err *e)
{
	(void)role;
	(void)e;
	*out = &made[n_made++];
	(*out)->config = c;
	return 0;
}

int
__wrap_http_listener_reopen(struct http_listener **l, const struct config *c,
    enum config_role role, struct err *e)
{
	struct http_listener *old = *l;

	if (++reopened == fail_reopen)
		return err_set(e, ERR_TEMP, "no descriptors");
	(void)__wrap_http_listener_open(c, role, l, e);
	__wrap_http_listener_close(old);
	return 0;
}

int
__wrap_http_listener_fd(const struct http_listener *l)
{
	(void)l;
	return pipe_fd[0];
}

void
__wrap_http_listener_close(struct http_listener *l)
{
	if (l != NULL)
		l->closed = true;
}

int
__wrap_links_reload(struct links *l, const struct config *config, struct err *e)
{
	(void)l;
	(void)config;
	return err_set(e, ERR_TEMP, "no watch");
}

void
__wrap_ground_tell(const struct config *c, const char *key, const char *why,
    const char *next)
{
	(void)c;
	(void)key;
	(void)next;
	told += why != NULL;
}

/* What is left when neither configuration can be had: nothing of the new one,
 * which its owner frees, and another try with the old one. */
static void
nothing_of_a_configuration_that_is_given_up_is_kept(void **state)
{
	static struct config present, next;
	struct listening_opts o = { .role = CONFIG_HUB };
	struct listening *l;
	struct err e = { 0 };
	uv_loop_t loop;

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	assert_int_equal(uv_loop_init(&loop), 0);
	o.loop = &loop;
	l = listening_open(&o, &present);
	fail_reopen = 2;
	assert_int_equal(listening_reload_links(l, &next, &present, &e), -1);
	assert_string_equal(e.msg, "no watch");
	assert_int_equal(n_made, 2);
	assert_true(made[0].closed);
	assert_true(made[1].closed);
	assert_int_equal(told, 1);
	while (n_made == 2)
		(void)uv_run(&loop, UV_RUN_ONCE);
	assert_ptr_equal(made[2].config, &present);
	listening_close(l);
	assert_true(made[2].closed);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    nothing_of_a_configuration_that_is_given_up_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
