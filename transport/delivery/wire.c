/*
 * Bytes on the wire; see wire.h.  The file has two slots:
 * "LAST MONTH BYTES TRIED BELOW-MONTH BELOW-BYTES PLAIN REFUSED LYING LOOKED
 * LOST".
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/slots.h"
#include "transport/delivery/wire.h"

enum {
	MONTH_MAX = 999912,
	LOCK_MS = 5000, /* two sessions of one association meet rarely */
	TALLY_BYTES = 256 << 10,
	TALLY_MS = 60000, /* without a delivery: of what keeps it open */
	DELIVERED_MS = 10000,
	BUDGET_PARTS = 20, /* that are counted by themselves */
};

/* --- Counting ------------------------------------------------------------- */

int
wire_month(struct wall now)
{
	time_t s = (time_t)wall_s(now);
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 8099)
		return 0;
	return (tm.tm_year + 1900) * 100 + tm.tm_mon + 1;
}

static int
month_after(int month)
{
	return month % 100 == 12 ? month + 89 : month + 1;
}

static void
add(uint64_t *sum, uint64_t n)
{
	*sum = n > UINT64_MAX - *sum ? UINT64_MAX : *sum + n;
}

/* The month that the clock reads becomes the one that is counted. */
static void
turn_to(struct wire *w, int month)
{
	w->newest = (struct wire_count){ month, 0 };
	w->plain = 0;
}

/* What lies there is refused once, however often it is met. */
static void
count_refused(struct wire *w, const struct wire_use *u)
{
	add(&w->refused, u->refused);
	if (!u->looked)
		return;
	if (u->lying > w->lying)
		add(&w->refused, u->lying - w->lying);
	w->lying = u->lying;
}

/* A clock that was set back: so long ago is now. */
static int64_t
at_most(int64_t s, int64_t now_s)
{
	return s < now_s ? s : now_s;
}

void
wire_count(struct wire *w, const struct wire_use *u, struct wall now)
{
	int month = wire_month(now);

	w->last_s = at_most(w->last_s, wall_s(now));
	w->looked_s = at_most(w->looked_s, wall_s(now));
	if (month > w->newest.month) {
		w->below = w->newest;
		turn_to(w, month);
	} else if (month < w->newest.month && w->below.month != 0 &&
	    month == month_after(w->below.month)) {
		turn_to(w, month);
	} else if (month < w->newest.month && month != w->below.month) {
		w->below = (struct wire_count){ month, w->newest.bytes };
	}
	if (month < w->newest.month)
		add(&w->below.bytes, u->bytes);
	add(&w->newest.bytes, u->bytes);
	add(&w->plain, u->plain);
	count_refused(w, u);
	add(&w->lost, u->lost);
	if (u->session)
		w->tried_s = wall_s(now);
	if (u->delivered)
		w->last_s = wall_s(now);
	if (u->looked)
		w->looked_s = wall_s(now);
}

uint64_t
wire_of_month(const struct wire *w, struct wall now)
{
	int month = wire_month(now);

	if (month > w->newest.month ||
	    (month < w->newest.month && w->below.month != 0 &&
		month == month_after(w->below.month)))
		return 0;
	return month == w->below.month ? w->below.bytes : w->newest.bytes;
}

/* --- The file ------------------------------------------------------------- */

/* The next number, which a blank ends, or the text's end. */
static bool
cut(struct slice *text, uint64_t max, uint64_t *v)
{
	struct slice word;

	if (!slice_cut(text, ' ', &word)) {
		word = *text;
		*text = (struct slice){ 0 };
	}
	return slice_u64(word, max, v);
}

static void
parse(const struct slots *s, struct wire *out)
{
	struct slice text;
	uint64_t last, month, bytes;
	uint64_t tried = 0, low = 0, low_bytes = 0, plain = 0;
	uint64_t refused = 0, lying = 0, looked = 0, lost = 0;

	*out = (struct wire){ 0 };
	if (!slots_get(s, &text) || !cut(&text, INT64_MAX, &last) ||
	    !cut(&text, MONTH_MAX, &month) || !cut(&text, UINT64_MAX, &bytes))
		return;
	if (text.n > 0 && /* there were three numbers once */
	    (!cut(&text, INT64_MAX, &tried) || !cut(&text, MONTH_MAX, &low) ||
		!cut(&text, UINT64_MAX, &low_bytes) ||
		!cut(&text, UINT64_MAX, &plain)))
		return;
	if (text.n > 0 && /* and then seven */
	    (!cut(&text, UINT64_MAX, &refused) ||
		!cut(&text, UINT64_MAX, &lying)))
		return;
	if (text.n > 0 && !cut(&text, INT64_MAX, &looked)) /* then nine */
		return;
	if (text.n > 0 && !cut(&text, UINT64_MAX, &lost)) /* then ten */
		return;
	*out = (struct wire){ .last_s = (int64_t)last,
		.tried_s = (int64_t)tried,
		.newest = { (int)month, bytes },
		.below = { (int)low, low_bytes },
		.plain = plain,
		.refused = refused,
		.lying = lying,
		.looked_s = (int64_t)looked,
		.lost = lost };
}

static int
keep(struct slots *s, const struct wire *w, struct err *e)
{
	struct buf b = { 0 };
	int rc;

	/* a clock before 1970 is kept as never */
	buf_printf(&b,
	    "%" PRId64 " %d %" PRIu64 " %" PRId64 " %d %" PRIu64 " %" PRIu64
	    " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIu64,
	    w->last_s < 0 ? 0 : w->last_s, w->newest.month, w->newest.bytes,
	    w->tried_s < 0 ? 0 : w->tried_s, w->below.month, w->below.bytes,
	    w->plain, w->refused, w->lying, w->looked_s < 0 ? 0 : w->looked_s,
	    w->lost);
	rc = slots_put(s, buf_slice(&b), e);
	buf_clear(&b);
	return rc;
}

/* Whoever makes it syncs it, once: a count is worth no sync of a directory in
 * each session. */
static int
open_dir(int state_dir, struct err *e)
{
	struct err why = { 0 };
	int dir = durable_open_dir(state_dir, "wire", &why);

	if (dir == -1 && why.sys == ENOENT)
		return durable_make_dir(state_dir, "wire", e);
	if (dir == -1)
		*e = why;
	return dir;
}

int
wire_read(int state_dir, const char *association, struct wire *out,
    struct err *e)
{
	int dir = open_dir(state_dir, e);
	struct slots *s = NULL;
	int rc = dir == -1 ? -1 : slots_open(dir, association, &s, e);

	if (rc == 0)
		parse(s, out);
	slots_close(s);
	if (dir != -1)
		close(dir);
	return rc == 0 ? 0 : err_wrap(e, "wire/%s", association);
}

int
wire_add(int state_dir, const char *association, const struct wire_use *u,
    struct wall now, struct err *e)
{
	int dir = open_dir(state_dir, e), lock = -1, rc = -1;
	char *name = mem_printf("%s.lock", association);
	struct slots *s = NULL;
	struct wire w;

	if (dir == -1)
		goto out;
	lock = lock_file(dir, name, LOCK_MS, e);
	if (lock == -1 || slots_open(dir, association, &s, e) == -1)
		goto out;
	parse(s, &w);
	wire_count(&w, u, now);
	rc = keep(s, &w, e);
out:
	free(name);
	slots_close(s);
	if (lock != -1)
		close(lock);
	if (dir != -1)
		close(dir);
	return rc == 0 ? 0 : err_wrap(e, "wire/%s", association);
}

int64_t
wire_seen_s(const struct wire *w)
{
	return w->looked_s > w->last_s ? w->looked_s : w->last_s;
}

void
wire_set_clock(int state_dir, const char *association, struct wall now)
{
	const struct wire_use none = { .bytes = 0 }; /* any count does it */
	struct wire w = { 0 };
	struct err e = { 0 };

	if (wire_read(state_dir, association, &w, &e) == -1 ||
	    (wire_seen_s(&w) > wall_s(now) &&
		wire_add(state_dir, association, &none, now, &e) == -1))
		log_warn("the clock's step is not noted: %s", e.msg);
}

void
wire_lost(int state_dir, const char *association, uint64_t messages)
{
	const struct wire_use u = { .lost = messages };
	struct err e = { 0 };

	if (messages > 0 &&
	    wire_add(state_dir, association, &u, clock_wall(), &e) == -1)
		log_warn("what was lost is not counted: %s", e.msg);
}

/* --- A session ------------------------------------------------------------ */

static uint64_t
above(uint64_t n, uint64_t counted)
{
	return n > counted ? n - counted : 0;
}

/* What is not in the file yet. */
static struct wire_use
left(const struct wire_tally *t, const struct wire_use *u)
{
	struct wire_use l = *u;

	l.bytes = above(u->bytes, t->bytes);
	l.plain = above(u->plain, t->plain);
	l.refused = above(u->refused, t->refused);
	l.lost = above(u->lost, t->lost);
	return l;
}

static void
tally(struct wire_tally *t, const struct wire_use *u)
{
	struct err e = { 0 };

	if (wire_add(t->state_dir, t->association, u, clock_wall(), &e) == -1) {
		log_warn("bytes not counted: %s", e.msg);
		return;
	}
	t->bytes += u->bytes;
	t->plain += u->plain;
	t->refused += u->refused;
	t->lost += u->lost;
	t->delivered = false;
}

uint64_t
wire_step(uint64_t budget)
{
	return budget / BUDGET_PARTS;
}

static bool
is_due(const struct wire_tally *t, uint64_t bytes, struct mono now)
{
	int64_t age_ms = mono_ms_since(now, t->counted_at);

	return bytes >= TALLY_BYTES || (t->step > 0 && bytes >= t->step) ||
	    age_ms >= (t->delivered ? DELIVERED_MS : TALLY_MS);
}

void
wire_tally_add(struct wire_tally *t, const struct wire_use *sofar,
    struct mono now)
{
	struct wire_use u = left(t, sofar);

	if (t->counted_at.ns == 0)
		t->counted_at = now;
	if (u.bytes == 0 || !is_due(t, u.bytes, now))
		return;
	u.session = true;
	u.delivered = t->delivered;
	tally(t, &u);
	t->counted_at = now;
}

void
wire_tally_end(struct wire_tally *t, const struct wire_use *all)
{
	struct wire_use u = left(t, all);

	u.session = t->bytes + u.bytes > 0;
	if (u.bytes > 0 || u.refused > 0 || u.lost > 0 || u.looked ||
	    u.delivered)
		tally(t, &u);
}
