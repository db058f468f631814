/*
 * columnar's model of measurements: the body of a DATA message, each value
 * against its token's own past and its neighbours in the same message.
 */
#ifndef COMMON_CODEC_COLUMNAR_COLUMNAR_VALUES_H
#define COMMON_CODEC_COLUMNAR_COLUMNAR_VALUES_H

#include "common/codec/columnar/columnar_form.h"

struct values;
struct values *values_new(struct columns *columns,
    const struct coder_tables *t);
void values_free(struct values *v);

/* The tokens were given anew by a CONFIG. */
void values_begin(struct values *v);

/* Cut a body into lines that the model takes; false: it is none of its kind.
 * What was read stays until the next call. */
bool values_read(struct values *v, struct slice body);
/* The lines that were read, of this Timestamp. */
void values_learn(struct values *v, uint64_t timestamp);
void values_encode(struct values *v, struct coder *c, uint64_t timestamp);
/* Append the body, which ends within `most` bytes; -1: it would not. */
struct codec_budget;
int values_decode(struct values *v, struct coder *c, uint64_t timestamp,
    size_t most, struct buf *body, const struct codec_budget *budget);

#endif
