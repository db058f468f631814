/*
 * Carried files taken and made ready; see carry.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/sandbox.h"
#include "common/spool/carried_name.h"
#include "transport/carried/carry.h"
#include "transport/carried/publish.h"
#include "transport/carried/staging.h"
#include "transport/delivery/delivery_impl.h"
#include "transport/delivery/feeder.h"
#include "transport/delivery/outbound.h"
#include "transport/delivery/session_lock.h"
#include "transport/session/start.h"

enum {
	LOCK_STEP_MS = 50,
};

struct carry {
	const struct carry_opts *o;
	struct delivery_result *r;
	struct signature_keys keys;
	int top, lock, outbox_dir;
	int in_dir, out_dir; /* what comes lies there, what goes is put there */
	struct inbox *in;
	struct staging *staging;
	bool heard; /* ack is the other end's */
	struct carried_ack ack;
	uint64_t after; /* what goes begins behind it */
};

bool
carry_is_used(const struct association *a)
{
	return a->transport == CONFIG_RSYNC || a->transport == CONFIG_DIR;
}

bool
carry_brings(const struct association *a)
{
	return a->transport == CONFIG_RSYNC && config_dials(a);
}

static bool
is_foreign(const struct carry *c)
{
	return c->o->association->transport == CONFIG_DIR;
}

/* --- Opening -------------------------------------------------------------------- */

/* One of the two directories of a carried one. */
static int
open_direction(int dir, const char *name, struct err *e)
{
	int fd;

	if (mkdirat(dir, name, 0700) == -1 && errno != EEXIST)
		return err_sys(e, "make directory %s", name);
	fd = durable_open_dir(dir, name, e);
	return fd;
}

static int
open_carried(struct carry *c, struct err *e)
{
	const struct association *a = c->o->association;
	bool hub = a->role == CONFIG_HUB;
	int path = -1, dir = -1;

	path = open(a->dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (path == -1)
		err_sys(e, "open directory");
	else
		dir = open_direction(path, a->name, e);
	if (dir != -1)
		c->in_dir = open_direction(dir, hub ? "to-hub" : "to-spoke", e);
	if (c->in_dir != -1)
		c->out_dir =
		    open_direction(dir, hub ? "to-spoke" : "to-hub", e);
	if (path != -1)
		close(path);
	if (dir != -1)
		close(dir);
	if (c->out_dir != -1)
		return 0;
	e->kind = ERR_TEMP; /* until it is mounted, or plugged in */
	return err_wrap(e, "%s: is it mounted", a->dir_path);
}

static int
open_dirs(struct carry *c, struct err *e)
{
	c->outbox_dir = durable_make_dir(c->top, "outbox", e);
	if (c->outbox_dir == -1)
		return -1;
	if (is_foreign(c))
		return open_carried(c, e);
	c->in_dir = durable_open_dir(c->top, "staging", e);
	c->out_dir = fcntl(c->outbox_dir, F_DUPFD_CLOEXEC, 0);
	return c->in_dir == -1 || c->out_dir == -1 ? -1 : 0;
}

static int
lock(struct carry *c, struct err *e)
{
	struct mono end = mono_add_ms(clock_mono(), c->o->wait_ms);

	for (;;) {
		c->lock = session_lock(c->top, false, e);
		if (c->lock != -1)
			return 0;
		if (e->sys != EBUSY || mono_ms_since(clock_mono(), end) >= 0)
			return -1;
		outbound_sleep_ms(LOCK_STEP_MS);
	}
}

static int
open_all(struct carry *c, struct err *e)
{
	const struct association *a = c->o->association;

	if (signature_keys_read(a, &c->keys, e) == -1)
		return -1;
	c->top = node_open_association(c->o->node, a, e);
	if (c->top == -1 || open_dirs(c, e) == -1 || lock(c, e) == -1)
		return -1;
	return delivery_open_inbox(c->o->node, c->top, a, &c->in, e);
}

static int
confine(const struct carry *c, struct err *e)
{
	const struct sandbox_dir dir[] = {
		{ c->top, true },
		{ is_foreign(c) ? c->in_dir : -1, true },
		{ is_foreign(c) ? c->out_dir : -1, true },
	};
	const struct sandbox_opts so = { .dir = dir,
		.n_dir = sizeof(dir) / sizeof(dir[0]) };
	struct sandbox_state got;

	return sandbox_enter(&so, &got, e);
}

static void
close_all(struct carry *c)
{
	const int fds[] = { c->in_dir, c->out_dir, c->outbox_dir, c->lock,
		c->top };

	staging_close(c->staging);
	carried_ack_clear(&c->ack);
	inbox_close(c->in);
	signature_keys_clear(&c->keys);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] != -1)
			close(fds[i]);
}

/* --- What the other end says ------------------------------------------------------ */

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
	if (!is_foreign(c) &&
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
	if (verdict == START_ON)
		return 0;
	if (fresh)
		return renew(c, o, verdict, e);
	c->r->counts.strange_acks++;
	return 0;
}

/* Pass what of first..last we do not have. */
static int
pass_lost(struct carry *c, uint64_t first, uint64_t last, struct err *e)
{
	uint64_t a, b;

	for (uint64_t from = first;
	     from <= last && inbox_missing(c->in, from, &a, &b) && a <= last;
	     from = b + 1) {
		if (b > last)
			b = last;
		if (inbox_lost(c->in, a, b, LEDGER_LOST, e) == -1)
			return -1;
		c->r->lost += b - a + 1;
	}
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
		if (pass_lost(c, lost->at[i].first, lost->at[i].last, e) == -1)
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

static int
hear(struct carry *c, struct err *e)
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
	outbox_close(o);
	return rc;
}

/* --- What we say ------------------------------------------------------------------- */

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
		.at = { c->out_dir, is_foreign(c) },
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

static int
answer(struct carry *c, struct err *e)
{
	const struct outbox_opts opts = feeder_outbox_opts(c->o->association);
	struct outbox *o = NULL;
	int rc;

	close(c->outbox_dir); /* a renewal put another in its place */
	c->outbox_dir = durable_open_dir(c->top, "outbox", e);
	if (c->outbox_dir == -1 || outbox_open(c->top, &opts, &o, e) == -1)
		return -1;
	if (!is_foreign(c)) {
		close(c->out_dir);
		c->out_dir = fcntl(c->outbox_dir, F_DUPFD_CLOEXEC, 0);
	}
	rc = outbox_seal(o, e);
	if (rc == 0 && c->o->drops)
		rc = feeder_drop(o, c->o->association, c->o->keep, e);
	if (rc == 0)
		rc = publish(c, o, e);
	c->r->acked = outbox_state(o)->acked;
	outbox_close(o);
	return rc;
}

/* --- All of it ----------------------------------------------------------------------- */

static void
keep_first(int *rc, struct err *e, int now, const struct err *why)
{
	if (*rc == 0 && now == -1)
		*e = *why;
	if (now == -1)
		*rc = -1;
}

/* A look finds nothing of what was refused in the one before: that says nothing
 * of it. */
static bool
is_all_here(const struct carry *c)
{
	const struct spool_point *send = &c->ack.send;
	struct spool_point have = inbox_durable(c->in);

	if (!c->heard)
		return c->r->counts.taken > 0;
	return send->msgid == 0 ||
	    (stream_eq(send->stream, have.stream) &&
		send->msgid == have.msgid &&
		(send->digest == have.digest || send->digest == 0 ||
		    have.digest == 0));
}

/* What was taken is acknowledged before it is removed, whatever came behind it;
 * but a stick may be so full of it that no acknowledgement goes on it. */
static int
take_and_answer(struct carry *c, struct err *e)
{
	const struct staging_opts so = { .at = { c->in_dir, is_foreign(c) },
		.association_dir = c->top,
		.association = c->o->association,
		.keys = &c->keys };
	struct err why = { 0 };
	int rc, answered;

	if (staging_open(&so, &c->staging, e) == -1 || hear(c, e) == -1)
		return -1;
	rc =
	    staging_take(c->staging, c->in, c->heard ? &c->ack : NULL, c->r, e);
	keep_first(&rc, e, inbox_seal(c->in, &why), &why);
	answered = answer(c, &why);
	if (answered == 0 || is_foreign(c))
		staging_remove(c->staging);
	if (answered == -1 && is_foreign(c))
		answered = answer(c, &why);
	keep_first(&rc, e, answered, &why);
	c->r->durable = inbox_durable(c->in);
	c->r->all_here = is_all_here(c);
	c->r->moved = c->r->moved || c->r->counts.taken > 0 || c->r->lost > 0 ||
	    (is_foreign(c) && c->r->counts.out_bytes > 0);
	return rc;
}

static int
run(void *arg, struct delivery_result *r, struct err *e)
{
	struct carry c = { .o = arg,
		.r = r,
		.top = -1,
		.lock = -1,
		.outbox_dir = -1,
		.in_dir = -1,
		.out_dir = -1 };
	int rc = -1;

	if (open_all(&c, e) == 0 && confine(&c, e) == 0)
		rc = take_and_answer(&c, e);
	close_all(&c);
	return rc;
}

int
carry_start(const struct carry_opts *o, struct delivery_child *c, struct err *e)
{
	struct carry_opts own = *o;

	return delivery_child_start(run, &own, NULL, c, e);
}

int
carry_run(const struct carry_opts *o, struct delivery_result *r, struct err *e)
{
	struct delivery_child c;

	*r = (struct delivery_result){ 0 };
	err_clear(e);
	if (carry_start(o, &c, e) == -1)
		return -1;
	return delivery_child_end(&c, r, e);
}
