/*
 * Values as text: reading and writing for columnar, whose inner loops these are.
 */
#ifndef COMMON_CODEC_COLUMNAR_COLUMNAR_NUMBER_H
#define COMMON_CODEC_COLUMNAR_COLUMNAR_NUMBER_H

#include <endian.h>
#include <string.h>

#include "common/base/digits.h"
#include "common/codec/columnar/columnar_form.h"

/* What most lines are: up to 15 digits and 7 decimals, without a zero too many.
 * Of the line only its number is set, its sign and decimals; how many letters it
 * has; 0: it is something else, or too near to the end. */
static inline unsigned
number_read_short(struct slice in, struct value *x)
{
	static const uint32_t ten_to[] = { 1, 10, 100, 1000, 10000, 100000,
		1000000, 10000000 };
	unsigned n, more, at;
	uint64_t v;

	if (in.n < 32)
		return 0;
	x->negative = in.p[0] == '-';
	at = x->negative;
	v = digits_load(in.p + at);
	n = digits_count(v);
	if (n == 0 || (n > 1 && (v & 0xff) == 0))
		return 0;
	v = digits_number(v, n);
	if (n == 8) {
		uint64_t rest = digits_load(in.p + at + 8);

		more = digits_count(rest);
		if (more == 8)
			return 0;
		if (more > 0)
			v = v * ten_to[more] + digits_number(rest, more);
		n += more;
	}
	at += n;
	x->decimals = 0;
	if (in.p[at] == '.') {
		uint64_t rest = digits_load(in.p + at + 1);

		more = digits_count(rest);
		if (more == 0 || more == 8 || n > 12)
			return 0;
		v = v * ten_to[more] + digits_number(rest, more);
		x->decimals = (uint8_t)more;
		at += 1 + more;
	}
	x->number = v;
	return in.p[at] == '\n' && (v != 0 || !x->negative) ? at : 0;
}

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
	unsigned text_n = number_read_short(*in, x);
	bool over = false;

	x->text = in->p;
	x->unknown = x->odd = false;
	if (text_n > 0) {
		x->text_n = (uint8_t)text_n;
		in->p += text_n + 1;
		in->n -= text_n + 1;
		return true;
	}
	x->negative = false;
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
	x->text_n = (uint8_t)(p - in->p);
	in->n -= (size_t)(p + 1 - in->p);
	in->p = p + 1;
	return true;
}

/* At most eight digits of n, which has no more, with zeros before them; where
 * they end.  Eight bytes are written. */
static inline char *
number_put_short(char *p, uint32_t n, unsigned digits)
{
	uint64_t v = n / 10000 | (uint64_t)(n % 10000) << 32, tens;

	/* the first lowest: fours, then pairs, then each, side by side */
	tens = (v * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
	v = tens | (v - tens * 100) << 16;
	tens = (v * 103 >> 10) & UINT64_C(0x000f000f000f000f);
	v = tens | (v - tens * 10) << 8;
	v |= UINT64_C(0x3030303030303030);
	v = htole64(v >> (64 - 8 * digits));
	memcpy(p, &v, sizeof(v));
	return p + digits;
}

/* The same with any number of digits. */
static inline char *
number_put(char *p, uint64_t n, unsigned digits)
{
	if (digits > 8) {
		uint64_t high = n / 100000000;

		n -= high * 100000000;
		if (digits > 16) {
			p = number_put_short(p, (uint32_t)(high / 100000000),
			    digits - 16);
			high %= 100000000;
			digits = 16;
		}
		p = number_put_short(p, (uint32_t)high, digits - 8);
		digits = 8;
	}
	return number_put_short(p, (uint32_t)n, digits);
}

enum {
	NUMBER_SPARE = 8, /* bytes behind a number that may be written */
};

/* 10^i; at 0 what no number is below. */
static const uint64_t number_ten_to[] = { 0, 10, 100, 1000, 10000, 100000,
	1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
	1000000000000, 10000000000000, 100000000000000, 1000000000000000,
	10000000000000000, 100000000000000000, 1000000000000000000,
	UINT64_C(10000000000000000000) };

/* How many digits n has. */
static inline unsigned
number_size(uint64_t n)
{
	/* 1233 / 4096: the logarithm of 2 */
	unsigned bits = 64 - (unsigned)__builtin_clzll(n | 1);
	unsigned low = bits * 1233 >> 12;

	return low + (n >= number_ten_to[low]);
}

/* At most LIMIT_VALUE bytes, and room for NUMBER_SPARE behind them; where they
 * end. */
static inline char *
number_write(char *p, const struct column *k)
{
	uint64_t n = k->last, whole;
	unsigned decimals = k->decimals, flags = k->flags;

	if (k->unit != 0)
		n *= k->unit;
	if ((flags & COLUMN_SIGNED) != 0 && (int64_t)n < 0) {
		*p++ = '-';
		n = 0 - n;
	}
	if ((flags & COLUMN_TRIMMED) != 0)
		for (; decimals > 0 && n % 10 == 0; decimals--)
			n /= 10;
	if (decimals == 0)
		return number_put(p, n, number_size(n));
	whole = n / number_ten_to[decimals];
	p = number_put(p, whole, number_size(whole));
	*p++ = '.';
	return number_put(p, n - whole * number_ten_to[decimals], decimals);
}

#endif
