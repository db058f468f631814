/*
 * An association's outbox and tokens together; see outgoing.h.  The tokens are
 * written before the messages that use them: what a cut between the two leaves, and
 * what reconcile() makes of it, is a table of doc/architecture.md, "What a cut leaves
 * on a spoke".  So no generation stands for two configurations, and no token for two
 * leaves.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/spool/reader.h"
#include "spoke/config_parts.h"
#include "spoke/outgoing.h"
#include "transport/delivery/feeder.h"
#include "transport/delivery/wire.h"

enum {
	PART_MAX = 4 << 20, /* bytes of a body: half of a message's limit */
	RECENT = 10000,     /* messages that outgoing_has looks back over */
};

struct outgoing {
	const struct association *a;
	int state_dir, dir;
	struct outbox *box;
	struct tokens *t;
};

static int
find_config(struct outgoing *o, uint64_t generation, struct config_parts *out,
    struct err *e)
{
	/* readers see sealed segments only */
	if (outbox_seal(o->box, e) == -1)
		return -1;
	return config_parts_find(o->dir, generation, out, e);
}

/* Make the tokens agree with the last CONFIG in the spool. */
static int
adopt(struct outgoing *o, struct err *e)
{
	const struct outbox_state *s = outbox_state(o->box);
	struct config_parts p = { 0 };
	int rc = -1;

	if (find_config(o, s->generation, &p, e) == -1)
		goto out;
	if (p.n == 0) { /* its tokens cannot be known any more */
		log_warn("no CONFIG in the spool: a new stream begins "
			 "association=%s",
		    o->a->name);
		rc = outgoing_renew(o, e);
		/* nor is what is live what its last CONFIG says */
		tokens_forget_aliases(o->t);
		o->t->generation = 0;
		o->t->changed = true;
		goto out;
	}
	config_parts_adopt(&p, o->t);
	rc = 0;
out:
	config_parts_clear(&p);
	return rc;
}

static int
reconcile(struct outgoing *o, struct err *e)
{
	const struct outbox_state *s = outbox_state(o->box);
	bool same = stream_eq(o->t->stream, s->stream);
	int rc = 0;

	if (s->generation == 0) {
		if (o->t->generation > 0 && !same)
			log_warn("the spool is empty and its mark is gone: a "
				 "new stream begins association=%s",
			    o->a->name);
		o->t->generation = 0;
		o->t->changed = true;
	} else if (!same || o->t->generation < s->generation) {
		rc = adopt(o, e);
	} else if (o->t->generation > s->generation) {
		o->t->changed = true;
	}
	if (!same)
		o->t->unsaved = true;
	o->t->stream = outbox_state(o->box)->stream;
	return rc;
}

static int
load_tokens(struct outgoing *o, struct err *e)
{
	if (tokens_load(o->state_dir, o->a->name, &o->t, e) == -1) {
		if (e->kind != ERR_INPUT)
			return -1;
		log_warn("%s; made anew from the spool association=%s", e->msg,
		    o->a->name);
		err_clear(e);
	}
	if (o->t == NULL)
		o->t = tokens_new();
	return reconcile(o, e);
}

static void
tell_opened(const struct outgoing *o)
{
	const struct outbox_state *s = outbox_state(o->box);

	if (s->quarantined > 0)
		log_err("damaged messages moved to quarantine association=%s "
			"count=%" PRIu64,
		    o->a->name, s->quarantined);
	if (s->foreign > 0)
		log_warn("files in the outbox that are not ours "
			 "association=%s count=%" PRIu64,
		    o->a->name, s->foreign);
}

int
outgoing_open(const struct node *n, const struct association *a, int wait_ms,
    struct outgoing **out, struct err *e)
{
	struct outbox_opts opts = feeder_outbox_opts(a);
	struct outgoing *o = mem_alloc(sizeof(*o));

	opts.lock_wait_ms = wait_ms;
	o->a = a;
	o->state_dir = n->state_dir;
	o->dir = node_open_association(n, a, e);
	if (o->dir == -1 || outbox_open(o->dir, &opts, &o->box, e) == -1)
		goto fail;
	tell_opened(o);
	if (load_tokens(o, e) == -1)
		goto fail;
	*out = o;
	return 0;
fail:
	outgoing_close(o);
	return err_wrap(e, "association %s", a->name);
}

struct tokens *
outgoing_tokens(struct outgoing *o)
{
	return o->t;
}

const struct outbox_state *
outgoing_state(const struct outgoing *o)
{
	return outbox_state(o->box);
}

static int
put_present(struct outgoing *o, uint64_t now_s, struct err *e)
{
	struct config_parts p = { 0 };
	int rc;

	config_parts_present(&p, o->t, PART_MAX);
	rc = config_parts_put(&p, o->box, e);
	config_parts_clear(&p);
	o->t->written_s = now_s;
	o->t->unsaved = true;
	return rc;
}

/* A clock that was set back makes the last time stamp lie in the future. */
static bool
is_due_again(const struct outgoing *o, uint64_t now_s)
{
	uint64_t age_s = now_s - o->t->written_s;

	return now_s < o->t->written_s ||
	    age_s >= (uint64_t)o->a->config_interval_s;
}

/* Number the configuration when it is another one than the last, which may have
 * been prepared in this very run. */
static void
number_change(struct outgoing *o, uint64_t changed_s)
{
	uint64_t last = outbox_prepared_generation(o->box);
	uint32_t digest = tokens_config_digest(o->t);

	o->t->changed = false;
	if (last > 0 && o->t->generation == last && digest == o->t->digest)
		return; /* it changed back */
	o->t->generation = last + 1;
	o->t->digest = digest;
	o->t->changed_s = changed_s;
	o->t->written_s = 0;
	o->t->unsaved = true;
}

int
outgoing_put_config(struct outgoing *o, uint64_t changed_s, uint64_t now_s,
    struct err *e)
{
	uint64_t before = o->t->generation;
	bool renamed;

	if (o->t->changed) {
		if (outbox_prepared_generation(o->box) == 0 &&
		    tokens_live(o->t, NULL) == 0)
			return 0; /* nothing is known yet */
		number_change(o, changed_s);
	}
	renamed = o->t->renamed && o->t->generation == before;
	o->t->renamed = false;
	if (o->t->generation == 0 || (!renamed && !is_due_again(o, now_s)))
		return 0;
	if (put_present(o, now_s, e) == -1)
		return -1;
	/* Its number does not tell whether this repeat came into the spool:
	 * once more, next time. */
	if (renamed)
		o->t->written_s = 0;
	return 0;
}

static int
put_data(struct outgoing *o, uint64_t timestamp_s, const struct buf *body,
    const struct message *like, struct err *e)
{
	struct message m = { .type = MESSAGE_DATA,
		.timestamp = timestamp_s,
		.generation = o->t->generation,
		.body = buf_slice(body) };

	if (like != NULL) {
		m.collector = like->collector;
		m.correlation = like->correlation;
		m.extra = like->extra;
	}
	return outbox_put(o->box, &m, e);
}

int
outgoing_put_values(struct outgoing *o, struct values *v,
    const struct message *like, struct err *e)
{
	struct buf body = { 0 };
	int rc = 0;

	values_sort(v);
	for (size_t i = 0; i < v->n && rc == 0; i++) {
		const struct value *x = &v->v[i];

		message_put_line(&body, slice_str(o->t->leaf[x->at]->token),
		    x->text);
		if (i + 1 < v->n && body.n < PART_MAX &&
		    v->v[i + 1].timestamp_s == x->timestamp_s)
			continue;
		rc = put_data(o, x->timestamp_s, &body, like, e);
		buf_reset(&body);
	}
	buf_clear(&body);
	return rc;
}

int
outgoing_repeat(struct outgoing *o, uint64_t generation, uint64_t now_s,
    bool *known, struct err *e)
{
	struct config_parts p = { 0 };
	int rc = 0;

	*known = o->t->generation > 0 && !o->t->changed;
	if (!*known)
		return 0;
	if (generation != 0 && generation != o->t->generation) {
		rc = find_config(o, generation, &p, e);
		if (rc == 0)
			rc = config_parts_put(&p, o->box, e);
		config_parts_clear(&p);
	}
	if (rc == 0)
		rc = put_present(o, now_s, e);
	return rc;
}

int
outgoing_put_message(struct outgoing *o, struct message *m, struct err *e)
{
	return outbox_put(o->box, m, e);
}

/* Others take what is sealed: the far end, which may begin at any time, or a
 * program that is not ours. */
static bool
seal_at_once(const struct association *a)
{
	return !config_dials(a) || config_is_carried(a);
}

int
outgoing_commit(struct outgoing *o, struct err *e)
{
	if (tokens_save(o->t, o->state_dir, o->a->name, e) == -1 ||
	    outbox_commit(o->box, e) == -1 ||
	    (seal_at_once(o->a) && outbox_seal(o->box, e) == -1))
		return err_wrap(e, "association %s", o->a->name);
	return 0;
}

struct spool_point
outgoing_prepared(const struct outgoing *o)
{
	return outbox_prepared(o->box);
}

int
outgoing_holds(struct outgoing *o, const struct spool_point *at, bool *holds,
    struct err *e)
{
	return outbox_holds(o->box, at, holds, e);
}

/* Values of several sources stand in one message when they are of one second. */
static bool
has_source(const struct tokens *t, struct slice body, const char *source)
{
	struct slice token, value;

	while (message_next_value(&body, &token, &value)) {
		const struct leaf *l = tokens_by_token(t, token);

		if (l != NULL && strcmp(l->source->name, source) == 0)
			return true;
	}
	return false;
}

int
outgoing_has(struct outgoing *o, const char *source, uint64_t from_s, bool *has,
    struct err *e)
{
	uint64_t last = outbox_state(o->box)->last.msgid;
	struct spool_reader *r = NULL;
	struct message m;
	enum spool_read got;

	*has = false;
	if (outbox_seal(o->box, e) == -1 ||
	    spool_reader_open(o->dir, SPOOL_OUTBOX | SPOOL_SENT,
		last > RECENT ? last - RECENT : 1, &r, e) == -1)
		return -1;
	do {
		got = spool_reader_next(r, &m, e);
		*has = got == SPOOL_READ_MESSAGE && m.type == MESSAGE_DATA &&
		    m.timestamp >= from_s && has_source(o->t, m.body, source);
	} while (!*has && got != SPOOL_READ_END && got != SPOOL_READ_FAILED);
	spool_reader_close(r);
	return got == SPOOL_READ_FAILED ? -1 : 0;
}

int
outgoing_renew(struct outgoing *o, struct err *e)
{
	if (outbox_renew(o->box, e) == -1)
		return -1;
	o->t->stream = outbox_state(o->box)->stream;
	o->t->generation = outbox_state(o->box)->generation;
	o->t->changed |= o->t->generation == 0;
	o->t->unsaved = true;
	return 0;
}

/* Count what was dropped, or found damaged, while it was open. */
static void
count_lost(const struct outgoing *o)
{
	const struct outbox_state *s = outbox_state(o->box);

	if (s->dropped > 0)
		log_info(
		    "dropped to make room association=%s messages=%" PRIu64,
		    o->a->name, s->dropped);
	wire_lost(o->state_dir, o->a->name, s->dropped + s->quarantined);
}

void
outgoing_close(struct outgoing *o)
{
	if (o == NULL)
		return;
	if (o->box != NULL)
		count_lost(o);
	tokens_free(o->t);
	outbox_close(o->box);
	if (o->dir != -1)
		close(o->dir);
	free(o);
}
