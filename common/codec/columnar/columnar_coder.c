/*
 * The parts of columnar's entropy coder that are rarely run, and its tables;
 * see columnar_coder.h.
 */
#include "config.h"

#include <string.h>

#include "common/codec/columnar/columnar_coder.h"

void
coder_begin_encode(struct coder *c, struct buf *out)
{
	*c = (struct coder){ .range = UINT64_MAX, .out = out };
}

void
coder_begin_decode(struct coder *c, struct slice in)
{
	*c = (struct coder){ .range = UINT64_MAX,
		.begin = (const uint8_t *)in.p,
		.p = (const uint8_t *)in.p,
		.end = (const uint8_t *)in.p + in.n };
	coder_take_word(c);
	c->range = UINT64_MAX;
	coder_take_word(c);
	c->range = UINT64_MAX;
}

/* Only bytes of this coder can be 0xff up to a carry: the first is not. */
void
coder_carry(struct coder *c)
{
	char *p = c->out->p + c->out->n;

	do
		p--;
	while (++*p == 0);
}

void
coder_take_last(struct coder *c)
{
	c->range <<= 32;
	for (int i = 0; i < 4; i++) {
		c->code <<= 8;
		if (c->p < c->end)
			c->code |= *c->p++;
		else if (c->past < UINT32_MAX)
			c->past++;
	}
}

/* The next eight bytes of raw bits, where there are not so many. */
uint64_t
coder_last_bits(const struct coder *c)
{
	size_t at = (size_t)(c->bits_at >> 3);
	size_t n = (size_t)(c->end - c->begin);
	uint64_t v = 0;

	for (unsigned i = 0; i < 8 && at + i < n; i++)
		v |= (uint64_t)c->begin[n - 1 - at - i] << 8 * i;
	return v;
}

/* Any number of the range will do at the end: that which takes the fewest bytes,
 * whatever comes behind them. */
static uint64_t
end_of(uint64_t low, uint64_t range, unsigned *bytes)
{
	uint64_t rest, v;
	unsigned n = 0;

	do {
		n++;
		rest = n < 8 ? UINT64_MAX >> 8 * n : 0;
		v = (low + rest) & ~rest;
	} while (v - low >= range || rest >= range - (v - low));
	*bytes = n;
	return v;
}

void
coder_end_encode(struct coder *c)
{
	unsigned n;
	uint64_t v = end_of(c->low, c->range, &n);
	char *to;

	if (v < c->low)
		coder_carry(c);
	for (unsigned i = 0; i < n; i++)
		buf_put_char(c->out, (char)(uint8_t)(v >> (56 - 8 * i)));
	if (c->bits_n > 0)
		buf_put_char(c->out, (char)(uint8_t)c->bits);
	to = buf_room(c->out, c->raw.n);
	for (size_t i = 0; i < c->raw.n; i++)
		to[i] = c->raw.p[c->raw.n - 1 - i];
	c->out->n += c->raw.n;
	c->out->p[c->out->n] = '\0';
	buf_clear(&c->raw);
}

/* Bytes that were surely needed: of the range those behind which is the number
 * that is looked at, and of raw bits. */
static size_t
used(const struct coder *c)
{
	return (size_t)(c->p - c->begin) + c->past - CODER_AHEAD +
	    (size_t)((c->bits_at + 7) >> 3);
}

bool
coder_is_cut_off(const struct coder *c)
{
	return used(c) > (size_t)(c->end - c->begin);
}

bool
coder_ended_well(const struct coder *c)
{
	size_t n = (size_t)(c->end - c->begin);
	size_t from = (size_t)(c->p - c->begin) + c->past - CODER_AHEAD;
	uint64_t have = 0, v;
	unsigned bytes;

	if (c->wrong || coder_is_cut_off(c))
		return false;
	for (size_t i = from; i < from + CODER_AHEAD; i++)
		have = have << 8 | (i < n ? c->begin[i] : 0U);
	v = end_of(have - c->code, c->range, &bytes);
	if ((have ^ v) >> (64 - 8 * bytes) != 0 || used(c) + bytes != n)
		return false;
	/* what is left of the last byte */
	return (c->bits_at & 7) == 0 ||
	    c->end[-(ptrdiff_t)(c->bits_at >> 3) - 1] >> (c->bits_at & 7) == 0;
}

const struct coder_model coder_symbols = {
	.below = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
	    18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 }
};

/* How slowly a model moves that was used so often. */
const uint8_t coder_model_pace[CODER_USED_MAX + 1] = { 3, 3, 3, 3, 3, 3, 4, 4,
	4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6,
	6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6,
	6, 6, 6, 6, 6, 6, 6, 7 };

/* Distances as they are mostly: the nearer the more likely. */
static const struct coder_model first = {
	.below = { 1, 99, 230, 374, 537, 725, 949, 1222, 1565, 2004, 2578, 3341,
	    4366, 5759, 7663, 10282, 13897, 18905, 22521, 25140, 27044, 28436,
	    29461, 30224, 30798, 31238, 31580, 31853, 32077, 32265, 32428,
	    32572 }
};

void
coder_model_begin(struct coder_model *m)
{
	*m = first;
}

/* 1 / (1 + e^-x) in parts of 65536, at x = -12, -11.75, ... 12. */
static const uint16_t squash_points[] = { 0, 1, 1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 8,
	10, 13, 17, 22, 28, 36, 47, 60, 77, 98, 126, 162, 208, 267, 342, 439,
	562, 720, 922, 1179, 1506, 1921, 2446, 3108, 3938, 4971, 6249, 7812,
	9702, 11955, 14595, 17625, 21025, 24743, 28693, 32768, 36843, 40793,
	44511, 47911, 50941, 53581, 55834, 57724, 59287, 60565, 61598, 62428,
	63090, 63615, 64030, 64357, 64614, 64816, 64974, 65097, 65194, 65269,
	65328, 65374, 65410, 65438, 65459, 65476, 65489, 65500, 65508, 65514,
	65519, 65523, 65526, 65528, 65530, 65531, 65532, 65533, 65534, 65534,
	65535, 65535, 65535, 65535, 65535, 65535 };

/* Odds of each chance of 12 bits: where squash reaches it. */
void
coder_tables_init(struct coder_tables *t)
{
	int odds = -CODER_ODDS_MAX;

	for (int i = 0; i <= 2 * CODER_ODDS_MAX; i++) {
		int at = i + 1, k = at / CODER_ODDS_STEP;
		int part = at % CODER_ODDS_STEP;
		int p = squash_points[k] +
		    (squash_points[k + 1] - squash_points[k]) * part /
			CODER_ODDS_STEP;

		t->squash[i] = (uint16_t)(p < 2 ? 2 : p > 65534 ? 65534 : p);
	}
	for (int i = 0; i < 4096; i++) {
		while (odds < CODER_ODDS_MAX &&
		    t->squash[odds + CODER_ODDS_MAX] < i * 16 + 8)
			odds++;
		t->stretch[i] = (int16_t)odds;
	}
}

/* 65536 / (n + 1.5): the first times a mean, later a slow follower. */
#define PACE(n)     131072 / (2 * (n) + 3)
#define PACES_4(n)  PACE(n), PACE(n + 1), PACE(n + 2), PACE(n + 3)
#define PACES_16(n) PACES_4(n), PACES_4(n + 4), PACES_4(n + 8), PACES_4(n + 12)
#define PACES_64(n) \
	PACES_16(n), PACES_16(n + 16), PACES_16(n + 32), PACES_16(n + 48)
const uint16_t coder_pace[CODER_LIMIT_MAX + 1] = { PACES_64(0), PACES_64(64),
	PACES_64(128), PACES_64(192) };
