/*
 * Forms and units; see columnar_form.h.
 */
#include "config.h"

#include "common/codec/columnar/columnar_form.h"

const uint64_t form_ten_to[FORM_TENS_MAX + 1] = { 1, 10, 100, 1000, 10000,
	100000, 1000000 };

bool
form_scale(uint64_t *n, unsigned by)
{
	uint64_t v = *n;

	for (; by > 0; by--)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v))
			return false;
	*n = v;
	return true;
}

/* Of whole numbers without a sign: in the column's units, if it is whole so. */
static bool
in_units(const struct column *k, uint64_t *number)
{
	uint64_t n = *number, ten = form_ten_to[k->tens];

	if ((n & ((UINT64_C(1) << k->twos) - 1)) != 0)
		return false;
	n >>= k->twos;
	*number = n / ten;
	return n % ten == 0;
}

void
form_set_units(struct column *k, unsigned twos, unsigned tens)
{
	int64_t unit = (int64_t)(form_ten_to[tens] << twos);

	k->last /= (uint64_t)unit;
	k->base /= unit;
	k->scale /= (uint64_t)unit;
	k->twos = (uint8_t)(k->twos + twos);
	k->tens = (uint8_t)(k->tens + tens);
}

bool
form_number_of(const struct column *k, const struct value *x, uint64_t *number)
{
	uint64_t n = x->number;

	if (x->decimals == k->decimals && !x->negative &&
	    (k->flags & (COLUMN_TRIMMED | COLUMN_SIGNED)) == 0)
		return in_units(k, number);
	if (x->decimals != k->decimals) {
		if ((k->flags & COLUMN_TRIMMED) == 0 ||
		    x->decimals > k->decimals ||
		    !form_scale(&n, (unsigned)(k->decimals - x->decimals)))
			return false;
	}
	if ((k->flags & COLUMN_TRIMMED) != 0 && x->decimals > 0 &&
	    x->number % 10 == 0)
		return false;
	if ((k->flags & COLUMN_SIGNED) != 0) {
		if (n > INT64_MAX)
			return false;
		*number = x->negative ? -n : n;
		return true;
	}
	*number = n;
	return !x->negative;
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

		if (form_scale(&n, more) &&
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

	if ((k->twos | k->tens) != 0) {
		uint64_t unit = form_ten_to[k->tens] << k->twos;

		k->last *= unit;
		k->base = (k->base > limit           ? limit
				  : k->base < -limit ? -limit
						     : k->base) *
		    (int64_t)unit;
		k->scale =
		    k->scale > UINT64_C(1) << 20 ? k->scale : k->scale * unit;
		k->twos = k->tens = 0;
		k->flags |= COLUMN_ODD;
	}
	k->alike = 0;
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
