/*
 * What we say to who carries our files, and what goes with it; see carry_impl.h.
 */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/carried_name.h"
#include "transport/carried/carry_impl.h"
#include "transport/carried/publish.h"
#include "transport/delivery/feeder.h"

/* A file "ack" that we wrote; false: there is none. */
static bool
read_own(const struct carried_place *at, struct carried_ack *out)
{
	const struct carried_name name = { .codec = NULL };
	struct buf text = { 0 };
	struct err ignored = { 0 }; /* as if there were none */
	bool ok = carried_file_read(at, name, CARRIED_ACK_MAX, &text,
		      &ignored) == CARRIED_READ &&
	    carried_ack_parse(buf_slice(&text), out, &ignored) == 0;

	buf_clear(&text);
	return ok;
}

bool
carry_has_told(int association_dir, struct stream_id stream, uint64_t last)
{
	struct err ignored = { 0 }; /* then it was not */
	int dir = durable_open_dir(association_dir, "outbox", &ignored);
	const struct carried_place at = { dir, false };
	struct carried_ack said = { 0 };
	bool told = dir != -1 && read_own(&at, &said) &&
	    stream_eq(said.send.stream, stream) && said.send.msgid >= last;

	carried_ack_clear(&said);
	if (dir != -1)
		close(dir);
	return told;
}

static void
note_heard(const struct carry *c, struct carried_ack *a)
{
	const struct carried_place at = { c->outbox_dir, false };
	struct carried_ack before = { 0 };

	if (c->heard) {
		a->heard_stream = c->ack.send.stream;
		a->heard = c->ack.acked;
	} else if (read_own(&at, &before)) {
		a->heard_stream = before.heard_stream;
		a->heard = before.heard;
	}
	carried_ack_clear(&before);
}

static void
say(const struct carry *c, const struct outbox *o, struct buf *out)
{
	const struct outbox_state *s = outbox_state(o);
	const struct ledger *lost = outbox_lost(o);
	struct carried_ack a = { .have = inbox_durable(c->in),
		.send = s->last,
		.acked = s->acked.msgid };
	uint64_t first, last;

	a.send.stream = s->stream;
	for (uint64_t from = 1; inbox_missing(c->in, from, &first, &last) &&
	     last < LIMIT_MSGID && carried_ranges_add(&a.missing, first, last);
	     from = last + 1)
		continue;
	for (size_t i = 0; i < lost->n; i++)
		if (lost->range[i].last > c->after &&
		    !carried_ranges_add(&a.lost, lost->range[i].first,
			lost->range[i].last))
			break; /* the rest when these were heard */
	note_heard(c, &a);
	carried_ack_put(out, &a);
	carried_ack_clear(&a);
}

static int
say_there(struct carry *c, const struct publish_opts *p, const struct outbox *o,
    struct err *e)
{
	struct buf text = { 0 };
	int rc;

	say(c, o, &text);
	rc = publish_ack(p, buf_slice(&text), c->r, e);
	buf_clear(&text);
	return rc;
}

/* A carried directory may be of a time before this stream.  It is of this one
 * from now on, also where not all goes on it that is to. */
static int
clear_others(struct carry *c, const struct publish_opts *p,
    const struct outbox *o, struct err *e)
{
	struct carried_ack there = { 0 };
	bool ours = read_own(&p->at, &there) &&
	    stream_eq(there.send.stream, outbox_state(o)->stream);
	struct err ignored = { 0 }; /* the next writer finds them, too */

	carried_ack_clear(&there);
	/* what was being written when the stick was pulled out */
	(void)durable_sweep(p->at.dir, &ignored);
	if (ours)
		return 0;
	return publish_clear(p, e) == -1 ? -1 : say_there(c, p, o, e);
}

static int
publish(struct carry *c, struct outbox *o, struct err *e)
{
	static const struct carried_ranges none = { 0 };
	struct publish_opts p = { .association = c->o->association,
		.keys = &c->keys,
		.at = { c->out_dir, carry_is_foreign(c) },
		.after = c->after,
		.missing = &none };
	int rc = 0;

	if (c->heard && stream_eq(c->ack.have.stream, outbox_state(o)->stream))
		p.missing = &c->ack.missing;
	if (!publish_is_ours(&p))
		rc = publish_clear(&p, e);
	if (rc == 0 && p.at.foreign)
		rc = clear_others(c, &p, o, e);
	if (rc == 0)
		rc = publish_segments(&p, o, c->r, e);
	if (rc == 0)
		rc = say_there(c, &p, o, e);
	if (rc == 0 && p.at.foreign) { /* where we ourselves look for it */
		p.at = (struct carried_place){ c->outbox_dir, false };
		rc = say_there(c, &p, o, e);
	}
	return rc;
}

int
carry_answer(struct carry *c, struct err *e)
{
	const struct outbox_opts opts = feeder_outbox_opts(c->o->association);
	struct outbox *o = NULL;
	int rc;

	close(c->outbox_dir); /* a renewal put another in its place */
	c->outbox_dir = durable_open_dir(c->top, "outbox", e);
	if (c->outbox_dir == -1 || outbox_open(c->top, &opts, &o, e) == -1)
		return -1;
	if (!carry_is_foreign(c)) {
		close(c->out_dir);
		c->out_dir = fcntl(c->outbox_dir, F_DUPFD_CLOEXEC, 0);
	}
	rc = outbox_seal(o, e);
	if (rc == 0 && c->o->drops)
		rc = feeder_drop(o, c->o->association, c->o->keep, e);
	if (rc == 0)
		rc = publish(c, o, e);
	c->r->acked = outbox_state(o)->acked;
	c->r->dropped += outbox_state(o)->dropped;
	c->r->damaged += outbox_state(o)->quarantined;
	outbox_close(o);
	return rc;
}
