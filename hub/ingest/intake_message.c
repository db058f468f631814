/*
 * What one message does: CONFIG is checked and kept for the compilation, DATA
 * goes to the store, waits, or is marked.  See intake.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "hub/ingest/intake.h"
#include "hub/ingest/leaf.h"

/* --- Series -------------------------------------------------------------- */

struct reader {
	struct intake *i;
	struct handles *tokens; /* NULL: only the series matter */
	struct err *e;
	bool failed;
};

static bool
read_leaf(void *arg, const struct tree_leaf *l)
{
	struct reader *r = arg;
	struct store *store = r->i->ground->opts.store;
	struct store_series series = leaf_series(r->i->a->hub_tree, l);
	uint32_t handle;

	r->failed = store->ops->series(store, &series, &handle, r->e) == -1;
	if (!r->failed && r->tokens != NULL)
		handles_add(r->tokens, l->token, handle);
	return !r->failed;
}

void
glossary_clear(struct glossary *r)
{
	handles_free(r->tokens);
	*r = (struct glossary){ .tokens = NULL };
}

int
intake_read_tree(struct intake *i, const struct tree *t, struct glossary *r,
    struct err *e)
{
	struct reader reader = { .i = i, .e = e };

	reader.tokens = handles_new();
	for (size_t k = 0; k < tree_size(t) && !reader.failed; k++) {
		struct tree_leaf l = tree_leaf(t, k);

		(void)read_leaf(&reader, &l);
	}
	if (reader.failed) {
		handles_free(reader.tokens);
		return -1;
	}
	(void)handles_finish(reader.tokens); /* tree_finish found them unique */
	handles_free(r->tokens);
	r->tokens = reader.tokens;
	return 0;
}

int
intake_read_live(struct intake *i, struct err *e)
{
	struct compiler *c = i->ground->opts.compiler;
	struct reader reader = { .i = i, .e = e };

	glossary_clear(&i->live);
	i->has_head = c->ops->head(c, i->a, &i->head);
	if (!i->has_head ||
	    !stream_eq(i->head.stream, sequencer_cursor(i->sequencer).stream))
		return 0;
	reader.tokens = handles_new();
	if (c->ops->each(c, i->a, read_leaf, &reader, e) == -1 ||
	    reader.failed) {
		handles_free(reader.tokens);
		return -1;
	}
	(void)handles_finish(reader.tokens);
	i->live = (struct glossary){ reader.tokens, i->head.generation,
		i->head.msgid };
	return 0;
}

int
intake_declare_live(struct intake *i, struct err *e)
{
	struct compiler *c = i->ground->opts.compiler;
	struct reader reader = { .i = i, .e = e };

	if (i->live.tokens == NULL)
		return 0;
	if (c->ops->each(c, i->a, read_leaf, &reader, e) == -1)
		return -1;
	return reader.failed ? -1 : 0;
}

/* --- Poison -------------------------------------------------------------- */

static void
record_poison(struct intake *i, const struct message *m,
    enum poison_state state, const struct err *why)
{
	struct err e;

	if (!poison_add(&i->poison, m, state, why->msg))
		return; /* read again: told already */
	i->counts.poison++;
	i->refused++;
	log_warn("passed over association=%s msgid=%" PRIu64 " type=%s: %s",
	    i->a->name, m->msgid, message_type_name(m->type), why->msg);
	if (poison_write(i->ground->opts.node->state_dir, i->a->name,
		&i->poison, &e) == -1)
		intake_failed(i, &e);
}

static void
poison_data(struct intake *i, const struct message *m, const struct err *why)
{
	char number[24];

	record_poison(i, m, POISON_IS, why);
	(void)snprintf(number, sizeof(number), "%" PRIu64, m->msgid);
	intake_raise(i, "data", "messages", number,
	    "message %" PRIu64 " is passed over: %s", m->msgid, why->msg);
}

/* --- CONFIG -------------------------------------------------------------- */

struct brake {
	const struct tree *t;
	size_t guess; /* where the next leaf stands if none is new */
	uint64_t old, gone;
};

static bool
count_gone(void *arg, const struct tree_leaf *l)
{
	struct brake *b = arg;
	size_t at = b->guess;

	b->old++;
	if (at >= tree_size(b->t) ||
	    !slice_eq(tree_leaf(b->t, at).path, l->path))
		at = tree_find(b->t, l->path);
	if (at == SIZE_MAX)
		b->gone++;
	else
		b->guess = at + 1;
	return true;
}

/* ERR_CONFIG: this configuration drops so much that a person shall look. */
static int
check_brake(struct intake *i, const struct tree *t, struct err *e)
{
	struct compiler *c = i->ground->opts.compiler;
	struct brake b = { .t = t };
	struct err ignored; /* with nothing live there is nothing to drop */

	if (!i->has_head ||
	    c->ops->each(c, i->a, count_gone, &b, &ignored) == -1)
		return 0;
	if (b.old == 0 || (tree_size(t) > 0 && b.gone * 2 <= b.old))
		return 0;
	return err_set(e, ERR_CONFIG,
	    "it drops %" PRIu64 " of %" PRIu64 " datasources", b.gone, b.old);
}

static void
refuse_config(struct intake *i, const struct message *m, const struct err *why)
{
	bool waits = why->kind == ERR_CONFIG;
	char number[24];

	(void)snprintf(number, sizeof(number), "%" PRIu64, m->msgid);
	settling_poisoned(i->settling, i->who, m->generation);
	record_poison(i, m, waits ? POISON_WAITS : POISON_IS, why);
	intake_raise(i, "config", waits ? "accept" : "messages",
	    waits ? "config" : number,
	    "CONFIG %" PRIu64 " is not used, the one before it stays: %s",
	    m->msgid, why->msg);
}

static void
take_config(struct intake *i, const struct message *m)
{
	const struct poison_record *r =
	    poison_find(&i->poison, m->stream, m->msgid);
	struct tree *t = NULL;
	struct err e;

	if (configset_finish(&i->set, i->a, &t, &e) == -1 ||
	    ((r == NULL || r->state != POISON_ACCEPTED) &&
		check_brake(i, t, &e) == -1)) {
		tree_free(t);
		refuse_config(i, m, &e);
		return;
	}
	intake_set_pending(i, t, intake_head(m));
	if (i->wait_from == 0)
		i->wait_from = m->msgid - (m->parts - 1);
	intake_clear(i, "config");
	log_info("configuration association=%s msgid=%" PRIu64
		 " generation=%" PRIu64 " datasources=%zu",
	    i->a->name, m->msgid, m->generation, tree_size(t));
}

static void
on_config(struct intake *i, const struct message *m)
{
	enum settling_verdict v =
	    settling_message(i->settling, i->who, m, i->ground->mono);

	if (v == SETTLING_SAME)
		configset_clear(&i->set);
	else if (configset_put(&i->set, m) && v == SETTLING_CHANGED)
		take_config(i, m);
}

/* --- DATA ---------------------------------------------------------------- */

static bool
plausible(const struct intake *i, uint64_t timestamp)
{
	int64_t t = (int64_t)timestamp;

	return t >= PLAUSIBLE_FROM_S &&
	    t <= wall_s(i->ground->wall) + PLAUSIBLE_AHEAD_S;
}

/* All values with their series, or the token that is not known. */
static bool
fit_values(struct intake *i, const struct glossary *r, struct slice body,
    struct slice *unknown)
{
	struct slice token, value;

	i->n_fit = 0;
	handles_rewind(r->tokens);
	while (message_next_value(&body, &token, &value)) {
		if (i->n_fit == i->fit_cap) {
			i->fit_cap = i->fit_cap == 0 ? 64 : 2 * i->fit_cap;
			i->fit =
			    mem_resize(i->fit, i->fit_cap, sizeof(*i->fit));
		}
		if (!handles_find(r->tokens, token, &i->fit[i->n_fit].handle)) {
			*unknown = token;
			return false;
		}
		i->fit[i->n_fit++].value = value;
	}
	return true;
}

/* What was withheld until now is older than this message: a store that takes
 * no value behind a newer one needs it first.  False: that failed. */
static bool
released_before(struct intake *i)
{
	struct err e = { 0 };
	bool ok;

	if (i->releasing != NULL || intake_withheld(i) == 0)
		return true;
	ok = intake_release(i, &e) == 0;
	if (!ok)
		intake_failed(i, &e);
	return ok;
}

void
intake_store(struct intake *i, const struct glossary *r,
    const struct message *m)
{
	struct store *store = i->ground->opts.store;
	struct slice unknown;
	struct err why;

	i->touched = true;
	if (!plausible(i, m->timestamp) || !released_before(i)) {
		waiting_withhold(i->releasing != NULL ? i->releasing
						      : &i->low.withheld,
		    m->msgid, m->timestamp, r->config, wall_s(i->ground->wall));
		return;
	}
	if (!fit_values(i, r, m->body, &unknown)) {
		err_set(&why, ERR_INPUT,
		    "token %.*s is not in generation %" PRIu64, (int)unknown.n,
		    unknown.p, m->generation);
		poison_data(i, m, &why);
		return;
	}
	for (size_t k = 0; k < i->n_fit; k++)
		store->ops->put(store, i->fit[k].handle, m->timestamp,
		    i->fit[k].value);
	i->counts.values += i->n_fit;
	if (m->timestamp > i->counts.newest_s)
		i->counts.newest_s = m->timestamp;
}

static void
on_data(struct intake *i, const struct message *m)
{
	enum settling_verdict v =
	    settling_message(i->settling, i->who, m, i->ground->mono);

	if (i->wait_from != 0)
		return; /* behind others that wait: order is kept */
	if (v == SETTLING_STORE) {
		intake_store(i, &i->live, m);
	} else if (v == SETTLING_WAIT) {
		i->wait_from = m->msgid;
	} else {
		waiting_mark(&i->low.marked, m->msgid, m->generation,
		    wall_s(i->ground->wall));
		i->touched = true;
	}
}

void
intake_message(struct intake *i, const struct message *m)
{
	struct err why;

	i->touched = true;
	switch (m->type) {
	case MESSAGE_CONFIG:
		on_config(i, m);
		return;
	case MESSAGE_DATA:
		configset_clear(&i->set);
		on_data(i, m);
		return;
	case MESSAGE_STATUS:
	case MESSAGE_RESULT:
		break;
	case MESSAGE_TASK:
	case MESSAGE_RESYNC:
		err_set(&why, ERR_INPUT, "%s does not come from a spoke",
		    message_type_name(m->type));
		poison_data(i, m, &why);
		break;
	}
	configset_clear(&i->set);
	(void)settling_message(i->settling, i->who, m, i->ground->mono);
}
