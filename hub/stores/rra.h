/*
 * Round robin archives: a store's "AVERAGE:5m:14d" as RRDtool wants it for
 * files of one step.  Does no I/O.
 */
#ifndef HUB_STORES_RRA_H
#define HUB_STORES_RRA_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/config/config.h"

enum {
	RRA_ROWS_MAX = 10000000, /* of one archive: 80 MB */
	RRA_MAX = 64,            /* archives of a file */
};

/* "RRA:AVERAGE:0.5:1:2880", ..., in the order of the list. */
struct rra_args {
	char **arg;
	size_t n;
};

/* Expand CF:RESOLUTION:SPAN for a step.  CF is AVERAGE, MIN, MAX or LAST;
 * RESOLUTION a duration, rounded up to whole steps, or "Nx", N steps; SPAN a
 * duration; durations take s m h d w y.  Archives with equal CF and steps
 * become one, with the most rows.  An empty list means the default.
 * ERR_CONFIG names the entry that is wrong.  Owned: rra_free. */
int rra_expand(config_list list, uint32_t step_s, struct rra_args *out,
    struct err *e);
void rra_free(struct rra_args *a);

#endif
