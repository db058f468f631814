/*
 * Transport rsync; see rsync.h.  One exchange gets what the far outbox has for
 * us, takes it, and then puts what is ready, so that what came is acknowledged
 * in the same exchange.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/spool/carried_name.h"
#include "transport/carried/carried_ack.h"
#include "transport/carried/carry.h"
#include "transport/delivery/outbound.h"
#include "transport/key_file.h"
#include "transport/rsync/rsync.h"
#include "transport/rsync/rsync_run.h"

enum {
	WAIT_MS = 10000, /* for a collector that looks, too */
	PASSWORD_MAX = 4096,
};

/* --- An exchange ------------------------------------------------------------------- */

/* An ack as it lies in one of our directories; what is not there is empty. */
static void
read_ack(int top, const char *where, struct carried_ack *out)
{
	struct err ignored = { 0 }; /* then nothing is left out, or come for */
	int dir = durable_open_dir(top, where, &ignored);
	struct buf text = { 0 };

	*out = (struct carried_ack){ 0 };
	if (dir != -1 &&
	    durable_read_file(dir, CARRIED_ACK, CARRIED_ACK_MAX, &text,
		&ignored) == 0)
		(void)carried_ack_parse(buf_slice(&text), out, &ignored);
	buf_clear(&text);
	if (dir != -1)
		close(dir);
}

/* The far end has more than came: another stream began there, or it does not
 * compress as we do.  What came and was refused is not asked for again now. */
static bool
has_more(int top, const struct delivery_result *r)
{
	struct carried_ack own, theirs;
	bool more;

	read_ack(top, "outbox", &own);
	read_ack(top, "staging", &theirs);
	more = theirs.send.msgid > 0 &&
	    (!stream_eq(theirs.send.stream, own.have.stream) ||
		(theirs.send.msgid > own.have.msgid && r->refused_files == 0));
	carried_ack_clear(&own);
	carried_ack_clear(&theirs);
	return more;
}

static void
add_result(struct delivery_result *to, const struct delivery_result *r)
{
	to->counts.sent += r->counts.sent;
	to->counts.taken += r->counts.taken;
	to->counts.fed_bytes += r->counts.fed_bytes;
	to->counts.refused += r->counts.refused;
	to->counts.strange_acks += r->counts.strange_acks;
	to->counts.cut += r->counts.cut;
	to->acked = r->acked;
	to->durable = r->durable;
	to->all_here = r->all_here;
	if (to->renewed == START_ON)
		to->renewed = r->renewed;
	to->replaced = to->replaced || r->replaced;
	to->lost += r->lost;
	to->dropped += r->dropped;
	to->damaged += r->damaged;
	to->quarantined += r->quarantined;
	to->poisonous += r->poisonous;
	if (to->refused_files == 0)
		to->refused = r->refused;
	to->refused_files += r->refused_files;
	to->ignored = r->ignored;
	to->unbelieved_acks = r->unbelieved_acks;
	to->unsigned_files = r->unsigned_files;
}

static int
take(const struct rsync *s, struct delivery_result *r, struct err *e)
{
	const struct carry_opts c = { .config = s->o->config,
		.node = s->o->node,
		.association = s->o->association,
		.wait_ms = WAIT_MS,
		.drops = s->keep != UINT64_MAX,
		.keep = s->keep };
	struct delivery_result one;
	int rc = carry_run(&c, &one, e);

	add_result(r, &one);
	return rc;
}

/* Behind a get, which may have ended for want of room: rc and e are its. */
static int
take_also(const struct rsync *s, struct delivery_result *r, int rc,
    struct err *e)
{
	struct err why = { 0 };

	r->staging_full += s->full;
	if (take(s, r, &why) == 0)
		return rc;
	/* a full spool follows from it; a fork does not */
	if (rc == 0 || why.kind != ERR_TEMP)
		*e = why;
	return -1;
}

/* What we lack; where more is there than came, all; at last, as it stands. */
static int
get_and_take(struct rsync *s, int top, struct delivery_result *r, struct err *e)
{
	bool plain = rsync_goes_plain(s->o->association);
	const struct {
		bool all, plain;
	} way[] = { { false, plain }, { true, plain }, { true, true } };
	size_t ways = plain ? 2 : 3;
	struct carried_ack own;
	uint64_t had;

	read_ack(top, "outbox", &own);
	had = own.have.msgid;
	carried_ack_clear(&own);
	for (size_t i = 0; i < ways; i++) {
		int rc;

		if (i > 0 &&
		    (!has_more(top, r) ||
			(r->refused_files > 0 && (had == 0 || i > 1))))
			break;
		rc = rsync_get(s, way[i].all ? 0 : had, way[i].plain, e);
		if ((rc == -1 && !s->full) || take_also(s, r, rc, e) == -1)
			return -1;
	}
	return 0;
}

static int
exchange_locked(struct rsync *s, int top, struct delivery_result *r,
    struct err *e)
{
	struct err late = { 0 };
	int rc = get_and_take(s, top, r, e);

	/* what is ready goes, also when something that came is not taken; but
	 * who does not answer is not asked twice */
	if (rc == -1 && (!s->reached || s->stopped != 0))
		return -1;
	if (rsync_put(s, &late) == -1 && rc == 0) {
		*e = late;
		rc = -1;
	}
	return rc;
}

/* rsync reads it itself, and takes one that a group may read. */
static int
check(const struct association *a, struct err *e)
{
	struct buf password = { 0 };
	struct slice line, rest;
	int rc = 0;

	if (a->rsync_password_file == NULL)
		return 0;
	rc = key_file_read(a->rsync_password_file, KEY_FILE_SECRET,
	    PASSWORD_MAX, &password, e);
	rest = buf_slice(&password);
	if (!slice_cut(&rest, '\n', &line))
		line = rest;
	if (rc == 0 && line.n == 0)
		rc = err_set(e, ERR_CONFIG,
		    "%s: is empty: its first line is the password",
		    a->rsync_password_file);
	buf_clear(&password);
	return rc;
}

static int
exchange(const struct outbound_opts *o, uint64_t keep,
    struct delivery_result *r, uint64_t *wire_bytes, struct err *e)
{
	struct rsync s = { .o = o, .keep = keep };
	int top = node_open_association(o->node, o->association, e);
	int staging = -1, lock = -1, rc = -1;

	*r = (struct delivery_result){ 0 };
	if (top != -1 && check(o->association, e) == 0)
		staging = durable_open_dir(top, "staging", e);
	if (staging != -1) {
		lock = lock_dir(staging, 0, e);
		if (lock == -1 && e->kind == ERR_TEMP)
			e->sys = EBUSY; /* a twin is at it */
	}
	s.staging = staging;
	if (lock != -1) {
		rc = exchange_locked(&s, top, r, e);
		r->stopped = s.stopped;
		r->counts.cut = s.cut;
		r->moved = rc == 0;
		close(lock);
	}
	if (staging != -1)
		close(staging);
	if (top != -1)
		close(top);
	*wire_bytes = s.wire_bytes;
	return rc;
}

const struct transport_ops transport_rsync = {
	.name = "rsync",
	.exchange = exchange,
	.check = check,
};
