/*
 * Predictions; see columnar_predict.h.
 *
 * The growth of a counter is thought to be the mean over its last ones, that of
 * a gauge what leads back to its mean level.  Added is a weighed sum of
 * innovations, which are distances from such means in units of what is usual:
 * its own last two, and those of the two numbers before it in this message that
 * tell most of it, as octets tell of packets.  Weights and neighbours are learnt
 * for all leaves of one name.
 */
#include "config.h"

#include "common/codec/columnar/columnar_predict.h"

enum {
	REACH = PREDICT_REACH,
	NEIGHBOURS = PREDICT_NEIGHBOURS,
	INPUTS = PREDICT_INPUTS,
	YOUNG = 200, /* times seen, up to which each tells something new */
};

static inline int64_t
clip(int64_t v, int64_t most)
{
	return v > most ? most : v < -most ? -most : v;
}

/* v times f / 65536 without overflow for |v| < 2^53, |f| < 2^24. */
static inline int64_t
times(int64_t v, int64_t f)
{
	return (v >> 16) * f + ((v & 0xffff) * f >> 16);
}

/* A gauge so large that its level would not fit. */
static inline bool
is_huge(const struct column *k)
{
	int64_t last = (int64_t)k->last;

	return last > INT64_C(1) << 44 || last < -(INT64_C(1) << 44);
}

int64_t
predict_time(uint32_t elapsed_s, uint32_t period_s)
{
	int64_t time;

	if (elapsed_s == period_s || period_s == 0)
		return 65536;
	time = ((int64_t)elapsed_s << 16) / period_s;
	return time < 1024 ? 1024 : time > 64 << 16 ? 64 << 16 : time;
}

void
predict_number(const struct kin *l, const struct column *k, const int16_t *off,
    int64_t time, struct prediction *p)
{
	int64_t sum = 0;

	p->time = time;
	if (predict_is_counter(k)) {
		p->base = k->base;
		p->unit = (k->base < 0 ? -k->base : k->base) +
		    (int64_t)(k->scale << 4) + 64;
	} else {
		p->base = is_huge(k) ? 0 : k->base - (int64_t)k->last * 256;
		p->unit = (int64_t)(k->scale << 4) + 64;
	}
	p->base = clip(p->base, INT64_C(1) << 52);
	p->unit = clip(p->unit, INT64_C(1) << 48);
	p->off[0] = k->off[0];
	p->off[1] = k->off[1];
	for (int i = 0; i < NEIGHBOURS; i++)
		p->off[2 + i] =
		    l->neighbour[i] == 0 ? 0 : off[-l->neighbour[i]];
	for (int i = 0; i < INPUTS; i++)
		sum += (int64_t)p->off[i] * l->weight[i];
	p->sum = clip(sum >> 10, 4 << 16);
	p->growth = p->base + times(p->unit, p->sum);
	if (predict_is_counter(k)) {
		if (p->time != 65536)
			p->growth =
			    times(clip(p->growth, INT64_C(1) << 52), p->time);
		if (p->growth < 0)
			p->growth = 0;
	}
	p->growth = (p->growth + 128) >> 8;
}

/* The weights of a class follow what would have been right. */
static inline void
learn_weights(struct kin *l, const struct prediction *p, int64_t off)
{
	int32_t miss = (int32_t)clip(off - (p->sum >> 6), 2 * COLUMN_OFF);

	for (int i = 0; i < INPUTS; i++) {
		int32_t x = p->off[i];
		int64_t by = (int64_t)(miss * x) * l->gain[i] >> 20;

		l->power[i] += (x * x - l->power[i]) >> l->pace;
		l->weight[i] = (int32_t)((uint32_t)l->weight[i] + (uint32_t)by);
	}
	l->seen += l->seen < UINT32_MAX;
}

/* In each message anew: what a weight moves for a miss. */
static void
set_gains(struct kin *l)
{
	unsigned pace = 4;

	while (pace < 9 && l->seen >> pace != 0)
		pace++;
	l->pace = (uint8_t)pace;
	for (int i = 0; i < INPUTS; i++) {
		l->weight[i] = (int32_t)clip(l->weight[i], 3 << 16);
		l->gain[i] = (int32_t)((INT64_C(1) << (37 - pace)) /
		    ((int64_t)l->power[i] * INPUTS + 4096));
	}
}

static inline void
learn_neighbours(struct kin *l, const int16_t *off)
{
	unsigned pace = l->pace < 6 ? l->pace : 6;
	int32_t here = off[0];

	for (int i = 0; i < REACH; i++) {
		int32_t x = off[-1 - i];

		l->common[i] += (here * x / 16 - l->common[i]) >> pace;
		l->before[i] += (x * x / 16 - l->before[i]) >> pace;
	}
}

/* The growth is known: what the column learns of it. */
void
predict_learn(struct kin *l, struct column *k, const struct prediction *p,
    int64_t growth, int16_t *off, size_t chance)
{
	uint64_t missed =
	    coder_fold((int64_t)((uint64_t)growth - (uint64_t)p->growth)) >> 1;
	unsigned pace = k->changes < 3 ? 1 : k->changes < 6 ? 2 : 3;
	int64_t sample = clip(growth, INT64_C(1) << 44) * 256;
	int64_t miss, here;
	bool counter = predict_is_counter(k);

	if (counter && p->time != 65536)
		sample = sample / p->time * 65536 +
		    sample % p->time * 65536 / p->time;
	miss = clip(sample - p->base, p->unit << 4);
	here = clip(miss * COLUMN_OFF / p->unit, 3 * COLUMN_OFF);
	*off = (int16_t)here;
	if (chance % 4 == 0 || l->seen < PREDICT_FAMILIAR)
		learn_weights(l, p, here);
	if (chance % 16 == 0 || l->seen < YOUNG)
		learn_neighbours(l, off);
	k->off[1] = k->off[0];
	k->off[0] = (int16_t)here;
	if (!counter)
		k->base = is_huge(k)
		    ? 0
		    : (int64_t)k->last * 256 + p->base + (miss >> pace);
	else if (growth >= 0)
		k->base = clip(k->base + (miss >> pace), INT64_C(1) << 52);
	k->surprise = missed * 32 < k->scale ? 0
	    : missed * 11 < k->scale         ? 1
	    : missed * 4 < k->scale          ? 2
					     : 3;
	if (missed > UINT64_C(1) << 48)
		missed = UINT64_C(1) << 48;
	missed <<= 4;
	if (missed > k->scale * 8 + 64)
		missed = k->scale * 8 + 64;
	pace = k->changes < 4 ? 2 : 3;
	k->scale += (uint64_t)((int64_t)(missed - k->scale) >> pace);
}

void
predict_learn_direction(struct column *k, int64_t growth)
{
	bool counter = predict_is_counter(k);

	if (growth > 0 && k->rising < COLUMN_RISING_MAX)
		k->rising++;
	else if (growth < 0)
		k->rising = k->rising > 6 ? k->rising - 6 : 0;
	if (counter == predict_is_counter(k))
		return;
	k->base = predict_is_counter(k) ? clip(growth, INT64_C(1) << 44) * 256
	    : is_huge(k)                ? 0
					: (int64_t)k->last * 256;
	k->off[0] = k->off[1] = 0;
}

/* At the end of a message classes choose their neighbours anew. */
static void
choose_neighbours(struct kin *l)
{
	int64_t best[NEIGHBOURS] = { 0 };
	uint8_t which[NEIGHBOURS] = { 0 };

	for (int i = 0; i < REACH; i++) {
		int64_t common = l->common[i], gain;
		uint8_t at = (uint8_t)(i + 1);

		gain = common * common / (l->before[i] + 64);
		if (at == l->neighbour[0] || at == l->neighbour[1])
			gain += gain / 4 + 16;
		if (gain > best[0]) {
			best[1] = best[0];
			which[1] = which[0];
			best[0] = gain;
			which[0] = at;
		} else if (gain > best[1]) {
			best[1] = gain;
			which[1] = at;
		}
	}
	/* those that stay keep their place, and so their weight */
	if (which[0] == l->neighbour[1] || which[1] == l->neighbour[0]) {
		uint8_t other = which[0];

		which[0] = which[1];
		which[1] = other;
	}
	for (int i = 0; i < NEIGHBOURS; i++)
		if (which[i] != l->neighbour[i]) {
			l->neighbour[i] = which[i];
			l->weight[2 + i] = 0;
		}
}

void
predict_tune_kin(struct kin *l)
{
	choose_neighbours(l);
	set_gains(l);
}

void
predict_begin_kin(struct kin *l)
{
	l->weight[0] = 1 << 15; /* between where it was and where it is mean */
	set_gains(l);
}

void
predict_begin(struct column *k, int64_t growth)
{
	uint64_t size = (growth < 0 ? 0 - (uint64_t)growth : (uint64_t)growth);

	predict_learn_direction(k, growth);
	if (size > UINT64_C(1) << 44)
		size = UINT64_C(1) << 44;
	if (predict_is_counter(k)) {
		k->base = clip(growth, INT64_C(1) << 44) * 256;
		k->scale = size * 4;
	} else {
		k->base = is_huge(k) ? 0 : (int64_t)k->last * 256;
		k->scale = size * 16;
	}
}
