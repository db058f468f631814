/*
 * Predictions; see columnar_predict.h.
 *
 * The growth of a counter is thought to be the mean over its last ones, that of
 * a gauge what leads back to its mean level.  Added is a weighed sum of
 * innovations, which are distances from such means in units of what is usual:
 * its own last one, and its change; and of others in this message what their own
 * past did not tell, which is of the two numbers before it that tell most, as
 * octets tell of packets, and the mean over those of its name, as all follow one
 * curve.  So no two inputs tell the same, and weights are soon found.  Weights
 * and neighbours are learnt for all leaves of one name.
 */
#include "config.h"

#include "common/codec/columnar/columnar_predict.h"

enum {
	REACH = PREDICT_REACH,
	NEIGHBOURS = PREDICT_NEIGHBOURS,
	INPUTS = PREDICT_INPUTS,
};

const uint32_t predict_inverse[65] = { 65536, 64528, 63550, 62602, 61681, 60787,
	59919, 59075, 58254, 57456, 56680, 55924, 55188, 54471, 53773, 53092,
	52429, 51782, 51150, 50534, 49932, 49345, 48771, 48210, 47663, 47127,
	46603, 46091, 45590, 45100, 44620, 44151, 43691, 43240, 42799, 42367,
	41943, 41528, 41121, 40721, 40330, 39946, 39569, 39199, 38836, 38480,
	38130, 37787, 37449, 37118, 36792, 36472, 36158, 35849, 35545, 35246,
	34953, 34664, 34380, 34100, 33825, 33554, 33288, 33026, 32768 };

struct span
predict_span(uint32_t elapsed_s, uint32_t period_s)
{
	struct span t = { elapsed_s, 65536, 65536 };
	int64_t time;

	if (elapsed_s == period_s || period_s == 0)
		return t;
	time = ((int64_t)elapsed_s << 16) / period_s;
	t.time = time < 1024 ? 1024 : time > 64 << 16 ? 64 << 16 : time;
	t.inverse = (INT64_C(1) << 32) / t.time;
	return t;
}

/* What a weight moves for a miss: much, while little was seen.  Leaves that tell the
 * same as others need some thousands until their weights have found it out. */
static void
set_gains(struct kin *l)
{
	unsigned pace = 4;

	while (pace < 7 && l->seen >> (pace + 4) != 0)
		pace++;
	l->pace = (uint8_t)pace;
	for (int i = 0; i < INPUTS; i++) {
		l->weight[i] = (int32_t)predict_clip(l->weight[i], 3 << 16);
		l->gain[i] = (int32_t)((INT64_C(1) << (43 - pace)) /
		    ((int64_t)l->power[i] * INPUTS + 4096));
	}
}

void
predict_learn_neighbours(struct kin *l, const int16_t *off)
{
	unsigned pace = l->pace < 6 ? l->pace : 6;
	int32_t here = off[0];

	for (int i = 0; i < REACH; i++) {
		int32_t x = off[-1 - i];

		l->common[i] += (here * x / 16 - l->common[i]) >> pace;
		l->before[i] += (x * x / 16 - l->before[i]) >> pace;
	}
}

void
predict_turn(struct column *k, int64_t growth)
{
	k->base = predict_is_counter(k)
	    ? predict_clip(growth, INT64_C(1) << 44) * 256
	    : predict_is_huge(k) ? 0
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

		gain = common * common / (l->before[i] + 256);
		if (at == l->neighbour[0] || at == l->neighbour[1])
			gain += gain / 4 + 64;
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
			l->weight[PREDICT_OWN + i] = 0;
		}
}

void
predict_tune_kin(struct kin *l)
{
	uint32_t more = l->seen / 8;

	choose_neighbours(l);
	set_gains(l);
	more = more < PREDICT_TUNE ? PREDICT_TUNE : more;
	l->tune_at += more < PREDICT_TUNE_MAX ? more : PREDICT_TUNE_MAX;
}

void
predict_begin_kin(struct kin *l)
{
	l->weight[0] = 1 << 15; /* between where it was and where it is mean */
	l->tune_at = PREDICT_TUNE;
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
		k->base = predict_clip(growth, INT64_C(1) << 44) * 256;
		k->scale = size * 4;
	} else {
		k->base = predict_is_huge(k) ? 0 : (int64_t)k->last * 256;
		k->scale = size * 16;
	}
}
