/*
 * The hub's daemon; see hubd.h.  A reload opens everything anew from another
 * configuration; what cannot be let go while a child of it may still run (the
 * notices and their configuration) is kept until the end.
 */
#include "config.h"

#include "hub/hubd.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/notify.h"
#include "hub/control.h"
#include "hub/hub.h"
#include "hub/watch.h"

enum {
	TELL_MS = 5000, /* between looks at what the operator must know */
	END_S = 20,
	WAIT_MOST_MS = 3600 * 1000,
};

struct hubd {
	uv_loop_t loop;
	const struct hubd_opts *opts;
	struct hub *hub;    /* the present one */
	struct hub **spent; /* those that a reload replaced */
	size_t n_spent;
	struct control *control;
	struct watch *watch;
	uv_timer_t work, tell, watchdog;
	uv_signal_t term, interrupt, hup, usr1;
	bool reload_due;
};

/* --- Working -------------------------------------------------------------- */

static void on_work(uv_timer_t *t);

static void
work_in(struct hubd *h, int64_t ms)
{
	if (ms < 0)
		ms = 0;
	if (ms > WAIT_MOST_MS)
		ms = WAIT_MOST_MS;
	(void)uv_timer_start(&h->work, on_work, (uint64_t)ms, 0);
}

static void
on_work(uv_timer_t *t)
{
	struct hubd *h = t->data;
	struct mono now = clock_mono(), wake;

	if (ingest_step(h->hub->ingest, now, clock_wall())) {
		work_in(h, 0);
		return;
	}
	wake = ingest_wake(h->hub->ingest);
	/* Rounded up, or it would be called a little too early for ever. */
	work_in(h,
	    wake.ns == INT64_MAX ? WAIT_MOST_MS : mono_ms_since(wake, now) + 1);
}

static void
on_seen(void *arg, size_t key)
{
	struct hubd *h = arg;

	ingest_look(h->hub->ingest, key);
	work_in(h, 0);
}

static int
watch_inboxes(struct hubd *h, struct err *e)
{
	struct ingest_status s;
	int rc = watch_open(&h->loop, on_seen, h, &h->watch, e);

	for (size_t i = 0; rc == 0 && ingest_status(h->hub->ingest, i, &s);
	     i++) {
		int dir =
		    node_open_association(&h->hub->node, s.association, e);
		int inbox = dir == -1 ? -1 : durable_open_dir(dir, "inbox", e);

		/* The ledger that ends a gap lies beside the inbox. */
		if (inbox == -1 || watch_add(h->watch, inbox, i, e) == -1 ||
		    watch_add(h->watch, dir, i, e) == -1)
			rc = -1;
		if (inbox != -1)
			close(inbox);
		if (dir != -1)
			close(dir);
	}
	return rc;
}

static void
on_tell(uv_timer_t *t)
{
	struct hubd *h = t->data;

	notices_flush_on(h->hub->notices, &h->loop, clock_wall());
}

static void
on_watchdog(uv_timer_t *t)
{
	(void)t;
	notify_send("WATCHDOG=1");
}

static void
say_state(const struct hubd *h)
{
	struct ingest_status s;
	char line[128];
	size_t n = 0, stopped = 0;

	while (ingest_status(h->hub->ingest, n, &s)) {
		stopped += s.stopped;
		n++;
	}
	(void)snprintf(line, sizeof(line),
	    "STATUS=%zu associations, %zu standing still", n, stopped);
	notify_send(line);
}

static void
log_state(const struct hubd *h)
{
	struct ingest_status s;

	for (size_t i = 0; ingest_status(h->hub->ingest, i, &s); i++)
		log_info("state association=%s tree=%s %s%s cursor=%" PRIu64
			 " stored=%" PRIu64 " generation=%" PRIu64
			 " waits=%" PRIu64 " marked=%" PRIu64
			 " withheld=%" PRIu64 " messages=%" PRIu64
			 " values=%" PRIu64 " poison=%" PRIu64,
		    s.association->name, s.association->hub_tree,
		    settling_state_name(s.state), s.stopped ? " stopped" : "",
		    s.cursor.msgid, s.low, s.generation, s.waits, s.marked,
		    s.withheld, s.counts.messages, s.counts.values,
		    s.counts.poison);
}

/* --- Reloading ------------------------------------------------------------ */

static int
settle_in(struct hubd *h, struct err *e)
{
	if (hub_open_ingest(h->hub, e) == -1 || watch_inboxes(h, e) == -1)
		return -1;
	work_in(h, 0);
	say_state(h);
	return 0;
}

static void
reload(struct hubd *h)
{
	struct hub *next = NULL, *old = h->hub;
	struct err e;

	notify_send("RELOADING=1");
	if (hub_open(h->opts->config, &next, &e) == -1 ||
	    hub_may_replace(next, old, &e) == -1 || hub_sync(old, &e) == -1) {
		(void)notice_raise(old->notices,
		    &(struct notice){ "", "config", e.msg,
			"hubctl check-config" },
		    clock_wall());
		hub_close(next);
	} else {
		(void)notice_clear(old->notices, "", "config", clock_wall());
		notices_flush_on(old->notices, &h->loop, clock_wall());
		hub_close_ingest(old);
		watch_close(h->watch);
		h->watch = NULL;
		h->hub = next;
		h->spent =
		    mem_resize(h->spent, h->n_spent + 1, sizeof(*h->spent));
		h->spent[h->n_spent++] = old;
		if (settle_in(h, &e) == -1) {
			log_err("cannot go on after the reload: %s", e.msg);
			uv_stop(&h->loop);
		} else {
			hub_compile_changed(next, old);
			log_info("configuration is read anew file=%s",
			    next->config->file);
		}
	}
	notify_send("READY=1");
}

/* --- Signals -------------------------------------------------------------- */

static void
on_signal(uv_signal_t *s, int number)
{
	struct hubd *h = s->data;

	switch (number) {
	case SIGHUP:
		reload(h);
		break;
	case SIGUSR1:
		log_state(h);
		break;
	default:
		uv_stop(&h->loop);
		break;
	}
}

static void
begin_signals(struct hubd *h)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	uv_signal_t *const handles[] = { &h->term, &h->interrupt, &h->hup,
		&h->usr1 };

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		(void)uv_signal_init(&h->loop, handles[i]);
		handles[i]->data = h;
		(void)uv_signal_start(handles[i], on_signal, numbers[i]);
	}
}

static int
answer(void *arg, size_t n, const char *const *word, struct buf *reply)
{
	struct hubd *h = arg;
	int status = hub_answer(h->hub, n, word, reply);

	work_in(h, 0);
	return status;
}

/* --- Beginning and ending ------------------------------------------------- */

static void
begin_timers(struct hubd *h)
{
	uv_timer_t *const timers[] = { &h->work, &h->tell, &h->watchdog };
	uint64_t watchdog_ms = (uint64_t)notify_watchdog_ms();

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		(void)uv_timer_init(&h->loop, timers[i]);
		timers[i]->data = h;
	}
	(void)uv_timer_start(&h->tell, on_tell, TELL_MS, TELL_MS);
	if (watchdog_ms > 0)
		(void)uv_timer_start(&h->watchdog, on_watchdog, watchdog_ms,
		    watchdog_ms);
}

static void
close_handle(uv_handle_t *handle, void *hubd)
{
	/* The control socket and the watch close, and free, their own. */
	if (handle->data == hubd && !uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void
end(struct hubd *h)
{
	watch_close(h->watch);
	control_close(h->control);
	uv_walk(&h->loop, close_handle, h);
	(void)uv_run(&h->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&h->loop);
	hub_close(h->hub);
	for (size_t i = 0; i < h->n_spent; i++)
		hub_close(h->spent[i]);
	free(h->spent);
}

static void
give_up(int number)
{
	(void)number;
	_exit(EX_TEMPFAIL); /* as after a crash: the next start repairs it */
}

int
hubd_run(const struct hubd_opts *o, struct err *e)
{
	struct hubd h = { .opts = o };
	int rc = -1;

	(void)uv_loop_init(&h.loop);
	begin_signals(&h);
	begin_timers(&h);
	if (hub_open(o->config, &h.hub, e) == -1 ||
	    hub_lock(h.hub, 0, e) == -1 ||
	    control_listen(&h.loop, h.hub->config->node.run, answer, &h,
		&h.control, e) == -1 ||
	    settle_in(&h, e) == -1)
		goto out;
	notify_send("READY=1");
	if (o->ready != NULL)
		o->ready(o->arg);
	log_info("hubd begins node=%s", h.hub->config->node.id);
	(void)uv_run(&h.loop, UV_RUN_DEFAULT);
	notify_send("STOPPING=1");
	(void)signal(SIGALRM, give_up);
	(void)alarm(END_S);
	rc = hub_sync(h.hub, e);
	notices_flush(h.hub->notices, clock_wall());
	log_info("hubd ends node=%s", h.hub->config->node.id);
out:
	end(&h);
	(void)alarm(0);
	return rc;
}
