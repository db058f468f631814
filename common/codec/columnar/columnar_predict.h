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
	PREDICT_INPUTS = 2 + PREDICT_NEIGHBOURS,
	PREDICT_FAMILIAR = 20000, /* a kin seen so often tells little new */
};

/* What leaves of one name share. */
struct kin {
	int32_t weight[PREDICT_INPUTS]; /* in 1/65536 */
	int32_t power[PREDICT_INPUTS];  /* of the inputs */
	int32_t
	    common[PREDICT_REACH]; /* of the innovation with those before it */
	int32_t before[PREDICT_REACH]; /* power of those before it */
	int32_t gain[PREDICT_INPUTS];  /* of weights by misses */
	uint32_t seen;
	uint8_t pace;                          /* means move by 1/2^pace */
	uint8_t neighbour[PREDICT_NEIGHBOURS]; /* how far before; 0: none */
	bool listed;
};

struct prediction {
	int64_t base;   /* growth expected by the mean, in 1/256 */
	int64_t unit;   /* of innovations */
	int64_t sum;    /* of weighed innovations, in 1/65536 of unit */
	int64_t growth; /* all in all, in whole numbers */
	int32_t off[PREDICT_INPUTS];
	int64_t time; /* since the last value, in 1/65536 of a period */
};

static inline bool
predict_is_counter(const struct column *k)
{
	return k->rising >= COLUMN_COUNTER;
}

/* Before the first use of a kin, and every few messages. */
void predict_begin_kin(struct kin *l);
void predict_tune_kin(struct kin *l);

/* The part of a period, in 1/65536, that so many seconds are. */
int64_t predict_time(uint32_t elapsed_s, uint32_t period_s);
/* off: the innovations of this message, this number's next.  time as above. */
void predict_number(const struct kin *l, const struct column *k,
    const int16_t *off, int64_t time, struct prediction *p);
/* The growth is known: what column and kin learn of it.  *off becomes its
 * innovation.  Of a kin that is well known some are enough: by chance, a number
 * that differs from time to time. */
void predict_learn(struct kin *l, struct column *k, const struct prediction *p,
    int64_t growth, int16_t *off, size_t chance);
/* Behind predict_learn(), with last set: is it a counter? */
void predict_learn_direction(struct column *k, int64_t growth);
/* The second number of a column, which is in last. */
void predict_begin(struct column *k, int64_t growth);

#endif
