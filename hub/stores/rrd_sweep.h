/*
 * What librrd leaves behind when it is killed while it makes a file: it writes
 * NAME and six letters or digits, and renames that.  Only names that the store
 * had set out to make are looked for, so what others put there stays.
 */
#ifndef HUB_STORES_RRD_SWEEP_H
#define HUB_STORES_RRD_SWEEP_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* Files that were to be made.  All zero: none. */
struct rrd_sweep {
	char **name; /* below the store */
	size_t n, cap;
};
void rrd_sweep_add(struct rrd_sweep *s, const char *name);
/* Remove what is left of their making; *removed counts.  Each directory is
 * read once. */
int rrd_sweep_run(struct rrd_sweep *s, int dirfd, uint64_t *removed,
    struct err *e);
void rrd_sweep_clear(struct rrd_sweep *s);

#endif
