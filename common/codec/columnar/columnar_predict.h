/*
 * What a token's next number will be: of its own past, and of the numbers before
 * it in the same message.
 */
#ifndef COMMON_CODEC_COLUMNAR_COLUMNAR_PREDICT_H
#define COMMON_CODEC_COLUMNAR_COLUMNAR_PREDICT_H

#include "common/codec/columnar/columnar_columns.h"

enum {
	PREDICT_REACH = 32, /* how far before a number its neighbours may be */
	PREDICT_NEIGHBOURS = 2,
	PREDICT_OWN = 2, /* inputs that are of the token itself */
	PREDICT_COMMON = PREDICT_OWN + PREDICT_NEIGHBOURS, /* that of its kin */
	PREDICT_INPUTS,
	PREDICT_COMMON_MAX = COLUMN_OFF / 8, /* more is nothing common */
	PREDICT_COMMON_ONE = 16,
	PREDICT_STEP_MAX = 4096,  /* of a weight, for one number */
	PREDICT_FAMILIAR = 20000, /* a kin seen so often tells little new */
	PREDICT_YOUNG = 200, /* times seen, up to which each tells something */
	PREDICT_TUNE = 32,   /* times seen between tunings, then ever more */
	PREDICT_TUNE_MAX = 256,
};

/* What leaves of one name share. */
struct kin {
	int32_t weight[PREDICT_INPUTS]; /* in 1/65536 */
	int32_t power[PREDICT_INPUTS];  /* of the inputs */
	int32_t
	    common[PREDICT_REACH]; /* of the innovation with those before it */
	int32_t before[PREDICT_REACH]; /* power of those before it */
	int32_t gain[PREDICT_INPUTS];  /* of weights by misses */
	/* what those at this moment did that their own past did not tell: a mean
	 * over the last ones, in 1/16 */
	int32_t mean;
	uint32_t mean_s; /* the moment */
	uint32_t mean_n;
	uint32_t seen;
	uint32_t tune_at; /* what `seen` is at the next tuning */
	uint8_t pace;     /* means move by 1/2^pace */
	uint8_t neighbour[PREDICT_NEIGHBOURS]; /* how far before; 0: none */
};

/* How long a number took to grow. */
struct span {
	uint32_t elapsed_s;
	int64_t time;    /* in 1/65536 of a period */
	int64_t inverse; /* periods in it, in 1/65536 */
};

struct prediction {
	int64_t base; /* growth expected by the mean, in 1/256 */
	int64_t unit; /* of innovations */
	int64_t own;  /* of it what the token's own past tells, in off's unit */
	int64_t sum;  /* of weighed innovations, in 1/65536 of unit */
	int64_t growth; /* all in all, in whole numbers */
	int32_t off[PREDICT_INPUTS];
	bool counter;
};

static inline bool
predict_is_counter(const struct column *k)
{
	return k->rising >= COLUMN_COUNTER;
}

/* Before the first use of a kin, and now and then. */
void predict_begin_kin(struct kin *l);
void predict_tune_kin(struct kin *l);
void predict_learn_neighbours(struct kin *l, const int16_t *off);

struct span predict_span(uint32_t elapsed_s, uint32_t period_s);
/* The second number of a column, which is in last. */
void predict_begin(struct column *k, int64_t growth);
/* It became a counter, or is none any more. */
void predict_turn(struct column *k, int64_t growth);

static inline int64_t
predict_clip(int64_t v, int64_t most)
{
	return v > most ? most : v < -most ? -most : v;
}

/* The same where v is nearly never so large. */
static inline int64_t
predict_bound(int64_t v, int64_t most)
{
	if (__builtin_expect((uint64_t)v + (uint64_t)most > 2 * (uint64_t)most,
		0))
		return v < 0 ? -most : most;
	return v;
}

/* v times f / 65536 without overflow for |v| < 2^53, |f| < 2^24. */
static inline int64_t
predict_times(int64_t v, int64_t f)
{
	return (v >> 16) * f + ((v & 0xffff) * f >> 16);
}

/* A gauge so large that its level would not fit. */
static inline bool
predict_is_huge(const struct column *k)
{
	return k->last + (UINT64_C(1) << 44) > UINT64_C(1) << 45;
}

/* Behind this, numbers of that moment follow. */
static inline void
predict_at(struct kin *l, uint32_t now_s)
{
	if (l->mean_s == now_s)
		return;
	l->mean_s = now_s;
	l->mean_n = 0;
	l->mean = 0;
}

/* off: what was unforeseen in this message, this number's next. */
CODER_INLINE void
predict_number(const struct kin *l, const struct column *k, const int16_t *off,
    const struct span *t, struct prediction *p)
{
	int64_t sum = 0;

	p->counter = predict_is_counter(k);
	if (p->counter) {
		p->base = k->base;
		p->unit = (k->base < 0 ? -k->base : k->base) +
		    (int64_t)(k->scale << 4) + 64;
	} else {
		p->base =
		    predict_is_huge(k) ? 0 : k->base - (int64_t)k->last * 256;
		p->unit = (int64_t)(k->scale << 4) + 64;
	}
	p->base = predict_bound(p->base, INT64_C(1) << 52);
	p->unit = predict_bound(p->unit, INT64_C(1) << 48);
	p->off[0] = k->off[0];
	p->off[1] = k->off[1];
	CODER_UNROLL
	for (int i = 0; i < PREDICT_NEIGHBOURS; i++)
		p->off[PREDICT_OWN + i] =
		    off[-l->neighbour[i]]; /* or its own, 0 */
	p->off[PREDICT_COMMON] = l->mean / PREDICT_COMMON_ONE;
	CODER_UNROLL
	for (int i = 0; i < PREDICT_INPUTS; i++) {
		if (i == PREDICT_OWN)
			p->own = sum >> 16;
		sum += (int64_t)p->off[i] * l->weight[i];
	}
	p->sum = predict_bound(sum >> 13, 4 << 16);
	p->growth = p->base + predict_times(p->unit, p->sum);
	if (p->counter) {
		if (t->time != 65536)
			p->growth = predict_times(
			    predict_clip(p->growth, INT64_C(1) << 52), t->time);
		if (p->growth < 0)
			p->growth = 0;
	}
	p->growth = (p->growth + 128) >> 8;
}

/* The weights of a class follow what would have been right. */
CODER_INLINE void
predict_learn_weights(struct kin *l, const struct prediction *p, int64_t off)
{
	int32_t miss =
	    (int32_t)predict_clip(off - (p->sum >> 3), 2 * COLUMN_OFF);

	CODER_UNROLL
	for (int i = 0; i < PREDICT_INPUTS; i++) {
		int32_t x = p->off[i];
		int64_t by = (int64_t)(miss * x) * l->gain[i] >> 26;

		l->power[i] += (x * x - l->power[i]) >> l->pace;
		by = predict_bound(by, PREDICT_STEP_MAX);
		l->weight[i] = (int32_t)((uint32_t)l->weight[i] + (uint32_t)by);
	}
	l->seen += l->seen < UINT32_MAX;
}

/* The longer a kin is known, the less often it looks who tells of it. */
static inline bool
predict_looks_around(const struct kin *l, uint32_t turn)
{
	if (l->seen < PREDICT_YOUNG)
		return true;
	return turn % (l->seen < PREDICT_FAMILIAR ? 16 : 64) == 0;
}

/* 2^22 / (64 + i) */
extern const uint32_t predict_inverse[65];

/* miss, of at most 16 units, in 1/COLUMN_OFF of the unit, which is 64 and more.
 * A curve of a tenth is foreseen to a five-thousandth. */
static inline int64_t
predict_share(int64_t miss, int64_t unit)
{
	unsigned top = 63 - (unsigned)__builtin_clzll((uint64_t)unit);
	unsigned cut = top > 24 ? top - 24 : 0;
	uint64_t at = (uint64_t)(unit >> cut) << 10 >> (top - cut - 6);
	const uint32_t *r = &predict_inverse[at >> 10 & 63];
	int64_t inverse = r[0] - ((r[0] - r[1]) * (uint32_t)(at & 1023) >> 10);
	unsigned shift = top - cut + 3;

	/* rounded: what is nearly nothing must be nothing, of either sign */
	return ((miss >> cut) * inverse + (INT64_C(1) << shift >> 1)) >> shift;
}

/* A number of the kin at this moment: what was unforeseen of it. */
static inline void
predict_learn_common(struct kin *l, int64_t unforeseen)
{
	uint32_t n = l->mean_n++;
	unsigned pace = n < 1 ? 0 : n < 3 ? 1 : n < 7 ? 2 : n < 15 ? 3 : 4;

	l->mean += ((int32_t)predict_clip(unforeseen, PREDICT_COMMON_MAX) *
			   PREDICT_COMMON_ONE -
		       l->mean) >>
	    pace;
}

/* The growth is known: what column and kin learn of it.  *off becomes what the
 * token's own past did not tell.  Of a kin that is well known the numbers of some messages are
 * enough. */
CODER_INLINE void
predict_learn(struct kin *l, struct column *k, const struct prediction *p,
    const struct span *t, int64_t growth, int16_t *off, uint32_t turn)
{
	uint64_t missed =
	    coder_fold((int64_t)((uint64_t)growth - (uint64_t)p->growth)) >> 1;
	unsigned pace = k->changes < 3 ? 1 : k->changes < 6 ? 2 : 3;
	int64_t sample = predict_bound(growth, INT64_C(1) << 44) * 256;
	int64_t miss, here;
	uint64_t most;
	bool wide;

	if (p->counter && t->time != 65536)
		sample = predict_times(sample, t->inverse);
	miss = predict_bound(sample - p->base, p->unit << 4);
	here = predict_bound(predict_share(miss, p->unit), 3 * COLUMN_OFF);
	*off = (int16_t)predict_bound(here - p->own, 3 * COLUMN_OFF);
	predict_learn_common(l, *off);
	if (predict_looks_around(l, turn))
		predict_learn_neighbours(l, off);
	if (turn % 4 == 0 || l->seen < PREDICT_FAMILIAR) {
		predict_learn_weights(l, p, here);
		if (l->seen == l->tune_at)
			predict_tune_kin(l);
	}
	k->off[1] = (int16_t)predict_bound(here - k->off[0], INT16_MAX);
	k->off[0] = (int16_t)here;
	if (!p->counter)
		k->base = predict_is_huge(k)
		    ? 0
		    : (int64_t)k->last * 256 + p->base + (miss >> pace);
	else if (growth >= 0)
		k->base =
		    predict_bound(k->base + (miss >> pace), INT64_C(1) << 52);
	wide = k->surprise == 0 && missed * 128 < k->scale;
	k->surprise = (uint8_t)((missed * 32 >= k->scale) +
	    (missed * 11 >= k->scale) + (missed * 4 >= k->scale));
	if (missed > UINT64_C(1) << 48)
		missed = UINT64_C(1) << 48;
	missed <<= 4;
	most = k->scale * 8 + 64;
	missed = missed > most ? most : missed;
	pace = k->changes < 4 ? 2 : 3;
	k->scale += (uint64_t)((int64_t)(missed - k->scale) >> pace);
	k->scale >>= wide; /* a steep beginning is forgotten */
}

/* Behind predict_learn(), with last set: is it a counter? */
CODER_INLINE void
predict_learn_direction(struct column *k, int64_t growth)
{
	bool counter = predict_is_counter(k);
	/* without a branch: of a gauge nobody can guess */
	unsigned more = growth > 0, less = growth < 0;
	unsigned most = k->rising == COLUMN_RISING_MAX;
	int fallen = (int)(k->rising + (more & ~most)) - (int)(less * 6);

	k->rising = (uint8_t)(fallen & ~(fallen >> 31));
	if (counter != predict_is_counter(k))
		predict_turn(k, growth);
}

#endif
