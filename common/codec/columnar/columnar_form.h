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
	FORM_DECIMALS_MAX = 18,
	FORM_UNIT_MAX = 1 << 22,
};

struct form {
	uint8_t decimals, flags; /* of enum column_flags: SIGNED, TRIMMED */
};

/* A form that the value, which is not odd, has; the column's as far as that
 * goes. */
struct form form_of(const struct column *k, const struct value *x);
/* What was learnt is brought into it. */
void form_set(struct column *k, struct form f);
/* A number came, in last: if for long all had factors, they are the unit. */
void form_find_unit(struct column *k);
/* form_number() where it is not the simplest. */
bool form_number_of(const struct column *k, const struct value *x,
    uint64_t *number);

/* The number of a value in the column's form and units; false: it has others. */
static inline bool
form_number(const struct column *k, const struct value *x, uint64_t *number)
{
	*number = x->number;
	if (x->decimals == k->decimals && !x->negative &&
	    ((k->flags & (COLUMN_TRIMMED | COLUMN_SIGNED)) | k->unit) == 0)
		return true;
	return form_number_of(k, x, number);
}

/* A number came: most have no factor in common soon. */
static inline void
form_learn_unit(struct column *k)
{
	if (k->alike != UINT8_MAX && k->last != 0)
		form_find_unit(k);
}

#endif
