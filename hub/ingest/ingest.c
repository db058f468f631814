/*
 * All associations of a hub and their trees; see ingest.h.  Decides nothing
 * itself: hands out turns, does what the settling machines ask for, syncs.
 */
#include "config.h"

#include "hub/ingest/ingest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "hub/ingest/intake.h"

enum {
	SYNC_MS = 60000,
	WAITING_MAX = 4000000,
	REOPEN_MS = 60000,
};

struct slot {
	const struct association *a;
	struct intake *intake; /* NULL: could not be opened */
	struct mono reopen_at;
	size_t tree;
	bool look;    /* there may be something in its inbox */
	bool refused; /* the store refuses a leaf of it: told */
};

struct tree_turn {
	const char *name;
	struct settling *settling;
};

struct ingest {
	struct intake_ground ground;
	struct slot *slot; /* the index is the settling machines' who */
	size_t n_slot;
	struct tree_turn *tree;
	size_t n_tree;
	bool unsynced;
	struct mono sync_at;
};

/* --- Opening -------------------------------------------------------------- */

static size_t
tree_of(struct ingest *g, const char *name)
{
	const struct config_hub *h = &g->ground.opts.config->hub;
	struct settling_opts opts = {
		.delay_ms = h->settle_s * 1000,
		.max_ms = h->settle_max_s * 1000,
	};

	for (size_t i = 0; i < g->n_tree; i++)
		if (strcmp(g->tree[i].name, name) == 0)
			return i;
	g->tree = mem_resize(g->tree, g->n_tree + 1, sizeof(*g->tree));
	g->tree[g->n_tree] = (struct tree_turn){ name, settling_new(&opts) };
	return g->n_tree++;
}

static void
open_slot(struct ingest *g, unsigned who)
{
	struct slot *s = g->slot + who;
	struct settling *settling = g->tree[s->tree].settling;
	struct err e;
	struct intake_place p = {
		.ground = &g->ground,
		.a = s->a,
		.settling = settling,
		.who = who,
	};

	settling_add(settling, who, 0);
	p.dir = node_open_association(g->ground.opts.node, s->a, &e);
	if (p.dir != -1 && intake_open(&p, &s->intake, &e) == 0)
		return;
	if (p.dir != -1)
		close(p.dir);
	s->reopen_at = mono_add_ms(g->ground.mono, REOPEN_MS);
	(void)notice_raise(g->ground.opts.notices,
	    &(struct notice){ s->a->name, "ingest", e.msg, "hubctl status" },
	    g->ground.wall);
}

struct ingest *
ingest_open(const struct ingest_opts *opts, struct mono now, struct wall wall)
{
	struct ingest *g = mem_alloc(sizeof(*g));
	const struct config *c = opts->config;

	g->ground = (struct intake_ground){ *opts, now, wall };
	if (g->ground.opts.sync_ms == 0)
		g->ground.opts.sync_ms = SYNC_MS;
	if (g->ground.opts.waiting_max == 0)
		g->ground.opts.waiting_max = WAITING_MAX;
	g->slot = mem_array(c->n_association + 1, sizeof(*g->slot));
	for (size_t i = 0; i < c->n_association; i++) {
		const struct association *a = c->association + i;

		if (a->role != CONFIG_HUB)
			continue;
		g->slot[g->n_slot] = (struct slot){ .a = a,
			.tree = tree_of(g, a->hub_tree),
			.look = true };
		open_slot(g, (unsigned)g->n_slot++);
	}
	return g;
}

void
ingest_close(struct ingest *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->n_slot; i++)
		intake_close(g->slot[i].intake);
	for (size_t i = 0; i < g->n_tree; i++)
		settling_free(g->tree[i].settling);
	free(g->slot);
	free(g->tree);
	free(g);
}

/* --- Syncing -------------------------------------------------------------- */

/* One that tells for whom. */
struct refusals {
	struct ingest *g;
	size_t slot; /* whose the last leaf was: likely the next one's too */
};

static bool
is_of(const struct slot *s, const struct store_refusal *r)
{
	struct slice subtree = slice_str(s->a->hub_subtree);

	while (subtree.n > 0 && subtree.p[subtree.n - 1] == '/')
		subtree.n--;
	return strcmp(s->a->hub_tree, r->tree) == 0 &&
	    slice_starts(r->path, subtree) && r->path.n > subtree.n &&
	    r->path.p[subtree.n] == '/';
}

static void
note_refusal(void *arg, const struct store_refusal *r)
{
	struct refusals *all = arg;
	struct ingest *g = all->g;
	char text[ERR_MSG_SIZE + 64], command[LIMIT_PATH + 64];
	size_t i = all->slot;

	if (i >= g->n_slot || !is_of(g->slot + i, r))
		for (i = 0; i < g->n_slot && !is_of(g->slot + i, r);)
			i++;
	all->slot = i;
	if (i == g->n_slot || g->slot[i].refused)
		return;
	g->slot[i].refused = true;
	(void)snprintf(text, sizeof(text),
	    "values of %.*s are not stored, the archive alone has them: %s",
	    (int)r->path.n, r->path.p, r->why);
	(void)snprintf(command, sizeof(command), "hubctl tree --params %.*s",
	    (int)r->path.n, r->path.p);
	(void)notice_raise(g->ground.opts.notices,
	    &(struct notice){ g->slot[i].a->name, "leaf", text, command },
	    g->ground.wall);
}

/* Of the leaves that the store refuses an association's first is told. */
static void
tell_refusals(struct ingest *g)
{
	struct store *s = g->ground.opts.store;
	struct refusals all = { g, 0 };

	for (size_t i = 0; i < g->n_slot; i++)
		g->slot[i].refused = false;
	s->ops->refused(s, note_refusal, &all);
	for (size_t i = 0; i < g->n_slot; i++)
		if (!g->slot[i].refused)
			(void)notice_clear(g->ground.opts.notices,
			    g->slot[i].a->name, "leaf", g->ground.wall);
}

static int
sync_all(struct ingest *g, struct err *e)
{
	struct store *s = g->ground.opts.store;

	g->sync_at = mono_add_ms(g->ground.mono, g->ground.opts.sync_ms);
	if (s->ops->flush(s, UINT32_MAX, e) == -1 || s->ops->sync(s, e) == -1)
		goto fail;
	for (size_t i = 0; i < g->n_slot; i++)
		if (g->slot[i].intake != NULL &&
		    intake_mark(g->slot[i].intake, e) == -1)
			goto fail;
	g->unsynced = false;
	tell_refusals(g);
	(void)notice_clear(g->ground.opts.notices, "", "store", g->ground.wall);
	return 0;
fail:
	(void)notice_raise(g->ground.opts.notices,
	    &(struct notice){ "", "store", e->msg, "hubctl status" },
	    g->ground.wall);
	return -1;
}

static void
sync_if_due(struct ingest *g)
{
	struct store *s = g->ground.opts.store;
	struct err e;

	for (size_t i = 0; i < g->n_slot && !g->unsynced; i++) {
		const struct intake *k = g->slot[i].intake;

		if (k == NULL || !k->touched || k->flow_due)
			continue;
		g->unsynced = true;
		g->sync_at =
		    mono_add_ms(g->ground.mono, g->ground.opts.sync_ms);
	}
	if (g->unsynced && g->ground.mono.ns >= g->sync_at.ns) {
		(void)sync_all(g, &e); /* it tells, and is tried again */
	} else if (s->ops->waiting(s) > g->ground.opts.waiting_max &&
	    s->ops->flush(s, UINT32_MAX, &e) == -1) {
		(void)notice_raise(g->ground.opts.notices,
		    &(struct notice){ "", "store", e.msg, "hubctl status" },
		    g->ground.wall);
	}
}

int
ingest_sync(struct ingest *g, struct mono now, struct wall wall, struct err *e)
{
	g->ground.mono = now;
	g->ground.wall = wall;
	return sync_all(g, e);
}

/* --- Trees ---------------------------------------------------------------- */

static bool
compile_tree(struct ingest *g, size_t tree)
{
	struct compiler *c = g->ground.opts.compiler;
	struct compile_part *part = mem_array(g->n_slot + 1, sizeof(*part));
	struct notices *notices = g->ground.opts.notices;
	const char *name = g->tree[tree].name;
	size_t n = 0;
	struct err e;
	bool ok;

	for (size_t i = 0; i < g->n_slot; i++) {
		const struct intake *k = g->slot[i].intake;

		if (g->slot[i].tree == tree && k != NULL && k->pending != NULL)
			part[n++] = (struct compile_part){ k->a, k->pending,
				k->pending_head };
	}
	ok = c->ops->compile(c, name, part, n, &e) == 0;
	if (ok)
		(void)notice_clear(notices, "", "compile", g->ground.wall);
	else
		(void)notice_raise(notices,
		    &(struct notice){ "", "compile", e.msg, "hubctl compile" },
		    g->ground.wall);
	log_info("compiled tree=%s associations=%zu result=%s", name, n,
	    ok ? "live" : "failed");
	free(part);
	return ok;
}

static void
flow(struct ingest *g, size_t tree)
{
	for (size_t i = 0; i < g->n_slot; i++)
		if (g->slot[i].tree == tree && g->slot[i].intake != NULL)
			intake_flow(g->slot[i].intake);
}

/* True: something was asked of an association. */
static bool
turn_tree(struct ingest *g, size_t tree)
{
	struct settling *s = g->tree[tree].settling;
	struct mono now = g->ground.mono;
	bool asked = false;
	unsigned who = 0;
	struct err e;

	for (;;) {
		switch (settling_next(s, now, &who)) {
		case SETTLING_NOTHING:
			return asked;
		case SETTLING_RESYNC:
			if (g->slot[who].intake != NULL) {
				g->slot[who].intake->resync_due = true;
				g->slot[who].intake->resync_at = now;
				asked = true;
			}
			break;
		case SETTLING_DRAIN:
			settling_drained(s, sync_all(g, &e) == 0, now);
			break;
		case SETTLING_COMPILE:
			settling_compiled(s, compile_tree(g, tree), now);
			break;
		case SETTLING_FLOW:
			flow(g, tree);
			break;
		}
	}
}

/* --- Turns ---------------------------------------------------------------- */

void
ingest_look(struct ingest *g, size_t index)
{
	for (size_t i = 0; i < g->n_slot; i++)
		if (i == index || index == SIZE_MAX)
			g->slot[i].look = true;
}

/* One association's turn. */
static void
turn_slot(struct ingest *g, unsigned who)
{
	struct slot *s = g->slot + who;
	struct mono now = g->ground.mono;

	if (s->intake == NULL && now.ns >= s->reopen_at.ns) {
		open_slot(g, who);
		s->look = true;
	}
	if (s->intake == NULL ||
	    (!s->look && now.ns < intake_wake(s->intake).ns))
		return;
	s->look = intake_step(s->intake);
}

bool
ingest_step(struct ingest *g, struct mono now, struct wall wall)
{
	bool more = false;

	g->ground.mono = now;
	g->ground.wall = wall;
	for (unsigned i = 0; i < g->n_slot; i++) {
		turn_slot(g, i);
		/* one that could not be opened waits for its next try */
		more = more || (g->slot[i].look && g->slot[i].intake != NULL);
	}
	for (size_t i = 0; i < g->n_tree; i++)
		if (turn_tree(g, i))
			more = true;
	sync_if_due(g);
	return more;
}

struct mono
ingest_wake(const struct ingest *g)
{
	struct mono at = { INT64_MAX };

	if (g->unsynced)
		at = g->sync_at;
	for (size_t i = 0; i < g->n_slot; i++)
		at = mono_earlier(at,
		    g->slot[i].intake == NULL ? g->slot[i].reopen_at
					      : intake_wake(g->slot[i].intake));
	for (size_t i = 0; i < g->n_tree; i++)
		at = mono_earlier(at, settling_wake(g->tree[i].settling));
	return at;
}

/* --- Words of an operator ------------------------------------------------- */

static struct slot *
find_slot(struct ingest *g, const char *association, struct err *e)
{
	for (size_t i = 0; i < g->n_slot; i++) {
		if (strcmp(g->slot[i].a->name, association) != 0)
			continue;
		if (g->slot[i].intake != NULL)
			return g->slot + i;
		err_set(e, ERR_TEMP, "%s could not be opened", association);
		return NULL;
	}
	err_set(e, ERR_CONFIG, "this node is not the hub of %s", association);
	return NULL;
}

int
ingest_accept(struct ingest *g, const char *association, const char *what,
    struct err *e)
{
	struct slot *s = find_slot(g, association, e);
	int rc = s == NULL ? -1 : intake_accept(s->intake, what, e);

	if (rc == 0)
		s->look = true;
	return rc;
}

int
ingest_compile(struct ingest *g, const char *tree, struct err *e)
{
	bool found = false;

	for (size_t t = 0; t < g->n_tree; t++) {
		if (tree != NULL && strcmp(g->tree[t].name, tree) != 0)
			continue;
		found = true;
		for (size_t i = 0; i < g->n_slot; i++)
			if (g->slot[i].tree == t && g->slot[i].intake != NULL &&
			    intake_recompile(g->slot[i].intake, e) == -1)
				return -1;
		settling_hurry(g->tree[t].settling, g->ground.mono);
	}
	if (!found)
		return err_set(e, ERR_MISSING, "there is no tree %s",
		    tree == NULL ? "" : tree);
	return 0;
}

bool
ingest_status(const struct ingest *g, size_t index, struct ingest_status *out)
{
	const struct slot *s = g->slot + index;
	const struct intake *i;

	if (index >= g->n_slot)
		return false;
	*out = (struct ingest_status){
		.association = s->a,
		.state = settling_state(g->tree[s->tree].settling),
		.stopped =
		    s->intake == NULL || s->intake->trouble != INTAKE_WELL,
	};
	i = s->intake;
	if (i == NULL)
		return true;
	out->cursor = sequencer_cursor(i->sequencer);
	out->low = i->low.at.msgid;
	out->generation = i->live.generation;
	out->marked = waiting_messages(&i->low.marked);
	out->withheld = intake_withheld(i);
	if (i->wait_from != 0)
		out->waits = out->cursor.msgid + 1 - i->wait_from;
	out->counts = i->counts;
	return true;
}
