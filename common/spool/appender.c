/*
 * Appending to the open segment; see appender.h.  One pwrite at the known end
 * and one fdatasync a piece; a file that is new is synced with its directory
 * before the next one is begun, so that a crash leaves a prefix of the batch.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/appender.h"

void
appender_init(struct appender *a, int dir)
{
	*a = (struct appender){ .dir = dir, .fd = -1, .most = SEGMENT_SIZE };
}

void
appender_resume(struct appender *a, int fd, const struct segment_scan *found)
{
	assert(a->fd == -1 && found->messages > 0);
	a->fd = fd;
	a->name = (struct segment_name){ .first = found->first };
	a->last = found->last;
	a->end = found->good;
}

void
appender_added(struct appender *a, size_t from, uint64_t msgid,
    enum appender_where where)
{
	struct appender_piece *p =
	    a->pieces > 0 ? &a->piece[a->pieces - 1] : NULL;
	uint64_t before = p != NULL ? p->last : a->fd != -1 ? a->last : 0;
	uint64_t bytes = p != NULL && p->fresh ? 0 : a->end;
	bool fresh;

	if (p != NULL)
		bytes += from - p->from;
	fresh = where == APPENDER_FRESH || before == 0 || msgid != before + 1 ||
	    (where == APPENDER_NEXT && bytes >= a->most);
	if (p != NULL && !fresh) {
		p->last = msgid;
		return;
	}
	if ((a->pieces & (a->pieces - 1)) == 0) /* full at powers of two */
		a->piece = mem_resize(a->piece,
		    a->pieces > 0 ? a->pieces * 2 : 1, sizeof(a->piece[0]));
	a->piece[a->pieces++] =
	    (struct appender_piece){ msgid, msgid, from, fresh };
}

static void
close_file(struct appender *a)
{
	if (a->fd != -1)
		close(a->fd);
	a->fd = -1;
	a->last = a->end = 0;
	a->retired = false;
}

/* The open segment gets its final name; its directory is synced by whoever
 * needs it. */
static int
rename_sealed(struct appender *a, appender_sealed *sealed, void *arg,
    struct err *e)
{
	char from[SEGMENT_NAME_SIZE], to[SEGMENT_NAME_SIZE];
	struct segment_name s = { a->name.first, a->last };
	uint64_t bytes = a->end;

	if (renameat2(a->dir, segment_name_text(a->name, from), a->dir,
		segment_name_text(s, to), RENAME_NOREPLACE) == -1)
		return err_sys(e, "seal %s", from);
	close_file(a);
	sealed(arg, s, bytes);
	return 0;
}

int
appender_seal(struct appender *a, appender_sealed *sealed, void *arg,
    struct err *e)
{
	if (a->fd == -1)
		return 0;
	if (a->pieces > 0)
		a->piece[0].fresh = true;
	if (rename_sealed(a, sealed, arg, e) == -1)
		return -1;
	return durable_sync(a->dir, e);
}

/* Create the segment that p begins, beside the one that is open. */
static int
begin_file(struct appender *a, const struct appender_piece *p, int *fd,
    struct err *e)
{
	struct segment_name s = { .first = p->first };
	char name[SEGMENT_NAME_SIZE];
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	segment_name_text(s, name);
	*fd = openat(a->dir, name, flags, 0600);
	if (*fd == -1 && errno == EEXIST) {
		/* left by a failed commit that could not remove it */
		unlinkat(a->dir, name, 0);
		*fd = openat(a->dir, name, flags, 0600);
	}
	if (*fd == -1)
		return err_sys(e, "create %s", name);
	return 0;
}

/* A file of one commit. */
struct target {
	struct appender_piece piece;
	int fd;
	uint64_t end; /* after the commit */
};

static int
write_piece(struct appender *a, struct target *t, size_t n, struct err *e)
{
	struct slice bytes = { a->batch.p + t->piece.from, n };
	uint64_t at = t->piece.fresh ? 0 : a->end;

	t->fd = a->fd;
	if (t->piece.fresh && begin_file(a, &t->piece, &t->fd, e) == -1)
		return -1;
	t->end = at + n;
	if (io_pwrite_full(t->fd, bytes, at, e) == -1 ||
	    durable_data_sync(t->fd, e) == -1)
		return -1;
	return t->piece.fresh ? durable_sync(a->dir, e) : 0;
}

/* Take back what this commit wrote.  The open segment is cut where it ended
 * before and will be sealed: after a failed sync nothing is asked of its
 * descriptor again, and all up to that end was synced before. */
static void
undo(struct appender *a, const struct target *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct segment_name s = { .first = t[i].piece.first };
		char name[SEGMENT_NAME_SIZE];

		if (t[i].fd == -1)
			continue;
		if (!t[i].piece.fresh) {
			/* fails: readers stop at the last number of its name */
			(void)!ftruncate(t[i].fd, (off_t)a->end);
			a->retired = true;
			continue;
		}
		unlinkat(a->dir, segment_name_text(s, name), 0);
		close(t[i].fd);
	}
}

/* All is durable: the files but the last are sealed, the last is open.  One
 * that cannot be renamed stays "open", and the next open seals it. */
static void
finish(struct appender *a, const struct target *t, appender_sealed *sealed,
    void *arg)
{
	struct err ignored;

	for (size_t i = 0; i < a->pieces; i++) {
		if (t[i].piece.fresh) {
			if (a->fd != -1 &&
			    rename_sealed(a, sealed, arg, &ignored) == -1)
				close_file(a);
			a->fd = t[i].fd;
			a->name =
			    (struct segment_name){ .first = t[i].piece.first };
		}
		a->last = t[i].piece.last;
		a->end = t[i].end;
	}
}

/* A segment that a failure retired is sealed before anything else. */
static int
settle_failure(struct appender *a, appender_sealed *sealed, void *arg,
    struct err *e)
{
	if (!a->retired)
		return 0;
	return appender_seal(a, sealed, arg, e);
}

int
appender_commit(struct appender *a, appender_sealed *sealed, void *arg,
    struct err *e)
{
	struct target *t;
	size_t i;
	int rc = 0;

	if (a->pieces == 0)
		return 0;
	t = mem_array(a->pieces, sizeof(*t));
	rc = settle_failure(a, sealed, arg, e);
	for (i = 0; rc == 0 && i < a->pieces; i++) {
		size_t end =
		    i + 1 < a->pieces ? a->piece[i + 1].from : a->batch.n;

		t[i] = (struct target){ .piece = a->piece[i], .fd = -1 };
		rc = write_piece(a, &t[i], end - a->piece[i].from, e);
	}
	if (rc == 0)
		finish(a, t, sealed, arg);
	else
		undo(a, t, i);
	appender_rollback(a);
	if (rc == -1 && a->retired) {
		struct err ignored; /* asked again at the next commit */

		appender_seal(a, sealed, arg, &ignored);
	}
	free(t);
	return rc;
}

void
appender_rollback(struct appender *a)
{
	buf_reset(&a->batch);
	a->pieces = 0;
}

void
appender_clear(struct appender *a)
{
	close_file(a);
	buf_clear(&a->batch);
	free(a->piece);
	a->piece = NULL;
	a->pieces = 0;
}
