/*
 * Decimal digits, eight at a time and without a branch, for the loops over all
 * values.
 */
#ifndef COMMON_BASE_DIGITS_H
#define COMMON_BASE_DIGITS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* The eight bytes at p, the first lowest: 0 to 9 where they are digits. */
static inline uint64_t
digits_load(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v) ^ UINT64_C(0x3030303030303030);
}

/* How many are digits before the first other byte. */
static inline unsigned
digits_count(uint64_t v)
{
	/* a carry goes up, beyond the first other */
	uint64_t other = (v | (v + UINT64_C(0x7676767676767676))) &
	    UINT64_C(0x8080808080808080);

	return other == 0 ? 8 : (unsigned)__builtin_ctzll(other) / 8;
}

/* The number that the first n are, of 1 to 8. */
static inline uint32_t
digits_number(uint64_t v, unsigned n)
{
	v <<= 64 - 8 * n; /* zeros before it; then pairs, fours, all */
	v = v * 10 + (v >> 8);
	v = ((v & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
		((v >> 16) & UINT64_C(0x000000ff000000ff)) *
		    UINT64_C(0x0000271000000001)) >>
	    32;
	return (uint32_t)v;
}

#endif
