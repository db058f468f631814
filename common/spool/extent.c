/*
 * What a receiver has; see extent.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/spool/extent.h"
#include "common/spool/ranges.h"

static void
grow(struct extent *x, size_t n)
{
	if (n <= x->cap)
		return;
	x->cap = n * 2;
	x->run = mem_resize(x->run, x->cap, sizeof(x->run[0]));
}

void
extent_copy(struct extent *to, const struct extent *from)
{
	grow(to, from->n);
	to->have = from->have;
	to->n = from->n;
	if (from->n > 0)
		memcpy(to->run, from->run, from->n * sizeof(from->run[0]));
}

/* The index of the first run that ends at or after msgid, or n. */
static size_t
find(const struct extent *x, uint64_t msgid)
{
	return ranges_find(x->run, x->n, sizeof(x->run[0]), msgid);
}

bool
extent_has(const struct extent *x, uint64_t msgid)
{
	size_t i = find(x, msgid);

	return msgid <= x->have.msgid || (i < x->n && x->run[i].first <= msgid);
}

static void
take_out(struct extent *x, size_t i)
{
	x->n--;
	memmove(&x->run[i], &x->run[i + 1], (x->n - i) * sizeof(x->run[0]));
}

void
extent_pass_lost(struct extent *x, const struct ledger *l)
{
	for (;;) {
		uint64_t next = ledger_skip(l, x->have.msgid + 1);

		if (next > x->have.msgid) {
			const struct ledger_range *r = ledger_find(l, next);

			x->have.msgid = next;
			x->have.digest = r != NULL ? r->digest : 0;
		} else if (x->n > 0 && x->run[0].first <= x->have.msgid + 1) {
			if (x->run[0].last > x->have.msgid) {
				x->have.msgid = x->run[0].last;
				x->have.digest = x->run[0].last_digest;
			}
			take_out(x, 0);
		} else {
			return;
		}
	}
}

/* Prev is not compared over a lost range, nor where a digest is not known. */
static bool
prev_fits(uint64_t msgid, uint32_t prev, uint32_t digest,
    const struct ledger *l)
{
	const struct ledger_range *r =
	    msgid > 1 ? ledger_find(l, msgid - 1) : NULL;

	if (msgid == 1)
		return prev == 0;
	if (r != NULL && !ledger_is_poison(r->why))
		return true;
	return digest == 0 || prev == digest;
}

/* The digest of the message before msgid, 0: not known here. */
static uint32_t
digest_before(const struct extent *x, uint64_t msgid, const struct ledger *l)
{
	const struct ledger_range *r = ledger_find(l, msgid - 1);
	size_t i = find(x, msgid - 1);

	if (r != NULL)
		return r->digest;
	if (msgid - 1 == x->have.msgid)
		return x->have.digest;
	return i < x->n && x->run[i].last == msgid - 1 ? x->run[i].last_digest
						       : 0;
}

bool
extent_add(struct extent *x, struct extent_run r, const struct ledger *l)
{
	size_t i = find(x, r.first);
	bool joins;

	if (!prev_fits(r.first, r.first_prev, digest_before(x, r.first, l), l))
		return false;
	joins = i < x->n && x->run[i].first == r.last + 1;
	if (joins &&
	    !prev_fits(x->run[i].first, x->run[i].first_prev, r.last_digest, l))
		return false;
	if (i > 0 && x->run[i - 1].last + 1 == r.first) {
		x->run[--i].last = r.last;
		x->run[i].last_digest = r.last_digest;
	} else {
		grow(x, x->n + 1);
		memmove(&x->run[i + 1], &x->run[i],
		    (x->n - i) * sizeof(x->run[0]));
		x->run[i] = r;
		x->n++;
	}
	if (joins) {
		x->run[i].last = x->run[i + 1].last;
		x->run[i].last_digest = x->run[i + 1].last_digest;
		take_out(x, i + 1);
	}
	extent_pass_lost(x, l);
	return true;
}

void
extent_load(struct extent *x, struct extent_run r)
{
	struct extent_run *end = x->n > 0 ? &x->run[x->n - 1] : NULL;

	if (r.last <= x->have.msgid || (end != NULL && r.last <= end->last))
		return;
	if (r.first <= x->have.msgid + 1) {
		x->have.msgid = r.last;
		x->have.digest = r.last_digest;
	} else if (end != NULL && r.first <= end->last + 1) {
		end->last = r.last;
		end->last_digest = r.last_digest;
	} else {
		grow(x, x->n + 1);
		x->run[x->n++] = r;
	}
}

uint64_t
extent_held(const struct extent *x)
{
	uint64_t n = 0;

	for (size_t i = 0; i < x->n; i++)
		n += x->run[i].last - x->run[i].first + 1;
	return n;
}

void
extent_clear(struct extent *x)
{
	free(x->run);
	*x = (struct extent){ 0 };
}
