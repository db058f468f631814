/*
 * Values as text: reading and writing for columnar, whose inner loops these are.
 */
#ifndef COMMON_CODEC_COLUMNAR_NUMBER_H
#define COMMON_CODEC_COLUMNAR_NUMBER_H

#include <string.h>

#include "common/codec/columnar_form.h"

/* Go on with n by the digits at p; where they end. */
static inline const char *
number_digits(const char *p, const char *end, uint64_t *n, bool *over)
{
	uint64_t v = *n;
	unsigned d;

	while (p < end && (d = (unsigned)(uint8_t)*p - '0') <= 9) {
		if (v >= UINT64_MAX / 10 - 1)
			*over |= __builtin_mul_overflow(v, UINT64_C(10), &v) ||
			    __builtin_add_overflow(v, (uint64_t)d, &v);
		else
			v = v * 10 + d;
		p++;
	}
	*n = v;
	return p;
}

/* Cut a line that is a value; false: it is none. */
static inline bool
number_read(struct slice *in, struct value *x)
{
	const char *p = in->p, *end = in->p + in->n, *digits, *point = NULL;
	uint64_t n = 0;
	bool over = false;

	x->unknown = x->odd = x->negative = false;
	x->decimals = 0;
	if (p < end && *p == 'U') {
		x->unknown = true;
		p++;
	} else {
		if (p < end && *p == '-') {
			x->negative = true;
			p++;
		}
		digits = p;
		p = number_digits(p, end, &n, &over);
		if (p < end && *p == '.' && p > digits) {
			point = p;
			p = number_digits(p + 1, end, &n, &over);
		}
		if (p == digits || (point != NULL && p == point + 1) ||
		    p - in->p > LIMIT_VALUE)
			return false;
		if (point != NULL)
			x->decimals = (uint8_t)(p - point - 1);
		x->odd = over || x->decimals > 18 ||
		    (*digits == '0' && p - digits > 1 && digits[1] != '.') ||
		    (x->negative && (n == 0 || n > INT64_MAX));
		x->number = n;
	}
	if (p == end || *p != '\n')
		return false;
	x->text = (struct slice){ in->p, (size_t)(p - in->p) };
	in->n -= (size_t)(p + 1 - in->p);
	in->p = p + 1;
	return true;
}

static const char number_pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536"
    "37383940414243444546474849505152535455565758596061626364656667686970717273"
    "7475767778798081828384858687888990919293949596979899";

/* At most LIMIT_VALUE bytes; how many. */
static inline size_t
number_write(char *out, const struct column *k)
{
	char digits[24], *p = digits + sizeof(digits), *to = out;
	uint64_t n = k->last << k->twos;
	unsigned decimals = k->decimals;
	size_t have;

	for (unsigned i = 0; i < k->tens; i++)
		n *= 10;
	if ((k->flags & COLUMN_SIGNED) != 0 && (int64_t)n < 0) {
		*to++ = '-';
		n = 0 - n;
	}
	if ((k->flags & COLUMN_TRIMMED) != 0)
		for (; decimals > 0 && n % 10 == 0; decimals--)
			n /= 10;
	for (; n >= 100; n /= 100) {
		p -= 2;
		memcpy(p, number_pairs + n % 100 * 2, 2);
	}
	if (n >= 10) {
		p -= 2;
		memcpy(p, number_pairs + n * 2, 2);
	} else {
		*--p = (char)('0' + n);
	}
	have = (size_t)(digits + sizeof(digits) - p);
	while (have < decimals + 1) { /* 0.05 */
		*--p = '0';
		have++;
	}
	memcpy(to, p, have - decimals);
	to += have - decimals;
	if (decimals > 0) {
		*to++ = '.';
		memcpy(to, p + have - decimals, decimals);
		to += decimals;
	}
	return (size_t)(to - out);
}

#endif
