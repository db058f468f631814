/*
 * What an RRD store holds in memory: its series by name, their definitions,
 * and the values that wait, as texts.  Does no I/O.
 */
#ifndef HUB_STORES_RRD_SERIES_H
#define HUB_STORES_RRD_SERIES_H

#include "hub/stores/rrd_file.h"
#include "hub/stores/store.h"

/* A million of them are held, so they are small. */
struct rrd_series {
	char *name; /* "<tree><path>.rrd" below the store */
	/* what waits, as librrd takes it: "time:value", each with its NUL;
	 * NULL: nothing */
	char *texts;
	uint32_t used, cap, values; /* bytes of them; how many they are */
	uint32_t def;               /* index of its definition */
	uint64_t last_s; /* newest time stamp put or known to be stored */
	uint32_t next;   /* in its bucket: handle + 1; 0: the last */
	uint32_t mark;   /* journaled under this mark of the store; 0: never */
	bool fresh;      /* recorded by the flush that runs */
	bool look;       /* look at its file, journaled or not */
	bool absent;     /* there is no file yet */
	bool odd;        /* damaged, or of another kind: set it aside */
	bool damaged;
	bool blocked; /* something else has its name */
	bool refused; /* stands in the table's list */
};

/* A series whose values are dropped. */
struct rrd_refusal {
	uint32_t handle;
	char why[128];
};

/* All zero: empty. */
struct rrd_table {
	struct rrd_series **chunk; /* so that series never move */
	uint32_t n;
	uint32_t *bucket;   /* handle + 1 by hash of the name */
	uint32_t n_buckets; /* a power of two */
	struct rrd_def *def;
	uint32_t n_defs;
	uint32_t *waiting; /* handles with something pending */
	size_t n_waiting, cap_waiting;
	struct rrd_refusal *refused;
	size_t n_refused, cap_refused;
	size_t values; /* that wait, of all series */
	size_t bytes;  /* allocated for them */
};

struct rrd_series *rrd_table_at(const struct rrd_table *t, uint32_t handle);
const struct rrd_def *rrd_table_def(const struct rrd_table *t,
    const struct rrd_series *l);

/* The handle of a leaf, made if there is none.  *def is the index of the
 * leaf's definition; the series keeps its own until the caller sets it.
 * ERR_INPUT: a name, kind or number that cannot be. */
int rrd_table_find(struct rrd_table *t, const struct store_series *leaf,
    uint32_t *handle, uint32_t *def, struct err *e);

/* Note a value, newer than any before. */
void rrd_table_note(struct rrd_table *t, uint32_t handle, uint64_t time_s,
    struct slice value);

uint64_t rrd_text_time(const char *text);
const char *rrd_text_next(const char *text);
/* Drop the values that are not newer.  Returns how many. */
uint32_t rrd_series_drop_past(struct rrd_series *l, uint64_t last_s);
/* Drop what waits of a series, which cannot be stored.  Returns how many; logged
 * when it could be before. */
uint32_t rrd_table_refuse(struct rrd_table *t, uint32_t handle,
    const char *why);
/* Take off the list those that were stored since, and, unless tree is NULL, all of
 * this tree and below this subtree. */
void rrd_table_forgive(struct rrd_table *t, const char *tree,
    struct slice subtree);
void rrd_table_each_refused(const struct rrd_table *t, store_each_refusal *each,
    void *arg);
/* Free what waits of these series where it holds no value any more. */
void rrd_table_settle(struct rrd_table *t, const uint32_t *handle, size_t n);
void rrd_table_clear(struct rrd_table *t);

#endif
