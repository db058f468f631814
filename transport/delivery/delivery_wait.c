/*
 * A session's child, seen from its parent: it is waited for, its bytes are
 * counted as they go, and it is asked to end when we are.  A session that is
 * kept open lives for months.
 */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

#include "transport/delivery/delivery_child.h"
#include "transport/delivery/delivery_impl.h"

enum {
	LOOK_MS = 5000, /* between looks at what it did */
	SHOW_MS = 250,  /* to who watches, a part of that */
};

struct parent {
	const struct delivery_opts *o;
	struct delivery_sofar *sofar; /* the child writes it */
	struct delivery_child child;
	sigset_t before;
	struct sigaction old_term, old_int;
};

static volatile sig_atomic_t stopped; /* the signal; 0: none */

static void
on_stop(int number)
{
	stopped = number;
}

/* Signals come only while we wait. */
static void
mind_signals(struct parent *p)
{
	struct sigaction stop = { .sa_handler = on_stop };
	sigset_t block;

	stopped = 0;
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGINT);
	sigprocmask(SIG_BLOCK, &block, &p->before);
	sigaction(SIGTERM, &stop, &p->old_term);
	sigaction(SIGINT, &stop, &p->old_int);
}

static void
forget_signals(const struct parent *p)
{
	sigaction(SIGTERM, &p->old_term, NULL);
	sigaction(SIGINT, &p->old_int, NULL);
	sigprocmask(SIG_SETMASK, &p->before, NULL);
}

/* True: it is to end. */
static bool
look(const struct parent *p)
{
	const volatile struct channel_shared *shared = p->o->channel->shared;
	struct delivery_sofar now = *p->sofar;

	if (shared != NULL && shared->wire > now.bytes)
		now.bytes = shared->wire;
	return (p->o->look != NULL && p->o->look(p->o->arg, &now)) ||
	    stopped != 0;
}

/* Until its report can be read.  It ends by itself, once it was asked. */
static void
wait_for_report(const struct parent *p)
{
	const struct delivery_show *show = &p->o->show;
	const int64_t turn_ms = show->show != NULL ? SHOW_MS : LOOK_MS;
	const struct timespec pause = { turn_ms / 1000,
		turn_ms % 1000 * 1000000 };
	int64_t waited_ms = 0;
	struct pollfd f = { .fd = p->child.fd, .events = POLLIN };
	sigset_t open_mask = p->before;
	bool asked = false;

	sigdelset(&open_mask, SIGTERM);
	sigdelset(&open_mask, SIGINT);
	while (ppoll(&f, 1, &pause, &open_mask) <= 0) {
		if (show->show != NULL)
			show->show(show->arg, p->sofar);
		waited_ms += turn_ms;
		if (waited_ms < LOOK_MS && stopped == 0)
			continue;
		waited_ms = 0;
		if (look(p) && !asked) {
			kill(p->child.pid, SIGINT);
			asked = true;
		}
	}
	if (show->show != NULL)
		show->show(show->arg, NULL);
}

static int
work(void *arg, struct delivery_result *r, struct err *e)
{
	const struct parent *p = arg;

	return delivery_run_here(p->o, p->sofar, r, e);
}

static int
run(struct parent *p, struct delivery_result *r, struct err *e)
{
	int rc;

	if (delivery_child_start(work, p, p->o->channel, &p->child, e) == -1)
		return -1;
	mind_signals(p);
	wait_for_report(p);
	rc = delivery_child_end(&p->child, r, e);
	forget_signals(p);
	if (r->counts.in_bytes + r->counts.out_bytes < p->sofar->bytes)
		r->counts = p->sofar->counts; /* it could not say it itself */
	r->stopped = (int)stopped;
	return rc;
}

int
delivery_run(const struct delivery_opts *o, struct delivery_result *r,
    struct err *e)
{
	struct parent p = { .o = o };
	int rc;

	*r = (struct delivery_result){ 0 };
	err_clear(e);
	p.sofar = mmap(NULL, sizeof(*p.sofar), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p.sofar == MAP_FAILED)
		return err_sys(e, "memory for the session");
	rc = run(&p, r, e);
	munmap(p.sofar, sizeof(*p.sofar));
	return rc;
}
