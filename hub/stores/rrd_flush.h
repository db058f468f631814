/*
 * How the values that wait get into RRD files, and are made safe there (W16):
 * a flush looks at each file, journals the heads of those that it is the first
 * to change since the last sync, and only then updates them; a sync makes all
 * of it safe and empties the journal.
 */
#ifndef HUB_STORES_RRD_FLUSH_H
#define HUB_STORES_RRD_FLUSH_H

#include "hub/stores/rrd_journal.h"
#include "hub/stores/rrd_series.h"

/* The files of a store, and what waits for them.  Plain data of rrd.c. */
struct rrd_files {
	int dirfd;
	char *directory;
	char **rra; /* NULL-terminated */
	struct rrd_table table;
	struct rrd_journal *journal;
	uint32_t mark; /* counts syncs, from 1 */
	bool failed;   /* files or journal are in doubt: open the store anew */
	struct store_counts counts;
};

/* Hand over what waits of these series.  One that fails keeps what waits, and
 * the others go on: the first error is the flush's.  Where nothing is wrong but
 * with that one, it is refused, and fails nothing. */
int rrd_flush(struct rrd_files *s, const uint32_t *handle, size_t n,
    struct err *e);
/* At a start: what a probe left that was killed, of its file or of the making of
 * one, is removed. */
int rrd_flush_tidy(int dirfd, struct err *e);
/* Surely stored. */
int rrd_sync(struct rrd_files *s, struct err *e);

#endif
