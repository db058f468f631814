/*
 * Which streams an archive has and where a time begins; see archived.h.  Each
 * segment is looked at by its last message alone: a CONFIG begins another
 * segment, at least one a config-interval, so what is in one is of about a day.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/listing.h"
#include "hub/ingest/archived.h"

static const char *const dir_names[] = { "archive", "inbox" };

enum {
	DIRS = sizeof(dir_names) / sizeof(dir_names[0])
};

/* dir or, of a replaced stream, what is below it; -1: it is not there. */
static int
open_dir(int association_dir, const char *name, const struct stream_id *stream,
    struct err *e)
{
	char text[STREAM_TEXT_SIZE];
	int dir = durable_open_dir(association_dir, name, e), sub;

	if (dir == -1 || stream == NULL)
		return dir;
	sub = durable_open_dir(dir, stream_text(*stream, text), e);
	close(dir);
	return sub;
}

static bool
is_known(const struct stream_id *s, size_t n, struct stream_id one)
{
	for (size_t i = 0; i < n; i++)
		if (stream_eq(s[i], one))
			return true;
	return false;
}

int
archived_streams(int association_dir, struct stream_id **out, size_t *n,
    struct err *e)
{
	struct stream_id *s = NULL, one;
	size_t have = 0;

	for (size_t d = 0; d < DIRS; d++) {
		struct names l = { 0 };
		int dir = open_dir(association_dir, dir_names[d], NULL, e);

		if (dir == -1 || durable_list(dir, &l, e) == -1) {
			if (dir != -1)
				close(dir);
			free(s);
			return -1;
		}
		for (size_t i = 0; i < l.n; i++) {
			if (!stream_parse(slice_str(l.name[i]), &one) ||
			    is_known(s, have, one))
				continue;
			s = mem_resize(s, have + 1, sizeof(*s));
			s[have++] = one;
		}
		names_free(&l);
		close(dir);
	}
	*out = s;
	*n = have;
	return 0;
}

/* The segments of both directories, which are open in dir[]. */
static int
list(int association_dir, const struct stream_id *stream, int dir[DIRS],
    struct listing *l, struct err *e)
{
	for (unsigned i = 0; i < DIRS; i++) {
		dir[i] = open_dir(association_dir, dir_names[i], stream, e);
		if (dir[i] == -1 && e->sys == ENOENT)
			continue;
		if (dir[i] == -1 || listing_read(l, dir[i], i, e) == -1)
			return -1;
	}
	err_clear(e);
	return 0;
}

/* Nothing in it is of from_s or later.  What cannot be read is for the reader
 * to tell. */
static bool
is_before(const int dir[DIRS], const struct listed *s, uint64_t from_s)
{
	struct buf keep = { 0 };
	struct message m;
	struct err ignored;
	bool before = s->name.last != 0 &&
	    segment_peek_last(dir[s->dir], s->name, &m, &keep, &ignored) == 0 &&
	    (m.type == MESSAGE_CONFIG ||
		(m.timestamp < from_s &&
		    from_s - m.timestamp > ARCHIVED_SLACK_S));

	buf_clear(&keep);
	return before;
}

/* With all its parts: no part of another has a place among them. */
static bool
begins_with_config(const int dir[DIRS], const struct listed *s)
{
	struct buf keep = { 0 };
	struct message m;
	struct err ignored;
	bool begins = s->name.last != 0 &&
	    segment_peek_first(dir[s->dir], s->name, &m, &keep, &ignored) ==
		0 &&
	    m.type == MESSAGE_CONFIG && m.part == 1 &&
	    s->name.last - s->name.first + 1 >= m.parts;

	buf_clear(&keep);
	return begins;
}

int
archived_start(int association_dir, const struct stream_id *stream,
    uint64_t from_s, uint64_t *msgid, struct err *e)
{
	struct listing l = { 0 };
	int dir[DIRS] = { -1, -1 };
	size_t at = 0;
	int rc = list(association_dir, stream, dir, &l, e);

	*msgid = 1;
	while (rc == 0 && at < l.n && is_before(dir, &l.at[at], from_s))
		at++;
	while (at > 0 && (at == l.n || !begins_with_config(dir, &l.at[at])))
		at--;
	if (rc == 0 && at > 0)
		*msgid = l.at[at].name.first;
	for (size_t i = 0; i < DIRS; i++)
		if (dir[i] != -1)
			close(dir[i]);
	listing_clear(&l);
	return rc;
}

int
archived_config(int association_dir, uint64_t before, uint64_t *msgid,
    struct err *e)
{
	struct listing l = { 0 };
	int dir[DIRS] = { -1, -1 };
	int rc = list(association_dir, NULL, dir, &l, e);
	size_t at = l.n;

	*msgid = 0;
	while (rc == 0 && at > 0 && *msgid == 0)
		if (l.at[--at].name.first < before &&
		    begins_with_config(dir, &l.at[at]))
			*msgid = l.at[at].name.first;
	for (size_t i = 0; i < DIRS; i++)
		if (dir[i] != -1)
			close(dir[i]);
	listing_clear(&l);
	return rc;
}
