/*
 * The outbox's side of a delivery; see feeder.h.
 */
#include "config.h"

#include <inttypes.h>

#include "common/base/log.h"
#include "transport/delivery/feeder.h"

enum {
	LOCK_WAIT_MS = 30000, /* a collector writes a cycle meanwhile */
	BUDGET_SEGMENT = 64 << 10,
};

static int
copy_lost(struct feeder *f, const struct outbox *o)
{
	const struct ledger *l = outbox_lost(o);

	ledger_clear(&f->lost);
	f->lost = (struct ledger){ .stream = l->stream };
	for (size_t i = 0; i < l->n; i++)
		ledger_add(&f->lost, l->stream, l->range[i]);
	return 0;
}

static void
copy_state(struct feeder *f, const struct outbox *o)
{
	f->last = outbox_state(o)->last;
	f->last.stream = outbox_state(o)->stream;
	f->damaged += outbox_state(o)->quarantined; /* since it was opened */
	copy_lost(f, o);
}

/* What the budget drops goes by whole segments, but for one that is cut, so these
 * are small then. */
struct outbox_opts
feeder_outbox_opts(const struct association *a)
{
	return (struct outbox_opts){ .lock_wait_ms = LOCK_WAIT_MS,
		.size_max = a->spool_size,
		.segment_max =
		    a->budget > 0 && a->budget_full == CONFIG_DROP_OLDEST
		    ? BUDGET_SEGMENT
		    : 0,
		.full = a->spool_full == CONFIG_DROP_OLDEST
		    ? SPOOL_FULL_DROP_OLDEST
		    : SPOOL_FULL_REFUSE,
		.retain_s = a->retain_s };
}

int
feeder_drop(struct outbox *o, const struct association *a, uint64_t keep,
    struct err *e)
{
	uint64_t before = outbox_state(o)->dropped, n;
	int rc = outbox_drop_oldest(o, keep, e);

	n = outbox_state(o)->dropped - before;
	if (rc == 0 && n > 0)
		log_warn("the month's budget is used up: the oldest were "
			 "dropped association=%s messages=%" PRIu64,
		    a->name, n);
	return rc;
}

int
feeder_drop_oldest(int association_dir, const struct association *a,
    uint64_t keep, uint64_t *dropped, struct err *e)
{
	const struct outbox_opts opts = feeder_outbox_opts(a);
	struct outbox *o = NULL;
	int rc;

	*dropped = 0;
	if (outbox_open(association_dir, &opts, &o, e) == -1)
		return -1;
	rc = outbox_seal(o, e) == -1 ? -1 : feeder_drop(o, a, keep, e);
	*dropped = outbox_state(o)->dropped;
	outbox_close(o);
	return rc;
}

int
feeder_open(struct feeder *f, int association_dir, const struct association *a,
    struct err *e)
{
	struct outbox *o = NULL;

	*f = (struct feeder){ .association_dir = association_dir,
		.opts = feeder_outbox_opts(a) };
	if (outbox_open(association_dir, &f->opts, &o, e) == -1)
		return -1;
	if (outbox_seal(o, e) == -1) {
		outbox_close(o);
		return -1;
	}
	copy_state(f, o);
	f->acked = outbox_state(o)->acked;
	f->acked.stream = outbox_state(o)->stream;
	outbox_close(o);
	return 0;
}

void
feeder_close(struct feeder *f)
{
	spool_reader_close(f->reader);
	f->reader = NULL;
	ledger_clear(&f->lost);
}

static int
open_reader(struct feeder *f, struct err *e)
{
	spool_reader_close(f->reader);
	f->reader = NULL;
	f->pending.msgid = 0;
	f->at_end = false;
	if (spool_reader_open(f->association_dir, SPOOL_OUTBOX | SPOOL_SENT,
		f->next, &f->reader, e) == -1)
		return -1;
	spool_reader_trust(f->reader);
	return 0;
}

int
feeder_start(struct feeder *f, const struct spool_point *at, struct err *e)
{
	f->next = at->msgid + 1;
	f->base = *at;
	if (at->msgid > f->acked.msgid) /* its acknowledgement was lost */
		feeder_acked(f, at, (struct mono){ 0 });
	return open_reader(f, e);
}

int
feeder_renew(struct feeder *f, struct session *s, enum start_verdict why,
    struct err *e)
{
	struct outbox *o = NULL;
	int rc = -1;

	f->ack_waits = false;
	if (outbox_open(f->association_dir, &f->opts, &o, e) == -1)
		return -1;
	if (outbox_renew(o, e) == 0 && outbox_seal(o, e) == 0)
		rc = 0;
	if (rc == 0) {
		copy_state(f, o);
		f->acked = (struct spool_point){ .stream = f->last.stream };
		f->renewed = why;
		session_renewed(s, &f->last);
	}
	outbox_close(o);
	return rc;
}

void
feeder_acked(struct feeder *f, const struct spool_point *at, struct mono now)
{
	if (!f->ack_waits)
		f->ack_since = now;
	f->ack_waits = true;
	f->acked = *at;
}

int
feeder_flush(struct feeder *f, struct err *e)
{
	struct outbox *o = NULL;
	int rc;

	if (!f->ack_waits)
		return 0;
	if (outbox_open(f->association_dir, &f->opts, &o, e) == -1)
		return -1;
	f->ack_waits = false;
	rc = outbox_ack(o, &f->acked, e);
	if (rc == -1 && e->kind == ERR_INPUT) {
		f->strange_acks++; /* ours is another message: nothing is deleted */
		err_clear(e);
		rc = 0;
	}
	outbox_close(o);
	return rc;
}

void
feeder_seek(struct feeder *f, uint64_t from)
{
	f->next = from;
	f->base.msgid = 0;
	f->pending.msgid = 0;
	f->at_end = false;
	spool_reader_seek(f->reader, from);
}

int
feeder_look(struct feeder *f, struct err *e)
{
	struct outbox *o = NULL;
	int rc;

	if (outbox_open(f->association_dir, &f->opts, &o, e) == -1)
		return -1;
	if (!stream_eq(outbox_state(o)->stream, f->last.stream)) {
		outbox_close(o);
		return err_set(e, ERR_TEMP, "a new stream was begun meanwhile");
	}
	rc = outbox_seal(o, e);
	copy_state(f, o);
	outbox_close(o);
	if (rc == 0 && f->last.msgid >= f->next)
		f->at_end = false;
	return rc;
}

/* A damaged message of ours: what is good around it is saved, it becomes lost. */
static int
repair(struct feeder *f, uint64_t msgid, struct err *e)
{
	struct outbox *o = NULL;
	int rc;

	log_err("message=%" PRIu64 " of the outbox is damaged: %s", msgid,
	    e->msg);
	if (outbox_open(f->association_dir, &f->opts, &o, e) == -1)
		return -1;
	rc = outbox_repair(o, msgid, e);
	copy_state(f, o);
	outbox_close(o);
	if (rc == 0)
		spool_reader_seek(f->reader, f->next);
	return rc;
}

/* next..last are not there.  1: the receiver was told.  0: nobody said that they
 * are lost. */
static int
pass_lost(struct feeder *f, struct session *s, uint64_t last)
{
	if (last < f->next || ledger_skip(&f->lost, f->next) < last)
		return 0;
	session_feed_lost(s, f->next, last);
	f->next = last + 1;
	f->base.msgid = 0;
	return 1;
}

/* The receiver lacks what we do not hold any more, or its last message is not
 * ours: a new stream holds what is left. */
static int
start_over(struct feeder *f, struct session *s, enum start_verdict why,
    struct err *e)
{
	if (!session_is_open(s)) { /* the receiver may lack nothing */
		session_misled(s);
		return 0;
	}
	if (session_busy(s))
		return err_set(e, ERR_TEMP,
		    "message %" PRIu64 " is not in the outbox any more",
		    f->next);
	return feeder_renew(f, s, why, e) == -1 ? -1 : 0;
}

/* 1: something is pending or was fed, go on.  0: nothing now. */
static int
read_on(struct feeder *f, struct session *s, struct err *e)
{
	struct message m;
	uint64_t tail;

	switch (spool_reader_next(f->reader, &m, e)) {
	case SPOOL_READ_MESSAGE:
		f->pending = m;
		return 1;
	case SPOOL_READ_GAP:
		if (pass_lost(f, s, m.msgid - 1) == 1)
			return 1;
		return start_over(f, s, START_GONE, e);
	case SPOOL_READ_BAD:
		return repair(f, m.msgid, e) == -1 ? -1 : 1;
	case SPOOL_READ_END:
		tail = ledger_skip(&f->lost, f->next);
		if (tail >= f->next)
			return pass_lost(f, s, tail);
		f->at_end = true;
		return 0;
	case SPOOL_READ_FAILED:
		break;
	}
	return -1;
}

/* Feed what is pending.  1: go on. */
static int
feed_pending(struct feeder *f, struct session *s, struct err *e)
{
	const struct message *m = &f->pending;

	if (m->msgid != f->next)
		return err_set(e, ERR_INTERNAL,
		    "message %" PRIu64 " was read for %" PRIu64, m->msgid,
		    f->next);
	if (f->base.msgid != 0 && f->base.digest != 0 &&
	    m->prev != f->base.digest)
		return start_over(f, s, START_COPY, e);
	session_feed(s, m);
	f->base.msgid = 0;
	f->pending.msgid = 0;
	f->next++;
	return 1;
}

/* What the receiver has last was dropped here since, and was another message. */
static bool
is_strange(const struct feeder *f)
{
	uint32_t digest;

	return f->base.msgid != 0 && f->base.digest != 0 &&
	    ledger_digest(&f->lost, f->base.msgid, &digest) &&
	    digest != f->base.digest;
}

int
feeder_feed(struct feeder *f, struct session *s, struct err *e)
{
	int more = 1;

	if (f->reader != NULL && is_strange(f) &&
	    start_over(f, s, START_COPY, e) == -1)
		return -1;
	while (
	    more == 1 && !f->at_end && f->reader != NULL && session_room(s) > 0)
		more = f->pending.msgid != 0 ? feed_pending(f, s, e)
					     : read_on(f, s, e);
	if (more == -1)
		return -1;
	if (f->at_end)
		session_feed_end(s);
	return 0;
}
