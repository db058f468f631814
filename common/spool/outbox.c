/*
 * The sending end of a spool at work; see outbox.h.  Opening and recovery are
 * in outbox_open.c, room in outbox_room.c, what is dropped in
 * outbox_drop.c, new streams in outbox_renew.c.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/outbox_impl.h"

const struct outbox_state *
outbox_state(const struct outbox *o)
{
	return &o->state;
}

const struct ledger *
outbox_lost(const struct outbox *o)
{
	return &o->lost;
}

void
outbox_sealed(void *arg, struct segment_name s, uint64_t bytes)
{
	struct outbox *o = arg;

	listing_put(&o->waiting, (struct listed){ .name = s, .bytes = bytes });
}

/* The Timestamp of the oldest segment that waits: its file is read once. */
static void
refresh_oldest(struct outbox *o)
{
	struct outbox_state *s = &o->state;
	struct buf keep = { 0 };
	struct message m;
	struct err ignored; /* unknown, then: it is only shown */

	if (o->waiting.n == 0) {
		s->oldest_s = s->waiting_messages > 0 ? o->open_first_s : 0;
		o->oldest_of = 0;
	} else if (o->oldest_of != o->waiting.at[0].name.first) {
		o->oldest_of = o->waiting.at[0].name.first;
		s->oldest_s = 0;
		if (segment_peek_first(o->dir, o->waiting.at[0].name, &m, &keep,
			&ignored) == 0)
			s->oldest_s = m.timestamp;
	}
	buf_clear(&keep);
}

void
outbox_refresh(struct outbox *o)
{
	struct outbox_state *s = &o->state;
	uint64_t lost =
	    ledger_count(&o->lost, s->acked.msgid + 1, s->last.msgid);

	s->waiting_messages = s->last.msgid - s->acked.msgid - lost;
	s->waiting_bytes = o->app.end;
	for (size_t i = 0; i < o->waiting.n; i++)
		s->waiting_bytes += o->waiting.at[i].bytes;
	refresh_oldest(o);
}

int
outbox_store_mark(struct outbox *o, struct err *e)
{
	o->mark.acked = o->state.acked;
	o->mark.next = o->state.last.msgid + 1;
	o->mark.generation = o->state.generation;
	return mark_put(o->slots, &o->mark, e);
}

int
outbox_to_quarantine(struct outbox *o, const char *name, const char *why,
    struct err *e)
{
	struct quarantine_file f = { o->dir, "outbox", name };

	if (o->quarantine.dir == -1 &&
	    quarantine_open(&o->quarantine, o->top, e) == -1)
		return -1;
	return quarantine_move(&o->quarantine, &f, why, e);
}

struct repair_dir
outbox_repair_dir(const struct outbox *o)
{
	return (struct repair_dir){ .top = o->top,
		.dir = o->dir,
		.name = "outbox",
		.stream = o->state.stream };
}

int
outbox_put(struct outbox *o, struct message *m, struct err *e)
{
	struct buf *batch = &o->app.batch;
	enum appender_where where = m->type != MESSAGE_CONFIG ? APPENDER_NEXT
	    : m->part <= 1                                    ? APPENDER_FRESH
							      : APPENDER_JOIN;
	size_t from = batch->n;

	if (o->put.msgid >= LIMIT_MSGID)
		return err_set(e, ERR_CONFIG, "the stream has no number left");
	m->msgid = o->put.msgid + 1;
	m->stream = o->state.stream;
	m->prev = o->put.digest;
	if (message_write(batch, m, e) == -1)
		goto fail;
	if (batch->n - from > o->opts.message_max) {
		err_set(e, ERR_INPUT, "a message of %zu bytes: at most %zu",
		    batch->n - from, o->opts.message_max);
		goto fail;
	}
	if (outbox_check_room(o, m->type == MESSAGE_CONFIG, e) == -1)
		goto fail;
	if (where == APPENDER_FRESH || (o->app.pieces == 0 && o->app.fd == -1))
		o->put_first_s = m->timestamp;
	appender_added(&o->app, from, m->msgid, where);
	o->put.msgid = m->msgid;
	o->put.digest = m->digest;
	if (m->generation != 0)
		o->put_generation = m->generation;
	if (m->timestamp >= PLAUSIBLE_FROM_S && m->timestamp > o->put_newest_s)
		o->put_newest_s = m->timestamp;
	return 0;
fail:
	batch->n = from;
	return -1;
}

void
outbox_forget_put(struct outbox *o)
{
	o->put = o->state.last;
	o->put_generation = o->state.generation;
	o->put_newest_s = o->newest_s;
	o->put_first_s = o->open_first_s;
	o->plan = (struct outbox_plan){ 0 };
}

void
outbox_rollback(struct outbox *o)
{
	appender_rollback(&o->app);
	outbox_forget_put(o);
}

int
outbox_commit(struct outbox *o, struct err *e)
{
	if (outbox_drop_planned(o, e) == -1 ||
	    appender_commit(&o->app, outbox_sealed, o, e) == -1) {
		outbox_rollback(o);
		outbox_refresh(o);
		return err_wrap(e, "outbox");
	}
	o->state.last = o->put;
	o->state.generation = o->put_generation;
	o->newest_s = o->put_newest_s;
	o->open_first_s = o->put_first_s;
	outbox_refresh(o);
	return 0;
}

int
outbox_seal(struct outbox *o, struct err *e)
{
	if (appender_seal(&o->app, outbox_sealed, o, e) == -1)
		return err_wrap(e, "outbox");
	outbox_refresh(o);
	return 0;
}

void
outbox_move_acked(struct outbox *o)
{
	struct err ignored; /* asked again at the next open */
	size_t n = 0;

	for (; n < o->waiting.n &&
	     o->waiting.at[n].name.last <= o->state.acked.msgid;
	     n++) {
		char name[SEGMENT_NAME_SIZE];

		segment_name_text(o->waiting.at[n].name, name);
		if (renameat2(o->dir, name, o->sent_dir, name,
			RENAME_NOREPLACE) == 0)
			listing_put(&o->sent, o->waiting.at[n]);
		else if (errno == EEXIST)
			unlinkat(o->dir, name, 0);
		else if (errno != ENOENT)
			break; /* or at the next open */
	}
	/* the new names before outbox/ is synced without the old ones (W5) */
	if (n > 0)
		(void)durable_sync(o->sent_dir, &ignored);
	listing_drop(&o->waiting, 0, n);
}

static const struct listed *
find_segment(const struct listing *l, uint64_t msgid)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].name.first <= msgid && msgid <= l->at[i].name.last)
			return &l->at[i];
	return NULL;
}

/* The digest of a message that is sealed here; ERR_INPUT: there is none. */
static int
find_digest(struct outbox *o, uint64_t msgid, uint32_t *digest, struct err *e)
{
	const struct listed *s = find_segment(&o->waiting, msgid);
	int dir = o->dir, fd, rc;
	struct buf keep = { 0 };
	struct message m;
	char name[SEGMENT_NAME_SIZE];

	if (s == NULL) {
		s = find_segment(&o->sent, msgid);
		dir = o->sent_dir;
	}
	if (s == NULL)
		return err_set(e, ERR_INPUT,
		    "message %" PRIu64 " is not held here", msgid);
	fd = durable_open_file(dir, segment_name_text(s->name, name), e);
	if (fd == -1)
		return -1;
	rc = s->name.last == msgid
	    ? segment_find_last(fd, s->name, &m, &keep, e)
	    : (int)(segment_find(fd, msgid, &m, &keep, e) >= 0) - 1;
	if (rc == 0)
		*digest = m.digest;
	buf_clear(&keep);
	close(fd);
	return rc;
}

struct spool_point
outbox_prepared(const struct outbox *o)
{
	return o->put;
}

uint64_t
outbox_prepared_generation(const struct outbox *o)
{
	return o->put_generation;
}

int
outbox_holds(struct outbox *o, const struct spool_point *at, bool *holds,
    struct err *e)
{
	const struct spool_point *last = &o->state.last;
	uint32_t digest = 0;

	*holds = false;
	if (!stream_eq(at->stream, o->state.stream) || at->msgid > last->msgid)
		return 0;
	if (at->msgid == 0 || at->msgid == last->msgid) {
		*holds = at->digest == last->digest || at->msgid == 0;
		return 0;
	}
	if (outbox_seal(o, e) == -1)
		return -1;
	if (find_digest(o, at->msgid, &digest, e) == 0)
		*holds = digest == at->digest;
	else if (e->kind != ERR_INPUT)
		return -1;
	err_clear(e);
	return 0;
}

bool
outbox_can_compare(const struct outbox *o, uint64_t msgid)
{
	uint32_t digest;

	return ledger_find(&o->lost, msgid) == NULL ||
	    ledger_digest(&o->lost, msgid, &digest);
}

/* May we believe it?  Also an acknowledgement of what is lost here: the receiver had
 * it before that, or was told so, and then acknowledges with digest 0. */
static int
check_ack(struct outbox *o, const struct spool_point *at, struct err *e)
{
	bool lost = ledger_find(&o->lost, at->msgid) != NULL;
	uint32_t digest = 0;

	if (!stream_eq(at->stream, o->state.stream))
		return err_set(e, ERR_INPUT, "it is for another stream");
	if (at->msgid == 0)
		return 0;
	if (at->msgid == o->state.acked.msgid) {
		digest = o->state.acked.digest;
	} else if (lost &&
	    (at->digest == 0 || !ledger_digest(&o->lost, at->msgid, &digest))) {
		return 0; /* it cannot be compared any more */
	} else if (!lost && find_digest(o, at->msgid, &digest, e) == -1) {
		/* acknowledged before and gone since: it cannot be compared */
		return at->msgid < o->state.acked.msgid ? 0 : -1;
	}
	if (digest != at->digest)
		return err_set(e, ERR_INPUT,
		    "its digest crc32=%08" PRIx32 " is not ours", at->digest);
	return 0;
}

int
outbox_ack(struct outbox *o, const struct spool_point *at, struct err *e)
{
	struct spool_point before = o->state.acked;

	if (check_ack(o, at, e) == -1)
		return err_wrap(e, "acknowledgement of message %" PRIu64,
		    at->msgid);
	if (at->msgid <= before.msgid)
		return 0;
	o->state.acked = *at;
	if (outbox_store_mark(o, e) == -1) { /* W11 */
		o->state.acked = before;
		return -1;
	}
	outbox_move_acked(o);
	outbox_prune(o, false);
	outbox_refresh(o);
	return 0;
}

/* The numbers of segment s that no segment in made has are lost. */
static int
record_lost(struct outbox *o, struct segment_name s, const struct listing *made,
    struct err *e)
{
	uint64_t next =
	    s.first > o->state.acked.msgid ? s.first : o->state.acked.msgid + 1;
	uint64_t before = o->state.quarantined;

	for (size_t i = 0; i <= made->n; i++) {
		uint64_t end =
		    i < made->n ? made->at[i].name.first - 1 : s.last;

		if (next <= end) {
			ledger_add(&o->lost, o->state.stream,
			    (struct ledger_range){ .first = next,
				.last = end });
			o->state.quarantined += end - next + 1;
		}
		if (i < made->n && next <= made->at[i].name.last)
			next = made->at[i].name.last + 1;
	}
	if (o->state.quarantined == before)
		return 0;
	return ledger_write(o->dir, "lost", &o->lost, e);
}

/* Put the segments in made where the one at index was. */
static void
replace_listed(struct listing *l, size_t index, const struct listing *made)
{
	struct listing old = *l;

	*l = (struct listing){ 0 };
	for (size_t i = 0; i < old.n; i++) {
		if (i != index) {
			listing_put(l, old.at[i]);
			continue;
		}
		for (size_t k = 0; k < made->n; k++)
			listing_put(l, made->at[k]);
	}
	listing_clear(&old);
}

int
outbox_repair(struct outbox *o, uint64_t msgid, struct err *e)
{
	bool waits = find_segment(&o->waiting, msgid) != NULL;
	struct listing *l = waits ? &o->waiting : &o->sent, made = { 0 };
	const struct listed *found = find_segment(l, msgid);
	struct repair_dir d = outbox_repair_dir(o);
	int rc = -1;

	if (found == NULL)
		return 0; /* repaired since, or deleted */
	if (!waits) {
		d.dir = o->sent_dir;
		d.name = "sent";
	}
	if (repair_segment(&d, found->name,
		"damaged: what was good is in segments of its own", &made,
		e) == 0 &&
	    record_lost(o, found->name, &made, e) == 0) {
		replace_listed(l, (size_t)(found - l->at), &made);
		outbox_refresh(o);
		rc = 0;
	}
	listing_clear(&made);
	return rc == 0 ? 0 : err_wrap(e, "outbox");
}

bool
outbox_holds_all_after(const struct outbox *o, uint64_t msgid)
{
	uint64_t next = msgid + 1;

	for (size_t i = 0; i < o->sent.n + o->waiting.n; i++) {
		const struct segment_name *s = i < o->sent.n
		    ? &o->sent.at[i].name
		    : &o->waiting.at[i - o->sent.n].name;

		next = ledger_skip(&o->lost, next) + 1;
		if (s->first > next)
			return false;
		if (s->last >= next)
			next = s->last + 1;
	}
	return ledger_skip(&o->lost, next) >= o->state.last.msgid;
}

int
outbox_each_after(struct outbox *o, uint64_t msgid, outbox_segment *f,
    void *arg, struct err *e)
{
	for (size_t i = 0; i < o->sent.n + o->waiting.n; i++) {
		bool sent = i < o->sent.n;
		struct segment_name s = sent
		    ? o->sent.at[i].name
		    : o->waiting.at[i - o->sent.n].name;

		if (s.last > msgid &&
		    f(arg, sent ? o->sent_dir : o->dir, s, e) == -1)
			return -1;
	}
	return 0;
}

void
outbox_close(struct outbox *o)
{
	if (o == NULL)
		return;
	outbox_unload(o);
	if (o->lock != -1)
		close(o->lock);
	free(o);
}
