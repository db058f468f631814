/*
 * Work side by side; see abreast.h.
 */
#include "config.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "transport/delivery/abreast.h"

struct running {
	size_t of;
	struct delivery_child child;
};

struct crowd {
	const struct abreast *a;
	struct running *run; /* at_once of them */
	struct pollfd *poll; /* their reports, by the same number */
	size_t n, next;      /* that run; to be begun */
	sigset_t before;
	struct sigaction old_term, old_int;
};

static volatile sig_atomic_t stopped; /* the signal; 0: none */
static volatile sig_atomic_t asked;   /* it, or another one, came just now */

static void
on_stop(int number)
{
	stopped = number;
	asked = 1;
}

/* Signals come only while we wait. */
static void
mind_signals(struct crowd *c)
{
	struct sigaction stop = { .sa_handler = on_stop };
	sigset_t block;

	stopped = asked = 0;
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGINT);
	sigprocmask(SIG_BLOCK, &block, &c->before);
	sigaction(SIGTERM, &stop, &c->old_term);
	sigaction(SIGINT, &stop, &c->old_int);
}

static void
forget_signals(const struct crowd *c)
{
	sigaction(SIGTERM, &c->old_term, NULL);
	sigaction(SIGINT, &c->old_int, NULL);
	sigprocmask(SIG_SETMASK, &c->before, NULL);
}

static void
begin(struct crowd *c)
{
	const struct abreast *a = c->a;
	struct running *r = &c->run[c->n];
	const struct delivery_result nothing = { 0 };
	struct err e = { 0 };

	r->of = c->next++;
	if (delivery_child_start(a->work, a->of[r->of], NULL, &r->child, &e) ==
	    -1) {
		a->over(a->arg, r->of, -1, &nothing, &e);
		return;
	}
	c->poll[c->n++] =
	    (struct pollfd){ .fd = r->child.fd, .events = POLLIN };
}

static void
end(struct crowd *c, size_t i)
{
	struct running ended = c->run[i];
	struct delivery_result r = { 0 };
	struct err e = { 0 };
	int rc = delivery_child_end(&ended.child, &r, &e);

	if (rc == -1 && stopped != 0)
		r.stopped = (int)stopped;
	c->n--;
	c->run[i] = c->run[c->n];
	c->poll[i] = c->poll[c->n];
	c->a->over(c->a->arg, ended.of, rc, &r, &e);
}

/* Until at least one has ended, or we are asked to. */
static void
wait_for_any(struct crowd *c)
{
	sigset_t open_mask = c->before;

	sigdelset(&open_mask, SIGTERM);
	sigdelset(&open_mask, SIGINT);
	if (ppoll(c->poll, c->n, NULL, &open_mask) > 0)
		for (size_t i = c->n; i > 0; i--)
			if (c->poll[i - 1].revents != 0)
				end(c, i - 1);
	if (asked == 0)
		return;
	asked = 0;
	for (size_t i = 0; i < c->n; i++)
		(void)kill(c->run[i].child.pid, SIGTERM);
}

int
abreast_run(const struct abreast *a)
{
	struct crowd c = { .a = a,
		.run = mem_array(a->at_once, sizeof(*c.run)),
		.poll = mem_array(a->at_once, sizeof(*c.poll)) };

	assert(a->at_once > 0);
	mind_signals(&c);
	for (;;) {
		while (stopped == 0 && c.n < a->at_once && c.next < a->n)
			begin(&c);
		if (c.n == 0)
			break;
		wait_for_any(&c);
	}
	forget_signals(&c);
	free(c.run);
	free(c.poll);
	return (int)stopped;
}
