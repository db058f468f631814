/*
 * The sessions of a daemon; see links.h.  The schedule decides; here are its
 * timer, the children and their ends.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/watch.h"
#include "common/spool/peek.h"
#include "transport/carried/carry.h"
#include "transport/links/links.h"
#include "transport/links/links_child.h"
#include "transport/links/links_schedule.h"
#include "transport/links/links_untold.h"

enum {
	KILL_MS = 15000,   /* from TERM to KILL: sessions end in order */
	ANSWERED_MOST = 2, /* sessions of one association */
	WAIT_MOST_MS = 3600 * 1000,
	REWATCH_MS = 60000,
};

static const size_t NO_LINK = SIZE_MAX;

/* A session, in a process of its own. */
struct running {
	struct running *next;
	pid_t pid;
	char *association;
	size_t link; /* of the schedule, or NO_LINK: it was not dialed */
	bool may_tell;
};

/* What a configuration makes of us. */
struct plan {
	struct node node;
	struct links_schedule *schedule;
	const struct association **link; /* by the schedule's number */
	size_t n;
	struct watch *watch; /* of the outboxes, by the same number */
	bool *watched;
	struct mono rewatch_at; /* what is not */
};

struct links {
	struct links_opts o;
	const struct config *config;
	struct plan plan; /* made from it */
	struct running *session;
	size_t running;
	struct links_untold untold;
	uv_timer_t wake, kill;
	uv_signal_t ended;
	size_t open; /* handles */
	bool closing;
	void (*gone)(void *arg);
	void *arg;
};

static void look(struct links *l);

/* --- Sessions ------------------------------------------------------------ */

/* False: it could not be forked.  fd and meter: of one that is answered. */
static bool
begin(struct links *l, const struct association *a, size_t link, int fd,
    struct channel_meter *meter)
{
	struct links_child c = { .loop = l->o.loop,
		.config = l->config,
		.association = a,
		.again = link != NO_LINK &&
		    links_schedule_again(l->plan.schedule, link),
		.fd = fd,
		.meter = meter,
		.took = l->o.took };
	struct running *s;
	pid_t pid;

	c.may_tell =
	    links_untold_ask(&l->untold, a->name, clock_mono(), &c.untold);
	pid = links_child_fork(&c);
	if (pid == -1)
		return false;
	s = mem_alloc(sizeof(*s));
	*s = (struct running){ l->session, pid, mem_strdup(a->name), link,
		c.may_tell };
	l->session = s;
	l->running++;
	return true;
}

static void
free_running(struct running *s)
{
	free(s->association);
	free(s);
}

/* True where something waits in our outbox for the far end.  What is carried is
 * acknowledged later than by the end of an exchange: there, what the far end was
 * not told of. */
static bool
anything_waits(const struct links *l, const struct association *a)
{
	struct err ignored = { 0 }; /* a session will find the same */
	int dir = node_open_association(&l->plan.node, a, &ignored);
	struct peek p = { .last = 0 };
	bool yes = dir != -1 && peek_outbox(dir, &p, &ignored) == 0 &&
	    p.last > p.acked &&
	    (!config_is_carried(a) || !carry_has_told(dir, p.stream, p.last));

	if (dir != -1)
		close(dir);
	return yes;
}

/* A spoke that pushes has no news to fetch over a stream: the hub's words come
 * with its next delivery.  Carried files are looked for. */
static bool
is_worth_it(const struct links *l, const struct association *a)
{
	return l->o.role == CONFIG_HUB || config_stays(a) ||
	    config_is_carried(a) || anything_waits(l, a);
}

static void
tell_if_waits(struct links *l, size_t link)
{
	if (!links_schedule_running(l->plan.schedule, link) &&
	    anything_waits(l, l->plan.link[link]))
		links_schedule_told(l->plan.schedule, link, clock_mono());
}

static enum links_schedule_end
end_of(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) <= LINK_PARTED
	    ? (enum links_schedule_end)WEXITSTATUS(status)
	    : LINK_FAILED;
}

static void
ended(struct links *l, const struct running *s, int status)
{
	enum links_schedule_end how = end_of(status);

	l->running--;
	if (WIFSIGNALED(status) && !l->closing)
		log_warn("a session's process was killed association=%s "
			 "signal=%d",
		    s->association, WTERMSIG(status));
	if (s->link == NO_LINK && how == LINK_FAILED)
		links_untold_failed(&l->untold, s->association, s->may_tell,
		    clock_mono());
	if (s->link == NO_LINK)
		return;
	links_schedule_ended(l->plan.schedule, s->link, how, clock_mono());
	if (how == LINK_WELL)
		tell_if_waits(l, s->link); /* what came meanwhile */
}

static void
reap(struct links *l)
{
	struct running **at = &l->session, *s;
	int status;

	while ((s = *at) != NULL) {
		pid_t got = waitpid(s->pid, &status, WNOHANG);

		if (got == 0 || (got == -1 && errno == EINTR)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		ended(l, s, got == -1 ? 0 : status);
		free_running(s);
	}
}

static void
signal_all(const struct links *l, int number)
{
	for (const struct running *s = l->session; s != NULL; s = s->next)
		(void)kill(s->pid, number);
}

/* --- Watching ------------------------------------------------------------- */

static void on_written(void *arg, size_t link);

static int
watch_outbox(struct plan *p, size_t link, struct err *e)
{
	char outbox[] = "outbox";
	int dir = node_open_association(&p->node, p->link[link], e), fd = -1,
	    rc = -1;

	if (dir != -1)
		fd = durable_open_dir(dir, outbox, e);
	/* a writer appends and closes, or names a segment */
	if (fd != -1)
		rc = watch_add(p->watch, fd, IN_CLOSE_WRITE | IN_MOVED_TO, link,
		    e);
	if (fd != -1)
		close(fd);
	if (dir != -1)
		close(dir);
	return rc;
}

/* What cannot be watched is looked into once a minute, and tried again: an
 * association whose directory is not right, of which its sessions tell, holds up no
 * other. */
static void
watch_rest(struct links *l, struct plan *p, bool say)
{
	struct err e = { 0 };
	bool all = true;

	if (p->watch == NULL)
		(void)watch_open(l->o.loop, on_written, l, &p->watch, &e);
	for (size_t i = 0; i < p->n; i++) {
		p->watched[i] = p->watched[i] ||
		    (p->watch != NULL && watch_outbox(p, i, &e) == 0);
		all = all && p->watched[i];
		if (say && !p->watched[i])
			log_warn("what waits is looked for once a minute "
				 "association=%s: %s",
			    p->link[i]->name, e.msg);
	}
	p->rewatch_at = all ? (struct mono){ INT64_MAX }
			    : mono_add_ms(clock_mono(), REWATCH_MS);
}

/* As on_written(), of what is not watched. */
static void
look_unwatched(struct links *l)
{
	struct plan *p = &l->plan;

	for (size_t i = 0; i < p->n; i++)
		if (!p->watched[i] && !config_stays(p->link[i]))
			tell_if_waits(l, i);
	watch_rest(l, p, false);
}

/* --- The loop ------------------------------------------------------------ */

static void
on_wake(uv_timer_t *t)
{
	look(t->data);
}

/* Begin what is due, and ask to be woken for the next. */
static void
look(struct links *l)
{
	struct mono now = clock_mono(), wake;
	int64_t ms;
	size_t i;

	if (l->closing)
		return;
	if (now.ns >= l->plan.rewatch_at.ns)
		look_unwatched(l);
	while (links_schedule_next(l->plan.schedule, now, &i))
		if (!is_worth_it(l, l->plan.link[i]))
			links_schedule_ended(l->plan.schedule, i, LINK_WELL,
			    now);
		else if (!begin(l, l->plan.link[i], i, -1, NULL)) {
			log_err("no process for a session association=%s: %s",
			    l->plan.link[i]->name, strerror(errno));
			links_schedule_ended(l->plan.schedule, i, LINK_FAILED,
			    now);
		}
	wake = mono_earlier(links_schedule_wake(l->plan.schedule),
	    l->plan.rewatch_at);
	/* Rounded up, or it would be called a little too early. */
	ms = wake.ns == INT64_MAX ? WAIT_MOST_MS : mono_ms_since(wake, now) + 1;
	if (ms > WAIT_MOST_MS)
		ms = WAIT_MOST_MS;
	(void)uv_timer_start(&l->wake, on_wake, ms < 0 ? 0 : (uint64_t)ms, 0);
}

static void
on_written(void *arg, size_t link)
{
	struct links *l = arg;

	if (l->closing)
		return;
	for (size_t i = 0; i < l->plan.n; i++)
		if ((link == SIZE_MAX || link == i) &&
		    !config_stays(l->plan.link[i]))
			tell_if_waits(l, i);
	look(l);
}

static void
on_closed(uv_handle_t *h)
{
	struct links *l = h->data;

	if (--l->open > 0)
		return;
	if (l->gone != NULL)
		l->gone(l->arg);
	links_untold_clear(&l->untold);
	free(l);
}

static void
close_handles(struct links *l)
{
	uv_close((uv_handle_t *)&l->wake, on_closed);
	uv_close((uv_handle_t *)&l->kill, on_closed);
	uv_close((uv_handle_t *)&l->ended, on_closed);
}

static void
on_child(uv_signal_t *h, int number)
{
	struct links *l = h->data;

	(void)number;
	reap(l);
	if (!l->closing)
		look(l);
	else if (l->session == NULL && !uv_is_closing((uv_handle_t *)h))
		close_handles(l);
}

/* --- Opening and reloading ----------------------------------------------- */

static void
plan_clear(struct plan *p)
{
	watch_close(p->watch);
	links_schedule_free(p->schedule);
	free(p->link);
	free(p->watched);
	node_close(&p->node);
}

static void
add_link(struct plan *p, const struct association *a, struct mono now)
{
	const struct links_schedule_link k = { a->name,
		config_stays(a) ? 0 : a->pull_interval_s * 1000,
		config_stays(a) };

	p->link = mem_resize(p->link, p->n + 1, sizeof(*p->link));
	p->link[p->n++] = a;
	(void)links_schedule_add(p->schedule, &k, now);
}

static int
make_plan(struct plan *p, struct links *l, const struct config *c,
    struct err *e)
{
	struct links_schedule_opts o = { .at_once = LINKS_MOST };
	struct mono now = clock_mono();

	if (getrandom(&o.seed, sizeof(o.seed), 0) != (ssize_t)sizeof(o.seed))
		o.seed = (uint64_t)now.ns;
	*p = (struct plan){ .node = { -1, -1, -1 },
		.schedule = links_schedule_new(&o) };
	if (node_open(c, &p->node, e) == -1)
		return -1;
	for (size_t i = 0; i < c->n_association; i++) {
		const struct association *a = &c->association[i];

		if (a->role != l->o.role || !config_visits(a))
			continue;
		add_link(p, a, now);
	}
	p->watched = mem_array(p->n + 1, sizeof(*p->watched));
	watch_rest(l, p, true);
	return 0;
}

static size_t
find_link(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->link[i]->name, name) == 0)
			return i;
	return NO_LINK;
}

/* Running sessions get the numbers of the new plan.  Those of what is no more,
 * and kept ones, which still have the old configuration, are ended. */
static void
hand_over(struct links *l, const struct plan *p)
{
	for (size_t i = 0; i < l->plan.n; i++) {
		size_t to = find_link(p, l->plan.link[i]->name);

		if (to != NO_LINK)
			links_schedule_inherit(p->schedule, to,
			    l->plan.schedule, i);
	}
	for (struct running *s = l->session; s != NULL; s = s->next) {
		const struct association *a =
		    config_association(l->config, s->association);

		if (s->link != NO_LINK)
			s->link = find_link(p, s->association);
		if (s->link == NO_LINK || a == NULL || config_stays(a))
			(void)kill(s->pid, SIGTERM);
	}
}

int
links_open(const struct links_opts *o, const struct config *config,
    struct links **out, struct err *e)
{
	struct links *l = mem_alloc(sizeof(*l));
	struct plan p;

	l->o = *o;
	if (make_plan(&p, l, config, e) == -1) {
		plan_clear(&p);
		free(l);
		return -1;
	}
	l->config = config;
	l->plan = p;
	(void)uv_timer_init(o->loop, &l->wake);
	(void)uv_timer_init(o->loop, &l->kill);
	(void)uv_signal_init(o->loop, &l->ended);
	l->open = 3;
	l->wake.data = l->kill.data = l->ended.data = l;
	(void)uv_signal_start(&l->ended, on_child, SIGCHLD);
	on_written(l, SIZE_MAX); /* what waits already */
	*out = l;
	return 0;
}

int
links_reload(struct links *l, const struct config *config, struct err *e)
{
	struct plan p, old = l->plan;

	if (make_plan(&p, l, config, e) == -1) {
		plan_clear(&p);
		return -1;
	}
	hand_over(l, &p);
	l->config = config;
	l->plan = p;
	plan_clear(&old);
	on_written(l, SIZE_MAX);
	return 0;
}

/* Those of one association that we did not dial. */
static size_t
answered(const struct links *l, const struct association *a)
{
	size_t n = 0;

	for (const struct running *s = l->session; s != NULL; s = s->next)
		n += s->link == NO_LINK && strcmp(s->association, a->name) == 0;
	return n;
}

int
links_answer(struct links *l, const struct association *a, int fd,
    struct channel_meter *meter, struct err *e)
{
	if (l->closing)
		return err_set(e, ERR_TEMP, "this daemon is ending");
	/* each has one, and one more that takes over from it: who begins them
	 * without end takes no place of another's */
	if (answered(l, a) >= ANSWERED_MOST ||
	    l->running >
		ANSWERED_MOST * (size_t)l->config->node.sessions + l->plan.n)
		return err_set(e, ERR_TEMP, "busy: %zu sessions are running",
		    l->running);
	if (!begin(l, a, NO_LINK, fd, meter))
		return err_sys(e, "fork");
	close(fd);
	return 0;
}

size_t
links_running(const struct links *l)
{
	return l->running;
}

static void
on_kill(uv_timer_t *t)
{
	signal_all(t->data, SIGKILL);
}

void
links_close(struct links *l, void (*gone)(void *arg), void *arg)
{
	assert(!l->closing);
	l->closing = true;
	l->gone = gone;
	l->arg = arg;
	for (struct running *s = l->session; s != NULL; s = s->next)
		s->link = NO_LINK;
	plan_clear(&l->plan);
	signal_all(l, SIGTERM);
	(void)uv_timer_start(&l->kill, on_kill, KILL_MS, 0);
	if (l->session == NULL)
		close_handles(l);
}
