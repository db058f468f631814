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
#include "transport/delivery/stop.h"

enum {
	PLACE_MS = 3000,
};

struct running {
	size_t of;
	struct mono begun;
	struct delivery_child child;
};

struct crowd {
	const struct abreast *a;
	struct running *run; /* a->most of them */
	struct pollfd *poll; /* their reports, by the same number */
	size_t n, next;      /* that run; to be begun */
	struct stop stop;
	bool asked; /* all that run to end */
};

static void
begin(struct crowd *c)
{
	const struct abreast *a = c->a;
	struct running *r = &c->run[c->n];
	const struct delivery_result nothing = { 0 };
	struct err e = { 0 };

	r->of = c->next++;
	r->begun = clock_mono();
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

	if (rc == -1 && stop_signal() != 0)
		r.stopped = stop_signal();
	c->n--;
	c->run[i] = c->run[c->n];
	c->poll[i] = c->poll[c->n];
	c->a->over(c->a->arg, ended.of, rc, &r, &e);
}

/* May another be begun?  In *ms, it will be, where none ends before; -1: then
 * only. */
static bool
has_place(const struct crowd *c, int *ms)
{
	const struct mono now = clock_mono();
	int64_t oldest = 0; /* of those that hold a place */
	size_t held = 0;

	*ms = -1;
	if (stop_signal() != 0 || c->next == c->a->n || c->n == c->a->most)
		return false;
	for (size_t i = 0; i < c->n; i++) {
		int64_t age = mono_ms_since(now, c->run[i].begun);

		if (age >= PLACE_MS)
			continue;
		held++;
		oldest = age > oldest ? age : oldest;
	}
	if (held < c->a->at_once)
		return true;
	*ms = (int)(PLACE_MS - oldest);
	return false;
}

/* Until at least one has ended, we are asked to, or that time is over. */
static void
wait_for_any(struct crowd *c, int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	if (ppoll(c->poll, c->n, ms == -1 ? NULL : &t, &c->stop.waiting) > 0)
		for (size_t i = c->n; i > 0; i--)
			if (c->poll[i - 1].revents != 0)
				end(c, i - 1);
	if (stop_signal() == 0 || c->asked)
		return;
	c->asked = true;
	for (size_t i = 0; i < c->n; i++)
		(void)kill(c->run[i].child.pid, SIGTERM);
}

int
abreast_run(const struct abreast *a)
{
	struct crowd c = { .a = a,
		.run = mem_array(a->most, sizeof(*c.run)),
		.poll = mem_array(a->most, sizeof(*c.poll)) };
	int ms;

	assert(a->at_once > 0 && a->most >= a->at_once);
	stop_mind(&c.stop);
	for (;;) {
		while (has_place(&c, &ms))
			begin(&c);
		if (c.n == 0)
			break;
		wait_for_any(&c, ms);
	}
	stop_forget(&c.stop);
	free(c.run);
	free(c.poll);
	return stop_signal();
}
