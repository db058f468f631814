/*
 * Dropping the oldest by policy, with its tombstone first.  Whole segments go;
 * where only its CONFIG is needed still, or a budget's limit lies within one, it is
 * cut in two before, and all of it stays until then.  What is put gets its room
 * when it is committed, once all of it is known to fit.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/outbox_impl.h"
#include "common/spool/walk.h"

static void
remove_segment(struct outbox *o, struct segment_name s)
{
	char name[SEGMENT_NAME_SIZE];

	(void)unlinkat(o->dir, segment_name_text(s, name), 0);
	(void)outbox_companions(o, s, true);
}

/* --- Whole segments -------------------------------------------------------- */

/* The digest of its last message, which the far end may stand at: it got it, and
 * its acknowledgement is still on the way.  0: it cannot be read. */
static uint32_t
last_digest(const struct outbox *o, struct segment_name s)
{
	struct buf keep = { 0 };
	struct message m;
	struct err ignored;
	bool known = segment_peek_last(o->dir, s, &m, &keep, &ignored) == 0 &&
	    stream_eq(m.stream, o->state.stream);

	buf_clear(&keep);
	return known ? m.digest : 0;
}

/* A tombstone for what of first..last is in s. */
static void
bury(struct outbox *o, uint64_t first, struct segment_name s)
{
	if (first <= s.last)
		ledger_add(&o->lost, o->state.stream,
		    (struct ledger_range){ first, s.last, LEDGER_TOMBSTONE,
			last_digest(o, s) });
}

/* The first n that wait, but not the one `spared`. */
static int
drop_first(struct outbox *o, size_t n, size_t spared, struct err *e)
{
	uint64_t from = o->state.acked.msgid + 1, next = from;
	uint64_t last = o->waiting.at[n - 1].name.last;
	uint64_t known = ledger_count(&o->lost, from, last);

	for (size_t i = 0; i < n; i++) {
		struct segment_name s = o->waiting.at[i].name;

		if (i != spared)
			bury(o, next, s);
		if (s.last >= next)
			next = s.last + 1;
	}
	o->state.dropped += ledger_count(&o->lost, from, last) - known;
	ledger_forget(&o->lost, o->state.acked.msgid);
	if (ledger_write(o->dir, "lost", &o->lost, e) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (i != spared)
			remove_segment(o, o->waiting.at[i].name);
	if (spared < n) {
		listing_drop(&o->waiting, spared + 1, n - spared - 1);
		listing_drop(&o->waiting, 0, spared);
	} else {
		listing_drop(&o->waiting, 0, n);
	}
	outbox_refresh(o);
	return 0;
}

/* --- Cutting one in two ---------------------------------------------------- */

static int
put_piece(const struct outbox *o, struct segment_name s, struct slice bytes,
    struct err *e)
{
	char name[SEGMENT_NAME_SIZE];
	int rc = durable_create(o->dir, segment_name_text(s, name), bytes, e);

	return rc == -1 && e->sys != EEXIST ? -1 : 0; /* EEXIST: the same */
}

/* Segment i that waits, read whole, with the byte at which `from` begins. */
static int
read_whole(const struct outbox *o, size_t i, uint64_t from, struct buf *out,
    size_t *at, struct err *e)
{
	struct segment_name s = o->waiting.at[i].name;
	char name[SEGMENT_NAME_SIZE];
	struct segment_scan found;
	struct buf keep = { 0 };
	struct message m;
	int64_t where = -1;
	int fd = durable_open_file(o->dir, segment_name_text(s, name), e);

	if (fd == -1)
		return -1;
	if (segment_scan(fd, &found, e) == 0 &&
	    (found.damaged || found.first != s.first || found.last < s.last))
		err_set(e, ERR_INPUT, "%s is damaged", name);
	else if (io_pread_upto(fd, found.good, 0, out, e) == 0)
		where = segment_find(fd, from, &m, &keep, e);
	close(fd);
	buf_clear(&keep);
	*at = (size_t)where;
	return where < 0 || (size_t)where > out->n ? -1 : 0;
}

static void
replace_by_two(struct listing *l, size_t i, const struct listed two[2])
{
	listing_put(l, two[1]);
	memmove(&l->at[i + 2], &l->at[i + 1], (l->n - i - 2) * sizeof(two[0]));
	l->at[i] = two[0];
	l->at[i + 1] = two[1];
}

/* Two segments in the place of number i, the second from `from` on.  After a
 * failure it is there as before. */
static int
cut(struct outbox *o, size_t i, uint64_t from, struct err *e)
{
	struct segment_name s = o->waiting.at[i].name;
	struct listed two[2] = { { .name = { s.first, from - 1 } },
		{ .name = { from, s.last } } };
	struct buf all = { 0 };
	size_t at = 0;
	int rc = -1;

	if (read_whole(o, i, from, &all, &at, e) == -1)
		goto out;
	two[0].bytes = at;
	two[1].bytes = all.n - at;
	if (put_piece(o, two[0].name, (struct slice){ all.p, at }, e) == -1 ||
	    put_piece(o, two[1].name, (struct slice){ all.p + at, all.n - at },
		e) == -1) {
		remove_segment(o, two[0].name);
		goto out;
	}
	remove_segment(o, s);
	/* it must not come back when what it had is dropped, or was sent */
	rc = durable_sync(o->dir, e);
	replace_by_two(&o->waiting, i, two);
	outbox_refresh(o);
out:
	buf_clear(&all);
	return rc == 0 ? 0 : err_wrap(e, "cut a segment");
}

static bool
is_whole(const struct outbox *o, struct segment_name s)
{
	char name[SEGMENT_NAME_SIZE];
	struct segment_scan found;
	struct err ignored; /* then it is not */
	int fd =
	    durable_open_file(o->dir, segment_name_text(s, name), &ignored);
	bool whole = fd != -1 && segment_scan(fd, &found, &ignored) == 0 &&
	    !found.damaged && found.first == s.first && found.last >= s.last;

	if (fd != -1)
		close(fd);
	return whole;
}

static bool
is_within(struct segment_name s, struct segment_name of)
{
	return of.first <= s.first && s.last <= of.last;
}

int
outbox_finish_cut(struct outbox *o, struct err *e)
{
	struct listing *l = &o->waiting;
	size_t kept = 0; /* at[0..kept) stay */

	for (size_t i = 0; i < l->n; i++) {
		struct listed s = l->at[i];
		bool inner = kept > 0 &&
		    is_within(s.name, l->at[kept - 1].name) &&
		    is_whole(o, l->at[kept - 1].name);

		/* of one first number, the longer one is behind */
		if (!inner && i + 1 < l->n)
			inner = is_within(s.name, l->at[i + 1].name) &&
			    is_whole(o, l->at[i + 1].name);
		if (inner)
			remove_segment(o, s.name);
		else
			l->at[kept++] = s;
	}
	if (kept == l->n)
		return 0;
	l->n = kept;
	return durable_sync(o->dir, e);
}

/* --- Down to a size -------------------------------------------------------- */

/* Of the first n that wait, the one whose CONFIG those behind them need;
 * SIZE_MAX: none. */
static size_t
config_for(const struct outbox *o, size_t n)
{
	if (outbox_begins_with_config(o, o->sent.n + n))
		return SIZE_MAX;
	while (n-- > 0)
		if (outbox_begins_with_config(o, o->sent.n + n))
			return n;
	return SIZE_MAX;
}

/* The first number of segment i such that no more than keep bytes of it are from
 * there on; its last where it is the newest, one behind it else.  The parts of a
 * CONFIG are not torn apart. */
static uint64_t
first_to_keep(const struct outbox *o, size_t i, uint64_t keep, bool newest)
{
	const struct listed *l = &o->waiting.at[i];
	struct walk *w = walk_new();
	uint64_t from = newest ? l->name.first : l->name.last + 1;
	struct err ignored; /* what cannot be read stays, or goes, whole */
	char name[SEGMENT_NAME_SIZE];
	enum walk_found found = WALK_MESSAGE;
	struct message m;
	int fd = durable_open_file(o->dir, segment_name_text(l->name, name),
	    &ignored);

	walk_begin(w, fd, 0);
	while (
	    fd != -1 && (found = walk_next(w, &m, &ignored)) == WALK_MESSAGE) {
		bool fits = l->bytes - walk_start(w) <= keep;

		if (!fits && !(newest && m.msgid == l->name.last))
			continue;
		from = m.type == MESSAGE_CONFIG ? l->name.first : m.msgid;
		break;
	}
	walk_free(w);
	if (fd != -1)
		close(fd);
	return from;
}

/* How many of those that wait go whole: the one that the limit lies in is cut in
 * two.  Where that fails it stays. */
static size_t
cut_at(struct outbox *o, uint64_t keep)
{
	uint64_t behind = o->app.end, from;
	size_t n = o->waiting.n;
	struct err ignored;

	while (n > 0 && behind + o->waiting.at[n - 1].bytes <= keep)
		behind += o->waiting.at[--n].bytes;
	if (n == 0)
		return 0;
	from = first_to_keep(o, n - 1, keep > behind ? keep - behind : 0,
	    n == o->waiting.n && o->app.fd == -1);
	if (from > o->waiting.at[n - 1].name.last)
		return n;
	if (from > o->waiting.at[n - 1].name.first &&
	    from > o->state.acked.msgid + 1 &&
	    cut(o, n - 1, from, &ignored) == 0)
		return n;
	return n - 1;
}

/* Segment i, which begins with a CONFIG, has nothing but that then; *n of the
 * first are it and those before it, and then one more. */
static int
cut_off_config(struct outbox *o, size_t i, size_t *n, struct err *e)
{
	struct segment_name s = o->waiting.at[i].name;
	uint64_t behind = s.first + outbox_config_parts(o, o->sent.n + i);

	if (behind > s.last)
		return 0;
	if (cut(o, i, behind, e) == -1)
		return -1;
	*n += 1;
	return 0;
}

int
outbox_drop_oldest(struct outbox *o, uint64_t keep, struct err *e)
{
	size_t n, spared;
	struct err ignored; /* then more than the CONFIG stays */

	if (o->state.waiting_bytes <= keep || (n = cut_at(o, keep)) == 0)
		return 0;
	spared = config_for(o, n);
	if (spared != SIZE_MAX)
		(void)cut_off_config(o, spared, &n, &ignored);
	if (n == 1 && spared == 0)
		return 0;
	return drop_first(o, n, spared, e);
}

/* --- For what is put -------------------------------------------------------- */

/* The bytes of the CONFIG that segment i begins with. */
static uint64_t
config_bytes(const struct outbox *o, size_t i)
{
	const struct listed *l = &o->waiting.at[i];
	uint32_t parts = outbox_config_parts(o, o->sent.n + i);
	char name[SEGMENT_NAME_SIZE];
	struct buf keep = { 0 };
	struct message m;
	struct err ignored; /* then nothing stands behind it */
	int64_t at = -1;
	int fd = durable_open_file(o->dir, segment_name_text(l->name, name),
	    &ignored);

	if (fd != -1) {
		at = segment_find(fd, l->name.first + parts, &m, &keep,
		    &ignored);
		close(fd);
	}
	buf_clear(&keep);
	return at < 0 ? l->bytes : (uint64_t)at;
}

static bool
is_enough(const struct outbox_plan *p, uint64_t bytes, bool file)
{
	uint64_t freed = p->bytes - (p->spares ? p->config_bytes : 0);

	return p->n > 0 && freed >= bytes && p->n - p->spares >= file;
}

static void
plan_one_more(struct outbox *o)
{
	struct outbox_plan *p = &o->plan;
	const struct listed *l = &o->waiting.at[p->n];

	if (p->n == 0)
		p->config = SIZE_MAX;
	if (outbox_begins_with_config(o, o->sent.n + p->n)) {
		p->config = p->n;
		p->config_bytes = config_bytes(o, p->n);
	}
	p->bytes += l->bytes + outbox_companions(o, l->name, false);
	p->n++;
	p->spares = p->config != SIZE_MAX &&
	    !outbox_begins_with_config(o, o->sent.n + p->n);
}

bool
outbox_plan(struct outbox *o, uint64_t bytes, bool file)
{
	size_t most = o->waiting.n;

	if (o->app.fd == -1 && most > 0)
		most--; /* the newest */
	while (!is_enough(&o->plan, bytes, file) && o->plan.n < most)
		plan_one_more(o);
	return is_enough(&o->plan, bytes, file);
}

int
outbox_drop_planned(struct outbox *o, struct err *e)
{
	struct outbox_plan p = o->plan;
	struct err why;

	o->plan = (struct outbox_plan){ 0 };
	if (p.n == 0)
		return 0;
	if (!p.spares)
		return drop_first(o, p.n, SIZE_MAX, e);
	if (cut_off_config(o, p.config, &p.n, &why) == 0)
		return drop_first(o, p.n, p.config, e);
	if (why.kind != ERR_INPUT) {
		*e = why;
		return -1;
	}
	/* it is damaged: the hub will ask for the CONFIG */
	return drop_first(o, p.n, SIZE_MAX, e);
}
