/*
 * Points and the cursor file; see cursor.h and doc/spool.5.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/slots.h"
#include "common/spool/cursor.h"
#include "common/spool/listing.h"
#include "common/spool/segment.h"

bool
spool_point_put(struct buf *out, const struct spool_point *p)
{
	char stream[STREAM_TEXT_SIZE];

	return buf_printf(out, "%s %" PRIu64 " crc32=%08" PRIx32,
	    stream_text(p->stream, stream), p->msgid, p->digest);
}

bool
spool_point_parse(struct slice text, struct spool_point *out)
{
	struct slice stream, msgid;
	struct spool_point p;

	if (!slice_cut(&text, ' ', &stream) || !slice_cut(&text, ' ', &msgid) ||
	    !stream_parse(stream, &p.stream) ||
	    !slice_u64(msgid, LIMIT_MSGID, &p.msgid) ||
	    !slice_crc32(text, &p.digest))
		return false;
	*out = p;
	return true;
}

int
cursor_read(int state_dir, const char *association, struct spool_point *out,
    struct err *e)
{
	const struct spool_point none = { 0 };
	struct slots *s = NULL;
	struct slice body;
	struct err why = { 0 };
	int rc = 0, dir = durable_open_dir(state_dir, "cursors", &why);

	if (dir == -1 && why.sys == ENOENT) {
		*out = none;
		return 0;
	}
	if (dir == -1 || slots_open(dir, association, &s, &why) == -1) {
		*e = why;
		rc = -1;
	} else if (!slots_get(s, &body)) {
		*out = none;
		if (slots_damaged(s))
			rc = err_set(e, ERR_INPUT, "both slots are damaged");
	} else if (!spool_point_parse(body, out)) {
		rc = err_set(e, ERR_INPUT, "it holds no point");
	}
	slots_close(s);
	if (dir != -1)
		close(dir);
	return rc == 0 ? 0 : err_wrap(e, "cursor of %s", association);
}

int
cursor_write(int state_dir, const char *association,
    const struct spool_point *at, struct err *e)
{
	struct slots *s = NULL;
	struct buf text = { 0 };
	int rc = -1, dir = durable_open_dir(state_dir, "cursors", e);

	if (dir == -1 && e->sys == ENOENT)
		dir = durable_make_dir(state_dir, "cursors", e);
	if (dir == -1 || slots_open(dir, association, &s, e) == -1)
		goto out;
	spool_point_put(&text, at);
	rc = slots_put(s, buf_slice(&text), e);
out:
	slots_close(s);
	buf_clear(&text);
	if (dir != -1)
		close(dir);
	return rc == 0 ? 0 : err_wrap(e, "cursor of %s", association);
}

/* The newest message, by names and from the end.  1 found, 0 none. */
static int
derive(int archive_dir, struct spool_point *out, struct err *e)
{
	char name[SEGMENT_NAME_SIZE];
	struct listing list = { 0 };
	struct buf keep = { 0 };
	struct message m;
	int rc = -1, fd = -1;

	*out = (struct spool_point){ 0 };
	if (listing_read(&list, archive_dir, 0, e) == -1)
		goto out;
	rc = 0;
	for (size_t i = list.n; i-- > 0 && rc == 0;) {
		fd = durable_open_file(archive_dir,
		    segment_name_text(list.at[i].name, name), e);
		if (fd != -1 &&
		    segment_find_last(fd, list.at[i].name, &m, &keep, e) == 0) {
			*out =
			    (struct spool_point){ m.stream, m.msgid, m.digest };
			rc = 1;
		}
		if (fd != -1)
			close(fd);
	}
out:
	buf_clear(&keep);
	listing_clear(&list);
	return rc;
}

int
cursor_find(const struct cursor_place *p, struct spool_point *out,
    struct err *e)
{
	int rc = cursor_read(p->state_dir, p->association, out, e), dir;

	if (rc == -1 && e->kind != ERR_INPUT)
		return -1;
	if (rc == 0 && (out->msgid != 0 || !stream_is_zero(out->stream)))
		return 0;
	dir = durable_open_dir(p->association_dir, "archive", e);
	if (dir == -1)
		return -1;
	rc = derive(dir, out, e);
	close(dir);
	if (rc != -1)
		err_clear(e);
	return rc;
}
