/*
 * The sequencer keeps the cursor and, ahead of it, ranges of numbers: those
 * that were seen and are held, and those that are lost.  It never keeps
 * messages: what it calls held is offered again once the cursor has come near.
 */
#include "config.h"

#include "hub/ingest/sequencer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/spool/ranges.h"

struct range {
	uint64_t first, last;
	bool lost; /* else held */
};

struct sequencer {
	struct spool_point cursor;
	uint64_t window;
	struct range *ahead; /* above the cursor, ascending, disjoint */
	size_t n, cap;
	struct stream_id *replaced;
	size_t n_replaced;
};

static const char *const verdict_names[] = {
	[SEQUENCER_NEXT] = "next",
	[SEQUENCER_DUPLICATE] = "duplicate",
	[SEQUENCER_FORK] = "fork",
	[SEQUENCER_HELD] = "held",
	[SEQUENCER_BEYOND] = "beyond the window",
	[SEQUENCER_NEW_STREAM] = "new stream",
	[SEQUENCER_LATE_STREAM] = "new stream, not from 1",
	[SEQUENCER_STRANGE] = "strange stream",
};

const char *
sequencer_verdict_name(enum sequencer_verdict v)
{
	return verdict_names[v];
}

struct sequencer *
sequencer_new(const struct spool_point *cursor, uint64_t window)
{
	struct sequencer *s = mem_alloc(sizeof(*s));

	s->cursor = *cursor;
	s->window = window == 0 ? LIMIT_WINDOW_MESSAGES : window;
	return s;
}

static bool
was_replaced(const struct sequencer *s, struct stream_id stream)
{
	for (size_t i = 0; i < s->n_replaced; i++)
		if (stream_eq(s->replaced[i], stream))
			return true;
	return false;
}

void
sequencer_replaced(struct sequencer *s, struct stream_id stream)
{
	if (was_replaced(s, stream))
		return;
	s->replaced =
	    mem_resize(s->replaced, s->n_replaced + 1, sizeof(*s->replaced));
	s->replaced[s->n_replaced++] = stream;
}

/* Index of the first range that does not end before number. */
static size_t
find(const struct sequencer *s, uint64_t number)
{
	return ranges_find(s->ahead, s->n, sizeof(*s->ahead), number);
}

static void
drop(struct sequencer *s, size_t at, size_t count)
{
	memmove(s->ahead + at, s->ahead + at + count,
	    (s->n - at - count) * sizeof(*s->ahead));
	s->n -= count;
}

static void
insert(struct sequencer *s, size_t at, struct range r)
{
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 8 : 2 * s->cap;
		s->ahead = mem_resize(s->ahead, s->cap, sizeof(*s->ahead));
	}
	memmove(s->ahead + at + 1, s->ahead + at,
	    (s->n - at) * sizeof(*s->ahead));
	s->ahead[at] = r;
	s->n++;
}

/* Join the range at `at` with the one behind it where they touch. */
static void
join(struct sequencer *s, size_t at)
{
	struct range *r = s->ahead + at;

	if (at + 1 < s->n && r[0].lost == r[1].lost &&
	    r[0].last + 1 == r[1].first) {
		r[0].last = r[1].last;
		drop(s, at + 1, 1);
	}
}

/* Note numbers ahead of the cursor; what was known of them before stays. */
static void
note(struct sequencer *s, struct range r)
{
	size_t at = find(s, r.first);

	while (r.first <= r.last) {
		bool free = at == s->n || s->ahead[at].first > r.first;
		uint64_t end = r.last; /* of this piece */

		if (!free) {
			end = s->ahead[at].last;
		} else {
			if (at < s->n && s->ahead[at].first <= r.last)
				end = s->ahead[at].first - 1;
			insert(s, at, (struct range){ r.first, end, r.lost });
			join(s, at);
			if (at > 0)
				join(s, at - 1);
		}
		r.first = end + 1;
		at = find(s, r.first);
	}
}

/* Drop what the cursor has passed, and pass what is lost next. */
static void
absorb(struct sequencer *s)
{
	while (s->n > 0 && s->ahead[0].first <= s->cursor.msgid + 1) {
		struct range *r = s->ahead;

		if (r->last > s->cursor.msgid && !r->lost) {
			r->first = s->cursor.msgid + 1;
			return;
		}
		if (r->last > s->cursor.msgid) {
			s->cursor.msgid = r->last;
			s->cursor.digest = 0;
		}
		drop(s, 0, 1);
	}
}

static enum sequencer_verdict
offer_other_stream(const struct sequencer *s, const struct message *m)
{
	if (was_replaced(s, m->stream))
		return SEQUENCER_STRANGE;
	return m->msgid == 1 ? SEQUENCER_NEW_STREAM : SEQUENCER_LATE_STREAM;
}

enum sequencer_verdict
sequencer_offer(struct sequencer *s, const struct message *m, bool known,
    uint32_t known_digest)
{
	const struct spool_point *c = &s->cursor;
	bool after_lost = c->msgid > 0 && c->digest == 0;

	if (!stream_eq(m->stream, c->stream))
		return offer_other_stream(s, m);
	if (m->msgid == c->msgid && !known && !after_lost) {
		known = true;
		known_digest = c->digest;
	}
	if (m->msgid <= c->msgid)
		return known && known_digest != m->digest ? SEQUENCER_FORK
							  : SEQUENCER_DUPLICATE;
	if (m->msgid == c->msgid + 1)
		return !after_lost && m->prev != c->digest ? SEQUENCER_FORK
							   : SEQUENCER_NEXT;
	if (m->msgid - c->msgid > s->window)
		return SEQUENCER_BEYOND;
	note(s, (struct range){ m->msgid, m->msgid, false });
	return SEQUENCER_HELD;
}

void
sequencer_advance(struct sequencer *s, const struct message *m)
{
	assert(stream_eq(m->stream, s->cursor.stream));
	assert(m->msgid == s->cursor.msgid + 1);
	s->cursor.msgid = m->msgid;
	s->cursor.digest = m->digest;
	absorb(s);
}

bool
sequencer_lost(struct sequencer *s, uint64_t first, uint64_t last)
{
	uint64_t before = s->cursor.msgid;

	if (first <= before)
		first = before + 1;
	if (first > last)
		return false;
	note(s, (struct range){ first, last, true });
	absorb(s);
	return s->cursor.msgid != before;
}

void
sequencer_begin(struct sequencer *s, struct stream_id stream)
{
	if (s->cursor.msgid > 0)
		sequencer_replaced(s, s->cursor.stream);
	s->cursor = (struct spool_point){ .stream = stream };
	s->n = 0;
}

struct spool_point
sequencer_cursor(const struct sequencer *s)
{
	return s->cursor;
}

bool
sequencer_gap(const struct sequencer *s, uint64_t *first, uint64_t *last)
{
	uint64_t next = s->cursor.msgid + 1;

	for (size_t i = 0; i < s->n; i++) {
		if (s->ahead[i].first > next) {
			*first = next;
			*last = s->ahead[i].first - 1;
			return true;
		}
		next = s->ahead[i].last + 1;
	}
	return false;
}

void
sequencer_free(struct sequencer *s)
{
	if (s == NULL)
		return;
	free(s->ahead);
	free(s->replaced);
	free(s);
}
