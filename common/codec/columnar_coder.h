/*
 * columnar's entropy coder: a binary range coder, bits whose chances adapt, and
 * a mixer of several opinions on one bit.  Whole numbers alone, so that both
 * ends compute the same on every machine.
 *
 * Encoding, decoding and learning are one code: each function has the bit that
 * is known (encoding, learning) and gives the bit that is (decoding).  `mode` is
 * a constant wherever it counts, and the compiler makes three of each.
 */
#ifndef COMMON_CODEC_COLUMNAR_CODER_H
#define COMMON_CODEC_COLUMNAR_CODER_H

#include <stdint.h>

#include "common/base/buf.h"

#define CODER_INLINE static inline __attribute__((always_inline))

enum coder_mode {
	CODER_LEARN,
	CODER_ENCODE,
	CODER_DECODE,
};

enum {
	CODER_ONE = 1 << 16,           /* chances are parts of this */
	CODER_ODDS_MAX = 12 * 256 - 1, /* logarithms of odds are in 1/256 */
	CODER_ODDS_STEP = 64, /* of the table of which others are made */
	CODER_RAW_MAX = 20,   /* bits at once */
	CODER_AHEAD = 8,      /* bytes read before they are needed */
};

/* The range is 2^32 at least before each bit.  What is encoded grows in out, for
 * a carry changes what was put there; what is decoded ends in endless zeros. */
struct coder {
	uint64_t range;
	uint64_t low;  /* encoding */
	uint64_t code; /* decoding: above low */
	const uint8_t *begin, *p, *end;
	unsigned past; /* decoding: zeros taken behind the end */
	struct buf *out;
};

void coder_begin_encode(struct coder *c, struct buf *out);
void coder_begin_decode(struct coder *c, struct slice in);
void coder_end_encode(struct coder *c); /* the fewest bytes that will do */
/* The bytes are those that the encoder would have put, and no more. */
bool coder_ended_well(const struct coder *c);
void coder_carry(struct coder *c);
void coder_put_word(struct coder *c);
void coder_take_word(struct coder *c);

/* A bit that is 1 with chance p of CODER_ONE, 0 < p < CODER_ONE. */
CODER_INLINE unsigned
coder_bit(struct coder *c, enum coder_mode mode, unsigned bit, uint32_t p)
{
	uint64_t part;

	if (mode == CODER_LEARN)
		return bit;
	part = (c->range >> 16) * p;
	if (mode == CODER_DECODE)
		bit = c->code < part;
	if (bit != 0) {
		c->range = part;
	} else {
		c->range -= part;
		if (mode == CODER_DECODE) {
			c->code -= part;
		} else {
			c->low += part;
			if (c->low < part)
				coder_carry(c);
		}
	}
	if (c->range >> 32 == 0) {
		if (mode == CODER_DECODE)
			coder_take_word(c);
		else
			coder_put_word(c);
	}
	return bit;
}

/* Bits of which nothing is known, at most CODER_RAW_MAX. */
CODER_INLINE uint64_t
coder_raw_part(struct coder *c, enum coder_mode mode, uint64_t v, unsigned bits)
{
	if (mode == CODER_LEARN)
		return v;
	c->range >>= bits;
	if (mode == CODER_DECODE) {
		v = c->code / c->range;
		if (v >> bits != 0) /* the rest that the shift left */
			v = (UINT64_C(1) << bits) - 1;
		c->code -= v * c->range;
	} else {
		uint64_t add = v * c->range;

		c->low += add;
		if (c->low < add)
			coder_carry(c);
	}
	if (c->range >> 32 == 0) {
		if (mode == CODER_DECODE)
			coder_take_word(c);
		else
			coder_put_word(c);
	}
	return v;
}

CODER_INLINE uint64_t
coder_raw(struct coder *c, enum coder_mode mode, uint64_t v, unsigned bits)
{
	uint64_t all = 0;

	if (mode == CODER_LEARN)
		return v;
	while (bits > CODER_RAW_MAX) {
		bits -= CODER_RAW_MAX;
		all = all << CODER_RAW_MAX |
		    coder_raw_part(c, mode,
			v >> bits & ((1 << CODER_RAW_MAX) - 1), CODER_RAW_MAX);
	}
	if (bits == 0)
		return all;
	return all << bits |
	    coder_raw_part(c, mode, v & ((UINT64_C(1) << bits) - 1), bits);
}

/* The chance of a 1 in 22 bits, the highest inverted so that 0 is one half, and
 * how often it was seen in 10, up to a limit: the more, the slower it moves. */
typedef uint32_t coder_slot;

enum {
	CODER_LIMIT_MAX = 255,
};

extern const uint16_t coder_pace[CODER_LIMIT_MAX + 1];

CODER_INLINE uint32_t
slot_p22(coder_slot s)
{
	return s >> 10 ^ 1U << 21;
}

CODER_INLINE void
slot_learn(coder_slot *s, unsigned bit, unsigned limit)
{
	uint32_t n = *s & 1023, p = slot_p22(*s);
	int64_t miss = (int64_t)(bit << 22) - (int64_t)p - (int64_t)bit;

	p = (uint32_t)((int64_t)p + (miss * coder_pace[n] >> 16));
	*s = (p ^ 1U << 21) << 10 | (n < limit ? n + 1 : n);
}

CODER_INLINE uint32_t
coder_clamp(uint32_t p16)
{
	return p16 < 24 ? 24 : p16 > CODER_ONE - 24 ? CODER_ONE - 24 : p16;
}

/* One bit by one slot. */
CODER_INLINE unsigned
coder_slot_bit(struct coder *c, enum coder_mode mode, unsigned bit,
    coder_slot *s, unsigned limit)
{
	bit = coder_bit(c, mode, bit, coder_clamp(slot_p22(*s) >> 6));
	slot_learn(s, bit, limit);
	return bit;
}

/* One bit by two slots of equal weight. */
CODER_INLINE unsigned
coder_pair_bit(struct coder *c, enum coder_mode mode, unsigned bit,
    coder_slot *a, coder_slot *b, unsigned limit)
{
	uint32_t p = (slot_p22(*a) + slot_p22(*b)) >> 7;

	bit = coder_bit(c, mode, bit, coder_clamp(p));
	slot_learn(a, bit, limit);
	slot_learn(b, bit, limit);
	return bit;
}

/* Bits, then what they say: for numbers of which little is known. */
CODER_INLINE uint64_t
coder_number(struct coder *c, enum coder_mode mode, uint64_t z,
    coder_slot slot[128])
{
	unsigned size = 0, node = 1;

	if (mode != CODER_DECODE && z != 0)
		size = 64 - (unsigned)__builtin_clzll(z);
	for (int i = 6; i >= 0; i--)
		node = node << 1 |
		    coder_slot_bit(c, mode, size >> i & 1, &slot[node], 120);
	size = node - 128;
	if (size > 64)
		size = 64;
	if (size <= 1)
		return size;
	return UINT64_C(1) << (size - 1) |
	    coder_raw(c, mode, z & ((UINT64_C(1) << (size - 1)) - 1), size - 1);
}

/* Signed numbers as others, small ones small. */
CODER_INLINE uint64_t
coder_fold(int64_t d)
{
	return (uint64_t)d << 1 ^ (uint64_t)(d >> 63);
}

CODER_INLINE int64_t
coder_unfold(uint64_t z)
{
	return (int64_t)(z >> 1 ^ (0 - (z & 1)));
}

/* What the mixer looks up: made once for a state. */
struct coder_tables {
	uint16_t squash[2 * CODER_ODDS_MAX + 2]; /* odds to a chance */
	int16_t stretch[4096];                   /* and back, of 12 bits */
};
void coder_tables_init(struct coder_tables *t);

enum {
	MIXER_MAX = 6,
	MIXER_ONE = 1 << 16,
};

struct mixer {
	int32_t weight[MIXER_MAX];
};

/* One bit by n slots, their odds weighed and added; weights learn. */
CODER_INLINE unsigned
coder_mixed_bit(struct coder *c, enum coder_mode mode, unsigned bit,
    const struct coder_tables *t, struct mixer *m, coder_slot *const slot[],
    unsigned n, unsigned limit, int pace)
{
	int32_t odds[MIXER_MAX], miss;
	int64_t sum = 0;
	uint32_t p;

	for (unsigned i = 0; i < n; i++) {
		odds[i] = t->stretch[slot_p22(*slot[i]) >> 10];
		sum += (int64_t)odds[i] * m->weight[i];
	}
	sum >>= 16;
	if (sum > CODER_ODDS_MAX)
		sum = CODER_ODDS_MAX;
	if (sum < -CODER_ODDS_MAX)
		sum = -CODER_ODDS_MAX;
	p = t->squash[sum + CODER_ODDS_MAX];
	bit = coder_bit(c, mode, bit, p);
	miss = (int32_t)(bit << 16) - (int32_t)p;
	for (unsigned i = 0; i < n; i++) {
		m->weight[i] +=
		    (int32_t)(((int64_t)odds[i] * miss * pace + 8192) >> 14);
		slot_learn(slot[i], bit, limit);
	}
	return bit;
}

#endif
