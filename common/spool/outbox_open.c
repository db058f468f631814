/*
 * Opening an outbox: the lock, and what doc/spool.5 says of each state that a
 * crash, a full disk or a restored backup leaves.  Every step may be repeated.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/base/mem.h"
#include "common/spool/outbox_impl.h"
#include "common/spool/room.h"

enum {
	RETAIN_DEFAULT_S = 7 * 86400,
	SEGMENTS_LEAST = 16, /* of a full spool */
};

static int
take_lock(struct outbox *o, struct err *e)
{
	for (;;) {
		struct stat ours, named;

		o->dir = listing_dir(o->top, "outbox", e);
		if (o->dir == -1)
			return -1;
		o->lock = lock_dir(o->dir, o->opts.lock_wait_ms, e);
		if (o->lock == -1)
			return -1;
		/* while we waited a new stream may have taken its place */
		if (fstat(o->dir, &ours) == -1 ||
		    fstatat(o->top, "outbox", &named, AT_SYMLINK_NOFOLLOW) ==
			-1)
			return err_sys(e, "look at outbox");
		if (ours.st_ino == named.st_ino)
			return 0;
		close(o->lock);
		close(o->dir);
		o->lock = o->dir = -1;
	}
}

/* sent/ beside outbox/: segments move between them by rename. */
static int
open_sent(struct outbox *o, struct err *e)
{
	struct stat a, b;

	o->sent_dir = listing_dir(o->top, "sent", e);
	if (o->sent_dir == -1)
		return -1;
	if (fstat(o->dir, &a) == -1 || fstat(o->sent_dir, &b) == -1)
		return err_sys(e, "look at the spool");
	if (a.st_dev != b.st_dev)
		return err_set(e, ERR_CONFIG,
		    "outbox and sent are on different file systems");
	/* a mark is made after this sync */
	if (fstatat(o->dir, "mark", &a, AT_SYMLINK_NOFOLLOW) == -1)
		return durable_sync(o->top, e);
	return 0;
}

static int
read_lost(struct outbox *o, struct err *e)
{
	struct err why;

	if (ledger_read(o->dir, "lost", &o->lost, &why) == 0)
		return 0;
	if (why.kind != ERR_INPUT) {
		*e = why;
		return -1;
	}
	/* what it said is found again as holes between the segments */
	return outbox_to_quarantine(o, "lost", why.msg, e);
}

static void
note_scan(struct outbox *o, const struct segment_scan *found)
{
	if (found->newest_s > o->newest_s)
		o->newest_s = found->newest_s;
	if (found->generation != 0)
		o->state.generation = found->generation;
	o->open_first_s = found->first_s;
	o->state.stream = found->stream;
	o->state.last = (struct spool_point){ found->stream, found->last,
		found->last_digest };
}

/* What dead writers left open, in order: the newest is gone on with, those
 * before it belong to a commit of several segments and are sealed. */
static int
recover_open(struct outbox *o, const struct listing *all, struct err *e)
{
	struct repair_dir d = outbox_repair_dir(o);
	int rc = 0;

	d.all = all;
	for (size_t i = 0; rc == 0 && i < all->n; i++) {
		struct segment_scan found;
		int fd = -1;

		if (all->at[i].name.last != 0)
			continue;
		rc = repair_open(&d, all->at[i].name, &fd, &found, e);
		if (rc == -1 || fd == -1)
			continue;
		note_scan(o, &found);
		d.stream = o->state.stream;
		appender_resume(&o->app, fd, &found);
		if (i < all->n - 1)
			rc = appender_seal(&o->app, outbox_sealed, o, e);
	}
	return rc;
}

/* The sealed segments, once all that is open was recovered. */
static int
list_waiting(struct outbox *o, struct err *e)
{
	struct listing all = { 0 };
	int rc = listing_read(&all, o->dir, 0, e);

	o->state.foreign = all.foreign;
	if (rc == 0)
		rc = recover_open(o, &all, e);
	listing_clear(&all);
	listing_clear(&o->waiting);
	if (rc == 0)
		rc = listing_read(&all, o->dir, 0, e);
	for (size_t i = 0; rc == 0 && i < all.n; i++) {
		struct listed s = all.at[i];

		if (s.name.last == 0)
			continue;
		s.bytes = listing_size(o->dir, s.name);
		listing_put(&o->waiting, s);
	}
	o->carried = all.carried;
	listing_clear(&all);
	return rc == 0 ? outbox_finish_cut(o, e) : -1;
}

/* The newest message that sealed segments hold, unless an open one did. */
static int
find_last(struct outbox *o, struct err *e)
{
	struct buf keep = { 0 };
	struct message m;
	struct err ignored; /* why a segment is split */
	int rc = 0;

	while (rc == 0 && o->app.fd == -1 && o->waiting.n > 0) {
		struct segment_name s = o->waiting.at[o->waiting.n - 1].name;

		if (segment_peek_last(o->dir, s, &m, &keep, &ignored) == -1 ||
		    (!stream_is_zero(o->state.stream) &&
			!stream_eq(o->state.stream, m.stream))) {
			struct repair_dir d = outbox_repair_dir(o);

			o->waiting.n--;
			rc = repair_segment(&d, s,
			    "its last message is damaged or strange",
			    &o->waiting, e);
			continue;
		}
		o->state.stream = m.stream;
		o->state.last =
		    (struct spool_point){ m.stream, s.last, m.digest };
		if (m.timestamp >= PLAUSIBLE_FROM_S)
			o->newest_s = m.timestamp;
		if (m.generation != 0)
			o->state.generation = m.generation;
		break;
	}
	buf_clear(&keep);
	return rc;
}

/* What sent/ holds was acknowledged, whatever the mark says.  Without both,
 * Prev of the first waiting message says what came before it. */
static void
find_acked(struct outbox *o)
{
	struct spool_point *acked = &o->state.acked;
	struct buf keep = { 0 };
	struct message m;
	struct err ignored; /* a damaged segment does not tell */

	for (size_t i = o->sent.n; i > 0; i--) {
		struct segment_name s = o->sent.at[i - 1].name;

		if (s.last <= acked->msgid)
			break;
		if (segment_peek_last(o->sent_dir, s, &m, &keep, &ignored) ==
			-1 ||
		    (!stream_is_zero(o->state.stream) &&
			!stream_eq(o->state.stream, m.stream)))
			continue;
		*acked = (struct spool_point){ m.stream, s.last, m.digest };
	}
	if (acked->msgid == 0 && o->mark.next == 0 && o->waiting.n > 0) {
		struct segment_name s = o->waiting.at[0].name;

		acked->msgid = s.first - 1;
		if (segment_peek_first(o->dir, s, &m, &keep, &ignored) == 0)
			acked->digest = m.prev;
	}
	buf_clear(&keep);
	if (stream_is_zero(o->state.stream))
		o->state.stream = acked->stream;
}

/* What is missing before s is lost. */
static void
pass_segment(struct outbox *o, uint64_t *next, struct segment_name s)
{
	struct ledger_range hole = { .first = *next, .last = s.first - 1 };

	if (*next < s.first)
		ledger_add(&o->lost, o->state.stream, hole);
	if (*next < s.first)
		*next = s.first;
	if (*next <= s.last)
		*next = s.last + 1;
}

/* Numbers that were given out, are not acknowledged and are not here. */
static int
find_holes(struct outbox *o, struct err *e)
{
	uint64_t next = o->state.acked.msgid + 1;
	uint64_t known = ledger_count(&o->lost, 1, LIMIT_MSGID), all;

	for (size_t i = 0; i < o->waiting.n; i++)
		pass_segment(o, &next, o->waiting.at[i].name);
	if (o->app.fd != -1)
		pass_segment(o, &next,
		    (struct segment_name){ o->app.name.first, o->app.last });
	if (next < o->mark.next)
		pass_segment(o, &next,
		    (struct segment_name){ o->mark.next, 0 });
	if (o->state.last.msgid + 1 < next)
		o->state.last =
		    (struct spool_point){ o->state.stream, next - 1, 0 };
	all = ledger_count(&o->lost, 1, LIMIT_MSGID);
	o->state.quarantined += all - known;
	return all == known ? 0 : ledger_write(o->dir, "lost", &o->lost, e);
}

/* The generation that the newest segment that tells was written under; those
 * that the mark knows need not. */
static void
peek_generation(struct outbox *o, int dir, const struct listing *l)
{
	struct buf keep = { 0 };
	struct err ignored; /* a damaged one does not tell */

	for (size_t i = l->n; i > 0 && o->state.generation == 0; i--) {
		struct segment_name s = l->at[i - 1].name;
		struct message m;

		if (s.last < o->mark.next)
			break;
		if (segment_peek_first(dir, s, &m, &keep, &ignored) == 0 &&
		    stream_eq(m.stream, o->state.stream))
			o->state.generation = m.generation;
	}
	buf_clear(&keep);
}

/* The generation in force.  A mark that is gone, or an old one, tells less than
 * what was acknowledged since. */
static void
find_generation(struct outbox *o)
{
	peek_generation(o, o->dir, &o->waiting);
	peek_generation(o, o->sent_dir, &o->sent);
	if (o->state.generation < o->mark.generation)
		o->state.generation = o->mark.generation;
}

static int
begin_stream(struct outbox *o, struct err *e)
{
	if (stream_draw(&o->state.stream, e) == -1)
		return -1;
	o->state.began = true;
	o->state.acked = o->state.last =
	    (struct spool_point){ .stream = o->state.stream };
	return 0;
}

/* Numbers, acknowledgements and generation, from what is there (W12). */
static int
settle(struct outbox *o, struct err *e)
{
	bool marked = o->mark.next != 0;

	if (find_last(o, e) == -1)
		return -1;
	find_acked(o);
	if (stream_is_zero(o->state.stream)) {
		if (begin_stream(o, e) == -1)
			return -1;
	} else {
		o->state.acked.stream = o->state.stream;
		if (o->state.last.msgid < o->state.acked.msgid)
			o->state.last = o->state.acked;
	}
	if (!stream_eq(o->lost.stream, o->state.stream))
		ledger_clear(&o->lost);
	o->lost.stream = o->state.stream;
	find_generation(o);
	if (find_holes(o, e) == -1)
		return -1;
	/* a mark that is found may be lost still: it must not be when what it
	 * lets go moves (W8, W11) */
	if (!marked || o->state.acked.msgid > o->mark.acked.msgid ||
	    (o->waiting.n > 0 &&
		o->waiting.at[0].name.last <= o->state.acked.msgid)) {
		if (outbox_store_mark(o, e) == -1)
			return -1;
	}
	outbox_move_acked(o);
	return 0;
}

int
outbox_load(struct outbox *o, struct err *e)
{
	appender_init(&o->app, o->dir);
	/* Only whole segments can be dropped, and never the newest. */
	if (o->opts.size_max / SEGMENTS_LEAST < o->app.most)
		o->app.most = o->opts.size_max / SEGMENTS_LEAST;
	if (o->opts.segment_max != 0 && o->opts.segment_max < o->app.most)
		o->app.most = o->opts.segment_max;
	if (durable_sweep(o->dir, e) == -1 ||
	    slots_open(o->dir, "mark", &o->slots, e) == -1 ||
	    read_lost(o, e) == -1)
		return -1;
	if (mark_get(o->slots, &o->mark)) {
		o->state.stream = o->mark.acked.stream;
		o->state.acked = o->state.last = o->mark.acked;
	}
	/* W8: what a dead process moved there must stay when outbox/ is synced */
	if (durable_sync(o->sent_dir, e) == -1 ||
	    listing_read(&o->sent, o->sent_dir, 0, e) == -1 ||
	    list_waiting(o, e) == -1 || settle(o, e) == -1)
		return -1;
	outbox_forget_put(o);
	outbox_refresh(o);
	return 0;
}

void
outbox_unload(struct outbox *o)
{
	appender_clear(&o->app);
	slots_close(o->slots);
	o->slots = NULL;
	listing_clear(&o->waiting);
	listing_clear(&o->sent);
	ledger_clear(&o->lost);
	quarantine_close(&o->quarantine);
	if (o->dir != -1)
		close(o->dir);
	if (o->sent_dir != -1)
		close(o->sent_dir);
	o->dir = o->sent_dir = -1;
}

static void
set_opts(struct outbox *o, const struct outbox_opts *opts)
{
	o->opts = opts != NULL ? *opts : (struct outbox_opts){ 0 };
	if (o->opts.size_max == 0)
		o->opts.size_max = ROOM_SIZE;
	if (o->opts.retain_s == 0)
		o->opts.retain_s = RETAIN_DEFAULT_S;
	if (o->opts.message_max == 0)
		o->opts.message_max = LIMIT_MESSAGE;
}

int
outbox_open(int association_dir, const struct outbox_opts *opts,
    struct outbox **out, struct err *e)
{
	struct outbox *o = mem_alloc(sizeof(*o));

	*o = (struct outbox){ .top = association_dir,
		.lock = -1,
		.dir = -1,
		.sent_dir = -1,
		.quarantine = { .dir = -1 },
		.app = { .fd = -1 } };
	set_opts(o, opts);
	if (take_lock(o, e) == -1 || open_sent(o, e) == -1 ||
	    outbox_finish_renew(o, e) == -1 || outbox_load(o, e) == -1) {
		outbox_close(o);
		return err_wrap(e, "outbox");
	}
	*out = o;
	return 0;
}
