/*
 * The association's directories at the hub; see archive.h.
 */
#include "config.h"

#include "hub/ingest/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/listing.h"

int
archive_open(int dir, struct archive *out, struct err *e)
{
	struct archive a = { .dir = -1, .inbox = -1, .kept = -1 };

	if ((a.inbox = durable_make_dir(dir, "inbox", e)) == -1 ||
	    (a.kept = durable_make_dir(dir, "archive", e)) == -1 ||
	    quarantine_open(&a.quarantine, dir, e) == -1) {
		if (a.inbox != -1)
			close(a.inbox);
		if (a.kept != -1)
			close(a.kept);
		return -1;
	}
	a.dir = dir;
	*out = a;
	return 0;
}

int
archive_replaced(const struct archive *a,
    void (*each)(void *arg, struct stream_id stream), void *arg, struct err *e)
{
	struct stream_id stream;
	struct names names;

	if (durable_list(a->kept, &names, e) == -1)
		return -1;
	for (size_t i = 0; i < names.n; i++)
		if (stream_parse(slice_str(names.name[i]), &stream))
			each(arg, stream);
	names_free(&names);
	return 0;
}

static int
move(int from, const char *name, int to, const char *new_name, struct err *e)
{
	if (renameat2(from, name, to, new_name, RENAME_NOREPLACE) == -1)
		return err_sys(e, "move %s", name);
	return 0;
}

int
archive_put(struct archive *a, const struct archive_segment *s, struct err *e)
{
	char text[SEGMENT_NAME_SIZE];
	struct quarantine_file f = { s->dir, "inbox",
		segment_name_text(s->name, text) };

	switch (s->fate) {
	case ARCHIVE_KEEP:
		if (move(s->dir, text, a->kept, text, e) == 0) {
			a->moved = true;
			return 0;
		}
		if (e->sys != EEXIST)
			return -1;
		return quarantine_move(&a->quarantine, &f,
		    "the archive has another segment of this name", e);
	case ARCHIVE_DROP:
		if (unlinkat(s->dir, text, 0) == -1)
			return err_sys(e, "remove %s", text);
		return 0;
	case ARCHIVE_QUARANTINE:
		return quarantine_move(&a->quarantine, &f, s->why, e);
	}
	abort();
}

int
archive_sync(struct archive *a, struct err *e)
{
	/* The name must be where it goes before it is gone from where it was. */
	if (a->moved &&
	    (durable_sync(a->kept, e) == -1 || durable_sync(a->inbox, e) == -1))
		return -1;
	a->moved = false;
	return 0;
}

int
archive_retire(const struct archive *a, struct stream_id stream, struct err *e)
{
	char hex[STREAM_TEXT_SIZE], name[SEGMENT_NAME_SIZE];
	struct listing list = { 0 };
	int rc = -1, old;

	old = durable_make_dir(a->kept, stream_text(stream, hex), e);
	if (old == -1 || listing_read(&list, a->kept, 0, e) == -1)
		goto out;
	for (size_t i = 0; i < list.n; i++) {
		segment_name_text(list.at[i].name, name);
		if (move(a->kept, name, old, name, e) == -1)
			goto out;
	}
	if (durable_sync(old, e) == -1 || durable_sync(a->kept, e) == -1)
		goto out;
	rc = 0;
out:
	listing_clear(&list);
	if (old != -1)
		close(old);
	return rc;
}

void
archive_close(struct archive *a)
{
	if (a->dir == -1)
		return;
	close(a->inbox);
	close(a->kept);
	quarantine_close(&a->quarantine);
	close(a->dir);
	a->dir = -1;
}
