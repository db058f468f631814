/*
 * Names of segments, and looking into one; see segment.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/segment.h"
#include "common/spool/walk.h"

enum {
	NAME_DIGITS = 20,
	FIND_CHUNK = 1 << 20,
	TAIL_CHUNK = 64 << 10,
};

static const struct slice open_suffix = { ".open", 5 };
static const struct slice sealed_suffix = { ".msgs", 5 };

/* Twenty digits at the head of *in, 1 .. 2^63-1; cuts them off. */
static bool
cut_number(struct slice *in, uint64_t *v)
{
	*v = 0;
	if (in->n < NAME_DIGITS)
		return false;
	for (size_t i = 0; i < NAME_DIGITS; i++) {
		unsigned d = (unsigned)(in->p[i] - '0');

		if (d > 9 || *v > (LIMIT_MSGID - d) / 10)
			return false;
		*v = *v * 10 + d;
	}
	in->p += NAME_DIGITS;
	in->n -= NAME_DIGITS;
	return *v > 0;
}

bool
segment_name_parse(const char *name, struct segment_name *out)
{
	struct slice in = slice_str(name);
	struct segment_name s = { 0 };

	if (!cut_number(&in, &s.first))
		return false;
	if (slice_eq(in, open_suffix)) {
		*out = s;
		return true;
	}
	if (in.n == 0 || in.p[0] != '-')
		return false;
	in.p++;
	in.n--;
	if (!cut_number(&in, &s.last) || s.last < s.first ||
	    !slice_eq(in, sealed_suffix))
		return false;
	*out = s;
	return true;
}

const char *
segment_name_text(struct segment_name s, char out[SEGMENT_NAME_SIZE])
{
	if (s.last == 0)
		(void)snprintf(out, SEGMENT_NAME_SIZE, "%020" PRIu64 ".open",
		    s.first);
	else
		(void)snprintf(out, SEGMENT_NAME_SIZE,
		    "%020" PRIu64 "-%020" PRIu64 ".msgs", s.first, s.last);
	return out;
}

/* Take a whole message into the result; false when it does not follow. */
static bool
scan_add(struct segment_scan *s, const struct message *m)
{
	if (s->messages == 0) {
		s->first = m->msgid;
		s->first_prev = m->prev;
		s->first_s = m->timestamp;
		s->stream = m->stream;
	} else if (m->msgid != s->last + 1 ||
	    !stream_eq(m->stream, s->stream)) {
		return false;
	}
	s->last = m->msgid;
	s->last_digest = m->digest;
	s->messages++;
	if (m->timestamp >= PLAUSIBLE_FROM_S && m->timestamp > s->newest_s)
		s->newest_s = m->timestamp;
	if (m->generation != 0)
		s->generation = m->generation;
	return true;
}

int
segment_scan(int fd, struct segment_scan *out, struct err *e)
{
	struct segment_scan s = { 0 };
	struct walk *w = walk_new();
	enum walk_found found;
	struct message m;

	walk_begin(w, fd, 0);
	while ((found = walk_next(w, &m, e)) == WALK_MESSAGE) {
		if (!scan_add(&s, &m)) {
			s.damaged = true;
			break;
		}
		s.good = (size_t)walk_end(w);
	}
	s.torn = found == WALK_TORN;
	s.damaged = s.damaged || found == WALK_BAD;
	walk_free(w);
	if (found == WALK_FAILED)
		return -1;
	*out = s;
	return 0;
}

/* How a message begins, and what ends the one before it. */
static int
head_text(uint64_t msgid, char *out, size_t size)
{
	return snprintf(out, size, "\n.\nMsgID:%" PRIu64 "\nType:", msgid);
}

/* Where message msgid begins in s, -1: nowhere.  whole: s.p is the start of
 * the file. */
static ssize_t
search(struct slice s, bool whole, uint64_t msgid)
{
	char text[64];
	size_t n = (size_t)head_text(msgid, text, sizeof(text));
	const char *hit;

	if (whole && s.n >= n - 3 && memcmp(s.p, text + 3, n - 3) == 0)
		return 0;
	hit = s.n == 0 ? NULL : memmem(s.p, s.n, text, n);
	return hit == NULL ? -1 : hit - s.p + 3;
}

/* Where a message is looked for. */
struct place {
	int fd;
	uint64_t offset;
	uint64_t msgid;
};

/* The message that begins at a place, into *keep.  Its body is not looked into:
 * whoever uses it does, and its digest holds it together. */
static int
load(const struct place *at, struct message *m, struct buf *keep, struct err *e)
{
	struct slice in;
	size_t before;

	buf_reset(keep);
	do {
		before = keep->n;
		if (io_pread_upto(at->fd, TAIL_CHUNK + before,
			at->offset + before, keep, e) == -1)
			return -1;
		in = buf_slice(keep);
		if (message_cut(&in, m) && m->msgid == at->msgid)
			return 0;
	} while (keep->n > before && keep->n < LIMIT_MESSAGE_HARD);
	return err_set(e, ERR_INPUT, "message %" PRIu64 " is damaged",
	    at->msgid);
}

/* Move to where the message begins, from at->offset on. */
static int
find_head(struct place *at, struct err *e)
{
	enum {
		OVERLAP = 64
	};
	struct buf window = { 0 };
	uint64_t base = at->offset;
	ssize_t hit = -1;
	int rc;

	for (;;) {
		size_t before = window.n;

		rc = io_pread_upto(at->fd, FIND_CHUNK, base + before, &window,
		    e);
		if (rc == -1)
			break;
		hit = search(buf_slice(&window), base == at->offset, at->msgid);
		if (hit >= 0 || window.n - before < FIND_CHUNK)
			break;
		base += window.n - OVERLAP;
		buf_drop(&window, window.n - OVERLAP);
	}
	if (rc == 0 && hit < 0)
		rc = err_set(e, ERR_INPUT, "message %" PRIu64 " is missing",
		    at->msgid);
	else if (rc == 0)
		at->offset = base + (uint64_t)hit;
	buf_clear(&window);
	return rc;
}

int64_t
segment_find(int fd, uint64_t msgid, struct message *m, struct buf *keep,
    struct err *e)
{
	struct place at = { fd, 0, msgid };

	if (find_head(&at, e) == -1 || load(&at, m, keep, e) == -1)
		return -1;
	return (int64_t)at.offset;
}

int
segment_find_last(int fd, struct segment_name s, struct message *m,
    struct buf *keep, struct err *e)
{
	uint64_t size, back = TAIL_CHUNK;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_sys(e, "look at a segment");
	size = (uint64_t)st.st_size;
	/* a start amid a message is harmless: the whole head is searched for */
	for (; back < size; back *= 8) {
		struct place at = { fd, size - back, s.last };
		struct err ignored;

		if (find_head(&at, &ignored) == 0 &&
		    load(&at, m, keep, &ignored) == 0)
			return 0;
	}
	return segment_find(fd, s.last, m, keep, e) == -1 ? -1 : 0;
}

static int
open_named(int dirfd, struct segment_name s, struct err *e)
{
	char name[SEGMENT_NAME_SIZE];

	return durable_open_file(dirfd, segment_name_text(s, name), e);
}

int
segment_peek_first(int dirfd, struct segment_name s, struct message *m,
    struct buf *keep, struct err *e)
{
	struct place at = { open_named(dirfd, s, e), 0, s.first };
	int rc = at.fd == -1 ? -1 : load(&at, m, keep, e);

	if (at.fd != -1)
		close(at.fd);
	return rc;
}

int
segment_peek_last(int dirfd, struct segment_name s, struct message *m,
    struct buf *keep, struct err *e)
{
	int fd = open_named(dirfd, s, e);
	int rc = fd == -1 ? -1 : segment_find_last(fd, s, m, keep, e);

	if (fd != -1)
		close(fd);
	return rc;
}
