/*
 * CRC-32; see crc.h.
 *
 * Where bits are the coefficients of a polynomial, the sum of a text is its
 * remainder by that of CRC-32, and a block may be put in the place of one that
 * comes D bits before another when it is multiplied by x^D first: so four blocks
 * at a time are folded into the next four, at last all into one of 16 bytes that
 * has the sum of them all.  (V. Gopal and others, Fast CRC Computation for Generic
 * Polynomials Using PCLMULQDQ Instruction, Intel 2009.)
 */
#include "config.h"

#include <zlib.h>

#include "common/base/crc.h"

static uint32_t
add_slowly(uint32_t crc, const void *p, size_t n)
{
	return (uint32_t)crc32_z(crc, p, n);
}

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

enum {
	BLOCK = 16,
	LANES = 4,
	WORTH_IT = 256, /* bytes */
};

/* x^(D + 32) and x^(D - 32), each remainder shifted and reversed as the sum has
 * its bits, for blocks that are D bits apart. */
#define FOLD_512 _mm_set_epi64x(0x01c6e41596, 0x0154442bd4)
#define FOLD_128 _mm_set_epi64x(0x00ccaa009e, 0x01751997d0)

#define WITH_CLMUL __attribute__((target("pclmul,sse2")))

WITH_CLMUL static inline __m128i
block(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

WITH_CLMUL static inline __m128i
fold(__m128i v, __m128i by, __m128i into)
{
	__m128i low = _mm_clmulepi64_si128(v, by, 0x00);
	__m128i high = _mm_clmulepi64_si128(v, by, 0x11);

	return _mm_xor_si128(_mm_xor_si128(low, high), into);
}

WITH_CLMUL static uint32_t
add_fast(uint32_t crc, const char *p, size_t n)
{
	__m128i v[LANES], all;
	char rest[BLOCK];

	for (int i = 0; i < LANES; i++)
		v[i] = block(p + i * BLOCK);
	v[0] = _mm_xor_si128(v[0], _mm_cvtsi32_si128((int)~crc));
	for (p += LANES * BLOCK, n -= LANES * BLOCK; n >= LANES * BLOCK;
	     p += LANES * BLOCK, n -= LANES * BLOCK) {
		v[0] = fold(v[0], FOLD_512, block(p));
		v[1] = fold(v[1], FOLD_512, block(p + BLOCK));
		v[2] = fold(v[2], FOLD_512, block(p + 2 * BLOCK));
		v[3] = fold(v[3], FOLD_512, block(p + 3 * BLOCK));
	}
	all = v[0];
	for (int i = 1; i < LANES; i++)
		all = fold(all, FOLD_128, v[i]);
	for (; n >= BLOCK; p += BLOCK, n -= BLOCK)
		all = fold(all, FOLD_128, block(p));
	_mm_storeu_si128((__m128i *)(void *)rest, all);
	/* what was summed before is in it: from a register of 0, not of ones */
	return add_slowly(add_slowly(UINT32_MAX, rest, sizeof(rest)), p, n);
}

uint32_t
crc_add(uint32_t crc, struct slice s)
{
	if (s.n >= WORTH_IT && __builtin_cpu_supports("pclmul"))
		return add_fast(crc, s.p, s.n);
	return add_slowly(crc, s.p, s.n);
}

#else

uint32_t
crc_add(uint32_t crc, struct slice s)
{
	return add_slowly(crc, s.p, s.n);
}

#endif
