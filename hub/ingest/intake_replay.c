/*
 * What is read again from the archive: after an unclean end, when a tree was
 * swapped in, when the clock has reached a Timestamp.  Applying a message twice
 * is harmless: the store skips past time stamps.  See intake.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/spool/reader.h"
#include "hub/ingest/intake.h"

/* A walk over the archive, and the configuration that it stands under. */
struct replay {
	struct intake *i;
	/* borrowed from i->live where they are the same, else from own */
	struct glossary under;
	struct glossary own;
	struct configset set;
	const struct stream_id *former; /* whose archive; NULL: the present's */
	uint64_t live_from; /* from here on intake_message decides */
	uint64_t messages;
};

typedef int replay_each(struct replay *r, const struct message *m,
    struct err *e);

static int
open_archive(const struct replay *r, uint64_t first, struct spool_reader **out,
    struct err *e)
{
	const unsigned dirs = SPOOL_INBOX | SPOOL_ARCHIVE;
	int dir = r->i->archive.dir;

	if (r->former != NULL)
		return spool_reader_open_old(dir, dirs, *r->former, first, out,
		    e);
	return spool_reader_open_stream(dir, dirs,
	    sequencer_cursor(r->i->sequencer).stream, first, out, e);
}

/* Everything between first and last that the archive, or the inbox if the
 * archive has not got it yet, holds. */
static int
each_message(struct replay *r, uint64_t first, uint64_t last, replay_each *each,
    struct err *e)
{
	struct spool_reader *reader = NULL;
	struct message m;
	int rc = -1;

	if (open_archive(r, first, &reader, e) == -1)
		return -1;
	for (;;) {
		enum spool_read got = spool_reader_next(reader, &m, e);

		if (got == SPOOL_READ_FAILED)
			goto out;
		if (got == SPOOL_READ_BAD) {
			log_err("archive is damaged association=%s: %s",
			    r->i->a->name, e->msg);
			continue;
		}
		if (got == SPOOL_READ_END || m.msgid > last)
			break;
		if (got == SPOOL_READ_GAP)
			continue;
		r->messages++;
		if (each(r, &m, e) == -1)
			goto out;
	}
	rc = 0;
out:
	spool_reader_close(reader);
	return rc;
}

static void
replay_clear(struct replay *r)
{
	glossary_clear(&r->own);
	configset_clear(&r->set);
}

/* The series of a leaf are as the tree says that was read last. */
static int
under_live(struct replay *r, struct err *e)
{
	bool other = r->own.tokens != NULL;

	configset_clear(&r->set);
	glossary_clear(&r->own);
	r->under = r->i->live;
	return other ? intake_declare_live(r->i, e) : 0;
}

static int
under_tree(struct replay *r, const struct tree *t, uint64_t generation,
    uint64_t config, struct err *e)
{
	int rc = intake_read_tree(r->i, t, &r->own, e);

	r->own.generation = generation;
	r->own.config = config;
	r->under = r->own;
	return rc;
}

/* --- Marked DATA ---------------------------------------------------------- */

static int
store_if_under(struct replay *r, const struct message *m, struct err *e)
{
	(void)e;
	if (m->type == MESSAGE_DATA && m->generation == r->under.generation)
		intake_store(r->i, &r->under, m);
	return 0;
}

/* The CONFIG that marked DATA waited for is here. */
static int
store_marked(struct intake *i, const struct glossary *under, struct err *e)
{
	struct replay r = { .i = i, .under = *under };
	struct waiting *w = &i->low.marked;
	size_t k = 0;

	while (under->tokens != NULL && k < w->n) {
		struct waiting_range range = w->range[k];

		if (range.tag != 0 && range.tag != under->generation) {
			k++;
			continue;
		}
		if (each_message(&r, range.first, range.last, store_if_under,
			e) == -1)
			return -1;
		if (range.tag == 0)
			k++; /* of several generations: it stays */
		else
			waiting_drop(w, k);
		i->touched = true;
	}
	return 0;
}

/* --- DATA under the CONFIG that stands before it -------------------------- */

static int
stand_under(struct replay *r, const struct message *m, struct err *e)
{
	const struct poison_record *p =
	    poison_find(&r->i->poison, m->stream, m->msgid);
	struct tree *t = NULL;
	struct err why; /* poison: told when it came */
	int rc = 0;

	if (p != NULL && p->state != POISON_ACCEPTED) {
		configset_clear(&r->set);
		return 0;
	}
	if (r->former == NULL && m->generation == r->i->live.generation) {
		rc = under_live(r, e);
	} else if (configset_finish(&r->set, r->i->a, &t, &why) == 0) {
		rc = under_tree(r, t, m->generation, m->msgid, e);
		tree_free(t);
	}
	if (rc == -1 || r->former != NULL)
		return rc;
	return store_marked(r->i, &r->under, e);
}

static int
store_in_order(struct replay *r, const struct message *m, struct err *e)
{
	struct intake *i = r->i;

	if (m->type == MESSAGE_CONFIG)
		return configset_put(&r->set, m) ? stand_under(r, m, e) : 0;
	configset_clear(&r->set);
	if (m->type != MESSAGE_DATA)
		return 0;
	if (r->under.tokens != NULL && m->generation == r->under.generation)
		intake_store(i, &r->under, m);
	else
		waiting_mark(&i->low.marked, m->msgid, m->generation,
		    wall_s(i->ground->wall));
	return 0;
}

int
intake_replay_waiting(struct intake *i, struct err *e)
{
	struct replay r = { .i = i };
	uint64_t last = sequencer_cursor(i->sequencer).msgid;
	int rc = -1;

	if (intake_read_live(i, e) == -1)
		return -1;
	r.under = i->live;
	if (store_marked(i, &i->live, e) == -1)
		goto out;
	if (i->wait_from != 0 &&
	    each_message(&r, i->wait_from, last, store_in_order, e) == -1)
		goto out;
	if (under_live(&r, e) == -1)
		goto out;
	log_info("configuration is live association=%s generation=%" PRIu64
		 " datasources=%zu waited=%" PRIu64,
	    i->a->name, i->live.generation,
	    i->live.tokens == NULL ? 0 : handles_count(i->live.tokens),
	    r.messages);
	i->wait_from = 0;
	i->flow_due = false;
	i->touched = true;
	rc = 0;
out:
	replay_clear(&r);
	return rc;
}

/* --- After a start -------------------------------------------------------- */

static int
recover_message(struct replay *r, const struct message *m, struct err *e)
{
	if (m->msgid <= r->live_from)
		return store_in_order(r, m, e);
	intake_message(r->i, m);
	return 0;
}

int
intake_recover(struct intake *i, struct err *e)
{
	struct replay r = { .i = i };
	struct spool_point cursor = sequencer_cursor(i->sequencer);
	int rc = -1;

	r.under = i->live;
	r.live_from = i->live.config;
	if (store_marked(i, &i->live, e) == -1)
		goto out;
	if (i->low.at.msgid < cursor.msgid &&
	    each_message(&r, i->low.at.msgid + 1, cursor.msgid, recover_message,
		e) == -1)
		goto out;
	if (under_live(&r, e) == -1)
		goto out;
	if (r.messages > 0)
		log_info("applied again association=%s messages=%" PRIu64
			 " from=%" PRIu64,
		    i->a->name, r.messages, i->low.at.msgid + 1);
	rc = 0;
out:
	replay_clear(&r);
	return rc;
}

/* --- A CONFIG of before --------------------------------------------------- */

static int
load_part(struct replay *r, const struct message *m, struct err *e)
{
	(void)e;
	(void)configset_put(&r->set, m);
	return 0;
}

static int
first_part(struct replay *r, const struct message *m, struct err *e)
{
	(void)e;
	r->live_from = m->type == MESSAGE_CONFIG ? m->msgid - (m->part - 1) : 0;
	return 0;
}

static int
load_config(struct replay *r, uint64_t msgid, struct tree **out,
    struct compiled_head *head, struct err *e)
{
	r->live_from = 0;
	configset_clear(&r->set);
	if (each_message(r, msgid, msgid, first_part, e) == -1 ||
	    (r->live_from != 0 &&
		each_message(r, r->live_from, msgid, load_part, e) == -1))
		return -1;
	if (r->set.part == 0 || r->set.part != r->set.parts ||
	    r->set.msgid != msgid)
		return err_set(e, ERR_INPUT,
		    "CONFIG %" PRIu64 " is not in the archive", msgid);
	*head = (struct compiled_head){
		.stream = r->former != NULL
		    ? *r->former
		    : sequencer_cursor(r->i->sequencer).stream,
		.generation = r->set.generation,
		.msgid = msgid,
	};
	return configset_finish(&r->set, r->i->a, out, e);
}

int
intake_load_config(struct intake *i, uint64_t msgid, struct tree **out,
    struct compiled_head *head, struct err *e)
{
	struct replay r = { .i = i };
	int rc = load_config(&r, msgid, out, head, e);

	replay_clear(&r);
	return rc;
}

/* Stands under the CONFIG of a withheld range. */
static int
stand_under_config(struct replay *r, uint64_t config, struct err *e)
{
	struct compiled_head head = { 0 };
	struct tree *t = NULL;
	int rc;

	if (r->former == NULL && config == r->i->live.config)
		return under_live(r, e);
	if (load_config(r, config, &t, &head, e) == -1)
		return -1;
	rc = under_tree(r, t, head.generation, config, e);
	tree_free(t);
	return rc;
}

/* Where there were too many ranges one may hold several generations. */
static int
store_released(struct replay *r, const struct message *m, struct err *e)
{
	struct intake *i = r->i;

	if (r->former != NULL && m->type == MESSAGE_CONFIG)
		return configset_put(&r->set, m) ? stand_under(r, m, e) : 0;
	if (r->former == NULL && m->type == MESSAGE_DATA &&
	    m->generation != r->under.generation)
		waiting_mark(&i->low.marked, m->msgid, m->generation,
		    wall_s(i->ground->wall));
	return store_if_under(r, m, e);
}

/* --- Withheld DATA -------------------------------------------------------- */

uint64_t
intake_withheld(const struct intake *i)
{
	return waiting_messages(&i->low.withheld) +
	    waiting_messages(&i->low.replaced);
}

static bool
time_has_come(const struct intake *i, const struct waiting *w)
{
	int64_t until = wall_s(i->ground->wall) + PLAUSIBLE_AHEAD_S;

	for (size_t k = 0; k < w->n; k++)
		if (w->range[k].tag >= PLAUSIBLE_FROM_S &&
		    (int64_t)w->range[k].tag <= until)
			return true;
	return false;
}

/* A range of was, all of it: what is still not plausible goes to again. */
static int
release_range(struct replay *r, const struct waiting_range *range,
    struct waiting *again, struct err *e)
{
	size_t before = again->n;
	int rc;

	r->i->releasing = again;
	rc = stand_under_config(r, range->config, e);
	if (rc == 0)
		rc = each_message(r, range->first, range->last, store_released,
		    e);
	r->i->releasing = NULL;
	for (; before < again->n; before++) {
		again->range[before].since_s = range->since_s;
		again->range[before].stream = range->stream;
	}
	return rc;
}

static void
wait_on(struct intake *i, const struct waiting_range *range,
    struct waiting *kept)
{
	if (!waiting_add(kept, range))
		intake_left(i, range->last - range->first + 1);
}

/* Of a former stream.  One that is the present's still, because its end was
 * cut off, has its turn when it has ended. */
static int
release_former(struct intake *i, const struct waiting_range *range,
    struct waiting *kept, struct err *e)
{
	struct replay r = { .i = i, .former = &range->stream };
	struct waiting again = { .range = NULL };
	int rc;

	if (stream_eq(range->stream, sequencer_cursor(i->sequencer).stream)) {
		wait_on(i, range, kept);
		return 0;
	}
	rc = release_range(&r, range, &again, e);
	if (rc == -1 && e->kind == ERR_INPUT) { /* by now nobody has them */
		log_warn("values stay in the archive alone association=%s "
			 "messages=%" PRIu64 "-%" PRIu64 ": %s",
		    i->a->name, range->first, range->last, e->msg);
		rc = 0;
	}
	for (size_t k = 0; k < again.n; k++)
		wait_on(i, again.range + k, kept);
	waiting_clear(&again);
	if (r.own.tokens != NULL && intake_declare_live(i, e) == -1)
		rc = -1;
	replay_clear(&r);
	return rc;
}

static int
release_formers(struct intake *i, struct err *e)
{
	struct waiting was = i->low.replaced, kept = { .range = NULL };

	for (size_t k = 0; k < was.n; k++)
		if (release_former(i, was.range + k, &kept, e) == -1) {
			waiting_clear(&kept);
			return -1;
		}
	i->low.replaced = kept;
	waiting_clear(&was);
	return 0;
}

/* What is still not plausible is withheld again, in a new list. */
static int
release_present(struct intake *i, struct err *e)
{
	struct waiting was = i->low.withheld;
	struct replay r = { .i = i };
	int rc = 0;

	i->low.withheld = (struct waiting){ .range = NULL };
	for (size_t k = 0; k < was.n && rc == 0; k++)
		rc = release_range(&r, was.range + k, &i->low.withheld, e);
	if (rc == 0)
		rc = under_live(&r, e);
	replay_clear(&r);
	if (rc == -1) {
		waiting_clear(&i->low.withheld);
		i->low.withheld = was;
		return -1;
	}
	waiting_clear(&was);
	return 0;
}

int
intake_release(struct intake *i, struct err *e)
{
	bool formers = time_has_come(i, &i->low.replaced);
	bool present = time_has_come(i, &i->low.withheld);

	if (!formers && !present)
		return 0;
	i->touched = true;
	if (formers && release_formers(i, e) == -1)
		return -1;
	return present ? release_present(i, e) : 0;
}
