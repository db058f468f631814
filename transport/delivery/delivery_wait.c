/*
 * A session's child, seen from its parent: it is waited for, its bytes are
 * counted as they go, and it is asked to end when we are.  A session that is
 * kept open lives for months; what comes in it is acted upon meanwhile, here, for
 * the child is confined.
 */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/watch.h"
#include "transport/delivery/delivery_child.h"
#include "transport/delivery/delivery_impl.h"
#include "transport/delivery/stop.h"

enum {
	LOOK_MS = 5000, /* between looks at what it did */
	SHOW_MS = 250,  /* to who watches, a part of that */
};

struct parent {
	const struct delivery_opts *o;
	struct delivery_sofar *sofar; /* the child writes it */
	struct delivery_child child;
	int inbox_fd;     /* readable when something was sealed there; -1 */
	int wake_fd;      /* readable when it is to look; -1 */
	uint64_t metered; /* bytes of this session that we took */
	struct stop stop;
};

static void
read_meter(struct parent *p)
{
	if (p->o->channel->meter != NULL)
		p->metered += channel_meter_take(p->o->channel->meter);
}

/* True: it is to end. */
static bool
look(struct parent *p)
{
	const volatile struct channel_shared *shared = p->o->channel->shared;
	struct delivery_sofar now = *p->sofar;

	/* of ours, it may have taken much that is not on its way yet */
	if (shared != NULL && shared->wire > 0)
		now.bytes = shared->wire;
	read_meter(p);
	if (p->metered > now.bytes)
		now.bytes = p->metered;
	return (p->o->look != NULL && p->o->look(p->o->arg, &now)) ||
	    stop_signal() != 0;
}

/* A segment of the inbox is sealed by giving it its name. */
static int
watch_inbox(const struct parent *p, struct err *e)
{
	const struct delivery_opts *o = p->o;
	struct node node = { -1, -1, -1 };
	char path[64 + sizeof("/inbox")];
	int dir = -1, rc = -1;

	if (node_open(o->config, &node, e) == 0)
		dir = node_open_association(&node, o->association, e);
	if (dir != -1) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/inbox",
		    dir);
		rc = inotify_add_watch(p->inbox_fd, path, IN_MOVED_TO);
		if (rc == -1)
			err_sys(e, "watch the inbox");
		close(dir);
	}
	node_close(&node);
	return rc == -1 ? -1 : 0;
}

/* On what comes, while the session goes on. */
static bool
acts(const struct parent *p)
{
	return p->o->came != NULL && delivery_is_kept(p->o);
}

/* Without a watch it looks now and then. */
static void
open_watch(struct parent *p)
{
	struct err e = { 0 };

	if (!acts(p))
		return;
	p->inbox_fd = watch_instance(&e);
	if (p->inbox_fd != -1 && watch_inbox(p, &e) == 0)
		return;
	log_info("looks each %d s for what came association=%s: %s",
	    LOOK_MS / 1000, p->o->association->name, e.msg);
	if (p->inbox_fd != -1)
		close(p->inbox_fd);
	p->inbox_fd = -1;
}

/* False: not all of what came is acted upon. */
static bool
act(const struct parent *p)
{
	char events[4096];

	while (read(p->inbox_fd, events, sizeof(events)) > 0)
		continue;
	return p->o->came(p->o->arg) == 0;
}

static bool
was_woken(const struct parent *p)
{
	uint64_t n;

	return p->wake_fd != -1 && read(p->wake_fd, &n, sizeof(n)) > 0;
}

/* Until its report can be read.  It ends by itself, once it was asked. */
static void
wait_for_report(struct parent *p)
{
	const struct delivery_show *show = &p->o->show;
	const int64_t turn_ms = show->show != NULL ? SHOW_MS : LOOK_MS;
	const struct timespec pause = { turn_ms / 1000,
		turn_ms % 1000 * 1000000 };
	struct mono looked_at = clock_mono();
	struct pollfd f[] = { { .fd = p->child.fd, .events = POLLIN },
		{ .fd = p->inbox_fd, .events = POLLIN },
		{ .fd = p->wake_fd, .events = POLLIN } };
	const bool unwatched = acts(p) && p->inbox_fd == -1;
	/* first on what another one left */
	bool asked = false, acted = !acts(p) || act(p);

	while (
	    ppoll(f, 3, &pause, &p->stop.waiting) <= 0 || f[0].revents == 0) {
		bool due = mono_ms_since(clock_mono(), looked_at) >= LOOK_MS;

		if (f[1].revents != 0 || (due && (!acted || unwatched)))
			acted = act(p);
		f[1].revents = 0; /* ppoll leaves it where it fails */
		if (show->show != NULL)
			show->show(show->arg, p->sofar);
		if (!was_woken(p) && !due && stop_signal() == 0)
			continue;
		looked_at = clock_mono();
		if (look(p) && !asked) {
			kill(p->child.pid, DELIVERY_LEAVE);
			asked = true;
		}
	}
	if (show->show != NULL)
		show->show(show->arg, NULL);
}

/* From its lock on a newer session may ask it to end, also before it waits for
 * that and after: it says so then, and does not just die. */
static int
work(void *arg, struct delivery_result *r, struct err *e)
{
	const struct parent *p = arg;
	sigset_t block;

	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, DELIVERY_LEAVE);
	sigprocmask(SIG_BLOCK, &block, NULL);
	(void)signal(SIGINT, SIG_IGN); /* a terminal's: our parent asks us */
	return delivery_run_here(p->o, p->wake_fd, p->sofar, r, e);
}

static int
run(struct parent *p, struct delivery_result *r, struct err *e)
{
	const struct channel *ch = p->o->channel;
	const struct delivery_child_fds fds = { { ch->read_fd, ch->write_fd,
	    p->wake_fd } };
	int rc;

	if (delivery_child_start(work, p, &fds, &p->child, e) == -1)
		return -1;
	open_watch(p);
	stop_mind(&p->stop);
	wait_for_report(p);
	if (p->inbox_fd != -1)
		close(p->inbox_fd);
	rc = delivery_child_end(&p->child, r, e);
	stop_forget(&p->stop);
	if (r->counts.in_bytes + r->counts.out_bytes < p->sofar->bytes)
		r->counts = p->sofar->counts; /* it could not say it itself */
	read_meter(p);
	r->metered = p->metered;
	r->stopped = stop_signal();
	return rc;
}

int
delivery_run(const struct delivery_opts *o, struct delivery_result *r,
    struct err *e)
{
	struct parent p = { .o = o, .inbox_fd = -1, .wake_fd = -1 };
	int rc;

	*r = (struct delivery_result){ 0 };
	err_clear(e);
	p.sofar = mmap(NULL, sizeof(*p.sofar), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p.sofar == MAP_FAILED)
		return err_sys(e, "memory for the session");
	if (o->look != NULL && /* else it looks by its clock */
	    (o->look_bytes > 0 || delivery_is_kept(o)))
		p.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rc = run(&p, r, e);
	if (p.wake_fd != -1)
		close(p.wake_fd);
	munmap(p.sofar, sizeof(*p.sofar));
	return rc;
}
