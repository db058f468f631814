/*
 * Segments of the inbox, in order: each message is sequenced and has its
 * effect, then the cursor is written, then the segments move (W15).  A crash
 * between these steps repeats them.  See intake.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/spool/inbox.h"
#include "common/spool/listing.h"
#include "common/spool/reader.h"
#include "common/spool/walk.h"
#include "hub/ingest/intake.h"
#include "transport/delivery/wire.h"

enum {
	BATCH_SEGMENTS = 256, /* between two writes of the cursor */
	BATCH_BYTES = 16 << 20,
};

/* A segment that was read. */
struct done {
	struct segment_name name;
	enum archive_fate fate;
	char why[ERR_MSG_SIZE];
};

/* One directory of segments being worked off. */
struct batch {
	struct intake *i;
	int dir; /* inbox/, or inbox/<stream>/ for what is left of an old one */
	struct walk *walk;
	struct spool_reader *known; /* the archive, to compare duplicates */
	struct done *done;
	size_t n;
	uint64_t bytes;
	uint64_t repair; /* this message is damaged; 0: none */
	bool stuck;      /* what comes next cannot be taken now */
	bool away;       /* a segment was put away */
};

/* What is to be done with the rest of a segment. */
enum outcome {
	OUTCOME_GO_ON,
	OUTCOME_LEAVE, /* it stays where it is; nothing behind it is taken */
	OUTCOME_AWAY,  /* the whole of it is put into quarantine */
	OUTCOME_FAILED,
};

/* --- One message ---------------------------------------------------------- */

/* The digest of a message that was ingested before. */
static bool
known_digest(struct batch *b, uint64_t msgid, uint32_t *digest)
{
	struct message m;
	struct err ignored; /* then it cannot be compared */

	if (b->known == NULL &&
	    spool_reader_open_stream(b->i->archive.dir, SPOOL_ARCHIVE,
		sequencer_cursor(b->i->sequencer).stream, msgid, &b->known,
		&ignored) == -1)
		return false;
	for (;;) {
		switch (spool_reader_next(b->known, &m, &ignored)) {
		case SPOOL_READ_MESSAGE:
			if (m.msgid < msgid)
				continue;
			*digest = m.digest;
			if (m.msgid == msgid)
				return true;
			break;
		case SPOOL_READ_GAP:
			if (m.msgid <= msgid)
				continue;
			break;
		case SPOOL_READ_BAD:
			continue;
		case SPOOL_READ_END:
		case SPOOL_READ_FAILED:
			break;
		}
		spool_reader_close(b->known);
		b->known = NULL;
		return false;
	}
}

static enum outcome
fork_found(struct batch *b, struct segment_name name, const struct message *m)
{
	struct intake *i = b->i;

	i->trouble = INTAKE_FORK;
	i->offender = name;
	intake_raise(i, "fork", "accept", "fork",
	    "message %" PRIu64
	    " came twice with different bytes, or does not follow the one "
	    "before it: is a copied or restored spool in use?",
	    m->msgid);
	return OUTCOME_LEAVE;
}

/* What the sender said is lost, of the stream that it sends now. */
static void
read_ledger(const struct intake *i, struct ledger *out)
{
	struct err e;

	*out = (struct ledger){ .n = 0 };
	if (ledger_read(i->archive.dir, "ledger", out, &e) == -1)
		log_warn("ledger cannot be read association=%s: %s", i->a->name,
		    e.msg);
}

static enum outcome
tell_gap(struct intake *i, uint64_t first, uint64_t last)
{
	intake_raise(i, "gap", "status", NULL,
	    "messages %" PRIu64 "-%" PRIu64 " are missing", first, last);
	return OUTCOME_LEAVE;
}

/* Something before m is missing, if nobody said that it is lost. */
static enum outcome
gap_found(struct batch *b, const struct message *m)
{
	struct intake *i = b->i;
	struct ledger ledger;
	bool moved = false;
	uint64_t first, last;

	read_ledger(i, &ledger);
	if (stream_eq(ledger.stream, m->stream))
		for (size_t k = 0; k < ledger.n; k++)
			moved |= sequencer_lost(i->sequencer,
			    ledger.range[k].first, ledger.range[k].last);
	ledger_clear(&ledger);
	first = sequencer_cursor(i->sequencer).msgid + 1;
	last = m->msgid - 1;
	if (moved && first > last)
		return OUTCOME_GO_ON;
	(void)sequencer_gap(i->sequencer, &first, &last); /* the first one */
	return tell_gap(i, first, last);
}

static enum outcome
stream_found(struct batch *b, const struct message *m, struct err *e)
{
	struct intake *i = b->i;
	bool known = sequencer_cursor(i->sequencer).msgid > 0;

	if (known && !i->accept_stream && !intake_has_first_config(i)) {
		i->trouble = INTAKE_STREAM;
		intake_raise(i, "stream", "accept", "stream",
		    "a new stream does not begin with a complete CONFIG");
		return OUTCOME_LEAVE;
	}
	return intake_begin_stream(i, m->stream, e) == -1 ? OUTCOME_FAILED
							  : OUTCOME_GO_ON;
}

/* A stream whose beginning is not here.  All of it is lost: the sender's word for
 * that stands in the place of a CONFIG, which it is asked for then.  Some of it is
 * missing still: it comes, if this is the stream that comes now. */
static enum outcome
late_stream_found(struct batch *b, const struct message *m, struct err *e)
{
	struct intake *i = b->i;
	bool known = sequencer_cursor(i->sequencer).msgid > 0;
	struct ledger ledger;
	uint64_t lost = 0;
	bool comes;

	read_ledger(i, &ledger);
	comes = stream_eq(ledger.stream, m->stream);
	if (comes)
		lost = ledger_skip(&ledger, 1);
	ledger_clear(&ledger);
	if (lost >= m->msgid - 1)
		return intake_begin_stream(i, m->stream, e) == -1
		    ? OUTCOME_FAILED
		    : OUTCOME_GO_ON;
	if (comes || !known)
		return tell_gap(i, lost + 1, m->msgid - 1);
	err_set(e, ERR_INPUT,
	    "message %" PRIu64 " is of a stream that is not the current one",
	    m->msgid);
	return OUTCOME_AWAY;
}

static enum outcome
take_message(struct batch *b, struct done *d, const struct message *m,
    struct err *e)
{
	struct intake *i = b->i;
	struct spool_point at = sequencer_cursor(i->sequencer);
	uint32_t digest = 0;
	bool known = m->msgid <= at.msgid && stream_eq(m->stream, at.stream) &&
	    known_digest(b, m->msgid, &digest);
	enum outcome next = OUTCOME_FAILED;

	switch (sequencer_offer(i->sequencer, m, known, digest)) {
	case SEQUENCER_NEXT:
		d->fate = ARCHIVE_KEEP;
		intake_message(i, m);
		sequencer_advance(i->sequencer, m);
		i->counts.messages++;
		return OUTCOME_GO_ON;
	case SEQUENCER_DUPLICATE:
		if (!known)
			d->fate = ARCHIVE_KEEP;
		i->counts.duplicates++;
		return OUTCOME_GO_ON;
	case SEQUENCER_FORK:
		return fork_found(b, d->name, m);
	case SEQUENCER_HELD:
	case SEQUENCER_BEYOND:
		next = gap_found(b, m);
		break;
	case SEQUENCER_NEW_STREAM:
		next = stream_found(b, m, e);
		break;
	case SEQUENCER_LATE_STREAM:
		next = late_stream_found(b, m, e);
		break;
	case SEQUENCER_STRANGE:
		err_set(e, ERR_INPUT,
		    "message %" PRIu64 " is of a stream that was replaced",
		    m->msgid);
		return OUTCOME_AWAY;
	}
	return next == OUTCOME_GO_ON ? take_message(b, d, m, e) : next;
}

/* --- One segment ---------------------------------------------------------- */

/* Damage in a sealed segment: what is good around it becomes segments of their
 * own, the file goes to quarantine, and what is missing then is asked for
 * again. */
static enum outcome
damage_found(struct batch *b, const struct done *d, uint64_t good,
    struct err *e)
{
	intake_raise(b->i, "damage", "status", NULL,
	    "segment %" PRIu64 "-%" PRIu64 " is damaged behind message %" PRIu64
	    ": %s",
	    d->name.first, d->name.last, good, e->msg);
	if (b->dir != b->i->archive.inbox ||
	    (b->i->repaired.first == d->name.first &&
		b->i->repaired.last == d->name.last))
		return OUTCOME_AWAY;
	b->i->repaired = d->name;
	b->repair = good + 1;
	return OUTCOME_LEAVE;
}

static enum outcome
read_segment(struct batch *b, struct done *d, int fd, struct err *e)
{
	enum outcome next = OUTCOME_GO_ON;
	uint64_t good = d->name.first - 1;
	struct message m;

	if (b->walk == NULL)
		b->walk = walk_new();
	walk_begin(b->walk, fd, 0);
	while (next == OUTCOME_GO_ON) {
		switch (walk_next(b->walk, &m, e)) {
		case WALK_END:
			if (good == d->name.last)
				return OUTCOME_GO_ON;
			err_set(e, ERR_INPUT, "it ends too early");
			return damage_found(b, d, good, e);
		case WALK_FAILED:
			return OUTCOME_FAILED;
		case WALK_MESSAGE:
			if (m.msgid == good + 1 && m.msgid <= d->name.last) {
				next = take_message(b, d, &m, e);
				good = m.msgid;
				break;
			}
			err_set(e, ERR_INPUT,
			    "message %" PRIu64 " is out of place", m.msgid);
			return damage_found(b, d, good, e);
		case WALK_BAD:
		case WALK_TORN:
			return damage_found(b, d, good, e);
		}
	}
	return next;
}

/* False: it stays where it is. */
static int
take_segment(struct batch *b, struct segment_name name, bool *taken,
    struct err *e)
{
	char text[SEGMENT_NAME_SIZE];
	enum outcome next;
	struct done *d;
	int fd;

	*taken = false;
	b->done = mem_resize(b->done, b->n + 1, sizeof(*b->done));
	d = b->done + b->n;
	*d = (struct done){ .name = name, .fate = ARCHIVE_DROP };
	fd = durable_open_file(b->dir, segment_name_text(name, text), e);
	if (fd == -1) {
		if (e->kind != ERR_INPUT)
			return -1;
		next = OUTCOME_AWAY;
	} else if (durable_sync(fd, e) == -1) { /* W8: found is not durable */
		next = OUTCOME_FAILED;
	} else {
		next = read_segment(b, d, fd, e);
	}
	if (fd != -1)
		close(fd);
	if (next == OUTCOME_AWAY) {
		b->away = true;
		d->fate = ARCHIVE_QUARANTINE;
		(void)memcpy(d->why, e->msg, sizeof(d->why));
		intake_raise(b->i, "damage", "status", NULL,
		    "segment %s is put away: %s", text, e->msg);
	}
	*taken = next == OUTCOME_GO_ON || next == OUTCOME_AWAY;
	b->n += *taken;
	b->bytes += listing_size(b->dir, name);
	b->stuck = !*taken;
	if (next == OUTCOME_FAILED)
		return err_wrap(e, "%s", text);
	return 0;
}

/* --- One batch ------------------------------------------------------------ */

/* One that cannot be kept fails no batch. */
static void
count_refused(struct intake *i)
{
	const struct wire_use u = { .refused = i->refused };
	struct err e = { 0 };

	if (u.refused > 0 &&
	    wire_add(i->ground->opts.node->state_dir, i->a->name, &u,
		clock_wall(), &e) == -1)
		log_warn("what was refused is not counted association=%s: %s",
		    i->a->name, e.msg);
	i->refused = 0;
}

static int
close_batch(struct batch *b, const struct spool_point *before, struct err *e)
{
	struct intake *i = b->i;
	struct spool_point at = sequencer_cursor(i->sequencer);

	if ((at.msgid != before->msgid ||
		!stream_eq(at.stream, before->stream)) &&
	    cursor_write(i->ground->opts.node->state_dir, i->a->name, &at, e) ==
		-1)
		return -1;
	count_refused(i);
	for (size_t k = 0; k < b->n; k++)
		if (archive_put(&i->archive,
			&(struct archive_segment){ b->dir, b->done[k].name,
			    b->done[k].fate, b->done[k].why },
			e) == -1)
			return -1;
	if (archive_sync(&i->archive, e) == -1)
		return -1;
	if (at.msgid != before->msgid && !b->stuck) {
		intake_clear(i, "gap");
		if (!b->away)
			intake_clear(i, "damage");
	}
	return 0;
}

/* Work off the segments in dir.  *more: there are others behind them. */
static int
take_batch(struct intake *i, int dir, bool *more, struct err *e)
{
	struct batch b = { .i = i, .dir = dir };
	struct spool_point before = sequencer_cursor(i->sequencer);
	struct listing list = { 0 };
	struct err later;
	bool taken = true;
	size_t k = 0;
	int rc = -1;

	*more = false;
	if (listing_read(&list, dir, 0, e) == -1)
		goto out;
	rc = 0;
	for (; k < list.n && rc == 0 && taken && b.n < BATCH_SEGMENTS &&
	     b.bytes < BATCH_BYTES;
	     k++)
		if (list.at[k].name.last != 0)
			rc = take_segment(&b, list.at[k].name, &taken, e);
	*more = (k < list.n && taken) || b.repair != 0;
	/* What was taken before something failed is taken. */
	if (close_batch(&b, &before, &later) == -1 && rc == 0) {
		*e = later;
		rc = -1;
	}
	if (rc == 0 && b.repair != 0)
		rc = inbox_repair(i->archive.dir, b.repair, e);
out:
	spool_reader_close(b.known);
	walk_free(b.walk);
	free(b.done);
	listing_clear(&list);
	return rc;
}

/* What a session moved aside because another stream began: it was acknowledged
 * and comes first.  One whose turn is over, or not yet come, stays. */
static int
take_aside(struct intake *i, const char *name, bool *more, struct err *e)
{
	struct stream_id stream,
	    current = sequencer_cursor(i->sequencer).stream;
	int dir, rc;

	if (!stream_parse(slice_str(name), &stream) ||
	    !stream_eq(stream, current))
		return 0;
	dir = durable_open_dir(i->archive.inbox, name, e);
	if (dir == -1)
		return -1;
	rc = take_batch(i, dir, more, e);
	close(dir);
	if (rc == 0 && !*more &&
	    unlinkat(i->archive.inbox, name, AT_REMOVEDIR) == -1 &&
	    errno != ENOTEMPTY && errno != EEXIST)
		rc = err_sys(e, "remove %s", name);
	return rc;
}

int
intake_tidy(struct intake *i, struct err *e)
{
	struct spool_point at = sequencer_cursor(i->sequencer);
	char name[STREAM_TEXT_SIZE];
	struct listing list = { 0 };
	int rc = -1, dir;

	dir =
	    durable_open_dir(i->archive.inbox, stream_text(at.stream, name), e);
	if (dir == -1)
		return e->sys == ENOENT ? 0 : -1;
	rc = listing_read(&list, dir, 0, e);
	for (size_t k = 0; k < list.n && rc == 0; k++)
		if (list.at[k].name.last <= at.msgid &&
		    list.at[k].name.last != 0)
			rc = archive_put(&i->archive,
			    &(struct archive_segment){ dir, list.at[k].name,
				ARCHIVE_KEEP, "" },
			    e);
	listing_clear(&list);
	close(dir);
	return rc;
}

int
intake_inbox(struct intake *i, struct err *e)
{
	struct names names = { .n = 0 };
	bool more = false;
	int rc = 0;

	if (durable_list(i->archive.inbox, &names, e) == -1)
		return -1;
	for (size_t k = 0; k < names.n && rc == 0 && !more; k++)
		rc = take_aside(i, names.name[k], &more, e);
	names_free(&names);
	if (rc == 0 && !more && i->trouble != INTAKE_FORK)
		rc = take_batch(i, i->archive.inbox, &more, e);
	return rc == -1 ? -1 : more;
}
