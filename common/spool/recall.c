/*
 * The seed of a coding state, read from a spool; see recall.h.  A CONFIG begins
 * a segment of its own at both ends, so it is found by the first bytes of each,
 * the newest first.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/listing.h"
#include "common/spool/recall.h"

enum {
	HEAD_BYTES = 512, /* in which the type of a message stands */
};

struct recall {
	int top;
	unsigned dirs;
	const struct spool_point *at;
	const struct codec_history *h;
	uint64_t generation; /* of the CONFIG; 0: any */
	struct buf config, data;
	size_t *bytes; /* of each message in data: a ring of h->messages */
	size_t first, n;
	bool reached; /* the message `at` was there */
};

/* --- The CONFIG ---------------------------------------------------------- */

static bool
begins_with_config(int dir, struct segment_name s)
{
	char name[SEGMENT_NAME_SIZE];
	struct buf head = { 0 };
	struct err ignored; /* it moved, or cannot be read: not this one */
	bool found = false;
	int fd = durable_open_file(dir, segment_name_text(s, name), &ignored);

	if (fd == -1)
		return false;
	if (io_pread_upto(fd, HEAD_BYTES, 0, &head, &ignored) == 0 &&
	    head.n > 0)
		found = strstr(head.p, "\nType:CONFIG\n") != NULL;
	buf_clear(&head);
	close(fd);
	return found;
}

/* All parts of the set that begins there, if they end at or before `at`. */
static bool
read_config(struct recall *r, uint64_t first)
{
	struct spool_reader *reader = NULL;
	struct err ignored; /* an older one may be whole */
	struct message m;
	uint32_t part = 0, parts = 1;
	uint64_t generation = 0;

	if (spool_reader_open_stream(r->top, r->dirs, r->at->stream, first,
		&reader, &ignored) == -1)
		return false;
	buf_reset(&r->config);
	while (part < parts &&
	    spool_reader_next(reader, &m, &ignored) == SPOOL_READ_MESSAGE &&
	    m.msgid == first + part && m.msgid <= r->at->msgid &&
	    m.type == MESSAGE_CONFIG && m.part == part + 1 &&
	    (part == 0 || m.generation == generation)) {
		parts = m.parts;
		generation = m.generation;
		buf_put(&r->config, m.raw);
		part++;
	}
	spool_reader_close(reader);
	r->generation = generation;
	return part == parts;
}

static int
open_dir(const struct recall *r, unsigned dir)
{
	struct err ignored; /* it is not there yet */

	return durable_open_dir(r->top, spool_dir_name(dir), &ignored);
}

/* The segments that begin with a CONFIG, by their numbers. */
static void
list_dir(const struct recall *r, unsigned which, struct listing *out)
{
	int dir = open_dir(r, which);
	struct err ignored; /* what cannot be listed has none */

	if (dir == -1)
		return;
	(void)listing_read(out, dir, which, &ignored);
	close(dir);
}

static bool
find_config(struct recall *r)
{
	struct listing all = { 0 };
	bool found = false;

	for (unsigned d = SPOOL_OUTBOX; d <= SPOOL_ARCHIVE; d <<= 1)
		if ((r->dirs & d) != 0)
			list_dir(r, d, &all);
	for (size_t i = all.n; i-- > 0 && !found;) {
		const struct listed *l = &all.at[i];
		int dir;

		if (l->name.first > r->at->msgid || l->name.last == 0)
			continue;
		dir = open_dir(r, l->dir);
		if (dir == -1)
			continue;
		found = begins_with_config(dir, l->name) &&
		    read_config(r, l->name.first);
		close(dir);
	}
	listing_clear(&all);
	return found;
}

/* --- The DATA ------------------------------------------------------------ */

static void
drop_first(struct recall *r)
{
	buf_drop(&r->data, r->bytes[r->first]);
	r->first = (r->first + 1) % r->h->messages;
	r->n--;
}

static void
keep(struct recall *r, struct slice raw)
{
	if (raw.n > CODEC_SEED_BYTES) {
		buf_reset(&r->data);
		r->n = 0;
		return;
	}
	while (r->n == r->h->messages || r->data.n > CODEC_SEED_BYTES - raw.n)
		drop_first(r);
	buf_put(&r->data, raw);
	r->bytes[(r->first + r->n++) % r->h->messages] = raw.n;
	while (r->data.n - r->bytes[r->first] >= r->h->enough)
		drop_first(r);
}

static void
take(struct recall *r, const struct message *m)
{
	if (m->msgid == r->at->msgid)
		r->reached = r->at->digest == 0 || m->digest == r->at->digest;
	if (m->type == MESSAGE_DATA &&
	    (r->generation == 0 || m->generation == r->generation))
		keep(r, m->raw);
}

static int
read_data(struct recall *r, struct err *e)
{
	struct spool_reader *reader = NULL;
	uint64_t from = r->at->msgid > r->h->messages
	    ? r->at->msgid - r->h->messages + 1
	    : 1;
	enum spool_read found = SPOOL_READ_GAP;
	struct message m = { 0 };

	if (spool_reader_open_stream(r->top, r->dirs, r->at->stream, from,
		&reader, e) == -1)
		return -1;
	while (m.msgid < r->at->msgid &&
	    (found == SPOOL_READ_GAP || found == SPOOL_READ_MESSAGE ||
		found == SPOOL_READ_BAD)) {
		found = spool_reader_next(reader, &m, e);
		if (found == SPOOL_READ_MESSAGE && m.msgid <= r->at->msgid)
			take(r, &m);
		else if (found == SPOOL_READ_GAP)
			m.msgid--; /* it comes with the next call */
	}
	spool_reader_close(reader);
	if (found == SPOOL_READ_FAILED)
		return -1;
	err_clear(e);
	return r->reached || r->at->digest == 0 ? 1 : 0;
}

int
spool_recall(int association_dir, unsigned dirs, const struct spool_point *at,
    const struct codec_history *h, struct buf *out, struct err *e)
{
	struct recall r = { .top = association_dir,
		.dirs = dirs,
		.at = at,
		.h = h };
	int rc = 0;

	if (h->config && !find_config(&r))
		goto out;
	r.bytes = mem_array(h->messages, sizeof(r.bytes[0]));
	rc = read_data(&r, e);
	if (rc == 1) {
		buf_put(out, buf_slice(&r.config));
		buf_put(out, buf_slice(&r.data));
	}
out:
	free(r.bytes);
	buf_clear(&r.config);
	buf_clear(&r.data);
	return rc;
}
