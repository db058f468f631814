/*
 * The seed of a coding state, read from a spool; see recall.h.  A CONFIG begins
 * a segment of its own at both ends, so it is found by the first bytes of each,
 * the newest first.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/crc.h"
#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/listing.h"
#include "common/spool/recall.h"

enum {
	HEAD_BYTES = 512, /* in which the type of a message stands */
	DIRS = 4,         /* of enum spool_dirs */
	A_FEW = 4,        /* messages that tell how large others are */
	TRIES = 100,      /* listings until none of it moved away */
};

struct taken {
	uint64_t msgid;
	struct recall_data data;
};

struct recall {
	int top;
	unsigned dirs;
	const struct spool_point *at;
	const struct codec_history *h;
	struct buf config, data;
	size_t skip; /* bytes of data that are dropped */
	struct taken *taken;
	size_t first, n; /* in taken: those whose bytes follow */
	bool reached;    /* the message `at` was there */
};

/* --- The CONFIG ---------------------------------------------------------- */

/* *moved is set where it is there no more. */
static bool
begins_with_config(int dir, struct segment_name s, bool *moved)
{
	char name[SEGMENT_NAME_SIZE];
	struct buf head = { 0 };
	struct err ignored; /* it cannot be read: not this one */
	bool found = false;
	int fd = durable_open_file(dir, segment_name_text(s, name), &ignored);

	if (fd == -1) {
		*moved = ignored.sys == ENOENT;
		return false;
	}
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
	return part == parts;
}

static int
open_dir(const struct recall *r, unsigned dir)
{
	struct err ignored; /* it is not there yet */

	return durable_open_dir(r->top, spool_dir_name(dir), &ignored);
}

/* Its directory opened once for all segments there; -1: it is not there. */
static int
directory(const struct recall *r, int dir[DIRS], unsigned which)
{
	unsigned i = (unsigned)__builtin_ctz(which);

	if (dir[i] == -1)
		dir[i] = open_dir(r, which);
	return dir[i];
}

/* The newest segment that begins with a CONFIG; *moved: look again, as an older
 * one is another state. */
static bool
look_for_config(struct recall *r, int dir[DIRS], bool *moved)
{
	struct listing all = { 0 };
	struct err ignored; /* what cannot be listed has none */
	bool found = false;

	*moved = false;
	for (unsigned d = SPOOL_OUTBOX; d <= SPOOL_ARCHIVE; d <<= 1)
		if ((r->dirs & d) != 0 && directory(r, dir, d) != -1)
			(void)listing_read(&all, directory(r, dir, d), d,
			    &ignored);
	for (size_t i = all.n; i-- > 0 && !found && !*moved;) {
		const struct listed *l = &all.at[i];

		found = l->name.first <= r->at->msgid && l->name.last != 0 &&
		    begins_with_config(directory(r, dir, l->dir), l->name,
			moved) &&
		    read_config(r, l->name.first);
	}
	listing_clear(&all);
	return found;
}

static bool
find_config(struct recall *r)
{
	int dir[DIRS] = { -1, -1, -1, -1 };
	bool found = false, moved = true;

	for (unsigned i = 0; i < TRIES && moved; i++)
		found = look_for_config(r, dir, &moved);
	for (size_t i = 0; i < DIRS; i++)
		if (dir[i] != -1)
			close(dir[i]);
	return found;
}

/* --- The DATA ------------------------------------------------------------ */

struct recall_data
recall_data(const struct message *data)
{
	struct slice body = data->body, token = { 0 }, value;

	(void)message_next_value(&body, &token, &value);
	return (struct recall_data){ data->raw.n, (uint16_t)crc_add(0, token) };
}

void
recall_add(struct recall_seen *s, struct recall_data d)
{
	uint8_t *place = &s->kind[d.kind >> 3], bit = 1U << (d.kind & 7);

	s->data++;
	s->bytes += d.bytes;
	s->kinds += (*place & bit) == 0;
	*place |= bit;
}

bool
recall_is_enough(const struct recall_seen *s, const struct codec_history *h)
{
	return s->bytes >= h->enough || s->numbers >= CODEC_SEED_MESSAGES ||
	    (s->numbers >= h->messages && s->data >= h->of_each * s->kinds);
}

static void
drop_first(struct recall *r)
{
	r->skip += r->taken[r->first++].data.bytes;
	if (r->skip < r->data.n / 2)
		return; /* not each time: there may be thousands */
	buf_drop(&r->data, r->skip);
	r->skip = 0;
}

static size_t
held(const struct recall *r)
{
	return r->data.n - r->skip;
}

/* What is too much already, whatever else there is. */
static void
keep(struct recall *r, const struct message *m)
{
	struct taken t = { m->msgid, recall_data(m) };

	while (r->first < r->n &&
	    (m->raw.n > CODEC_SEED_BYTES ||
		held(r) > CODEC_SEED_BYTES - m->raw.n))
		drop_first(r);
	if (m->raw.n > CODEC_SEED_BYTES)
		return;
	buf_put(&r->data, m->raw);
	r->taken[r->n++] = t;
	while (held(r) - r->taken[r->first].data.bytes >= r->h->enough)
		drop_first(r);
}

static void
take(struct recall *r, const struct message *m)
{
	if (m->msgid == r->at->msgid)
		r->reached = r->at->digest == 0 || m->digest == r->at->digest;
	if (m->type == MESSAGE_DATA)
		keep(r, m);
}

/* Of so many numbers. */
static int
read_data(struct recall *r, uint64_t numbers, struct err *e)
{
	struct spool_reader *reader = NULL;
	enum spool_read found = SPOOL_READ_GAP;
	struct message m = { 0 };

	r->taken = mem_resize(r->taken, numbers, sizeof(*r->taken));
	r->first = r->n = r->skip = 0;
	buf_reset(&r->data);
	if (spool_reader_open_stream(r->top, r->dirs, r->at->stream,
		r->at->msgid - numbers + 1, &reader, e) == -1)
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

/* Drop what is not needed.  *seen: of what stays. */
static void
trim(struct recall *r, struct recall_seen *seen)
{
	size_t i = r->n;

	*seen = (struct recall_seen){ 0 };
	for (; i > r->first; i--) {
		const struct taken *t = &r->taken[i - 1];

		seen->numbers = r->at->msgid - t->msgid;
		if (recall_is_enough(seen, r->h))
			break;
		recall_add(seen, t->data);
	}
	while (r->first < i)
		drop_first(r);
}

/* How many numbers are to be looked at when so many were too few: a guess, by
 * what was seen of them. */
static uint64_t
more_numbers(const struct recall *r, const struct recall_seen *s, uint64_t n)
{
	uint64_t kinds = r->h->of_each * s->kinds, bytes = UINT64_MAX;
	uint64_t want = n * 4;

	if (n < r->h->messages)
		want = r->h->messages;
	else if (s->data > 2 * s->kinds) /* most kinds were seen */
		want = (kinds + kinds / 8) * n / s->data;
	if (s->bytes > 0)
		bytes = r->h->enough / (s->bytes / n + 1);
	bytes += bytes / 8;
	want = want < bytes ? want : bytes;
	want = want > n * 2 ? want : n * 2;
	return want < CODEC_SEED_MESSAGES ? want : CODEC_SEED_MESSAGES;
}

static int
find_data(struct recall *r, struct err *e)
{
	uint64_t numbers = A_FEW, all = r->at->msgid;

	for (;;) {
		struct recall_seen seen;
		bool dropped;
		int rc;

		numbers = numbers < all ? numbers : all;
		rc = read_data(r, numbers, e);
		if (rc != 1)
			return rc;
		dropped = r->first > 0;
		trim(r, &seen);
		if (dropped || r->first > 0 || numbers == all)
			return rc;
		seen.numbers = numbers;
		if (recall_is_enough(&seen, r->h))
			return rc;
		numbers = more_numbers(r, &seen, numbers);
	}
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
	rc = at->msgid == 0 ? 1 : find_data(&r, e);
	if (rc == 1) {
		buf_put(out, buf_slice(&r.config));
		buf_put(out,
		    (struct slice){ r.data.p + r.skip, r.data.n - r.skip });
	}
out:
	free(r.taken);
	buf_clear(&r.config);
	buf_clear(&r.data);
	return rc;
}
