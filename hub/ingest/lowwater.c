/*
 * The low-water mark; see lowwater.h.  The file is a line "at <stream> <MsgID>
 * crc32=<digest>", then for each range a line "marked" or "withheld" with its
 * five numbers, or "replaced <stream>" with the same.
 */
#include "config.h"

#include "hub/ingest/lowwater.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/sealed.h"

enum {
	LOWWATER_FILE_MAX = 4 << 20
};

static void
put_range(struct waiting *w, struct waiting_range r)
{
	if (w->n == w->cap) {
		w->cap = w->cap == 0 ? 4 : 2 * w->cap;
		w->range = mem_resize(w->range, w->cap, sizeof(*w->range));
	}
	w->range[w->n++] = r;
}

/* The last range, when msgid may join it because it follows, or because there
 * are too many. */
static struct waiting_range *
last_for(struct waiting *w, uint64_t msgid, bool alike)
{
	struct waiting_range *r = w->n > 0 ? w->range + w->n - 1 : NULL;

	if (r == NULL)
		return NULL;
	if (w->n >= LOWWATER_RANGES_MAX)
		return r;
	return alike && r->last + 1 == msgid ? r : NULL;
}

void
waiting_mark(struct waiting *w, uint64_t msgid, uint64_t generation,
    int64_t now_s)
{
	bool alike = w->n > 0 && w->range[w->n - 1].tag == generation;
	struct waiting_range *r = last_for(w, msgid, alike);

	if (r == NULL) {
		put_range(w,
		    (struct waiting_range){ .first = msgid,
			.last = msgid,
			.tag = generation,
			.since_s = now_s });
		return;
	}
	r->last = msgid;
	if (!alike)
		r->tag = 0; /* several: each message says its own */
}

/* The first of a range is the first that its time comes for; for the time
 * before 2000 it never comes. */
static bool
same_wait(const struct waiting_range *r, uint64_t timestamp)
{
	if (timestamp < PLAUSIBLE_FROM_S)
		return r->tag < PLAUSIBLE_FROM_S;
	return r->tag >= PLAUSIBLE_FROM_S && r->tag <= timestamp;
}

void
waiting_withhold(struct waiting *w, uint64_t msgid, uint64_t timestamp,
    uint64_t config, int64_t now_s)
{
	bool alike = w->n > 0 && same_wait(w->range + w->n - 1, timestamp) &&
	    w->range[w->n - 1].config == config;
	struct waiting_range *r = last_for(w, msgid, alike);

	if (r != NULL)
		r->last = msgid;
	else
		put_range(w,
		    (struct waiting_range){ .first = msgid,
			.last = msgid,
			.tag = timestamp,
			.since_s = now_s,
			.config = config });
}

/* When there are too many they grow together: what lies between is read again
 * under its own CONFIGs, and the store drops what it has. */
bool
waiting_add(struct waiting *w, const struct waiting_range *r)
{
	struct waiting_range *end = w->n > 0 ? w->range + w->n - 1 : NULL;

	if (w->n < LOWWATER_RANGES_MAX) {
		put_range(w, *r);
		return true;
	}
	if (!stream_eq(end->stream, r->stream) || r->first < end->first)
		return false;
	if (r->last > end->last)
		end->last = r->last;
	if (r->tag >= PLAUSIBLE_FROM_S &&
	    (r->tag < end->tag || end->tag < PLAUSIBLE_FROM_S))
		end->tag = r->tag; /* the first that its time comes for */
	if (r->since_s < end->since_s)
		end->since_s = r->since_s;
	return true;
}

void
waiting_drop(struct waiting *w, size_t i)
{
	memmove(w->range + i, w->range + i + 1,
	    (w->n - i - 1) * sizeof(*w->range));
	w->n--;
}

uint64_t
waiting_messages(const struct waiting *w)
{
	uint64_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += w->range[i].last - w->range[i].first + 1;
	return n;
}

void
waiting_clear(struct waiting *w)
{
	free(w->range);
	*w = (struct waiting){ .range = NULL };
}

uint64_t
lowwater_replace(struct lowwater *l, struct spool_point at)
{
	uint64_t left = waiting_messages(&l->marked);

	for (size_t i = 0; i < l->withheld.n; i++) {
		struct waiting_range r = l->withheld.range[i];

		r.stream = l->at.stream;
		if (r.tag < PLAUSIBLE_FROM_S || !waiting_add(&l->replaced, &r))
			left += r.last - r.first + 1;
	}
	waiting_clear(&l->marked);
	waiting_clear(&l->withheld);
	l->at = at;
	return left;
}

/* --- The file ----------------------------------------------------------- */

static bool
next_number(struct slice *line, uint64_t *v)
{
	struct slice word;

	if (!slice_cut(line, ' ', &word)) {
		word = *line;
		*line = (struct slice){ NULL, 0 };
	}
	return slice_u64(word, INT64_MAX, v);
}

static bool
parse_range(struct slice line, struct waiting_range r, struct waiting *out)
{
	uint64_t since;

	if (!next_number(&line, &r.first) || !next_number(&line, &r.last) ||
	    !next_number(&line, &r.tag) || !next_number(&line, &since) ||
	    !next_number(&line, &r.config) || line.n > 0 || r.first > r.last)
		return false;
	r.since_s = (int64_t)since;
	put_range(out, r);
	return true;
}

static bool
parse_line(void *arg, struct slice line)
{
	struct lowwater *out = arg;
	struct waiting_range r = { .first = 0 };
	struct slice word, stream;

	if (!slice_cut(&line, ' ', &word))
		return false;
	if (slice_eq_str(word, "at"))
		return spool_point_parse(line, &out->at);
	if (slice_eq_str(word, "marked"))
		return parse_range(line, r, &out->marked);
	if (slice_eq_str(word, "withheld"))
		return parse_range(line, r, &out->withheld);
	return slice_eq_str(word, "replaced") &&
	    slice_cut(&line, ' ', &stream) && stream_parse(stream, &r.stream) &&
	    parse_range(line, r, &out->replaced);
}

static struct sealed_place
place(int state_dir, const char *association)
{
	return (struct sealed_place){ .dirfd = state_dir,
		.folder = "lowwater",
		.name = association,
		.limit = LOWWATER_FILE_MAX };
}

int
lowwater_read(int state_dir, const char *association, struct lowwater *out,
    struct err *e)
{
	const struct sealed_place at = place(state_dir, association);
	int rc;

	*out = (struct lowwater){ .at.msgid = 0 };
	rc = sealed_each(&at, parse_line, out, e);
	if (rc == -1)
		lowwater_clear(out);
	return rc;
}

static void
print_ranges(struct buf *out, const char *kind, bool streams,
    const struct waiting *w)
{
	char stream[STREAM_TEXT_SIZE];

	for (size_t i = 0; i < w->n; i++) {
		const struct waiting_range *r = w->range + i;

		(void)buf_printf(out, "%s %s%s%llu %llu %llu %lld %llu\n", kind,
		    streams ? stream_text(r->stream, stream) : "",
		    streams ? " " : "", (unsigned long long)r->first,
		    (unsigned long long)r->last, (unsigned long long)r->tag,
		    (long long)r->since_s, (unsigned long long)r->config);
	}
}

int
lowwater_write(int state_dir, const char *association, const struct lowwater *l,
    struct err *e)
{
	const struct sealed_place at = place(state_dir, association);
	struct buf text = { 0 };
	int rc;

	(void)buf_put_str(&text, "at ");
	(void)spool_point_put(&text, &l->at);
	(void)buf_put_char(&text, '\n');
	print_ranges(&text, "marked", false, &l->marked);
	print_ranges(&text, "withheld", false, &l->withheld);
	print_ranges(&text, "replaced", true, &l->replaced);
	rc = sealed_write(&at, &text, e);
	buf_clear(&text);
	return rc;
}

void
lowwater_clear(struct lowwater *l)
{
	waiting_clear(&l->marked);
	waiting_clear(&l->withheld);
	waiting_clear(&l->replaced);
	l->at = (struct spool_point){ .msgid = 0 };
}
