/*
 * Values on their way from collectors, or from `spoke write`, into DATA.
 */
#ifndef SPOKE_VALUES_H
#define SPOKE_VALUES_H

#include "common/base/buf.h"

/* A value of a live leaf, to be sent. */
struct value {
	uint64_t timestamp_s;
	size_t at;         /* of the leaf, in struct tokens */
	struct slice text; /* borrowed */
};

/* All zero: none. */
struct values {
	struct value *v;
	size_t n, cap;
};

void values_add(struct values *l, struct value v);
/* By time stamp, then in the order of the configuration. */
void values_sort(struct values *l);
void values_clear(struct values *l);

#endif
