/*
 * Values as text: reading and writing for columnar, whose inner loops these are.
 */
#ifndef COMMON_CODEC_COLUMNAR_COLUMNAR_NUMBER_H
#define COMMON_CODEC_COLUMNAR_COLUMNAR_NUMBER_H

#include <string.h>

#include "common/codec/columnar/columnar_form.h"

/* Eight digits at once; false: there are not so many. */
static inline bool
number_eight(const char *p, const char *end, uint64_t *n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const uint64_t zeros = UINT64_C(0x3030303030303030);
	uint64_t v;

	if (end - p < 8)
		return false;
	memcpy(&v, p, 8);
	if ((((v + UINT64_C(0x4646464646464646)) | (v - zeros)) &
		UINT64_C(0x8080808080808080)) != 0)
		return false;
	v -= zeros; /* digits, then pairs, then fours */
	v = v * 10 + (v >> 8);
	v = ((v & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
		((v >> 16) & UINT64_C(0x000000ff000000ff)) *
		    UINT64_C(0x0000271000000001)) >>
	    32;
	*n = v & UINT32_MAX;
	return true;
#else
	(void)p, (void)end, (void)n;
	return false;
#endif
}

/* Go on with n by the digits at p; where they end. */
static inline const char *
number_digits(const char *p, const char *end, uint64_t *n, bool *over)
{
	uint64_t v = *n;
	unsigned d;

	if (v == 0 && number_eight(p, end, &v))
		p += 8;
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

/* Eight digits that end at p. */
static inline void
number_put_eight(char *p, uint32_t n)
{
	uint32_t high = n / 10000, low = n % 10000;

	memcpy(p - 8, number_pairs + high / 100 * 2, 2);
	memcpy(p - 6, number_pairs + high % 100 * 2, 2);
	memcpy(p - 4, number_pairs + low / 100 * 2, 2);
	memcpy(p - 2, number_pairs + low % 100 * 2, 2);
}

/* The digits that end at end; where they begin. */
static inline char *
number_put_digits(char *end, uint64_t n)
{
	char *p = end;
	uint32_t rest;

	for (; n >= 100000000; n /= 100000000) {
		number_put_eight(p, (uint32_t)(n % 100000000));
		p -= 8;
	}
	for (rest = (uint32_t)n; rest >= 100; rest /= 100) {
		p -= 2;
		memcpy(p, number_pairs + rest % 100 * 2, 2);
	}
	if (rest >= 10) {
		p -= 2;
		memcpy(p, number_pairs + rest * 2, 2);
	} else {
		*--p = (char)('0' + rest);
	}
	return p;
}

/* At most LIMIT_VALUE bytes; how many. */
static inline size_t
number_write(char *out, const struct column *k)
{
	char digits[24], *p, *to = out;
	uint64_t n = k->last << k->twos;
	unsigned decimals = k->decimals;
	size_t have;

	if (n < 10 && (decimals | k->tens | k->flags) == 0) {
		*out = (char)('0' + n);
		return 1;
	}
	for (unsigned i = 0; i < k->tens; i++)
		n *= 10;
	if ((k->flags & COLUMN_SIGNED) != 0 && (int64_t)n < 0) {
		*to++ = '-';
		n = 0 - n;
	}
	if ((k->flags & COLUMN_TRIMMED) != 0)
		for (; decimals > 0 && n % 10 == 0; decimals--)
			n /= 10;
	p = number_put_digits(digits + sizeof(digits), n);
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
