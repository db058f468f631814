/*
 * The gap ledger; see ledger.h and doc/spool.5 for its bytes.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/sealed.h"
#include "common/spool/ledger.h"
#include "common/spool/ranges.h"

enum {
	LEDGER_FILE_MAX = 16 << 20 /* bytes */
};

static const char *const why_names[] = {
	[LEDGER_LOST] = "lost",
	[LEDGER_TOMBSTONE] = "tombstone",
	[LEDGER_POISON] = "poison",
	[LEDGER_POISON_CONFIG] = "poison-config",
};

bool
ledger_is_poison(enum ledger_why why)
{
	return why == LEDGER_POISON || why == LEDGER_POISON_CONFIG;
}

/* They touch, and nothing that has to be known of the first is lost. */
static bool
may_join(const struct ledger *l, const struct ledger_range *last,
    const struct ledger_range *r)
{
	return last->last + 1 == r->first && last->why == r->why &&
	    !ledger_is_poison(r->why) &&
	    (last->digest == 0 || l->n >= LEDGER_DIGESTS);
}

/* At the end of the ranges, joined to the last where it touches. */
static void
push(struct ledger *l, struct ledger_range r)
{
	struct ledger_range *last = l->n > 0 ? &l->range[l->n - 1] : NULL;

	if (last != NULL && may_join(l, last, &r)) {
		last->last = r.last;
		last->digest = r.digest;
		return;
	}
	if ((l->n & (l->n - 1)) == 0) /* full at every power of two */
		l->range = mem_resize(l->range, l->n > 0 ? l->n * 2 : 1,
		    sizeof(l->range[0]));
	l->range[l->n++] = r;
}

void
ledger_add(struct ledger *l, struct stream_id stream, struct ledger_range r)
{
	struct ledger old = *l;
	uint64_t at = r.first; /* what of r is not in yet begins here */

	if (!stream_eq(l->stream, stream)) {
		ledger_clear(l);
		old = *l;
	}
	*l = (struct ledger){ .stream = stream };
	for (size_t i = 0; i < old.n; i++) {
		const struct ledger_range *x = &old.range[i];
		struct ledger_range piece = r;

		if (at < x->first && at <= r.last) {
			piece.first = at;
			piece.last = r.last < x->first ? r.last : x->first - 1;
			piece.digest = piece.last == r.last ? r.digest : 0;
			push(l, piece);
		}
		push(l, *x);
		if (at <= x->last)
			at = x->last + 1;
	}
	if (at <= r.last) {
		r.first = at;
		push(l, r);
	}
	free(old.range);
}

/* "5-7" or "5". */
static bool
parse_range(struct slice text, struct ledger_range *r)
{
	struct slice first;

	if (slice_cut(&text, '-', &first))
		return slice_u64(first, LIMIT_MSGID, &r->first) &&
		    slice_u64(text, LIMIT_MSGID, &r->last) && r->first > 0 &&
		    r->first <= r->last;
	r->last = 0;
	if (!slice_u64(text, LIMIT_MSGID, &r->first) || r->first == 0)
		return false;
	r->last = r->first;
	return true;
}

/* "lost 5-7", "tombstone 9-9", "tombstone 10-11 crc32=01234567",
 * "poison 12 crc32=01234567", "poison-config 13 crc32=01234567". */
static bool
parse_line(struct slice line, struct ledger_range *r)
{
	struct slice word, range;
	unsigned why = LEDGER_LOST;

	*r = (struct ledger_range){ 0 };
	if (!slice_cut(&line, ' ', &word))
		return false;
	while (
	    why <= LEDGER_POISON_CONFIG && !slice_eq_str(word, why_names[why]))
		why++;
	if (why > LEDGER_POISON_CONFIG)
		return false;
	r->why = (enum ledger_why)why;
	range = line;
	if (slice_cut(&line, ' ', &range)) {
		if (r->why == LEDGER_LOST || !slice_crc32(line, &r->digest))
			return false;
	} else if (ledger_is_poison(r->why)) {
		return false;
	}
	return parse_range(range, r);
}

static bool
parse(struct slice in, struct ledger *l)
{
	struct ledger_range r;
	struct slice line;

	if (!slice_cut(&in, '\n', &line) ||
	    !slice_skip(&line, SLICE("stream ")) ||
	    !stream_parse(line, &l->stream))
		return false;
	while (in.n > 0) {
		if (!slice_cut(&in, '\n', &line) || !parse_line(line, &r) ||
		    (l->n > 0 && r.first <= l->range[l->n - 1].last))
			return false;
		push(l, r);
	}
	return true;
}

static struct sealed_place
place(int dirfd, const char *name)
{
	return (struct sealed_place){ .dirfd = dirfd,
		.name = name,
		.limit = LEDGER_FILE_MAX,
		.word = SEALED_END };
}

int
ledger_read(int dirfd, const char *name, struct ledger *out, struct err *e)
{
	struct ledger l = { 0 };
	struct buf keep = { 0 };
	struct slice text;
	const struct sealed_place at = place(dirfd, name);
	int rc = sealed_read(&at, &keep, &text, e);

	if (rc == 0 && keep.n > 0 && !parse(text, &l)) {
		ledger_clear(&l);
		rc = err_set(e, ERR_INPUT, "%s is damaged", name);
	}
	if (rc == 0)
		*out = l;
	buf_clear(&keep);
	return rc;
}

static void
put_range(struct buf *out, const struct ledger_range *r)
{
	if (ledger_is_poison(r->why))
		buf_printf(out, "%s %" PRIu64 " crc32=%08" PRIx32 "\n",
		    why_names[r->why], r->first, r->digest);
	else if (r->why == LEDGER_TOMBSTONE && r->digest != 0)
		buf_printf(out,
		    "tombstone %" PRIu64 "-%" PRIu64 " crc32=%08" PRIx32 "\n",
		    r->first, r->last, r->digest);
	else
		buf_printf(out, "%s %" PRIu64 "-%" PRIu64 "\n",
		    why_names[r->why], r->first, r->last);
}

int
ledger_write(int dirfd, const char *name, const struct ledger *l, struct err *e)
{
	const struct sealed_place at = place(dirfd, name);
	char stream[STREAM_TEXT_SIZE];
	struct buf out = { 0 };
	int rc;

	if (l->n > LEDGER_RANGES_MAX)
		return err_set(e, ERR_INPUT, "%s: more than %d ranges", name,
		    LEDGER_RANGES_MAX);
	buf_printf(&out, "stream %s\n", stream_text(l->stream, stream));
	for (size_t i = 0; i < l->n; i++)
		put_range(&out, &l->range[i]);
	rc = sealed_write(&at, &out, e);
	buf_clear(&out);
	return rc;
}

/* The index of the first range that ends at or after msgid, or n. */
static size_t
find(const struct ledger *l, uint64_t msgid)
{
	return ranges_find(l->range, l->n, sizeof(l->range[0]), msgid);
}

const struct ledger_range *
ledger_find(const struct ledger *l, uint64_t msgid)
{
	size_t i = find(l, msgid);

	return i < l->n && l->range[i].first <= msgid ? &l->range[i] : NULL;
}

bool
ledger_digest(const struct ledger *l, uint64_t msgid, uint32_t *digest)
{
	const struct ledger_range *r = ledger_find(l, msgid);

	if (r == NULL || r->last != msgid || r->digest == 0)
		return false;
	*digest = r->digest;
	return true;
}

uint64_t
ledger_skip(const struct ledger *l, uint64_t msgid)
{
	uint64_t next = msgid;

	for (size_t i = find(l, msgid); i < l->n && l->range[i].first <= next;
	     i++)
		next = l->range[i].last + 1;
	return next - 1;
}

uint64_t
ledger_count(const struct ledger *l, uint64_t first, uint64_t last)
{
	uint64_t n = 0;

	for (size_t i = find(l, first); i < l->n && l->range[i].first <= last;
	     i++) {
		const struct ledger_range *r = &l->range[i];
		uint64_t from = r->first > first ? r->first : first;

		n += (r->last < last ? r->last : last) - from + 1;
	}
	return n;
}

void
ledger_forget(struct ledger *l, uint64_t msgid)
{
	size_t gone = find(l, msgid + 1);
	struct ledger old = *l;

	if (gone == 0)
		return;
	*l = (struct ledger){ .stream = old.stream };
	for (size_t i = gone; i < old.n; i++)
		push(l, old.range[i]);
	free(old.range);
}

void
ledger_clear(struct ledger *l)
{
	free(l->range);
	*l = (struct ledger){ 0 };
}
