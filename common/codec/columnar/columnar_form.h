/*
 * How a token's values are written, and the whole numbers that columns hold of
 * them: digits without the point, in the unit of which all are multiples.
 */
#ifndef COMMON_CODEC_COLUMNAR_COLUMNAR_FORM_H
#define COMMON_CODEC_COLUMNAR_COLUMNAR_FORM_H

#include "common/codec/columnar/columnar_columns.h"

/* One line of a body. */
struct value {
	uint64_t number;  /* without the point */
	const char *text; /* as it stands there; a new token before it */
	uint32_t token;   /* number in struct columns, or TOKEN_NONE: new */
	uint8_t text_n;
	uint8_t name_n; /* of a new one; else 0 */
	uint8_t decimals;
	bool negative:1;
	bool unknown:1; /* U */
	bool odd:1;     /* not as a number would be written, or too large */
	bool breaks:1;  /* the end of a run: see struct values */
};

enum {
	FORM_TENS_MAX = 6,
	FORM_TWOS_MAX = 15,
	FORM_DECIMALS_MAX = 18,
	FORM_EVIDENCE = 24, /* bits that were zero, before a unit is believed */
};

extern const uint64_t form_ten_to[FORM_TENS_MAX + 1];

struct form {
	uint8_t decimals, flags; /* of enum column_flags: SIGNED, TRIMMED */
};

/* A form that the value, which is not odd, has; the column's as far as that
 * goes. */
struct form form_of(const struct column *k, const struct value *x);
/* What was learnt is brought into it. */
void form_set(struct column *k, struct form f);
/* The column counts in 2^twos 10^tens from here on. */
void form_set_units(struct column *k, unsigned twos, unsigned tens);
/* Multiply by 10^by; false, and nothing done, where that does not fit. */
bool form_scale(uint64_t *n, unsigned by);
/* in_form() where it is not the simplest. */
bool form_number_of(const struct column *k, const struct value *x,
    uint64_t *number);

/* The number of a value in the column's form and units; false: it has others. */
static inline bool
form_number(const struct column *k, const struct value *x, uint64_t *number)
{
	*number = x->number;
	if (x->decimals == k->decimals && !x->negative &&
	    ((k->flags & (COLUMN_TRIMMED | COLUMN_SIGNED)) | k->twos |
		k->tens) == 0)
		return true;
	return form_number_of(k, x, number);
}

/* A number came: were all since then of a unit, it is believed. */
static inline void
form_learn_units(struct column *k)
{
	uint64_t n = k->last;
	unsigned twos, tens = 0;

	if (k->alike == UINT8_MAX || n == 0 ||
	    ((k->flags & (COLUMN_SIGNED | COLUMN_TRIMMED | COLUMN_ODD)) |
		k->decimals) != 0)
		return;
	if (k->alike == 0)
		k->common_twos = k->common_tens = UINT8_MAX;
	k->alike++;
	twos = (unsigned)__builtin_ctzll(n);
	if (twos < k->common_twos)
		k->common_twos = (uint8_t)twos;
	while (tens < k->common_tens && tens < FORM_TENS_MAX && n % 10 == 0) {
		n /= 10;
		tens++;
	}
	k->common_tens = (uint8_t)tens;
	if (k->common_twos < 2 && tens == 0)
		k->alike = UINT8_MAX; /* most are of none: be done with it */
	if (k->alike < 6 || k->alike == UINT8_MAX)
		return;
	if (k->alike * 3 * tens >= FORM_EVIDENCE && tens > 0)
		form_set_units(k, 0, tens);
	else if (k->alike * k->common_twos >= FORM_EVIDENCE &&
	    k->common_twos > 1)
		form_set_units(k,
		    k->common_twos < FORM_TWOS_MAX ? k->common_twos
						   : FORM_TWOS_MAX,
		    0);
	else
		return;
	k->alike = UINT8_MAX;
}

#endif
