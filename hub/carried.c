/*
 * Taking what was placed; see carried.h.
 */
#include "config.h"

#include "hub/carried.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/watch.h"
#include "common/command/ground.h"
#include "transport/carried/carry.h"
#include "transport/delivery/inbound.h"
#include "transport/delivery/outcome.h"

enum {
	AT_ONCE = 4,     /* children */
	AGAIN_MS = 1000, /* doubled each time */
	AGAIN_MOST_MS = 60000,
};

/* One association. */
struct place {
	struct carried *c;
	const struct association *a;
	bool due, working, watched;
	int64_t again_ms; /* of the last failure; 0: none */
	uv_timer_t timer;
};

/* A child that is at work. */
struct run {
	struct place *p;
	struct run *next;
	struct delivery_child child;
	uv_poll_t poll;
};

struct carried {
	uv_loop_t *loop;
	const struct config *config;
	struct node node;
	struct notice_mail mail; /* another process sends it */
	struct watch *watch;
	struct place *at;
	size_t n, working;
	size_t turn; /* whose it is: none waits for the same others again */
	struct run *first;
	size_t open; /* handles that are not closed yet */
	bool closing;
};

static void work(struct carried *c);

static void
handle_closed(struct carried *c)
{
	if (--c->open > 0 || !c->closing)
		return;
	node_close(&c->node);
	free(c->at);
	free(c);
}

/* --- Watching ------------------------------------------------------------- */

static void
on_seen(void *arg, size_t key)
{
	struct carried *c = arg;

	for (size_t i = 0; i < c->n; i++)
		if (key == SIZE_MAX || key == i)
			c->at[i].due = true;
	work(c);
}

/* What is placed, and what a RESYNC adds to the outbox. */
static int
watch_dirs(struct carried *c, size_t i, struct err *e)
{
	static const char *const names[] = { "staging", "outbox" };
	int dir = node_open_association(&c->node, c->at[i].a, e);
	int rc = dir == -1 ? -1 : 0;

	for (size_t k = 0; rc == 0 && k < sizeof(names) / sizeof(names[0]);
	     k++) {
		int sub = durable_open_dir(dir, names[k], e);

		rc = sub == -1
		    ? -1
		    : watch_add(c->watch, sub,
			  IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE, i, e);
		if (sub != -1)
			close(sub);
	}
	if (dir != -1)
		close(dir);
	return rc;
}

/* What cannot be watched now is looked into, and tried again; it holds up no
 * other. */
static void
watch_place(struct place *p, struct err *e)
{
	struct carried *c = p->c;

	if (p->watched)
		return;
	if (c->watch == NULL &&
	    watch_open(c->loop, on_seen, c, &c->watch, e) == -1)
		return;
	p->watched = watch_dirs(c, (size_t)(p - c->at), e) == 0;
}

/* --- Children ------------------------------------------------------------ */

static void
on_timer(uv_timer_t *t)
{
	struct place *p = t->data;
	struct err ignored; /* it was said */

	watch_place(p, &ignored);
	p->due = true;
	work(p->c);
}

/* A failure is tried again by itself: nobody may come for long. */
static void
again_later(struct place *p)
{
	if (p->again_ms == 0)
		p->again_ms = AGAIN_MS;
	else if (p->again_ms < AGAIN_MOST_MS)
		p->again_ms *= 2;
	(void)uv_timer_start(&p->timer, on_timer, (uint64_t)p->again_ms, 0);
}

/* What a person must know of it. */
static void
tell(const struct place *p, const struct delivery_result *r, int rc,
    const struct err *e)
{
	struct carried *c = p->c;
	struct inbound_opts o = { .config = c->config,
		.node = &c->node,
		.association = p->a };
	struct err why = { 0 };

	if (notices_open(c->node.state_dir, &c->mail, &o.notices, &why) == -1) {
		log_err("association=%s: %s", p->a->name,
		    rc == -1 ? e->msg : why.msg);
		return;
	}
	inbound_settle(&o, r, rc, e);
	if (rc == -1) /* who placed it is not there to be told why */
		(void)outcome_tell_failed(o.notices, p->a, e, "hubctl status");
	notices_flush(o.notices, clock_wall());
	notices_close(o.notices);
}

static void
settle(struct place *p, struct delivery_child *child)
{
	struct delivery_result r = { 0 };
	struct err e = { 0 };
	int rc = delivery_child_end(child, &r, &e);

	if (rc == 0 || e.sys != EBUSY)
		tell(p, &r, rc, &e);
	if (rc == -1)
		again_later(p);
	else
		p->again_ms = 0;
	if (rc == 0 && r.more)
		(void)uv_timer_start(&p->timer, on_timer, AGAIN_MS, 0);
	else if (rc == 0 && !p->watched)
		(void)uv_timer_start(&p->timer, on_timer, AGAIN_MOST_MS, 0);
}

static void
on_run_closed(uv_handle_t *h)
{
	struct run *run = h->data;
	struct carried *c = run->p->c;

	free(run);
	handle_closed(c);
}

static void
end_run(struct run *run)
{
	struct run **at = &run->p->c->first;

	while (*at != run)
		at = &(*at)->next;
	*at = run->next;
	run->p->working = false;
	run->p->c->working--;
	uv_close((uv_handle_t *)&run->poll, on_run_closed);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct run *run = poll->data;
	struct carried *c = run->p->c;

	(void)status;
	(void)events;
	(void)uv_poll_stop(poll);
	settle(run->p, &run->child);
	end_run(run);
	work(c);
}

static void
begin(struct place *p)
{
	struct carried *c = p->c;
	const struct carry_opts o = { .config = c->config,
		.node = &c->node,
		.association = p->a };
	struct run *run = mem_alloc(sizeof(*run));
	struct err e = { 0 };

	p->due = false;
	run->p = p;
	if (carry_start(&o, &run->child, &e) == -1) {
		log_warn("association=%s: %s", p->a->name, e.msg);
		free(run);
		again_later(p);
		return;
	}
	p->working = true;
	c->working++;
	run->next = c->first;
	c->first = run;
	(void)uv_poll_init(c->loop, &run->poll, run->child.fd);
	run->poll.data = run;
	c->open++;
	(void)uv_poll_start(&run->poll, UV_READABLE | UV_DISCONNECT,
	    on_readable);
}

static void
work(struct carried *c)
{
	size_t from = c->turn;

	for (size_t i = 0; i < c->n && c->working < AT_ONCE; i++) {
		struct place *p = &c->at[(from + i) % c->n];

		if (!p->due || p->working)
			continue;
		c->turn = (from + i + 1) % c->n;
		begin(p);
	}
}

/* --- Opening and closing -------------------------------------------------- */

/* Where we dial, the exchange takes what it brought. */
static bool
is_ours(const struct association *a)
{
	return a->role == CONFIG_HUB && a->transport == CONFIG_RSYNC &&
	    !config_dials(a);
}

static void
add_places(struct carried *c)
{
	const struct config *f = c->config;

	c->at = mem_array(f->n_association + 1, sizeof(*c->at));
	for (size_t i = 0; i < f->n_association; i++) {
		struct place *p = &c->at[c->n];

		if (!is_ours(&f->association[i]))
			continue;
		*p = (struct place){ .c = c, .a = &f->association[i] };
		(void)uv_timer_init(c->loop, &p->timer);
		p->timer.data = p;
		c->n++;
		c->open++;
	}
}

int
carried_open(uv_loop_t *loop, const struct config *config, struct carried **out,
    struct err *e)
{
	struct carried *c = mem_alloc(sizeof(*c));

	c->loop = loop;
	c->config = config;
	c->mail = ground_mail(config, true);
	c->node = (struct node){ -1, -1, -1 };
	add_places(c);
	if (node_open(config, &c->node, e) == -1) {
		carried_close(c);
		return -1;
	}
	for (size_t i = 0; i < c->n; i++) {
		watch_place(&c->at[i], e);
		if (!c->at[i].watched)
			log_warn("what is brought is looked for once a minute "
				 "association=%s: %s",
			    c->at[i].a->name, e->msg);
	}
	on_seen(c, SIZE_MAX);
	*out = c;
	return 0;
}

static void
on_timer_closed(uv_handle_t *h)
{
	struct place *p = h->data;

	handle_closed(p->c);
}

void
carried_close(struct carried *c)
{
	if (c == NULL)
		return;
	watch_close(c->watch);
	c->closing = true;
	c->open++; /* until all are being closed */
	while (c->first != NULL) {
		struct run *run = c->first;
		struct delivery_result ignored;
		struct err e = { 0 }; /* whatever it was at is done again */

		(void)kill(run->child.pid, SIGTERM);
		(void)uv_poll_stop(&run->poll);
		(void)delivery_child_end(&run->child, &ignored, &e);
		end_run(run);
	}
	for (size_t i = 0; i < c->n; i++)
		uv_close((uv_handle_t *)&c->at[i].timer, on_timer_closed);
	handle_closed(c);
}
