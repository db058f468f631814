/*
 * Where values end up: one interface, a registry, a file for each type.  Values
 * are written behind: put only notes them, flush hands them over, sync makes
 * them safe.  All on one thread but flush, which may use threads and processes
 * of its own while it runs.
 */
#ifndef HUB_STORES_STORE_H
#define HUB_STORES_STORE_H

#include "common/config/config.h"
#include "xmlconfig/tree.h"

struct store_ops;

/* A store's own state begins with this. */
struct store {
	const struct store_ops *ops;
};

struct store_series {
	const char *tree;
	struct slice path; /* the hub's: names the file */
	uint32_t period_s, heartbeat_s;
	const char *dstype;    /* "GAUGE", ... */
	struct slice min, max; /* "U" or a number */
};

struct store_counts {
	uint64_t put, written;
	uint64_t past;    /* an equal or newer time stamp was there: dropped */
	uint64_t unfit;   /* became U */
	uint64_t refused; /* dropped: their leaf cannot be stored */
};

/* A leaf whose values are dropped, for a reason of its own. */
struct store_refusal {
	const char *tree;
	struct slice path;
	const char *why;
};
typedef void store_each_refusal(void *arg, const struct store_refusal *r);

struct store_point {
	int64_t time_s;
	double value; /* NaN: unknown */
};

struct store_ops {
	const char *type;
	/* A store begins as it was at its last sync: all that was put since
	 * then, also by a run that ended well but did not sync, has to be put
	 * again. */
	int (*open)(const struct config_store *cs, struct store **out,
	    struct err *e);
	/* A handle for a leaf, the same again for the same leaf.  Cheap, opens no
	 * file, save when the leaf's kind or period differs from before: what
	 * waits of it is flushed then.  ERR_INPUT: it cannot be stored. */
	int (*series)(struct store *s, const struct store_series *leaf,
	    uint32_t *handle, struct err *e);
	/* In order of time; the first of one time stamp wins.  A value that its
	 * kind cannot take counts as U. */
	void (*put)(struct store *s, uint32_t handle, uint64_t time_s,
	    struct slice value);
	/* Hand over what is noted: of one leaf, or all (UINT32_MAX).  What fails
	 * keeps waiting, the rest is handed over.  It may leave the store
	 * failed, as a sync does.  A leaf that cannot be stored though the store
	 * is well fails nothing and waits for nothing: its values are dropped,
	 * counted as refused, and it is tried again with its next ones. */
	int (*flush)(struct store *s, uint32_t handle, struct err *e);
	/* Surely stored: what was flushed survives a power cut (W16).  After a
	 * failed one (ERR_SYS) every call fails until the store is opened anew
	 * (G18). */
	int (*sync)(struct store *s, struct err *e);
	/* Every leaf that failed so when it was tried last. */
	void (*refused)(struct store *s, store_each_refusal *each, void *arg);
	/* There is another configuration: forget what was refused below this. */
	void (
	    *forgive)(struct store *s, const char *tree, struct slice subtree);
	/* It must be opened anew. */
	bool (*failed)(const struct store *s);
	/* What waits in memory, in values. */
	size_t (*waiting)(const struct store *s);
	const struct store_counts *(*counts)(const struct store *s);
	void (*close)(struct store *s);
};

const struct store_ops *store_find(const char *type);

#endif
