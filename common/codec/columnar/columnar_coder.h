/*
 * columnar's entropy coder: a binary range coder, bits whose chances adapt, and
 * a mixer of several opinions on one bit.  Whole numbers alone, so that both
 * ends compute the same on every machine.
 *
 * Encoding, decoding and learning are one code: each function has the bit that
 * is known (encoding, learning) and gives the bit that is (decoding).  `mode` is
 * a constant wherever it counts, and the compiler makes three of each.
 */
#ifndef COMMON_CODEC_COLUMNAR_COLUMNAR_CODER_H
#define COMMON_CODEC_COLUMNAR_COLUMNAR_CODER_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "common/base/buf.h"

#define CODER_INLINE static inline __attribute__((always_inline))
/* Before a short loop of an inner one, which gcc would not unroll at -O2. */
#ifdef __clang__
#define CODER_UNROLL
#else
#define CODER_UNROLL _Pragma("GCC unroll 8")
#endif

enum coder_mode {
	CODER_LEARN,
	CODER_ENCODE,
	CODER_DECODE,
};

enum {
	CODER_ONE = 1 << 16,           /* chances are parts of this */
	CODER_ODDS_MAX = 12 * 256 - 1, /* logarithms of odds are in 1/256 */
	CODER_ODDS_STEP = 64, /* of the table of which others are made */
	CODER_RAW_MAX = 32,   /* bits at once */
	CODER_AHEAD = 8,      /* bytes read before they are needed */
};

/* The range is 2^32 at least before each bit.  What is encoded grows in out, for
 * a carry changes what was put there.  Bits of which nothing is known go past the
 * range: their bytes stand at the end of all, the first one last. */
struct coder {
	uint64_t range;
	uint64_t low;  /* encoding */
	uint64_t code; /* decoding: above low */
	const uint8_t *begin, *p, *end;
	unsigned past;   /* decoding: zeros taken behind the end */
	unsigned bits_n; /* encoding: in bits, less than a byte */
	uint64_t bits;
	uint64_t bits_at; /* decoding: how many were taken */
	bool wrong;       /* decoding: what no encoder puts */
	struct buf *out;
	struct buf raw; /* encoding: bytes of raw bits */
};

void coder_begin_encode(struct coder *c, struct buf *out);
void coder_begin_decode(struct coder *c, struct slice in);
void coder_end_encode(struct coder *c); /* the fewest bytes that will do */
/* More was taken than there is. */
bool coder_is_cut_off(const struct coder *c);
/* The bytes are those that the encoder would have put, and no more. */
bool coder_ended_well(const struct coder *c);
void coder_carry(struct coder *c);
void coder_take_last(struct coder *c);
uint64_t coder_last_bits(const struct coder *c);

CODER_INLINE void
coder_put_word(struct coder *c)
{
	struct buf *b = c->out;
	uint32_t v = htobe32((uint32_t)(c->low >> 32));
	char *p =
	    b->cap - b->n <= sizeof(v) ? buf_room(b, sizeof(v)) : b->p + b->n;

	memcpy(p, &v, sizeof(v));
	b->n += sizeof(v);
	c->low <<= 32;
	c->range <<= 32;
}

CODER_INLINE void
coder_take_word(struct coder *c)
{
	uint32_t v;

	if (c->end - c->p < 4) {
		coder_take_last(c);
		return;
	}
	memcpy(&v, c->p, sizeof(v));
	c->range <<= 32;
	c->code = c->code << 32 | be32toh(v);
	c->p += sizeof(v);
}

/* Take the part of the range that is [from, from + n), in whatever units. */
CODER_INLINE void
coder_narrow(struct coder *c, enum coder_mode mode, uint64_t from, uint64_t n)
{
	c->range = n;
	if (mode == CODER_DECODE) {
		c->code -= from;
	} else {
		c->low += from;
		if (c->low < from)
			coder_carry(c);
	}
	if (c->range >> 32 == 0) {
		if (mode == CODER_DECODE)
			coder_take_word(c);
		else
			coder_put_word(c);
	}
}

/* A bit that is 1 with chance p of CODER_ONE, 0 < p < CODER_ONE. */
CODER_INLINE unsigned
coder_bit(struct coder *c, enum coder_mode mode, unsigned bit, uint32_t p)
{
	uint64_t part, zero;

	if (mode == CODER_LEARN)
		return bit;
	part = (c->range >> 16) * p;
	if (mode == CODER_DECODE)
		bit = c->code < part;
	/* without a branch, which would often be guessed wrong */
	zero = (uint64_t)bit - 1; /* all bits for a 0 */
	coder_narrow(c, mode, part & zero,
	    ((c->range - part) & zero) + (part & ~zero));
	return bit;
}

/* Bits of which nothing is known, at most CODER_RAW_MAX. */
CODER_INLINE uint64_t
coder_raw_part(struct coder *c, enum coder_mode mode, uint64_t v, unsigned bits)
{
	if (mode == CODER_DECODE) {
		size_t at = (size_t)(c->bits_at >> 3);
		unsigned shift = c->bits_at & 7;

		if ((size_t)(c->end - c->begin) < at + 8) {
			v = coder_last_bits(c);
		} else {
			memcpy(&v, c->end - at - sizeof(v), sizeof(v));
			v = be64toh(v);
		}
		c->bits_at += bits;
		return v >> shift & ((UINT64_C(1) << bits) - 1);
	}
	if (mode == CODER_ENCODE) {
		struct buf *b = &c->raw;
		uint64_t all = c->bits | v << c->bits_n;
		unsigned n = c->bits_n + bits;
		uint64_t bytes = htole64(all);
		char *p = b->cap - b->n <= 8 ? buf_room(b, 8) : b->p + b->n;

		memcpy(p, &bytes, sizeof(bytes));
		b->n += n >> 3;
		c->bits = all >> (n & 56);
		c->bits_n = n & 7;
	}
	return v;
}

CODER_INLINE uint64_t
coder_raw(struct coder *c, enum coder_mode mode, uint64_t v, unsigned bits)
{
	uint64_t low = 0;
	unsigned done = 0;

	if (mode == CODER_LEARN)
		return v;
	if (bits > CODER_RAW_MAX) {
		done = CODER_RAW_MAX;
		low = coder_raw_part(c, mode, v & UINT32_MAX, done);
		v >>= done;
		bits -= done;
	}
	v &= (UINT64_C(1) << bits) - 1;
	return low | coder_raw_part(c, mode, v, bits) << done;
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
	return (s ^ 1U << 31) >> 10;
}

CODER_INLINE void
slot_learn(coder_slot *s, unsigned bit, unsigned limit)
{
	uint32_t n = *s & 1023;
	int64_t miss = (int64_t)((0U - bit) >> 10) - (int64_t)slot_p22(*s);

	*s += ((uint32_t)(miss * coder_pace[n] >> 6) & ~1023U) + (n < limit);
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
	if (mode == CODER_DECODE && size > 64) {
		size = 64;
		c->wrong = true;
	}
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

/* Symbols 0 .. 31 by a model, whose chances adapt: the sum of the chances of all
 * symbols below each; at 0, how often it learnt, up to a limit. */
enum {
	CODER_SYMBOLS = 32,
	CODER_SUM = 32704, /* and two for each symbol make 32768 */
	CODER_SUM_BITS = 15,
	CODER_USED_MAX = 63,
};

/* Eight at once, in the compiler's own words for that. */
typedef int16_t coder_lanes __attribute__((vector_size(16)));

enum {
	CODER_LANES = 8,
	CODER_ROWS = CODER_SYMBOLS / CODER_LANES,
};

struct coder_model {
	union {
		int16_t below[CODER_SYMBOLS];
		coder_lanes row[CODER_ROWS];
	};
};

extern const uint8_t coder_model_pace[CODER_USED_MAX + 1];
extern const struct coder_model coder_symbols; /* 0 .. 31 */
void coder_model_begin(struct coder_model *m);

CODER_INLINE void
model_learn(struct coder_model *m, int symbol)
{
	int16_t n = m->below[0];
	int16_t pace = coder_model_pace[n];

	CODER_UNROLL
	for (int i = 0; i < CODER_ROWS; i++) {
		coder_lanes above = coder_symbols.row[i] > (int16_t)symbol;

		m->row[i] += ((above & (int16_t)CODER_SUM) - m->row[i]) >> pace;
	}
	m->below[0] = (int16_t)(n + (n < CODER_USED_MAX));
}

/* The chances of all below a symbol. */
CODER_INLINE uint32_t
model_below(const struct coder_model *m, int i)
{
	if (i == 0 || i == CODER_SYMBOLS)
		return i == 0 ? 0 : 1U << CODER_SUM_BITS;
	return (uint32_t)(m->below[i] + 2 * i);
}

/* The last symbol of which model_below() is v or less. */
CODER_INLINE int
model_find(const struct coder_model *m, int16_t v)
{
	union {
		coder_lanes lanes;
		uint64_t halves[2];
	} found = { .lanes = { 0 } };
	uint64_t sum;

	CODER_UNROLL
	for (int i = 0; i < CODER_ROWS; i++)
		found.lanes -= m->row[i] + coder_symbols.row[i] * 2 <= v;
	/* all lanes added into the highest of a half */
	sum = (found.halves[0] + found.halves[1]) *
		UINT64_C(0x0001000100010001) >>
	    48;
	/* the first, which is how often the model learnt, counts */
	return (int)sum - (m->below[0] <= v ? 1 : 0);
}

/* code / part, which is less than 2^15 + 1, for a part of 2^17 and more: of the
 * upper bits alone it is as much or 1 more, and takes many processors less. */
CODER_INLINE uint32_t
coder_quotient(uint64_t code, uint64_t part)
{
	unsigned shift = 63 - 16 - (unsigned)__builtin_clzll(part);
	uint32_t v = (uint32_t)(code >> shift) / (uint32_t)(part >> shift);

	return v - (v * part > code);
}

/* never: a symbol that cannot be, or -1.  A model that learnt much does so only
 * where it `learns`. */
CODER_INLINE int
coder_symbol(struct coder *c, enum coder_mode mode, int symbol, int never,
    struct coder_model *m, bool learns)
{
	uint32_t total = 1 << CODER_SUM_BITS, hole = 0, gap = 0, from, to;
	uint64_t part;

	if (m->below[0] == 0)
		coder_model_begin(m);
	if (mode != CODER_LEARN) {
		if (never >= 0) {
			hole = model_below(m, never);
			gap = model_below(m, never + 1) - hole;
			total -= gap;
			part = c->range / total;
		} else {
			part = c->range >> CODER_SUM_BITS;
		}
		if (mode == CODER_DECODE) {
			uint32_t v = coder_quotient(c->code, part);

			if (v >= total)
				v = total - 1;
			if (never >= 0 && v >= hole)
				v += gap;
			symbol = model_find(m, (int16_t)v);
		}
		from = model_below(m, symbol);
		to = model_below(m, symbol + 1);
		if (never >= 0 && symbol > never) {
			from -= gap;
			to -= gap;
		}
		coder_narrow(c, mode, part * from, part * (to - from));
	}
	if (learns || m->below[0] < CODER_USED_MAX)
		model_learn(m, symbol);
	return symbol;
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

	CODER_UNROLL
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
	CODER_UNROLL
	for (unsigned i = 0; i < n; i++) {
		m->weight[i] +=
		    (int32_t)(((int64_t)odds[i] * miss * pace + 8192) >> 14);
		slot_learn(slot[i], bit, limit);
	}
	return bit;
}

#endif
