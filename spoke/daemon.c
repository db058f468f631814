/*
 * The spoke's daemon; see daemon.h.
 *
 * Cycles are begun by the wall clock (turns.h): a child collects what is due, and
 * the marks of schedule.h decide what that is, as for a run of cron beside us.
 * The clock is looked at again after a few seconds at the latest.
 *
 * What is brought into a staging directory shows by itself.  A carried directory
 * may be anything that is mounted, or not there: it is looked at now and then.
 */
#include "config.h"

#include "spoke/daemon.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base/daemon.h"
#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/notify.h"
#include "common/base/watch.h"
#include "common/command/ground.h"
#include "common/operator/mailer.h"
#include "common/spool/peek.h"
#include "spoke/daemon_child.h"
#include "spoke/incoming.h"
#include "spoke/turns.h"
#include "transport/http/http_listener.h"
#include "transport/http/listening.h"
#include "transport/links/links.h"

enum {
	LOOK_MOST_MS = 5000, /* at the clock: it may have jumped */
	AGAIN_MS = 1000,     /* where there was no process */
	TELL_MS = 5000,      /* between looks at what the operator must know */
	WORK_MOST = 16,      /* children that collect */
	END_S = 20,          /* in all; then we give up */
	ASK_MS = 12000,      /* for what works, to end by itself */
	KILL_MS = 3000,      /* from TERM to KILL */
	MAILER_MS = 2000,    /* for its last mail */
};

struct spoke_daemon {
	struct daemon d;
	struct config *config;
	struct node node;
	int lock;
	struct notice_mail mail; /* recorded here, sent by the mailer */
	struct notices *notices;
	struct mailer mailer;
	struct links *links;
	struct listening *listening; /* for hubs that pull by http */
	struct watch *watch;         /* of staging directories */
	struct turns turns;
	struct daemon_children children;
	/* once more, when the one that runs has ended, or there is a process */
	bool carried_due;
	struct mono carried_at; /* the last look at carried directories */
	bool ending, killing;
	uv_timer_t look, tell, end;
	char said[64]; /* systemd's status line */
};

static void on_look(uv_timer_t *t);

static void
look_in(struct spoke_daemon *s, int64_t ms)
{
	(void)uv_timer_start(&s->look, on_look, (uint64_t)ms, 0);
}

/* --- Work ----------------------------------------------------------------- */

static size_t
count(const struct spoke_daemon *s, enum daemon_work w)
{
	return daemon_children_count(&s->children, w);
}

/* False: not now. */
static bool
begin(struct spoke_daemon *s, enum daemon_work w)
{
	return daemon_child_begin(&s->children, s->config, w);
}

static void
carried(struct spoke_daemon *s)
{
	s->carried_due =
	    count(s, DAEMON_CARRIED) > 0 || !begin(s, DAEMON_CARRIED);
}

static void
end_if_idle(struct spoke_daemon *s)
{
	if (s->ending && s->children.first == NULL && s->links == NULL)
		uv_stop(&s->d.loop);
}

static void
on_ended(void *arg, enum daemon_work w)
{
	struct spoke_daemon *s = arg;

	if (w == DAEMON_CARRIED && s->carried_due && !s->ending)
		carried(s);
	end_if_idle(s);
}

static void
say_state(struct spoke_daemon *s)
{
	char line[sizeof(s->said)];

	(void)snprintf(line, sizeof(line),
	    "STATUS=%zu sessions, %zu collecting", links_running(s->links),
	    count(s, DAEMON_COLLECT));
	if (strcmp(line, s->said) == 0)
		return;
	memcpy(s->said, line, sizeof(line));
	notify_send(line);
}

/* Those into which hubs bring things unasked.  *wait_ms: until the next look, if
 * that is sooner than what stands there. */
static bool
carried_by_now(struct spoke_daemon *s, struct mono now, int64_t *wait_ms)
{
	int64_t every_ms = INT64_MAX, left_ms;

	for (size_t i = 0; i < s->config->n_association; i++) {
		const struct association *a = &s->config->association[i];

		if (a->role == CONFIG_SPOKE && a->transport == CONFIG_DIR &&
		    !config_dials(a) && a->pull_interval_s * 1000 < every_ms)
			every_ms = a->pull_interval_s * 1000;
	}
	if (every_ms == INT64_MAX)
		return false;
	left_ms = every_ms - mono_ms_since(now, s->carried_at);
	if (left_ms > 0 && left_ms < *wait_ms)
		*wait_ms = left_ms;
	else if (left_ms <= 0 && every_ms < *wait_ms)
		*wait_ms = every_ms;
	if (left_ms <= 0)
		s->carried_at = now;
	return left_ms <= 0;
}

static void
on_look(uv_timer_t *t)
{
	struct spoke_daemon *s = t->data;
	int64_t wait_ms = LOOK_MOST_MS;
	bool due = turns_due(&s->turns, clock_wall(), &wait_ms);

	if (due && count(s, DAEMON_COLLECT) >= WORK_MOST)
		log_warn("%d cycles are still running: one is missed",
		    WORK_MOST);
	else if (due && !begin(s, DAEMON_COLLECT)) {
		turns_forget(&s->turns);
		wait_ms = AGAIN_MS;
	}
	if (carried_by_now(s, clock_mono(), &wait_ms))
		s->carried_due = true;
	if (s->carried_due && count(s, DAEMON_CARRIED) == 0) {
		carried(s);
		if (s->carried_due && wait_ms > AGAIN_MS)
			wait_ms = AGAIN_MS;
	}
	say_state(s);
	look_in(s, wait_ms);
}

/* --- What is carried here ------------------------------------------------- */

static void
on_placed(void *arg, size_t key)
{
	struct spoke_daemon *s = arg;

	(void)key;
	if (!s->ending)
		carried(s);
}

static int
watch_one(struct spoke_daemon *s, const struct association *a, struct err *e)
{
	int dir = node_open_association(&s->node, a, e);
	int staging = dir == -1 ? -1 : durable_open_dir(dir, "staging", e);
	int rc = staging == -1
	    ? -1
	    : watch_add(s->watch, staging, IN_MOVED_TO | IN_CLOSE_WRITE, 0, e);

	if (staging != -1)
		close(staging);
	if (dir != -1)
		close(dir);
	return rc;
}

/* What cannot be watched is taken at each cycle alone; it holds up no other. */
static void
watch_staging(struct spoke_daemon *s)
{
	const struct config *c = s->config;
	struct err e;
	size_t n = 0;

	watch_close(s->watch);
	s->watch = NULL;
	if (watch_open(&s->d.loop, on_placed, s, &s->watch, &e) == -1) {
		log_warn("what is brought is taken at each cycle: %s", e.msg);
		return;
	}
	for (size_t i = 0; i < c->n_association; i++) {
		const struct association *a = &c->association[i];

		if (a->role != CONFIG_SPOKE || !config_is_carried(a))
			continue;
		if (watch_one(s, a, &e) == -1)
			log_warn("what is brought is taken at each cycle "
				 "association=%s: %s",
			    a->name, e.msg);
		n++;
	}
	if (n > 0)
		carried(s); /* what lies there already */
}

/* --- Signals -------------------------------------------------------------- */

static void
log_state(struct spoke_daemon *s)
{
	const struct config *c = s->config;

	log_info("state sessions=%zu collecting=%zu carried=%zu",
	    links_running(s->links), count(s, DAEMON_COLLECT),
	    count(s, DAEMON_CARRIED));
	for (size_t i = 0; i < s->turns.n; i++) {
		const struct turn *u = &s->turns.at[i];

		log_info("state period_s=%" PRId64 " offset_s=%" PRId64
			 " cycle=%" PRId64,
		    u->period_s, u->offset_s, u->cycle_s);
	}
	for (size_t i = 0; i < c->n_association; i++) {
		const struct association *a = &c->association[i];
		struct peek p = { .last = 0 };
		struct err ignored; /* then it is not told */
		int dir = a->role == CONFIG_SPOKE
		    ? node_open_association(&s->node, a, &ignored)
		    : -1;

		if (dir != -1 && peek_outbox(dir, &p, &ignored) == 0)
			log_info("state association=%s last=%" PRIu64
				 " acked=%" PRIu64 " waiting=%" PRIu64,
			    a->name, p.last, p.acked, p.waiting_messages);
		if (dir != -1)
			close(dir);
	}
}

/* A session that began before a reload may tell of what is no more, and the mailer
 * takes it from the file. */
static void
fit_notices(struct spoke_daemon *s)
{
	notices_read_again(s->notices);
	ground_fit_notices(s->notices, s->config);
	notices_flush(s->notices, clock_wall());
}

static int
start_mailer(struct spoke_daemon *s, struct err *e)
{
	const struct notice_mail mail = ground_mail(s->config, false);

	return mailer_start(s->node.state_dir, &mail, &s->mailer, e);
}

/* It sends what it has, and ends; it is reaped like the others. */
static void
let_mailer_go(struct spoke_daemon *s)
{
	close(s->mailer.wake_fd);
	daemon_child_adopt(&s->children, s->mailer.pid, DAEMON_MAIL);
	s->mailer = (struct mailer){ -1, 0 };
}

/* Another configuration is in place: what it changes but for the sessions. */
static int
take_over(struct spoke_daemon *s, struct err *e)
{
	struct node node = { -1, -1, -1 };
	struct notices *notices = NULL;
	int rc;

	if (node_open(s->config, &node, e) == -1)
		return -1;
	s->mail = ground_mail(s->config, true);
	if (notices_open(node.state_dir, &s->mail, &notices, e) == -1) {
		node_close(&node);
		return -1;
	}
	notices_close(s->notices);
	node_close(&s->node);
	s->notices = notices;
	s->node = node;
	fit_notices(s);
	let_mailer_go(s);
	turns_make(&s->turns, s->config);
	rc = start_mailer(s, e);
	watch_staging(s);
	return rc;
}

static void
reload(struct spoke_daemon *s)
{
	struct config *next = NULL, *old = s->config;
	struct err e = { 0 };

	notify_send("RELOADING=1");
	notices_flush(s->notices, clock_wall()); /* the next reads them */
	if (config_read(old->file, &next, &e) == -1 ||
	    listening_reload_links(s->listening, next, old, &e) == -1) {
		if (!notice_raise(s->notices,
			&(struct notice){ "", "config", e.msg,
			    "spoke check-config" },
			clock_wall()))
			log_err("the configuration is still not taken: %s",
			    e.msg);
		config_free(next);
	} else {
		s->config = next;
		if (take_over(s, &e) == -1)
			log_err("not all of the configuration is taken: %s",
			    e.msg);
		(void)notice_clear(s->notices, "", "config", clock_wall());
		log_info("configuration is read anew file=%s", next->file);
		look_in(s, 0);
		config_free(old);
	}
	notices_flush(s->notices, clock_wall());
	notify_send("READY=1");
}

static void
on_gone(void *arg)
{
	struct spoke_daemon *s = arg;

	s->links = NULL;
	listening_close(s->listening); /* it carried the last bytes */
	s->listening = NULL;
	end_if_idle(s);
}

static void
on_end(uv_timer_t *t)
{
	struct spoke_daemon *s = t->data;

	daemon_children_kill(&s->children, s->killing ? SIGKILL : SIGTERM);
	s->killing = true;
	(void)uv_timer_start(&s->end, on_end, KILL_MS, 0);
}

static void
give_up(int number)
{
	(void)number;
	_exit(EX_TEMPFAIL); /* as after a crash: the next start repairs it */
}

/* What works may end its work; sessions are asked to take their leave. */
static void
begin_end(struct spoke_daemon *s)
{
	if (s->ending)
		return;
	s->ending = true;
	notify_send("STOPPING=1");
	(void)signal(SIGALRM, give_up);
	(void)alarm(END_S);
	(void)uv_timer_stop(&s->look);
	(void)uv_timer_start(&s->end, on_end, ASK_MS, 0);
	links_close(s->links, on_gone, s);
	end_if_idle(s);
}

static void
on_signal(void *arg, enum daemon_signal what)
{
	struct spoke_daemon *s = arg;

	if (s->ending)
		return;
	switch (what) {
	case DAEMON_END:
		begin_end(s);
		break;
	case DAEMON_RELOAD:
		reload(s);
		break;
	case DAEMON_SAY:
		log_state(s);
		break;
	}
}

static void
on_tell(uv_timer_t *t)
{
	struct spoke_daemon *s = t->data;
	struct err e = { 0 };

	fit_notices(s);
	if (s->mailer.pid > 0 && mailer_wake(&s->mailer) == 0)
		return;
	log_warn("the child that sends mail ended: another is started");
	if (s->mailer.pid > 0)
		let_mailer_go(s);
	if (start_mailer(s, &e) == -1)
		log_err("no mail: %s", e.msg);
}

/* --- Beginning and ending ------------------------------------------------- */

static void
begin_handles(struct spoke_daemon *s)
{
	uv_timer_t *const timers[] = { &s->look, &s->tell, &s->end };

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		(void)uv_timer_init(&s->d.loop, timers[i]);
		timers[i]->data = s;
	}
	(void)uv_timer_start(&s->tell, on_tell, TELL_MS, TELL_MS);
	s->children.loop = &s->d.loop;
	s->children.arg = s;
	daemon_children_begin(&s->children);
}

static int
start(struct spoke_daemon *s, struct err *e)
{
	const struct links_opts o = { .loop = &s->d.loop,
		.role = CONFIG_SPOKE,
		.took = incoming_take };
	struct listening_opts lo = { .loop = &s->d.loop, .role = CONFIG_SPOKE };

	if (http_listener_check(s->config, CONFIG_SPOKE, false, e) == -1)
		return -1;
	s->lock = lock_process(s->node.run_dir, "spoke-daemon.lock", e);
	if (s->lock == -1)
		return e->kind == ERR_TEMP
		    ? err_set(e, ERR_TEMP,
			  "another spoke daemon of this node is running")
		    : -1;
	node_sweep(&s->node);
	s->mail = ground_mail(s->config, true);
	if (notices_open(s->node.state_dir, &s->mail, &s->notices, e) == -1)
		return -1;
	fit_notices(s);
	if (start_mailer(s, e) == -1) /* before the loop */
		return -1;
	daemon_begin(&s->d, on_signal, s);
	begin_handles(s);
	turns_make(&s->turns, s->config);
	watch_staging(s);
	if (links_open(&o, s->config, &s->links, e) == -1)
		return -1;
	lo.links = s->links;
	s->listening = listening_open(&lo, s->config);
	(void)notice_clear(s->notices, "", "config", clock_wall());
	look_in(s, 0);
	return 0;
}

static void
clear(struct spoke_daemon *s)
{
	watch_close(s->watch);
	daemon_end(&s->d, s);
	if (s->notices != NULL)
		notices_flush(s->notices, clock_wall());
	notices_close(s->notices);
	mailer_stop(&s->mailer, MAILER_MS);
	turns_clear(&s->turns);
	if (s->lock != -1)
		close(s->lock);
}

int
spoke_daemon_run(struct ground *g, int *ready_fd, struct err *e)
{
	struct spoke_daemon s = { .config = g->config,
		.node = g->node,
		.lock = -1,
		.mailer = { -1, 0 },
		.children = { .options = &g->options, .ended = on_ended } };
	int rc = start(&s, e);

	if (rc == 0) {
		log_info("spoke daemon begins node=%s", s.config->node.id);
		daemon_ready(ready_fd);
		(void)uv_run(&s.d.loop, UV_RUN_DEFAULT);
		log_info("spoke daemon ends node=%s", s.config->node.id);
	}
	clear(&s);
	(void)alarm(0);
	g->config = s.config; /* and with it what is open: ground_close */
	g->node = s.node;
	return rc;
}
