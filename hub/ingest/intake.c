/*
 * One association's way into the hub: beginning, ending, marks, and what is
 * done about trouble.  See intake.h.
 */
#include "config.h"

#include "hub/ingest/intake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/spool/reader.h"
#include "hub/ingest/return_path.h"

enum {
	RETRY_FIRST_MS = 1000,
	RETRY_MOST_MS = 60000,
	TOLD_AFTER_S = 24 * 3600, /* implausible Timestamps */
	LOOK_AT_CLOCK_MS = 60000, /* while something is withheld */
	RESYNC_LOCK_WAIT_MS = 100,
	RESYNC_AGAIN_MS = 1000,
};

/* --- Telling -------------------------------------------------------------- */

void
intake_raise(struct intake *i, const char *key, const char *verb,
    const char *what, const char *fmt, ...)
{
	const struct ingest_opts *o = &i->ground->opts;
	char text[ERR_MSG_SIZE + 64], command[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)snprintf(command, sizeof(command), "hubctl %s%s%s%s%s", verb,
	    what == NULL ? "" : " ", what == NULL ? "" : i->a->name,
	    what == NULL ? "" : " ", what == NULL ? "" : what);
	(void)notice_raise(o->notices,
	    &(struct notice){ i->a->name, key, text, command },
	    i->ground->wall);
}

void
intake_clear(struct intake *i, const char *key)
{
	(void)notice_clear(i->ground->opts.notices, i->a->name, key,
	    i->ground->wall);
}

void
intake_failed(struct intake *i, const struct err *e)
{
	i->retry_ms = i->retry_ms == 0 ? RETRY_FIRST_MS : 2 * i->retry_ms;
	if (i->retry_ms > RETRY_MOST_MS)
		i->retry_ms = RETRY_MOST_MS;
	i->retry_at = mono_add_ms(i->ground->mono, i->retry_ms);
	if (i->trouble == INTAKE_WELL)
		i->trouble = INTAKE_RETRY;
	intake_raise(i, "ingest", "status", NULL, "ingest stands still: %s",
	    e->msg);
}

static void
all_well(struct intake *i)
{
	if (i->trouble == INTAKE_RETRY) {
		i->trouble = INTAKE_WELL;
		i->retry_ms = 0;
		intake_clear(i, "ingest");
	}
}

/* --- Beginning ------------------------------------------------------------ */

static void
note_replaced(void *arg, struct stream_id stream)
{
	sequencer_replaced(arg, stream);
}

/* Where sequencing goes on: the cursor, or what the archive says. */
static int
find_cursor(struct intake *i, struct spool_point *at, struct err *e)
{
	const struct cursor_place place = {
		.state_dir = i->ground->opts.node->state_dir,
		.association_dir = i->archive.dir,
		.association = i->a->name,
	};
	int rc = cursor_find(&place, at, e);

	if (rc != 1)
		return rc;
	log_warn(
	    "cursor is derived from the archive association=%s msgid=%" PRIu64,
	    i->a->name, at->msgid);
	return cursor_write(place.state_dir, i->a->name, at, e);
}

void
intake_left(const struct intake *i, uint64_t messages)
{
	if (messages > 0)
		log_warn("values stay in the archive alone association=%s "
			 "messages=%" PRIu64,
		    i->a->name, messages);
}

static int
read_marks(struct intake *i, const struct spool_point *cursor, struct err *e)
{
	int state_dir = i->ground->opts.node->state_dir;

	if (lowwater_read(state_dir, i->a->name, &i->low, e) == -1) {
		if (e->kind != ERR_INPUT)
			return -1;
		log_warn("low-water mark is derived anew association=%s: %s",
		    i->a->name, e->msg);
	}
	if (!stream_eq(i->low.at.stream, cursor->stream))
		intake_left(i,
		    lowwater_replace(&i->low,
			(struct spool_point){ .stream = cursor->stream }));
	if (i->low.at.msgid > cursor->msgid)
		i->low.at = *cursor;
	if (poison_read(state_dir, i->a->name, &i->poison, e) == -1) {
		if (e->kind != ERR_INPUT)
			return -1;
		log_warn("poison records begin anew association=%s: %s",
		    i->a->name, e->msg);
	}
	return 0;
}

/* The newest configuration may be one that waits for a person, or that one let
 * go and that was not compiled any more. */
static int
recall_config(struct intake *i, struct err *e)
{
	const struct poison_record *r =
	    poison_config(&i->poison, sequencer_cursor(i->sequencer).stream);
	struct compiled_head head = { 0 };
	struct tree *t = NULL;

	if (r == NULL || r->generation <= i->live.generation ||
	    (i->pending != NULL && r->generation <= i->pending_head.generation))
		return 0;
	if (r->state != POISON_ACCEPTED) {
		settling_poisoned(i->settling, i->who, r->generation);
		return 0;
	}
	if (intake_load_config(i, r->msgid, &t, &head, e) == -1)
		return -1;
	intake_set_pending(i, t, head);
	settling_held(i->settling, i->who, r->generation, i->ground->mono);
	return 0;
}

int
intake_open(const struct intake_place *p, struct intake **out, struct err *e)
{
	struct intake *i = mem_alloc(sizeof(*i));
	struct spool_point cursor;
	struct err live;

	i->ground = p->ground;
	i->a = p->a;
	i->settling = p->settling;
	i->who = p->who;
	i->archive.dir = -1;
	settling_add(p->settling, p->who, 0);
	if (archive_open(p->dir, &i->archive, e) == -1)
		goto fail;
	if (find_cursor(i, &cursor, e) == -1 || read_marks(i, &cursor, e) == -1)
		goto fail;
	i->sequencer = sequencer_new(&cursor, 0);
	if (archive_replaced(&i->archive, note_replaced, i->sequencer, e) == -1)
		goto fail;
	if (intake_read_live(i, &live) == -1)
		log_warn("compiled tree cannot be used association=%s: %s",
		    p->a->name, live.msg);
	settling_add(p->settling, p->who, i->live.generation);
	if (intake_tidy(i, e) == -1 || intake_recall(i, e) == -1 ||
	    recall_config(i, e) == -1 || intake_recover(i, e) == -1)
		goto fail;
	*out = i;
	return 0;
fail:
	i->archive.dir = -1; /* it stays the caller's */
	settling_add(p->settling, p->who, 0);
	intake_close(i);
	return err_wrap(e, "association %s", p->a->name);
}

void
intake_close(struct intake *i)
{
	if (i == NULL)
		return;
	archive_close(&i->archive);
	sequencer_free(i->sequencer);
	lowwater_clear(&i->low);
	poison_clear(&i->poison);
	glossary_clear(&i->live);
	configset_clear(&i->set);
	tree_free(i->pending);
	free(i->fit);
	free(i);
}

struct compiled_head
intake_head(const struct message *m)
{
	return (struct compiled_head){
		.stream = m->stream,
		.generation = m->generation,
		.msgid = m->msgid,
	};
}

void
intake_set_pending(struct intake *i, struct tree *t, struct compiled_head head)
{
	tree_free(i->pending);
	i->pending = t;
	i->pending_head = head;
}

/* --- Working -------------------------------------------------------------- */

/* Whether a RESYNC of ours is on its way already: at most one is. */
static int
resync_waits(const struct intake *i, const struct outbox *o, bool *waits,
    struct err *e)
{
	struct spool_reader *r = NULL;
	enum spool_read got;
	struct message m;

	*waits = false;
	if (spool_reader_open(i->archive.dir, SPOOL_OUTBOX,
		outbox_state(o)->acked.msgid + 1, &r, e) == -1)
		return -1;
	while ((got = spool_reader_next(r, &m, e)) == SPOOL_READ_MESSAGE ||
	    got == SPOOL_READ_GAP)
		if (got == SPOOL_READ_MESSAGE && m.type == MESSAGE_RESYNC &&
		    m.msgid > outbox_state(o)->acked.msgid)
			*waits = true;
	spool_reader_close(r);
	return got == SPOOL_READ_FAILED ? -1 : 0;
}

static int
put_resync(const struct intake *i, struct outbox *o, struct err *e)
{
	uint64_t generation = settling_asked(i->settling, i->who);
	struct buf body = { 0 }, number = { 0 };
	int rc;

	(void)buf_put_u64(&number, generation);
	(void)message_put_line(&body, SLICE("generation"), buf_slice(&number));
	rc = return_path_put(o, MESSAGE_RESYNC, buf_slice(&body), e);
	buf_clear(&body);
	buf_clear(&number);
	return rc;
}

static int
send_resync(struct intake *i, struct err *e)
{
	struct outbox *o = NULL;
	bool waits = false;
	int rc = -1;

	if (return_path_open(i->archive.dir, i->a, RESYNC_LOCK_WAIT_MS, &o,
		e) == -1)
		return -1;
	rc = resync_waits(i, o, &waits, e);
	if (rc == 0 && !waits)
		rc = put_resync(i, o, e);
	outbox_close(o);
	if (rc == 0)
		log_info("RESYNC association=%s generation=%" PRIu64 "%s",
		    i->a->name, settling_asked(i->settling, i->who),
		    waits ? " (one is on its way)" : "");
	return rc;
}

/* Who sends bare messages hears nothing but that they came. */
static void
tell_instead(struct intake *i)
{
	i->resync_due = false;
	intake_raise(i, "config", "status", NULL,
	    "DATA of generation %" PRIu64 " is archived and not stored: its "
	    "CONFIG came wrong, or never, and who sends bare messages cannot "
	    "be asked for it",
	    settling_asked(i->settling, i->who));
}

/* A session may hold the outbox: that is no trouble. */
static void
try_resync(struct intake *i)
{
	struct err e;

	if (stream_is_zero(sequencer_cursor(i->sequencer).stream)) {
		tell_instead(i);
		return;
	}
	i->resync_due = send_resync(i, &e) == -1;
	if (!i->resync_due)
		return;
	i->resync_at = mono_add_ms(i->ground->mono, RESYNC_AGAIN_MS);
	if (e.kind != ERR_TEMP)
		log_warn("RESYNC is not sent association=%s: %s", i->a->name,
		    e.msg);
}

static int64_t
older(const struct waiting *w, int64_t since_s)
{
	for (size_t k = 0; k < w->n; k++)
		if (w->range[k].since_s < since_s)
			since_s = w->range[k].since_s;
	return since_s;
}

static void
tell_of_clocks(struct intake *i)
{
	int64_t now_s = wall_s(i->ground->wall), oldest = now_s;
	uint64_t withheld = intake_withheld(i);

	oldest = older(&i->low.withheld, older(&i->low.replaced, oldest));
	if (withheld > 0 && now_s - oldest >= TOLD_AFTER_S)
		intake_raise(i, "clock", "status", NULL,
		    "%" PRIu64 " DATA messages have implausible Timestamps: "
		    "their values wait for the clock",
		    withheld);
	else if (withheld == 0)
		intake_clear(i, "clock");
}

bool
intake_step(struct intake *i)
{
	struct err e;
	int rc = 0;

	if (i->trouble == INTAKE_FORK || i->trouble == INTAKE_STREAM ||
	    (i->trouble == INTAKE_RETRY && i->ground->mono.ns < i->retry_at.ns))
		return false;
	if (i->flow_due)
		rc = intake_replay_waiting(i, &e);
	if (rc == 0 && intake_withheld(i) > 0 &&
	    i->ground->mono.ns >= i->clock_at.ns) {
		rc = intake_release(i, &e);
		tell_of_clocks(i);
		i->clock_at = mono_add_ms(i->ground->mono, LOOK_AT_CLOCK_MS);
	}
	if (rc == 0)
		rc = intake_inbox(i, &e);
	if (i->resync_due && i->ground->mono.ns >= i->resync_at.ns)
		try_resync(i);
	if (rc == -1)
		intake_failed(i, &e);
	else
		all_well(i);
	return rc == 1;
}

struct mono
intake_wake(const struct intake *i)
{
	struct mono at = { INT64_MAX };

	if (i->trouble == INTAKE_RETRY)
		at = i->retry_at;
	else if (i->trouble == INTAKE_WELL && intake_withheld(i) > 0)
		at = i->clock_at;
	if (i->resync_due && i->resync_at.ns < at.ns)
		at = i->resync_at;
	return at;
}

void
intake_flow(struct intake *i)
{
	struct err e;

	if (i->pending == NULL)
		return; /* another association of the tree changed */
	intake_set_pending(i, NULL, (struct compiled_head){ 0 });
	i->flow_due = true;
	i->ground->opts.store->ops->forgive(i->ground->opts.store,
	    i->a->hub_tree, slice_str(i->a->hub_subtree));
	intake_clear(i, "data");
	intake_clear(i, "stream");
	if (i->trouble == INTAKE_WELL && intake_replay_waiting(i, &e) == -1)
		intake_failed(i, &e);
}

int
intake_mark(struct intake *i, struct err *e)
{
	struct spool_point at = sequencer_cursor(i->sequencer);

	if (!i->touched || i->flow_due)
		return 0;
	if (i->wait_from != 0 && i->wait_from <= at.msgid) {
		at.msgid = i->wait_from - 1;
		at.digest = 0;
	}
	i->low.at = at;
	if (lowwater_write(i->ground->opts.node->state_dir, i->a->name, &i->low,
		e) == -1)
		return err_wrap(e, "association %s", i->a->name);
	i->touched = false;
	return 0;
}

int
intake_recompile(struct intake *i, struct err *e)
{
	struct compiled_head head;
	struct tree *t;

	if (i->pending != NULL || i->live.generation == 0)
		return 0;
	if (intake_load_config(i, i->live.config, &t, &head, e) == -1)
		return -1;
	intake_set_pending(i, t, head);
	return 0;
}
