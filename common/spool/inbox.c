/*
 * The receiving end of a spool at work; see inbox.h.  Opening is in
 * inbox_open.c, the change of streams in inbox_stream.c.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/inbox_impl.h"
#include "common/spool/repair.h"
#include "common/spool/room.h"

const struct inbox_state *
inbox_state(const struct inbox *i)
{
	return &i->state;
}

struct spool_point
inbox_durable(const struct inbox *i)
{
	return i->committed.have;
}

bool
inbox_missing(const struct inbox *i, uint64_t from, uint64_t *first,
    uint64_t *last)
{
	const struct extent *x = &i->committed;

	if (from <= x->have.msgid)
		from = x->have.msgid + 1;
	for (size_t k = 0; k < x->n && x->run[k].first <= LIMIT_MSGID; k++) {
		if (from < x->run[k].first) {
			*first = from;
			*last = x->run[k].first - 1;
			return true;
		}
		if (from <= x->run[k].last)
			from = x->run[k].last + 1;
	}
	*first = from;
	*last = LIMIT_MSGID;
	return from <= LIMIT_MSGID;
}

static void
count_sealed(void *arg, struct segment_name s, uint64_t bytes)
{
	struct inbox *i = arg;

	i->files++;
	(void)s; /* whoever reads it finds it by its name */
	(void)bytes;
}

/* W8: a file that we only see may not be on the disk. */
static int
sync_found(struct inbox *i, const char *file, struct err *e)
{
	const char *slash = strchr(file, '/');
	char *dir_name;
	int rc = -1, fd = -1, dir = -1;

	if (i->synced.n > 0 && strcmp(i->synced.p, file) == 0)
		return 0;
	dir_name = mem_strndup(file, (size_t)(slash - file));
	fd = durable_open_file(i->top, file, e);
	if (fd == -1 && e->sys == ENOENT) {
		err_clear(e); /* ingested meanwhile: hubd synced it */
		rc = 0;
		goto out;
	}
	if (fd == -1 || durable_sync(fd, e) == -1)
		goto out;
	dir = durable_open_dir(i->top, dir_name, e);
	if (dir == -1 || durable_sync(dir, e) == -1)
		goto out;
	buf_reset(&i->synced);
	buf_put_str(&i->synced, file);
	rc = 0;
out:
	if (fd != -1)
		close(fd);
	if (dir != -1)
		close(dir);
	free(dir_name);
	return rc;
}

static enum inbox_verdict
same_or_fork(uint32_t ours, const struct message *m)
{
	return ours == m->digest ? INBOX_DUPLICATE : INBOX_FORK;
}

/* A number that we had.  One whose message is not kept any more cannot be
 * compared: a duplicate. */
static enum inbox_verdict
judge_known(struct inbox *i, const struct message *m, struct err *e)
{
	const struct ledger_range *lost = ledger_find(&i->ledger, m->msgid);
	enum spool_read found;
	struct message ours;

	if (lost != NULL)
		return ledger_is_poison(lost->why)
		    ? same_or_fork(lost->digest, m)
		    : INBOX_DUPLICATE;
	for (size_t k = i->fresh_n; k > 0; k--)
		if (i->fresh[k - 1].msgid == m->msgid)
			return same_or_fork(i->fresh[k - 1].digest, m);
	if (m->msgid >= i->absent_first && m->msgid <= i->absent_last)
		return INBOX_DUPLICATE;
	if (i->reader == NULL) {
		if (spool_reader_open_stream(i->top,
			SPOOL_INBOX | SPOOL_ARCHIVE, i->stream, m->msgid,
			&i->reader, e) == -1)
			return INBOX_FAILED;
	} else {
		spool_reader_seek(i->reader, m->msgid);
	}
	found = spool_reader_next(i->reader, &ours, e);
	if (found == SPOOL_READ_FAILED)
		return INBOX_FAILED;
	if (found != SPOOL_READ_MESSAGE) {
		i->absent_first = i->absent_last = m->msgid;
		if (found == SPOOL_READ_GAP)
			i->absent_last = ours.msgid - 1;
		return INBOX_DUPLICATE;
	}
	if (ours.digest != m->digest)
		return INBOX_FORK;
	if (sync_found(i, spool_reader_file(i->reader), e) == -1)
		return INBOX_FAILED;
	return INBOX_DUPLICATE;
}

void
inbox_count(struct inbox *i, const struct listing *l)
{
	i->state.bytes = i->held_bytes = 0;
	i->files = l->n;
	for (size_t k = 0; k < l->n; k++) {
		uint64_t bytes = listing_size(i->dir, l->at[k].name);

		i->state.bytes += bytes;
		if (l->at[k].name.first > i->now.have.msgid)
			i->held_bytes += bytes;
	}
}

/* hubd moves away what it has ingested. */
static void
recount(struct inbox *i)
{
	struct listing l = { 0 };
	struct err ignored; /* then the last count stands */

	if (listing_read(&l, i->dir, 0, &ignored) == 0)
		inbox_count(i, &l);
	listing_clear(&l);
}

/* What is put and not there yet is taken to be held, all of it. */
static bool
window_is_full(struct inbox *i, size_t n)
{
	if (i->held_bytes + n <= LIMIT_WINDOW_BYTES)
		return false;
	recount(i);
	i->held_bytes += i->app.batch.n;
	return i->held_bytes + n > LIMIT_WINDOW_BYTES;
}

/* INBOX_TAKEN: it may be put. */
static enum inbox_verdict
judge(struct inbox *i, const struct message *m, struct err *e)
{
	uint64_t have = i->now.have.msgid;

	if (!stream_eq(m->stream, i->stream))
		return INBOX_STRANGE;
	if (extent_has(&i->now, m->msgid) ||
	    ledger_find(&i->ledger, m->msgid) != NULL)
		return judge_known(i, m, e);
	if (m->msgid - have > LIMIT_WINDOW_MESSAGES)
		return INBOX_BEYOND;
	if (m->msgid > have + 1 && window_is_full(i, m->raw.n))
		return INBOX_BEYOND;
	return INBOX_TAKEN;
}

static int
check_room(struct inbox *i, size_t n, struct err *e)
{
	uint64_t more = i->app.batch.n + n;

	if (i->app.pieces == 0)
		i->disk_room = room_on_disk(i->dir);
	if (i->state.bytes + more > i->opts.size_max || i->files >= ROOM_FILES)
		recount(i);
	if (i->state.bytes + more > i->opts.size_max)
		err_set(e, ERR_TEMP,
		    "inbox is full: %" PRIu64 " bytes are not ingested",
		    i->state.bytes);
	else if (i->files >= ROOM_FILES)
		err_set(e, ERR_TEMP,
		    "inbox is full: %zu files are not ingested", i->files);
	else if (more > i->disk_room)
		err_set(e, ERR_TEMP, "the disk is full");
	else
		return 0;
	e->sys = ENOSPC;
	return -1;
}

static void
remember(struct inbox *i, const struct message *m)
{
	if (i->fresh_n == i->fresh_cap) {
		i->fresh_cap = i->fresh_cap > 0 ? i->fresh_cap * 2 : 256;
		i->fresh =
		    mem_resize(i->fresh, i->fresh_cap, sizeof(i->fresh[0]));
	}
	i->fresh[i->fresh_n++] = (struct inbox_fresh){ m->msgid, m->digest };
}

enum inbox_verdict
inbox_put(struct inbox *i, const struct message *m, struct err *e)
{
	struct extent_run r = { m->msgid, m->msgid, m->prev, m->digest };
	enum inbox_verdict v = judge(i, m, e);
	size_t from = i->app.batch.n;

	if (v != INBOX_TAKEN)
		return v;
	if (m->raw.n > i->opts.message_max) {
		err_set(e, ERR_INPUT, "a message of %zu bytes", m->raw.n);
		return INBOX_FAILED;
	}
	if (check_room(i, m->raw.n, e) == -1)
		return INBOX_FAILED;
	if (!extent_add(&i->now, r, &i->ledger))
		return INBOX_FORK;
	buf_put(&i->app.batch, m->raw);
	appender_added(&i->app, from, m->msgid,
	    m->type == MESSAGE_CONFIG && m->part == 1 ? APPENDER_FRESH
						      : APPENDER_NEXT);
	remember(i, m);
	if (m->msgid <= i->now.have.msgid)
		return INBOX_TAKEN;
	i->held_bytes += m->raw.n;
	return INBOX_HELD;
}

static void
refresh(struct inbox *i)
{
	i->state.held = extent_held(&i->committed);
	if (i->now.n == 0)
		i->held_bytes = 0;
}

int
inbox_commit(struct inbox *i, struct err *e)
{
	size_t bytes = i->app.batch.n;

	if (appender_commit(&i->app, count_sealed, i, e) == -1) {
		extent_copy(&i->now, &i->committed);
		i->fresh_n = i->fresh_committed;
		refresh(i);
		return err_wrap(e, "inbox");
	}
	extent_copy(&i->committed, &i->now);
	i->fresh_committed = i->fresh_n;
	i->state.bytes += bytes;
	refresh(i);
	return 0;
}

/* Durable in the ledger, and passed over. */
static int
record(struct inbox *i, struct ledger_range r, struct err *e)
{
	if (i->ledger.n > INBOX_LEDGER_KEEP &&
	    stream_eq(i->opts.cursor.stream, i->stream))
		ledger_forget(&i->ledger, i->opts.cursor.msgid);
	ledger_add(&i->ledger, i->stream, r);
	if (ledger_write(i->top, "ledger", &i->ledger, e) == -1)
		return -1;
	extent_pass_lost(&i->now, &i->ledger);
	extent_pass_lost(&i->committed, &i->ledger);
	refresh(i);
	return 0;
}

/* Have we a message of first..last?  What the ledger holds we have not. */
static bool
holds_any(const struct inbox *i, uint64_t first, uint64_t last)
{
	const struct extent *x = &i->now;
	uint64_t end = last < x->have.msgid ? last : x->have.msgid;

	if (first <= end &&
	    ledger_count(&i->ledger, first, end) < end - first + 1)
		return true;
	for (size_t k = 0; k < x->n; k++)
		if (x->run[k].first <= last && first <= x->run[k].last)
			return true;
	return false;
}

int
inbox_lost(struct inbox *i, uint64_t first, uint64_t last, enum ledger_why why,
    struct err *e)
{
	if (first == 0 || first > last || last > LIMIT_MSGID)
		return err_set(e, ERR_INPUT, "no range");
	if (ledger_count(&i->ledger, first, last) == last - first + 1)
		return 0;
	if (holds_any(i, first, last))
		return err_set(e, ERR_INPUT,
		    "lost %" PRIu64 "-%" PRIu64 ": we have one of these", first,
		    last);
	return record(i, (struct ledger_range){ first, last, why, 0 }, e);
}

int
inbox_pass(struct inbox *i, uint64_t first, uint64_t last, uint64_t *lost,
    struct err *e)
{
	uint64_t a, b;

	for (uint64_t from = first;
	     from <= last && inbox_missing(i, from, &a, &b) && a <= last;
	     from = b + 1) {
		if (b > last)
			b = last;
		if (inbox_lost(i, a, b, LEDGER_LOST, e) == -1)
			return -1;
		*lost += b - a + 1;
	}
	return 0;
}

enum inbox_verdict
inbox_poison(struct inbox *i, const struct message *m, const char *why,
    struct err *e)
{
	enum inbox_verdict v = judge(i, m, e);
	const struct spool_point *have = &i->now.have;
	struct ledger_range r = { m->msgid, m->msgid,
		m->type == MESSAGE_CONFIG ? LEDGER_POISON_CONFIG
					  : LEDGER_POISON,
		m->digest };

	if (v != INBOX_TAKEN)
		return v;
	if (m->msgid == have->msgid + 1 && have->digest != 0 &&
	    m->prev != have->digest)
		return INBOX_FORK;
	if (inbox_quarantine(i, m->msgid, m->raw, why, e) == -1 ||
	    record(i, r, e) == -1)
		return INBOX_FAILED;
	return INBOX_TAKEN;
}

bool
inbox_poisoned_config(const struct inbox *i, uint64_t msgid)
{
	const struct ledger_range *r = ledger_find(&i->ledger, msgid);

	return r != NULL && r->why == LEDGER_POISON_CONFIG;
}

static int
open_quarantine(struct inbox *i, struct err *e)
{
	if (i->quarantine.dir != -1)
		return 0;
	return quarantine_open(&i->quarantine, i->top, e);
}

int
inbox_to_quarantine(struct inbox *i, const char *name, const char *why,
    struct err *e)
{
	struct quarantine_file f = { i->top, "association", name };

	i->state.quarantined++;
	if (open_quarantine(i, e) == -1)
		return -1;
	return quarantine_move(&i->quarantine, &f, why, e);
}

int
inbox_quarantine(struct inbox *i, uint64_t msgid, struct slice bytes,
    const char *why, struct err *e)
{
	char base[QUARANTINE_NAME_SIZE];

	if (open_quarantine(i, e) == -1)
		return -1;
	(void)snprintf(base, sizeof(base), "in-%020" PRIu64 "-%" PRId64, msgid,
	    wall_s(clock_wall()));
	i->quarantine.bytes_max = i->opts.size_max;
	return quarantine_put(&i->quarantine, base, bytes, why, e);
}

int
inbox_seal(struct inbox *i, struct err *e)
{
	if (appender_seal(&i->app, count_sealed, i, e) == -1)
		return err_wrap(e, "inbox");
	if (i->app.pieces == 0)
		i->fresh_n = i->fresh_committed = 0;
	return 0;
}

void
inbox_close(struct inbox *i)
{
	if (i == NULL)
		return;
	appender_clear(&i->app);
	spool_reader_close(i->reader);
	ledger_clear(&i->ledger);
	extent_clear(&i->now);
	extent_clear(&i->committed);
	quarantine_close(&i->quarantine);
	buf_clear(&i->synced);
	free(i->fresh);
	if (i->dir != -1)
		close(i->dir);
	free(i);
}
