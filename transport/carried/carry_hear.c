/*
 * What the other end says of carried files; see carry_impl.h.
 */
#include "config.h"

#include <string.h>

#include "common/base/log.h"
#include "transport/carried/carry_impl.h"
#include "transport/delivery/feeder.h"
#include "transport/session/start.h"

/* Acknowledgements are carried, too, and an old one may come late, or again.
 * That the receiver has less than it once acknowledged is believed only of one
 * who has heard that we know of more. */
static bool
is_fresh(const struct carried_ack *ack, const struct outbox_state *s)
{
	return s->acked.msgid == 0 ||
	    (stream_eq(ack->heard_stream, s->stream) &&
		ack->heard >= s->acked.msgid);
}

/* What of ours went over the line is seen by its acknowledgement alone. */
static int
acknowledge(struct carry *c, struct outbox *o, const struct spool_point *have,
    struct err *e)
{
	const struct outbox_state *s = outbox_state(o);
	uint64_t before = s->acked.msgid, waited = s->waiting_bytes, gone;

	if (outbox_ack(o, have, e) == -1)
		return -1;
	gone = waited > s->waiting_bytes ? waited - s->waiting_bytes : 0;
	c->r->moved = c->r->moved || s->acked.msgid > before;
	c->r->counts.fed_bytes += gone;
	if (!carry_is_foreign(c) &&
	    strcmp(c->o->association->compression, "none") == 0)
		c->r->counts.out_bytes += gone; /* nothing was made of them */
	return 0;
}

/* Is it what we have, too?  Then it is an acknowledgement. */
static int
judge(struct carry *c, struct outbox *o, const struct spool_point *have,
    struct spool_point *at, enum start_verdict *verdict, struct err *e)
{
	const struct outbox_state *s = outbox_state(o);
	struct spool_point out = s->last, acked = s->acked;

	out.stream = acked.stream = s->stream;
	*verdict = start_find(&out, &acked, have, at);
	if (*verdict != START_ON || !stream_eq(have->stream, s->stream))
		return 0;
	if (acknowledge(c, o, have, e) == 0)
		return 0;
	*verdict = START_COPY;
	return e->kind == ERR_INPUT ? 0 : -1;
}

/* What the receiver has last is lost here, with its digest, but for what it heard
 * of us: if that is more than we know, then this spool is an old copy, and what it
 * lost had the same numbers only. */
static bool
is_of_a_copy(const struct carry *c, const struct outbox *o)
{
	const struct outbox_state *s = outbox_state(o);
	const struct carried_ack *a = &c->ack;

	return stream_eq(a->have.stream, s->stream) &&
	    !outbox_can_compare(o, a->have.msgid) &&
	    stream_eq(a->heard_stream, s->stream) && a->heard > s->acked.msgid;
}

static int
renew(struct carry *c, struct outbox *o, enum start_verdict why, struct err *e)
{
	if (outbox_renew(o, e) == -1 || outbox_seal(o, e) == -1)
		return -1;
	c->r->renewed = why;
	c->after = 0;
	return 0;
}

/* Whoever lacks what we never wrote is not believed in what it lacks. */
static void
judge_missing(struct carry *c, const struct outbox_state *s)
{
	const struct carried_ranges *m = &c->ack.missing;

	if (m->n == 0 || !stream_eq(c->ack.have.stream, s->stream) ||
	    m->at[m->n - 1].last <= s->last.msgid)
		return;
	c->ack.missing.n = 0;
	c->r->counts.strange_acks++;
}

/* Where we stand with what we sent. */
static int
hear_acknowledgement(struct carry *c, struct outbox *o, struct err *e)
{
	const struct outbox_state *s = outbox_state(o);
	enum start_verdict verdict = START_ON;
	struct spool_point at;
	bool fresh;

	c->after = s->acked.msgid;
	if (!c->heard)
		return 0;
	fresh = is_fresh(&c->ack, s);
	if (is_of_a_copy(c, o))
		return renew(c, o, START_COPY, e);
	if (judge(c, o, &c->ack.have, &at, &verdict, e) == -1)
		return -1;
	err_clear(e);
	c->after = s->acked.msgid;
	if (verdict == START_ON && fresh)
		c->after = at.msgid;
	if (verdict == START_ON && !outbox_holds_all_after(o, c->after))
		verdict = START_GONE;
	if (verdict == START_ON) {
		judge_missing(c, s);
		return 0;
	}
	if (fresh)
		return renew(c, o, verdict, e);
	c->r->counts.strange_acks++;
	return 0;
}

static int
hear_lost(struct carry *c, struct err *e)
{
	const struct carried_ranges *lost = &c->ack.lost;
	struct stream_id now = inbox_durable(c->in).stream;

	if (lost->n == 0)
		return 0;
	if (!stream_eq(now, c->ack.send.stream)) {
		if (lost->at[0].first != 1)
			return 0; /* its messages begin the stream */
		if (inbox_begin_stream(c->in, c->ack.send.stream, e) == -1)
			return -1;
		c->r->replaced = !stream_is_zero(now);
	}
	for (size_t i = 0; i < lost->n; i++)
		if (inbox_pass(c->in, lost->at[i].first, lost->at[i].last,
			&c->r->lost, e) == -1)
			return -1;
	return 0;
}

/* What the other end says now; one of a stream that it replaced is an old one
 * that is carried again, whatever it says. */
static int
read_theirs(struct carry *c, struct err *e)
{
	char stream[STREAM_TEXT_SIZE];
	bool replaced = false;
	int rc = staging_ack(c->staging, &c->ack, c->r, e);

	if (rc != 1)
		return rc;
	if (inbox_was_replaced(c->in, c->ack.send.stream, &replaced, e) == -1)
		return -1;
	c->heard = !replaced;
	if (c->heard)
		return 0;
	log_info("an acknowledgement is ignored association=%s: its stream %s "
		 "was replaced",
	    c->o->association->name, stream_text(c->ack.send.stream, stream));
	c->r->counts.strange_acks++;
	carried_ack_clear(&c->ack);
	return 0;
}

int
carry_hear(struct carry *c, struct err *e)
{
	const struct outbox_opts opts = feeder_outbox_opts(c->o->association);
	struct outbox *o = NULL;
	int rc;

	if (read_theirs(c, e) == -1 || (c->heard && hear_lost(c, e) == -1))
		return -1;
	if (outbox_open(c->top, &opts, &o, e) == -1)
		return -1;
	rc = outbox_seal(o, e);
	if (rc == 0)
		rc = hear_acknowledgement(c, o, e);
	c->r->damaged += outbox_state(o)->quarantined;
	outbox_close(o);
	return rc;
}
