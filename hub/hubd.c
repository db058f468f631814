/*
 * The hub's daemon; see hubd.h.  A reload opens everything anew from another
 * configuration; the mailer has its words from the first.  It is confined before
 * it reads the first message (S12).
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

#include "common/base/daemon.h"
#include "common/base/durable.h"
#include "common/base/keeper.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/notify.h"
#include "common/base/sandbox.h"
#include "common/command/ground.h"
#include "common/operator/mailer.h"
#include "hub/control.h"
#include "hub/hub.h"
#include "hub/inboxes.h"
#include "hub/sessions.h"
#include "transport/http/http_listener.h"

enum {
	TELL_MS = 5000, /* between looks at what the operator must know */
	END_S = 20,
	MAILER_MS = 5000,    /* for its last mail */
	SESSIONS_MS = 17000, /* for the far ends to be told */
	MEND_MS = 1000,      /* between tries, doubled each time */
	MEND_MOST_MS = 60000,
	WAIT_MOST_MS = 3600 * 1000,
};

struct hubd {
	struct daemon d;
	const struct hubd_opts *opts;
	struct hub *hub;
	struct control *control;
	struct mailer mailer;
	struct sessions sessions;
	struct mono mend_at; /* the store failed: its next try */
	int64_t mend_ms;     /* 0: it is well */
	struct inboxes inboxes;
	struct err lost; /* what hubd cannot go on without */
	uv_timer_t work, tell;
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
on_seen(void *arg)
{
	work_in(arg, 0);
}

static void
watch(struct hubd *h)
{
	inboxes_watch(&h->inboxes, &h->d.loop, h->hub, on_seen, h);
}

/* The store and the ingest are opened anew until that succeeds.  False: not
 * yet. */
static bool
mend(struct hubd *h, struct mono now)
{
	struct err told; /* by a notice */

	if (h->mend_ms != 0 && now.ns >= h->mend_at.ns &&
	    hub_mend(h->hub, &told) == 0) {
		log_info("the store is well again");
		h->mend_ms = 0;
		if (h->inboxes.hub == NULL)
			watch(h);
		return true;
	}
	if (h->mend_ms == 0 || now.ns >= h->mend_at.ns) {
		h->mend_ms = h->mend_ms == 0    ? MEND_MS
		    : h->mend_ms < MEND_MOST_MS ? h->mend_ms * 2
						: h->mend_ms;
		h->mend_at = mono_add_ms(now, h->mend_ms);
	}
	work_in(h, mono_ms_since(h->mend_at, now) + 1);
	return false;
}

static void
on_work(uv_timer_t *t)
{
	struct hubd *h = t->data;
	struct mono now = clock_mono(), wake;

	if (!hub_is_well(h->hub) && !mend(h, now))
		return;
	if (ingest_step(h->hub->ingest, now, clock_wall()) ||
	    !hub_is_well(h->hub)) {
		work_in(h, 0);
		return;
	}
	wake = ingest_wake(h->hub->ingest);
	/* Rounded up, or it would be called a little too early for ever. */
	work_in(h,
	    wake.ns == INT64_MAX ? WAIT_MOST_MS : mono_ms_since(wake, now) + 1);
}

/* A child that hubd, being confined, cannot begin anew.  One that gave up would do
 * so again; of one that was killed only another hubd makes up for. */
static void
child_ended(struct hubd *h, const char *what, pid_t *keeper, const char *text)
{
	bool killed = keeper_was_killed(keeper);

	(void)notice_raise(h->hub->notices,
	    &(struct notice){ "", what, text,
		killed ? "see that hubd runs again" : "restart hubd" },
	    clock_wall());
	if (!killed)
		return;
	err_set(&h->lost, ERR_TEMP,
	    "the keeper of the %s was killed: hubd ends, to be begun again",
	    what);
	uv_stop(&h->d.loop);
}

/* A session that began before a reload may tell of what is no more. */
static void
fit_notices(struct hub *hub)
{
	notices_read_again(hub->notices);
	ground_fit_notices(hub->notices, hub->config);
}

static void
on_tell(uv_timer_t *t)
{
	struct hubd *h = t->data;

	inboxes_look(&h->inboxes);
	if (mailer_wake(&h->mailer) == -1)
		child_ended(h, "mailer", &h->mailer.pid,
		    "the child that sends mail ended: no mail is sent");
	if (sessions_check(&h->sessions) == 0)
		(void)notice_clear(h->hub->notices, "", "sessions",
		    clock_wall());
	else
		child_ended(h, "sessions", &h->sessions.pid,
		    "the child that has sessions ended: no spoke is pulled, "
		    "none heard over http, and nothing taken that is brought");
	fit_notices(h->hub);
	notices_flush(h->hub->notices, clock_wall());
}

static void
say_state(const struct hubd *h)
{
	struct ingest_status s;
	char line[128];
	size_t n = 0, stopped = 0;

	while (h->hub->ingest != NULL && ingest_status(h->hub->ingest, n, &s)) {
		stopped += s.stopped;
		n++;
	}
	(void)snprintf(line, sizeof(line),
	    "STATUS=%zu associations, %zu standing still", n, stopped);
	notify_send(line);
}

static void
log_store(const struct store *s)
{
	const struct store_counts *c = s->ops->counts(s);

	log_info("state store values=%" PRIu64 " written=%" PRIu64
		 " waiting=%zu past=%" PRIu64 " unfit=%" PRIu64
		 " refused=%" PRIu64,
	    c->put, c->written, s->ops->waiting(s), c->past, c->unfit,
	    c->refused);
}

static void
log_state(const struct hubd *h)
{
	struct ingest_status s;

	if (h->hub->ingest == NULL)
		log_info("state store=failed");
	else
		log_store(h->hub->store);
	for (size_t i = 0;
	     h->hub->ingest != NULL && ingest_status(h->hub->ingest, i, &s);
	     i++)
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

/* --- Settling in, and reloading ------------------------------------------- */

/* Where it fails for now, mend() opens it, and does what settle_in left out. */
static int
open_store(struct hub *h, struct err *e)
{
	return hub_open_store(h, e) == 0 || hub_awaits_store(h, e) ? 0 : -1;
}

static void
settle_in(struct hubd *h)
{
	if (h->hub->store != NULL) {
		hub_open_ingest(h->hub);
		watch(h);
	}
	work_in(h, 0);
	say_state(h);
}

static void
reload(struct hubd *h)
{
	struct hub *next = NULL, *old = h->hub;
	const struct hub_opts o = { .config = h->opts->config,
		.before = old,
		.mail_elsewhere = true };
	struct err e;

	notify_send("RELOADING=1");
	notices_flush(old->notices, clock_wall()); /* the next reads them */
	if (hub_open(&o, &next, &e) == -1 ||
	    (hub_is_well(old) && hub_sync(old, &e) == -1)) {
		if (!notice_raise(old->notices,
			&(struct notice){ "", "config", e.msg,
			    "hubctl check-config" },
			clock_wall()))
			log_err("the configuration is still not taken: %s",
			    e.msg);
		notices_flush(old->notices, clock_wall());
		hub_close(next);
	} else {
		(void)notice_clear(next->notices, "", "config", clock_wall());
		ground_fit_notices(next->notices, next->config);
		/* before the sessions' process may raise it again */
		notices_flush(next->notices, clock_wall());
		hub_close_ingest(old);
		inboxes_close(&h->inboxes);
		h->hub = next;
		if (open_store(next, &e) == -1) {
			h->lost = e;
			uv_stop(&h->d.loop);
		} else {
			settle_in(h);
			hub_compile_changed(next, old);
			sessions_reload(&h->sessions);
			log_info("configuration is read anew file=%s",
			    next->config->file);
		}
		hub_close(old);
	}
	notify_send("READY=1");
}

/* --- Signals -------------------------------------------------------------- */

static void
on_signal(void *arg, enum daemon_signal what)
{
	struct hubd *h = arg;

	switch (what) {
	case DAEMON_RELOAD:
		reload(h);
		break;
	case DAEMON_SAY:
		log_state(h);
		break;
	case DAEMON_END:
		uv_stop(&h->d.loop);
		break;
	}
}

static int
answer(void *arg, size_t n, const char *const *word, struct buf *reply)
{
	struct hubd *h = arg;
	int status;

	notices_flush(h->hub->notices, clock_wall()); /* who asks reads them */
	status = hub_answer(h->hub, n, word, reply);
	work_in(h, 0);
	return status;
}

/* --- Beginning and ending ------------------------------------------------- */

static void
begin_timers(struct hubd *h)
{
	uv_timer_t *const timers[] = { &h->work, &h->tell };

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		(void)uv_timer_init(&h->d.loop, timers[i]);
		timers[i]->data = h;
	}
	(void)uv_timer_start(&h->tell, on_tell, TELL_MS, TELL_MS);
}

static void
end_loop(struct hubd *h)
{
	inboxes_close(&h->inboxes);
	control_close(h->control);
	daemon_end(&h->d, h);
}

static void
end(struct hubd *h)
{
	if (h->d.begun)
		end_loop(h);
	sessions_stop(&h->sessions, SESSIONS_MS);
	mailer_stop(&h->mailer, MAILER_MS);
	hub_close(h->hub);
}

static void
give_up(int number)
{
	(void)number;
	_exit(EX_TEMPFAIL); /* as after a crash: the next start repairs it */
}

/* All that needs rights, then the confinement, then the first message. */
static int
begin(struct hubd *h, struct err *e)
{
	const struct hub_opts o = { .config = h->opts->config,
		.mail_elsewhere = true };
	struct sandbox_state confined;
	struct notice_mail mail;
	char text[96];

	if (hub_open(&o, &h->hub, e) == -1 ||
	    http_listener_check(h->hub->config, CONFIG_HUB, false, e) == -1)
		return -1;
	mail = h->hub->mail;
	mail.elsewhere = false;
	ground_fit_notices(h->hub->notices, h->hub->config);
	notices_flush(h->hub->notices,
	    clock_wall()); /* before they are mailed */
	/* Before the lock, which it must not hold, and the loop. */
	if (mailer_start(h->hub->node.state_dir, &mail, &h->mailer, e) == -1 ||
	    sessions_start(h->hub->config->file, &h->sessions, e) == -1)
		return -1;
	daemon_begin(&h->d, on_signal, h);
	begin_timers(h);
	if (hub_lock(h->hub, e) == -1 ||
	    control_listen(&h->d.loop, h->hub->config->node.run, answer, h,
		&h->control, e) == -1 ||
	    open_store(h->hub, e) == -1 ||
	    hub_confine(h->hub, &confined, e) == -1)
		return -1;
	settle_in(h);
	/* what a hubd that was killed did not come to say */
	(void)notice_clear(h->hub->notices, "", "config", clock_wall());
	(void)notice_clear(h->hub->notices, "", "mailer", clock_wall());
	(void)notice_clear(h->hub->notices, "", "sessions", clock_wall());
	notices_flush(h->hub->notices, clock_wall());
	log_info("hubd begins node=%s confinement=\"%s\"",
	    h->hub->config->node.id,
	    sandbox_text(confined, text, sizeof(text)));
	return 0;
}

int
hubd_run(const struct hubd_opts *o, struct err *e)
{
	struct hubd h = { .opts = o,
		.mailer = { -1, 0 },
		.sessions = { -1, 0 } };
	int rc = -1;

	if (begin(&h, e) == -1)
		goto out;
	daemon_ready(o->ready_fd);
	(void)uv_run(&h.d.loop, UV_RUN_DEFAULT);
	notify_send("STOPPING=1");
	sessions_end(&h.sessions);
	(void)signal(SIGALRM, give_up);
	(void)alarm(END_S);
	rc = hub_sync(h.hub, e);
	notices_flush(h.hub->notices, clock_wall());
	log_info("hubd ends node=%s", h.hub->config->node.id);
	if (rc == 0 && h.lost.kind != ERR_NONE) {
		*e = h.lost;
		rc = -1;
	}
out:
	end(&h);
	(void)alarm(0);
	return rc;
}
