/*
 * One stream takes the place of another.  The old one is noted in `replaced`,
 * what is not ingested of it moves to inbox/<stream>/, and the ledger of the
 * new one makes the change: a crash before that leaves the old stream current,
 * and the next open takes its files back.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/sealed.h"
#include "common/spool/inbox_impl.h"

enum {
	REPLACED_MAX = 16 << 20 /* bytes */
};

static struct sealed_place
place(const struct inbox *i)
{
	return (struct sealed_place){ .dirfd = i->top,
		.name = "replaced",
		.limit = REPLACED_MAX,
		.word = SEALED_END };
}

/* The lines of `replaced`; a damaged one goes to quarantine. */
static int
read_replaced(struct inbox *i, struct buf *keep, struct slice *text,
    struct err *e)
{
	const struct sealed_place at = place(i);
	struct err why;

	if (sealed_read(&at, keep, text, &why) == 0)
		return 0;
	buf_reset(keep);
	*text = (struct slice){ 0 };
	if (why.kind == ERR_INPUT)
		return inbox_to_quarantine(i, "replaced", why.msg, e);
	*e = why;
	return -1;
}

static bool
names_stream(struct slice text, struct stream_id stream)
{
	struct slice line;
	struct stream_id s;

	while (slice_cut(&text, '\n', &line))
		if (stream_parse(line, &s) && stream_eq(s, stream))
			return true;
	return false;
}

/* Refuse `next` if it was replaced before; note that the current one is. */
static int
note_replaced(struct inbox *i, struct stream_id next, struct err *e)
{
	const struct sealed_place at = place(i);
	char hex[STREAM_TEXT_SIZE];
	struct buf keep = { 0 }, out = { 0 };
	struct slice text;
	int rc = read_replaced(i, &keep, &text, e);

	if (rc == 0 && names_stream(text, next)) {
		rc = err_set(e, ERR_INPUT,
		    "fork: stream %s was replaced: it does not come back by "
		    "itself",
		    stream_text(next, hex));
		e->sys = ENOTUNIQ;
	} else if (rc == 0 && !stream_is_zero(i->stream) &&
	    !names_stream(text, i->stream)) {
		buf_put(&out, text);
		buf_printf(&out, "%s\n", stream_text(i->stream, hex));
		rc = sealed_write(&at, &out, e);
	}
	buf_clear(&keep);
	buf_clear(&out);
	return rc;
}

int
inbox_was_replaced(struct inbox *i, struct stream_id stream, bool *yes,
    struct err *e)
{
	struct buf keep = { 0 };
	struct slice text;
	int rc = read_replaced(i, &keep, &text, e);

	if (rc == 0)
		*yes = names_stream(text, stream);
	buf_clear(&keep);
	return rc;
}

/* All sealed segments from one directory to another, durably. */
static int
move_segments(int from, int to, struct err *e)
{
	struct listing l = { 0 };
	int rc = listing_read(&l, from, 0, e);

	for (size_t k = 0; rc == 0 && k < l.n; k++) {
		char name[SEGMENT_NAME_SIZE];

		segment_name_text(l.at[k].name, name);
		if (renameat2(from, name, to, name, RENAME_NOREPLACE) == -1 &&
		    errno != ENOENT) /* ingested meanwhile */
			rc = err_sys(e, "move %s", name);
	}
	listing_clear(&l);
	if (rc == 0)
		rc = durable_sync(to, e);
	return rc == 0 ? durable_sync(from, e) : -1;
}

int
inbox_take_back(struct inbox *i, struct err *e)
{
	char hex[STREAM_TEXT_SIZE];
	struct err why = { 0 };
	int rc, dir;

	stream_text(i->stream, hex);
	dir = durable_open_dir(i->dir, hex, &why);
	if (dir == -1 && why.sys == ENOENT)
		return 0;
	if (dir == -1) {
		*e = why;
		return -1;
	}
	rc = move_segments(dir, i->dir, e);
	close(dir);
	if (rc == 0)
		unlinkat(i->dir, hex, AT_REMOVEDIR); /* or it stays, empty */
	return rc;
}

/* What is not ingested of the stream that was. */
static int
put_aside(struct inbox *i, struct err *e)
{
	char hex[STREAM_TEXT_SIZE];
	struct listing l = { 0 };
	int rc = listing_read(&l, i->dir, 0, e), dir = -1;
	size_t n = l.n;

	listing_clear(&l);
	if (rc == -1 || n == 0)
		return rc;
	dir = durable_make_dir(i->dir, stream_text(i->stream, hex), e);
	if (dir == -1)
		return -1;
	rc = move_segments(i->dir, dir, e);
	close(dir);
	return rc;
}

int
inbox_begin_stream(struct inbox *i, struct stream_id stream, struct err *e)
{
	struct ledger ledger = { .stream = stream };

	if (stream_eq(stream, i->stream) && !stream_is_zero(stream))
		return 0;
	if (inbox_commit(i, e) == -1 || inbox_seal(i, e) == -1 ||
	    note_replaced(i, stream, e) == -1 || put_aside(i, e) == -1 ||
	    ledger_write(i->top, "ledger", &ledger, e) == -1)
		return e->sys == ENOTUNIQ ? -1 /* it says all */
					  : err_wrap(e, "begin a new stream");
	ledger_clear(&i->ledger);
	i->ledger.stream = stream;
	i->stream = stream;
	extent_clear(&i->now);
	i->now.have.stream = stream;
	extent_copy(&i->committed, &i->now);
	spool_reader_close(i->reader);
	i->reader = NULL;
	buf_reset(&i->synced);
	i->absent_first = i->absent_last = 0;
	i->held_bytes = 0;
	i->files = 0;
	i->state.held = i->state.bytes = 0;
	return 0;
}
