/*
 * Bytes on the wire; see wire.h.  The file has two slots:
 * "LAST MONTH BYTES TRIED BELOW-MONTH BELOW-BYTES PLAIN".
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
	TALLY_MS = 60000,
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

void
wire_count(struct wire *w, const struct wire_use *u, struct wall now)
{
	int month = wire_month(now);

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
	if (u->session)
		w->tried_s = wall_s(now);
	if (u->delivered)
		w->last_s = wall_s(now);
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

	*out = (struct wire){ 0 };
	if (!slots_get(s, &text) || !cut(&text, INT64_MAX, &last) ||
	    !cut(&text, MONTH_MAX, &month) || !cut(&text, UINT64_MAX, &bytes))
		return;
	if (text.n > 0 && /* there were three numbers once */
	    (!cut(&text, INT64_MAX, &tried) || !cut(&text, MONTH_MAX, &low) ||
		!cut(&text, UINT64_MAX, &low_bytes) ||
		!cut(&text, UINT64_MAX, &plain)))
		return;
	*out = (struct wire){ (int64_t)last, (int64_t)tried,
		{ (int)month, bytes }, { (int)low, low_bytes }, plain };
}

static int
keep(struct slots *s, const struct wire *w, struct err *e)
{
	struct buf b = { 0 };
	int rc;

	/* a clock before 1970 is kept as never */
	buf_printf(&b,
	    "%" PRId64 " %d %" PRIu64 " %" PRId64 " %d %" PRIu64 " %" PRIu64,
	    w->last_s < 0 ? 0 : w->last_s, w->newest.month, w->newest.bytes,
	    w->tried_s < 0 ? 0 : w->tried_s, w->below.month, w->below.bytes,
	    w->plain);
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

/* --- A session ------------------------------------------------------------ */

static void
tally(struct wire_tally *t, uint64_t bytes, uint64_t plain, bool delivered)
{
	const struct wire_use u = { .bytes = bytes - t->bytes,
		.plain = plain > t->plain ? plain - t->plain : 0,
		.session = bytes > 0,
		.delivered = delivered };
	struct err e = { 0 };

	if (wire_add(t->state_dir, t->association, &u, clock_wall(), &e) ==
	    -1) {
		log_warn("bytes not counted: %s", e.msg);
		return;
	}
	t->bytes = bytes;
	t->plain += u.plain;
	t->delivered = false;
}

void
wire_tally_add(struct wire_tally *t, uint64_t bytes, uint64_t plain,
    struct mono now)
{
	if (t->counted_at.ns == 0)
		t->counted_at = now;
	if (bytes <= t->bytes ||
	    (bytes - t->bytes < TALLY_BYTES &&
		mono_ms_since(now, t->counted_at) < TALLY_MS))
		return;
	tally(t, bytes, plain, t->delivered);
	t->counted_at = now;
}

void
wire_tally_end(struct wire_tally *t, uint64_t bytes, uint64_t plain,
    bool delivered)
{
	if (bytes < t->bytes)
		bytes = t->bytes;
	if (bytes > t->bytes || delivered)
		tally(t, bytes, plain, delivered);
}
