/*
 * Opening an inbox, and what doc/spool.5 says of each state that a crash or
 * damage leaves.  Every step may be repeated.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/inbox_impl.h"
#include "common/spool/repair.h"
#include "common/spool/room.h"

static int
read_ledger(struct inbox *i, struct err *e)
{
	struct err why;

	if (ledger_read(i->top, "ledger", &i->ledger, &why) == 0)
		return 0;
	if (why.kind != ERR_INPUT) {
		*e = why;
		return -1;
	}
	/* what it said is asked for, and said again */
	return inbox_to_quarantine(i, "ledger", why.msg, e);
}

static struct repair_dir
repair_dir(const struct inbox *i)
{
	return (struct repair_dir){ .top = i->top,
		.dir = i->dir,
		.name = "inbox",
		.stream = i->stream };
}

/* Without ledger and cursor: the stream of what is there. */
static void
find_stream(struct inbox *i, const struct listing *l)
{
	struct buf keep = { 0 };
	struct err ignored; /* a damaged one does not tell */
	struct message m;

	i->stream = i->ledger.stream;
	if (stream_is_zero(i->stream))
		i->stream = i->opts.cursor.stream;
	for (size_t k = l->n; k > 0 && stream_is_zero(i->stream); k--)
		if (l->at[k - 1].name.last != 0 &&
		    segment_peek_last(i->dir, l->at[k - 1].name, &m, &keep,
			&ignored) == 0)
			i->stream = m.stream;
	buf_clear(&keep);
}

/* The segments of inbox/, and then the cursor: one that hubd moves away before
 * or after the listing was read is at or before it. */
static int
list(struct inbox *i, struct listing *l, struct err *e)
{
	listing_clear(l);
	if (listing_read(l, i->dir, 0, e) == -1)
		return -1;
	if (i->opts.place == NULL)
		return 0;
	return cursor_find(i->opts.place, &i->opts.cursor, e) == -1 ? -1 : 0;
}

/* What a dead session left open is sealed. */
static int
recover_open(struct inbox *i, struct err *e)
{
	struct repair_dir d = repair_dir(i);
	struct listing l = { 0 };
	int rc = list(i, &l, e);

	d.all = &l;
	i->state.foreign = l.foreign;
	if (rc == 0)
		find_stream(i, &l);
	for (size_t k = 0; rc == 0 && k < l.n; k++) {
		struct segment_scan found = { 0 };
		bool aside;

		if (l.at[k].name.last != 0)
			continue;
		d.stream = i->stream;
		rc = repair_seal(&d, l.at[k].name, &found, &aside, e);
		i->state.quarantined += aside;
		if (rc == 0 && !aside && stream_is_zero(i->stream))
			i->stream = found.stream;
	}
	listing_clear(&l);
	return rc;
}

/* W8: what is reported as durable was only seen so far. */
static int
sync_segment(struct inbox *i, struct segment_name s, struct err *e)
{
	char name[SEGMENT_NAME_SIZE];
	int rc, fd = durable_open_file(i->dir, segment_name_text(s, name), e);

	if (fd == -1)
		return -1;
	rc = durable_sync(fd, e);
	close(fd);
	return rc;
}

/* The segments from..to of a listing follow each other: one run.  Its ends
 * are looked at; -1: that of the number *bad could not be read, or does not fit
 * its name. */
static int
load_run(struct inbox *i, const struct listing *l, size_t from, size_t to,
    size_t *bad, struct err *e)
{
	struct extent_run r = { .first = l->at[from].name.first,
		.last = l->at[to].name.last };
	struct buf keep = { 0 };
	struct message m;
	int rc = -1;

	*bad = to;
	if (segment_peek_last(i->dir, l->at[to].name, &m, &keep, e) == -1 ||
	    !stream_eq(m.stream, i->stream))
		goto out;
	r.last_digest = m.digest;
	*bad = from;
	if (segment_peek_first(i->dir, l->at[from].name, &m, &keep, e) == -1 ||
	    !stream_eq(m.stream, i->stream))
		goto out;
	r.first_prev = m.prev;
	extent_load(&i->now, r);
	rc = 0;
out:
	buf_clear(&keep);
	return rc;
}

/* Which numbers the sealed segments hold.  -1: as of load_run, or *bad is l->n:
 * nothing can be done about it. */
static int
load_extent(struct inbox *i, const struct listing *l, size_t *bad,
    struct err *e)
{
	size_t from = 0, to;

	err_clear(e);
	for (; from < l->n; from = to + 1) {
		to = from;
		if (l->at[from].name.last <= i->now.have.msgid)
			continue; /* ingested, or open */
		while (to + 1 < l->n &&
		    l->at[to + 1].name.first == l->at[to].name.last + 1)
			to++;
		for (size_t k = from; k <= to; k++)
			if (sync_segment(i, l->at[k].name, e) == -1) {
				*bad = e->sys == ENOENT ? k : l->n;
				return -1;
			}
		if (load_run(i, l, from, to, bad, e) == -1)
			return -1;
	}
	return 0;
}

static void
begin_extent(struct inbox *i)
{
	i->now.n = 0;
	if (stream_is_zero(i->stream))
		i->stream = i->opts.cursor.stream; /* its segments moved */
	i->now.have = i->opts.cursor;
	if (!stream_eq(i->opts.cursor.stream, i->stream))
		i->now.have = (struct spool_point){ .stream = i->stream };
}

static int
load_segments(struct inbox *i, struct err *e)
{
	struct listing l = { 0 };
	size_t bad;
	int rc;

	for (;;) {
		struct repair_dir d;
		struct listing made = { 0 };

		rc = list(i, &l, e);
		if (rc == -1)
			break;
		begin_extent(i);
		rc = load_extent(i, &l, &bad, e);
		if (rc == 0 || bad == l.n)
			break;
		if (e->sys == ENOENT)
			continue; /* hubd moved it meanwhile */
		i->state.quarantined++;
		d = repair_dir(i);
		rc = repair_segment(&d, l.at[bad].name,
		    "damaged or of another stream", &made, e);
		listing_clear(&made);
		if (rc == -1)
			break;
	}
	if (rc == 0) {
		err_clear(e);
		inbox_count(i, &l);
	}
	listing_clear(&l);
	return rc;
}

/* What a dead hubd moved to archive/ must stay when inbox/ is synced without it
 * (W5, W8). */
static int
sync_archive(struct inbox *i, struct err *e)
{
	struct err why = { 0 };
	int rc, dir = durable_open_dir(i->top, "archive", &why);

	if (dir == -1 && why.sys == ENOENT)
		return 0;
	if (dir == -1) {
		*e = why;
		return -1;
	}
	rc = durable_sync(dir, e);
	close(dir);
	return rc;
}

static int
load(struct inbox *i, struct err *e)
{
	appender_init(&i->app, i->dir);
	if (sync_archive(i, e) == -1 || durable_sweep(i->top, e) == -1 ||
	    durable_sweep(i->dir, e) == -1 || read_ledger(i, e) == -1)
		return -1;
	/* a ledger is made after this sync */
	if (stream_is_zero(i->ledger.stream) && durable_sync(i->top, e) == -1)
		return -1;
	if (recover_open(i, e) == -1 || inbox_take_back(i, e) == -1 ||
	    durable_sync(i->dir, e) == -1 || load_segments(i, e) == -1)
		return -1;
	if (stream_eq(i->ledger.stream, i->stream))
		extent_pass_lost(&i->now, &i->ledger);
	extent_copy(&i->committed, &i->now);
	i->state.held = extent_held(&i->now);
	return 0;
}

int
inbox_open(int association_dir, const struct inbox_opts *opts,
    struct inbox **out, struct err *e)
{
	struct inbox *i = mem_alloc(sizeof(*i));

	*i = (struct inbox){ .top = association_dir,
		.dir = -1,
		.app = { .fd = -1 },
		.quarantine = { .dir = -1 } };
	if (opts != NULL)
		i->opts = *opts;
	if (i->opts.message_max == 0)
		i->opts.message_max = LIMIT_MESSAGE;
	if (i->opts.size_max == 0)
		i->opts.size_max = ROOM_SIZE;
	i->dir = listing_dir(i->top, "inbox", e);
	if (i->dir == -1 || load(i, e) == -1) {
		inbox_close(i);
		return err_wrap(e, "inbox");
	}
	*out = i;
	return 0;
}

/* The sealed segment that holds msgid. */
static bool
find_named(int dir, uint64_t msgid, struct segment_name *s, struct err *e)
{
	struct listing l = { 0 };
	bool found = false;

	if (listing_read(&l, dir, 0, e) == -1)
		return false;
	for (size_t k = 0; k < l.n && !found; k++) {
		*s = l.at[k].name;
		found = s->first <= msgid && msgid <= s->last;
	}
	listing_clear(&l);
	return found;
}

int
inbox_repair(int association_dir, uint64_t msgid, struct err *e)
{
	struct repair_dir d = { .top = association_dir, .name = "inbox" };
	struct ledger ledger = { 0 };
	struct listing made = { 0 };
	struct segment_name s;
	struct err why = { 0 };
	int rc = 0;

	if (ledger_read(association_dir, "ledger", &ledger, &why) == 0)
		d.stream = ledger.stream;
	ledger_clear(&ledger);
	err_clear(&why);
	d.dir = durable_open_dir(association_dir, "inbox", e);
	if (d.dir == -1)
		return -1;
	if (find_named(d.dir, msgid, &s, &why))
		rc = repair_segment(&d, s,
		    "damaged: what was good is in segments of its own", &made,
		    e);
	else if (why.kind != ERR_NONE) {
		*e = why;
		rc = -1;
	}
	listing_clear(&made);
	close(d.dir);
	return rc;
}
