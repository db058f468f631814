/*
 * Forms and units; see columnar_form.h.
 */
#include "config.h"

#include "common/codec/columnar/columnar_form.h"

/* Of each factor: how often it counts, and what it tells, in halves of a bit. */
static const struct factor {
	uint8_t of, most, tells;
} factors[COLUMN_FACTORS] = { { 2, 15, 2 }, { 3, 3, 3 }, { 5, 6, 4 } };

enum {
	ALIKE_LEAST = 6,
	EVIDENCE = 48, /* what a factor tells, before it is believed */
};

/* Multiply by 10^by; false, and nothing done, where that does not fit. */
static bool
scale(uint64_t *n, unsigned by)
{
	uint64_t v = *n;

	for (; by > 0; by--)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v))
			return false;
	*n = v;
	return true;
}

/* The twos last: as many as fit. */
static uint32_t
unit_of(const struct column *k)
{
	uint32_t unit = 1;

	for (int i = COLUMN_FACTORS - 1; i >= 0; i--)
		for (unsigned n = k->common[i];
		     n > 0 && unit <= FORM_UNIT_MAX / factors[i].of; n--)
			unit *= factors[i].of;
	return unit;
}

static uint8_t
powers_of(uint64_t n, unsigned factor, uint8_t most)
{
	uint8_t powers = 0;

	for (; powers < most && n % factor == 0; powers++)
		n /= factor;
	return powers;
}

void
form_find_unit(struct column *k)
{
	bool is_signed = (k->flags & COLUMN_SIGNED) != 0;
	uint64_t n = is_signed && (int64_t)k->last < 0 ? 0 - k->last : k->last;
	bool any = false, sure = ++k->alike >= ALIKE_LEAST;
	int64_t unit;

	for (int i = 0; i < COLUMN_FACTORS; i++) {
		const struct factor *f = &factors[i];
		uint8_t most = k->alike == 1 ? f->most : k->common[i];

		most = powers_of(n, f->of, most);
		k->common[i] = most;
		any |= most > 0;
		sure &= most == 0 || most * f->tells * k->alike >= EVIDENCE;
	}
	if (any && !sure)
		return;
	k->alike = UINT8_MAX; /* be done with it */
	if (!any)
		return;
	unit = unit_of(k);
	k->unit = (uint32_t)unit & 0xffffff;
	k->last = is_signed ? (uint64_t)((int64_t)k->last / unit)
			    : k->last / (uint64_t)unit;
	k->base /= unit;
	k->scale /= (uint64_t)unit;
}

bool
form_number_of(const struct column *k, const struct value *x, uint64_t *number)
{
	bool trimmed = (k->flags & COLUMN_TRIMMED) != 0;
	uint64_t n = x->number;

	if (x->decimals != k->decimals &&
	    (!trimmed || x->decimals > k->decimals ||
		!scale(&n, (unsigned)(k->decimals - x->decimals))))
		return false;
	if (trimmed && x->decimals > 0 && x->number % 10 == 0)
		return false;
	if ((k->flags & COLUMN_SIGNED) != 0 ? n > INT64_MAX : x->negative)
		return false;
	if (k->unit != 0) {
		if (n % k->unit != 0)
			return false;
		n /= k->unit;
	}
	*number = x->negative ? 0 - n : n;
	return true;
}

struct form
form_of(const struct column *k, const struct value *x)
{
	struct form f = { x->decimals, k->flags & COLUMN_SIGNED };
	bool zeros = x->decimals > 0 && x->number % 10 == 0;
	uint64_t n = x->number;

	if (x->negative)
		f.flags = COLUMN_SIGNED;
	else if (n > INT64_MAX)
		f.flags = 0;
	if (!zeros && (k->changes > 0 || (k->flags & COLUMN_TRIMMED) != 0)) {
		unsigned more = k->decimals > x->decimals
		    ? (unsigned)(k->decimals - x->decimals)
		    : 0;

		if (scale(&n, more) &&
		    ((f.flags & COLUMN_SIGNED) == 0 || n <= INT64_MAX)) {
			f.flags |= COLUMN_TRIMMED;
			f.decimals = (uint8_t)(x->decimals + more);
		}
	}
	return f;
}

void
form_set(struct column *k, struct form f)
{
	const int64_t limit = INT64_C(1) << 40;
	int shift = f.decimals - k->decimals;

	if (k->unit != 0) {
		k->last *= k->unit;
		k->base = (k->base > limit           ? limit
				  : k->base < -limit ? -limit
						     : k->base) *
		    k->unit;
		k->scale = k->scale > UINT64_C(1) << 20 ? k->scale
							: k->scale * k->unit;
		k->unit = 0;
		k->flags |= COLUMN_ODD;
	}
	k->alike = (k->flags & COLUMN_ODD) != 0 ? UINT8_MAX : 0;
	for (; shift > 0; shift--) {
		k->last *= 10;
		k->base = k->base > INT64_MAX / 16 || k->base < INT64_MIN / 16
		    ? 0
		    : k->base * 10;
		k->scale =
		    k->scale > UINT64_C(1) << 48 ? k->scale : k->scale * 10;
	}
	for (; shift < 0; shift++) {
		k->last = (k->flags & COLUMN_SIGNED) != 0
		    ? (uint64_t)((int64_t)k->last / 10)
		    : k->last / 10;
		k->base /= 10;
		k->scale /= 10;
	}
	k->decimals = f.decimals;
	k->flags =
	    (uint8_t)((k->flags & (COLUMN_UNKNOWN | COLUMN_ODD)) | f.flags);
}
