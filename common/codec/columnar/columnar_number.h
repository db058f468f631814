/*
 * Values as text: reading and writing for columnar, whose inner loops these are.
 */
#ifndef COMMON_CODEC_COLUMNAR_COLUMNAR_NUMBER_H
#define COMMON_CODEC_COLUMNAR_COLUMNAR_NUMBER_H

#include <string.h>

#include "common/codec/columnar/columnar_form.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Eight bytes at p, and how many of them are digits before the first other. */
static inline uint64_t
number_bytes(const char *p, unsigned *digits)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t v, other;

	memcpy(&v, p, sizeof(v));
	v ^= each * '0';
	/* of a digit 0 .. 9 is left; a carry goes up, beyond the first other */
	other = (v | (v + each * 0x76)) & each * 0x80;
	*digits = other == 0 ? 8 : (unsigned)__builtin_ctzll(other) / 8;
	return v;
}

/* The number of so many of them, 1 at least. */
static inline uint64_t
number_of_bytes(uint64_t v, unsigned digits)
{
	v <<= 64 - 8 * digits; /* zeros before it; then pairs, fours, all */
	v = v * 10 + (v >> 8);
	v = ((v & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
		((v >> 16) & UINT64_C(0x000000ff000000ff)) *
		    UINT64_C(0x0000271000000001)) >>
	    32;
	return v & UINT32_MAX;
}

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
	v = number_bytes(in.p + at, &n);
	if (n == 0 || (n > 1 && (v & 0xff) == 0))
		return 0;
	v = number_of_bytes(v, n);
	if (n == 8) {
		uint64_t rest = number_bytes(in.p + at + 8, &more);

		if (more == 8)
			return 0;
		if (more > 0)
			v = v * ten_to[more] + number_of_bytes(rest, more);
		n += more;
	}
	at += n;
	x->decimals = 0;
	if (in.p[at] == '.') {
		uint64_t rest = number_bytes(in.p + at + 1, &more);

		if (more == 0 || more == 8 || n > 12)
			return 0;
		v = v * ten_to[more] + number_of_bytes(rest, more);
		x->decimals = (uint8_t)more;
		at += 1 + more;
	}
	x->number = v;
	return in.p[at] == '\n' && (v != 0 || !x->negative) ? at : 0;
}
#else
static inline unsigned
number_read_short(struct slice in, struct value *x)
{
	(void)in, (void)x;
	return 0;
}
#endif

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

/* Eight digits, the first lowest: fours, then pairs, then each, side by side. */
static inline void
number_put_eight(char *p, uint32_t n)
{
	uint64_t v = n / 10000 | (uint64_t)(n % 10000) << 32, tens;

	tens = (v * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
	v = tens | (v - tens * 100) << 16;
	tens = (v * 103 >> 10) & UINT64_C(0x000f000f000f000f);
	v = tens | (v - tens * 10) << 8;
	v |= UINT64_C(0x3030303030303030);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	memcpy(p, &v, sizeof(v));
}

enum {
	NUMBER_DIGITS = 24, /* room for all digits, zeros before them */
};

/* How many digits n has. */
static inline unsigned
number_size(uint64_t n)
{
	static const uint64_t ten_to[] = { 0, 10, 100, 1000, 10000, 100000,
		1000000, 10000000, 100000000, 1000000000, 10000000000,
		100000000000, 1000000000000, 10000000000000, 100000000000000,
		1000000000000000, 10000000000000000, 100000000000000000,
		1000000000000000000, UINT64_C(10000000000000000000) };
	/* 1233 / 4096: the logarithm of 2 */
	unsigned bits = 64 - (unsigned)__builtin_clzll(n | 1);
	unsigned low = bits * 1233 >> 12;

	return low + (n >= ten_to[low]);
}

/* All digits at the end of the room, zeros before them. */
static inline void
number_put_digits(char room[NUMBER_DIGITS], uint64_t n)
{
	uint64_t high = n / 100000000;

	number_put_eight(room + 16, (uint32_t)(n % 100000000));
	if (high == 0) {
		memset(room, '0', 16);
		return;
	}
	number_put_eight(room + 8, (uint32_t)(high % 100000000));
	number_put_eight(room, (uint32_t)(high / 100000000));
}

/* At most LIMIT_VALUE bytes, and room for NUMBER_DIGITS behind them; how many. */
static inline size_t
number_write(char *out, const struct column *k)
{
	char room[2 * NUMBER_DIGITS], *p, *to = out;
	uint64_t n = k->last;
	unsigned decimals = k->decimals, flags = k->flags;
	size_t have;

	if (n < 10 && (decimals | k->unit) == 0 &&
	    (flags & (COLUMN_SIGNED | COLUMN_TRIMMED)) == 0) {
		*out = (char)('0' + n);
		return 1;
	}
	if (k->unit != 0)
		n *= k->unit;
	if ((flags & COLUMN_SIGNED) != 0 && (int64_t)n < 0) {
		*to++ = '-';
		n = 0 - n;
	}
	if ((flags & COLUMN_TRIMMED) != 0)
		for (; decimals > 0 && n % 10 == 0; decimals--)
			n /= 10;
	number_put_digits(room, n);
	have = number_size(n);
	if (have < decimals + 1)
		have = decimals + 1; /* 0.05 */
	p = room + NUMBER_DIGITS - have;
	memcpy(to, p, NUMBER_DIGITS); /* more than needed, and so at once */
	to += have - decimals;
	if (decimals > 0) {
		*to++ = '.';
		memcpy(to, room + NUMBER_DIGITS - decimals, NUMBER_DIGITS);
		to += decimals;
	}
	return (size_t)(to - out);
}

#endif
