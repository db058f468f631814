/*
 * Collecting; see collect.h.
 *
 * A run that is cut off may be repeated: the mark of a cycle says "begun" before
 * the first association gets its values and "done" after the last, so the next
 * run of the same cycle asks each outbox whether it has them.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/slots.h"
#include "spoke/carried.h"
#include "spoke/collect.h"
#include "spoke/cycle.h"
#include "spoke/outgoing.h"
#include "spoke/schedule.h"
#include "spoke/told.h"

enum {
	COLLECT_WAIT_MS = 60000 /* for an outbox */
};

/* The cycle of one period and offset. */
struct round {
	int64_t period_s, offset_s, cycle_s;
	bool run, resume;
	int lock;            /* -1: not ours */
	struct slots *slots; /* the mark; NULL: not opened */
	struct schedule_mark mark;
};

struct collect {
	struct ground *g;
	int schedule_dir;
	bool at_once; /* --now */
	const char *only;
	int64_t now_s;
	struct round *round;
	size_t n_round;
	struct cycle_job *job;
	size_t n_job;
};

static int
mark_keep(struct round *r, struct err *e)
{
	struct buf b = { 0 };
	int rc;

	schedule_print(&r->mark, &b);
	rc = slots_put(r->slots, buf_slice(&b), e);
	buf_clear(&b);
	return rc == 0 ? 0 : err_wrap(e, "mark of the cycle");
}

/* A damaged mark is none. */
static int
mark_open(struct collect *c, struct round *r, const char *name, struct err *e)
{
	struct slice text;

	if (slots_open(c->schedule_dir, name, &r->slots, e) == -1)
		return err_wrap(e, "schedule/%s", name);
	if (!slots_get(r->slots, &text) || !schedule_parse(text, &r->mark))
		r->mark = (struct schedule_mark){ 0 };
	return 0;
}

static int
decide(struct collect *c, struct round *r, struct err *e)
{
	r->cycle_s = schedule_cycle(c->now_s, r->period_s, r->offset_s);
	switch (schedule_next(&r->mark, r->cycle_s)) {
	case SCHEDULE_WAIT:
		r->run = c->at_once;
		break;
	case SCHEDULE_RUN:
		r->run = true;
		break;
	case SCHEDULE_RESUME:
		r->run = true;
		r->resume = !c->at_once;
		break;
	case SCHEDULE_AHEAD:
		log_warn("the last cycle lies in the future: was the clock "
			 "set? period_s=%" PRId64 " cycle=%" PRId64
			 " now=%" PRId64,
		    r->period_s, r->mark.begun_s, c->now_s);
		r->mark = (struct schedule_mark){ r->cycle_s, r->cycle_s };
		r->run = c->at_once;
		return mark_keep(r, e);
	}
	return 0;
}

/* Lock it, unless a twin runs it now, and see whether it is due. */
static int
round_open(struct collect *c, struct round *r, struct err *e)
{
	char *name =
	    mem_printf("%" PRId64 "-%" PRId64, r->period_s, r->offset_s);
	char *lock = mem_printf("collect-%s.lock", name);
	int rc = 0;

	r->lock = lock_file(c->g->node.run_dir, lock, 0, e);
	if (r->lock == -1 && e->kind == ERR_TEMP)
		err_clear(e);
	else if (r->lock == -1 || mark_open(c, r, name, e) == -1)
		rc = -1;
	else
		rc = decide(c, r, e);
	free(name);
	free(lock);
	return rc;
}

static struct round *
round_of(struct collect *c, const struct config_collector *cc)
{
	for (size_t i = 0; i < c->n_round; i++)
		if (c->round[i].period_s == cc->period_s &&
		    c->round[i].offset_s == cc->offset_s)
			return &c->round[i];
	return NULL;
}

static int
open_rounds(struct collect *c, struct err *e)
{
	const struct config *f = c->g->config;

	c->round = mem_array(f->n_collector, sizeof(*c->round));
	for (size_t i = 0; i < f->n_collector; i++) {
		const struct config_collector *cc = &f->collector[i];
		struct round *r = &c->round[c->n_round];

		if (round_of(c, cc) != NULL)
			continue;
		*r = (struct round){ .period_s = cc->period_s,
			.offset_s = cc->offset_s,
			.lock = -1 };
		c->n_round++;
		if (round_open(c, r, e) == -1)
			return -1;
	}
	return 0;
}

static void
add_job(struct collect *c, const struct config_collector *cc, int64_t cycle_s)
{
	c->job[c->n_job++] = (struct cycle_job){ .cc = cc, .cycle_s = cycle_s };
}

/* --now NAME runs beside the schedule and leaves no mark. */
static int
choose_one(struct collect *c, struct err *e)
{
	const struct config *f = c->g->config;

	for (size_t i = 0; i < f->n_collector; i++)
		if (strcmp(f->collector[i].name, c->only) == 0) {
			add_job(c, &f->collector[i], 0);
			return 0;
		}
	return err_set(e, ERR_CONFIG, "%s: no collector %s", f->file, c->only);
}

static int
choose_due(struct collect *c, struct err *e)
{
	const struct config *f = c->g->config;

	c->schedule_dir = durable_make_dir(c->g->node.state_dir, "schedule", e);
	if (c->schedule_dir == -1 || open_rounds(c, e) == -1)
		return -1;
	for (size_t i = 0; i < f->n_collector; i++) {
		const struct round *r = round_of(c, &f->collector[i]);

		if (r != NULL && r->run)
			add_job(c, &f->collector[i],
			    r->resume ? r->cycle_s : 0);
	}
	return 0;
}

static int
mark_rounds(struct collect *c, bool done, struct err *e)
{
	for (size_t i = 0; i < c->n_round; i++) {
		struct round *r = &c->round[i];

		if (!r->run)
			continue;
		r->mark.begun_s = r->cycle_s;
		if (done)
			r->mark.done_s = r->cycle_s;
		if (mark_keep(r, e) == -1)
			return -1;
	}
	return 0;
}

/* The lines themselves once, as the notice: a cycle that is like the one before is
 * no news, but to who watches. */
static void
tell_remarks(struct collect *c, const struct cycle_job *j)
{
	const char *name = j->cc->name;
	char *key = mem_printf(NOTICE_REMARKS "%s", name);
	char *next = mem_printf("spoke -v collect --now %s", name);
	struct slice lines = j->c.remarks, line;
	char *text;
	bool news;

	if (!slice_cut(&lines, '\n', &line)) {
		ground_over(c->g, "", key);
		free(key);
		free(next);
		return;
	}
	text = mem_printf("collector %s: %.*s", name, (int)line.n, line.p);
	news = notice_raise(c->g->notices,
	    &(struct notice){ "", key, text, next }, clock_wall());
	lines = j->c.remarks;
	while (slice_cut(&lines, '\n', &line))
		if (news || isatty(STDERR_FILENO))
			log_warn("%.*s", (int)line.n, line.p);
		else
			log_debug("%.*s", (int)line.n, line.p);
	free(text);
	free(key);
	free(next);
}

static void
tell_collectors(struct collect *c)
{
	for (size_t i = 0; i < c->n_job; i++) {
		const struct cycle_job *j = &c->job[i];
		char *key = mem_printf(NOTICE_COLLECTOR "%s", j->cc->name);

		if (j->c.failed) {
			char *next =
			    mem_printf("spoke collect --now %s", j->cc->name);
			struct err e = { 0 };

			err_set(&e, ERR_TEMP, "collector %s: %s", j->cc->name,
			    j->c.problem);
			ground_trouble(c->g, "", key, next, &e);
			free(next);
		} else {
			ground_over(c->g, "", key);
		}
		free(key);
		tell_remarks(c, j);
	}
}

/* Whether this outbox got a job's values in the run that was cut off. */
static int
has_already(struct outgoing *o, const struct cycle_job *j, bool *has,
    struct err *e)
{
	char *source;
	int rc;

	*has = false;
	if (j->cycle_s == 0)
		return 0;
	source = readings_source(j->cc->name);
	rc = outgoing_has(o, source, (uint64_t)j->cycle_s, has, e);
	free(source);
	return rc;
}

static int
fill(struct collect *c, const struct association *a, struct outgoing *o,
    struct err *e)
{
	struct tokens *t = outgoing_tokens(o);
	uint64_t now_s = (uint64_t)wall_s(clock_wall());
	struct values v = { 0 };
	bool has;
	int rc = 0;

	readings_sweep(t, c->g->config, a->spoke_tree, now_s);
	for (size_t i = 0; i < c->n_job && rc == 0; i++) {
		const struct cycle_job *j = &c->job[i];
		const struct readings r = cycle_readings(j);

		if (strcmp(j->cc->tree, a->spoke_tree) != 0)
			continue;
		rc = has_already(o, j, &has, e);
		if (rc == 0 && !has)
			readings_apply(t, &r, &v);
	}
	if (rc == 0)
		rc = outgoing_put_config(o, now_s, now_s, e);
	if (rc == 0)
		rc = outgoing_put_values(o, &v, NULL, e);
	values_clear(&v);
	return rc;
}

static int
deliver(struct collect *c, const struct association *a, struct err *e)
{
	struct outgoing *o = NULL;
	int rc = outgoing_open(&c->g->node, a, COLLECT_WAIT_MS, &o, e);

	if (rc == 0)
		rc = fill(c, a, o, e);
	if (rc == 0)
		rc = outgoing_commit(o, e);
	if (rc == 0)
		told_outbox(c->g, a, outgoing_state(o));
	outgoing_close(o);
	return rc;
}

/* One that fails costs the others nothing.  Returns the exit status. */
static int
deliver_all(struct collect *c)
{
	int status = 0;

	for (size_t i = 0; i < c->g->config->n_association; i++) {
		const struct association *a = &c->g->config->association[i];
		struct err e = { 0 };

		if (a->role != CONFIG_SPOKE)
			continue;
		if (deliver(c, a, &e) == 0) {
			ground_over(c->g, a->name, "spool");
			continue;
		}
		status = err_worse_exit(status,
		    ground_trouble(c->g, a->name, "spool", "spoke status", &e));
	}
	return status;
}

static int
run(struct collect *c, int *status, struct err *e)
{
	if (mark_rounds(c, false, e) == -1 ||
	    cycle_run(c->job, c->n_job, c->g->node.run_dir, e) == -1)
		return -1;
	tell_collectors(c);
	*status = deliver_all(c);
	cycle_end(c->job, c->n_job);
	return mark_rounds(c, true, e);
}

static void
collect_clear(struct collect *c)
{
	for (size_t i = 0; i < c->n_round; i++) {
		slots_close(c->round[i].slots);
		if (c->round[i].lock != -1)
			close(c->round[i].lock);
	}
	if (c->schedule_dir != -1)
		close(c->schedule_dir);
	free(c->round);
	free(c->job);
}

int
collect_run(struct ground *g, const struct collect_opts *o, int *status,
    struct err *e)
{
	struct collect c = { .g = g,
		.schedule_dir = -1,
		.at_once = o->at_once,
		.only = o->only,
		.now_s = wall_s(clock_wall()) };
	int rc = -1, refused;

	*status = 0;
	c.job = mem_array(g->config->n_collector, sizeof(*c.job));
	refused = carried_look_all(g);
	if ((c.only != NULL ? choose_one(&c, e) : choose_due(&c, e)) == -1)
		goto out;
	rc = c.n_job > 0 ? run(&c, status, e) : 0;
	if (c.n_job > 0)
		refused = err_worse_exit(refused, carried_look_all(g));
	*status = err_worse_exit(*status, refused);
out:
	collect_clear(&c);
	return rc;
}
