/*
 * Reading sealed segments in order; see reader.h.  A segment that moves from
 * one directory to the other is found again: directories are listed in the
 * order in which files move.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/ledger.h"
#include "common/spool/listing.h"
#include "common/spool/mark.h"
#include "common/spool/reader.h"
#include "common/spool/walk.h"

enum {
	FILE_NAME_SIZE = 128,
	TRIES = 100, /* listings until a segment that moves about is caught */
};

static const struct {
	unsigned dir;
	const char *name;
} dir_names[] = {
	{ SPOOL_OUTBOX, "outbox" },
	{ SPOOL_SENT, "sent" },
	{ SPOOL_INBOX, "inbox" },
	{ SPOOL_ARCHIVE, "archive" },
};

const char *
spool_dir_name(unsigned dir)
{
	for (size_t i = 0; i < sizeof(dir_names) / sizeof(dir_names[0]); i++)
		if (dir_names[i].dir == dir)
			return dir_names[i].name;
	return "";
}

struct spool_reader {
	int top;
	unsigned dirs;
	bool given; /* stream is; else it is the current one */
	bool old;   /* it is given, and lies in directories of its own */
	struct stream_id stream; /* zero: that of the first message */
	uint64_t expect;         /* the number that the caller waits for */
	uint64_t want;           /* the number that is looked for */
	struct listing list;
	size_t next; /* in list: those before it end before want */
	bool fresh;  /* list was read since the last message */
	int fd;
	struct segment_name segment;
	struct walk *walk;
	bool damage; /* told of the damage at want */
	bool held;   /* message was read, not returned yet */
	struct message message;
	char file[FILE_NAME_SIZE];
};

static struct spool_reader *
new_reader(int top, unsigned dirs, uint64_t from)
{
	struct spool_reader *r = mem_alloc(sizeof(*r));

	r->top = top;
	r->dirs = dirs;
	r->expect = r->want = from > 0 ? from : 1;
	r->fd = -1;
	r->walk = walk_new();
	return r;
}

static void
leave_segment(struct spool_reader *r)
{
	if (r->fd != -1)
		close(r->fd);
	r->fd = -1;
	r->held = r->damage = false;
}

/* The directory of that name in which this stream lies. */
static int
open_dir(const struct spool_reader *r, const char *name, struct err *e)
{
	char stream[STREAM_TEXT_SIZE];
	int dir = durable_open_dir(r->top, name, e), sub;

	if (dir == -1 || !r->old)
		return dir;
	sub = durable_open_dir(dir, stream_text(r->stream, stream), e);
	close(dir);
	return sub;
}

/* The stream that is current here; zero when nothing says so. */
static int
current_stream(const struct spool_reader *r, struct stream_id *out,
    struct err *e)
{
	struct ledger ledger = { 0 };
	struct slots *slots = NULL;
	struct err why = { 0 };
	struct mark mark;
	int dir;

	*out = (struct stream_id){ 0 };
	if ((r->dirs & (SPOOL_INBOX | SPOOL_ARCHIVE)) != 0) {
		if (ledger_read(r->top, "ledger", &ledger, &why) == 0)
			*out = ledger.stream;
		ledger_clear(&ledger);
		return 0; /* a damaged one does not tell */
	}
	dir = durable_open_dir(r->top, "outbox", &why);
	if (dir == -1 || slots_open(dir, "mark", &slots, &why) == -1) {
		if (dir != -1)
			close(dir);
		*e = why;
		return why.sys == ENOENT ? 0 : -1;
	}
	if (mark_get(slots, &mark))
		*out = mark.acked.stream;
	slots_close(slots);
	close(dir);
	return 0;
}

static int
list(struct spool_reader *r, struct err *e)
{
	struct stream_id now = r->stream;
	struct err why;

	if (!r->given && current_stream(r, &now, e) == -1)
		return -1;
	if (!stream_is_zero(r->stream) && !stream_is_zero(now) &&
	    !stream_eq(now, r->stream))
		return err_set(e, ERR_TEMP, "a new stream began");
	if (!stream_is_zero(now))
		r->stream = now;
	listing_clear(&r->list);
	r->next = 0;
	for (size_t i = 0; i < sizeof(dir_names) / sizeof(dir_names[0]); i++) {
		int dir, rc;

		if ((r->dirs & dir_names[i].dir) == 0)
			continue;
		dir = open_dir(r, dir_names[i].name, &why);
		if (dir == -1 && why.sys == ENOENT)
			continue;
		if (dir == -1) {
			*e = why;
			return -1;
		}
		rc = listing_read(&r->list, dir, dir_names[i].dir, e);
		close(dir);
		if (rc == -1)
			return -1;
	}
	r->fresh = true;
	return 0;
}

static int
open_reader(struct spool_reader *r, struct spool_reader **out, struct err *e)
{
	if (list(r, e) == -1) {
		spool_reader_close(r);
		return err_wrap(e, "read the spool");
	}
	*out = r;
	return 0;
}

int
spool_reader_open(int association_dir, unsigned dirs, uint64_t from,
    struct spool_reader **out, struct err *e)
{
	return open_reader(new_reader(association_dir, dirs, from), out, e);
}

int
spool_reader_open_old(int association_dir, unsigned dirs,
    struct stream_id stream, uint64_t from, struct spool_reader **out,
    struct err *e)
{
	struct spool_reader *r = new_reader(association_dir, dirs, from);

	r->given = r->old = true;
	r->stream = stream;
	return open_reader(r, out, e);
}

int
spool_reader_open_stream(int association_dir, unsigned dirs,
    struct stream_id stream, uint64_t from, struct spool_reader **out,
    struct err *e)
{
	struct spool_reader *r = new_reader(association_dir, dirs, from);

	r->given = true;
	r->stream = stream;
	return open_reader(r, out, e);
}

void
spool_reader_trust(struct spool_reader *r)
{
	walk_trust(r->walk);
}

/* Open a listed segment and find `want` in it; ENOENT: it moved. */
static int
open_segment(struct spool_reader *r, const struct listed *l, struct err *e)
{
	char name[SEGMENT_NAME_SIZE], stream[STREAM_TEXT_SIZE];
	const char *dir_name = spool_dir_name(l->dir);
	struct buf keep = { 0 };
	struct message m;
	struct err ignored; /* then it is walked through from its start */
	int64_t at = 0;
	int dir;

	dir = open_dir(r, dir_name, e);
	if (dir == -1)
		return -1;
	segment_name_text(l->name, name);
	r->fd = durable_open_file(dir, name, e);
	close(dir);
	if (r->fd == -1)
		return -1;
	(void)snprintf(r->file, sizeof(r->file), "%s%s%s/%s", dir_name,
	    r->old ? "/" : "", r->old ? stream_text(r->stream, stream) : "",
	    name);
	r->segment = l->name;
	if (r->want > l->name.first)
		at = segment_find(r->fd, r->want, &m, &keep, &ignored);
	buf_clear(&keep);
	walk_begin(r->walk, r->fd, at > 0 ? (uint64_t)at : 0);
	return 0;
}

/* The next segment that is sealed and does not end before want, or NULL. */
static const struct listed *
candidate(struct spool_reader *r)
{
	while (r->next < r->list.n && r->list.at[r->next].name.last < r->want)
		r->next++; /* open ones end at 0 */
	return r->next < r->list.n ? &r->list.at[r->next] : NULL;
}

/* Open the segment that holds want, or the next one behind it. */
static enum spool_read
find_segment(struct spool_reader *r, struct err *e)
{
	for (unsigned i = 0; i < TRIES; i++) {
		const struct listed *l = candidate(r);
		struct err why;

		if ((l == NULL || l->name.first > r->want) && !r->fresh) {
			if (list(r, e) == -1)
				return SPOOL_READ_FAILED;
			continue;
		}
		if (l == NULL) {
			r->fresh = false;
			return SPOOL_READ_END;
		}
		if (open_segment(r, l, &why) == 0)
			return SPOOL_READ_MESSAGE;
		if (why.sys != ENOENT) {
			r->next++; /* for the next call */
			*e = why;
			return SPOOL_READ_FAILED;
		}
		if (list(r, e) == -1)
			return SPOOL_READ_FAILED;
	}
	err_set(e, ERR_TEMP, "a segment moved each time it was looked for");
	return SPOOL_READ_FAILED;
}

/* The message at hand is the next for the caller, perhaps behind a gap. */
static enum spool_read
deliver(struct spool_reader *r, struct message *m)
{
	if (r->message.msgid != r->expect) {
		r->held = true;
		r->expect = r->message.msgid;
		*m = (struct message){ .msgid = r->expect };
		return SPOOL_READ_GAP;
	}
	r->held = r->damage = r->fresh = false;
	*m = r->message;
	r->expect = r->want = m->msgid + 1;
	return SPOOL_READ_MESSAGE;
}

static enum spool_read
bad(struct spool_reader *r, struct message *m, struct err *e)
{
	*m = (struct message){ .msgid = r->want };
	err_set(e, ERR_INPUT, "%s: message %" PRIu64 " is damaged or missing",
	    r->file, r->want);
	r->damage = true;
	return SPOOL_READ_BAD;
}

/* The segment is over.  True when it should have had more. */
static bool
end_segment(struct spool_reader *r, struct message *m, struct err *e)
{
	bool short_of = r->want >= r->segment.first &&
	    r->want <= r->segment.last && !r->damage;

	if (short_of)
		bad(r, m, e);
	if (r->want <= r->segment.last)
		r->want = r->segment.last + 1;
	leave_segment(r);
	return short_of;
}

/* A message of this segment that the caller may want. */
static bool
is_wanted(struct spool_reader *r)
{
	return r->message.msgid >= r->want &&
	    r->message.msgid <= r->segment.last &&
	    r->message.msgid >= r->segment.first;
}

enum spool_read
spool_reader_next(struct spool_reader *r, struct message *m, struct err *e)
{
	if (r->held)
		return deliver(r, m);
	for (;;) {
		enum walk_found found;
		enum spool_read opened;

		if (r->fd == -1 &&
		    (opened = find_segment(r, e)) != SPOOL_READ_MESSAGE)
			return opened;
		found = walk_next(r->walk, &r->message, e);
		if (found == WALK_FAILED) {
			r->want = r->segment.last + 1;
			leave_segment(r);
			return SPOOL_READ_FAILED;
		}
		if (found == WALK_END || found == WALK_TORN) {
			if (end_segment(r, m, e))
				return SPOOL_READ_BAD;
			continue;
		}
		if (found == WALK_BAD)
			continue; /* its numbers are missing: seen below */
		if (stream_is_zero(r->stream))
			r->stream = r->message.stream;
		if (!stream_eq(r->message.stream, r->stream)) {
			leave_segment(r); /* of another stream: not for us */
			r->next++;
			continue;
		}
		if (!is_wanted(r))
			continue;
		if (r->message.msgid > r->want && r->segment.first <= r->want &&
		    !r->damage) {
			r->held = true;
			return bad(r, m, e);
		}
		return deliver(r, m);
	}
}

const char *
spool_reader_file(const struct spool_reader *r)
{
	return r->file;
}

void
spool_reader_seek(struct spool_reader *r, uint64_t from)
{
	bool ahead = r->fd != -1 && !r->held && !r->damage && from >= r->want &&
	    from <= r->segment.last;

	if (!ahead) { /* what moved since the listing is looked for again */
		leave_segment(r);
		r->next = 0;
		r->fresh = false;
	}
	r->expect = r->want = from > 0 ? from : 1;
}

void
spool_reader_close(struct spool_reader *r)
{
	if (r == NULL)
		return;
	leave_segment(r);
	listing_clear(&r->list);
	walk_free(r->walk);
	free(r);
}
