/*
 * Where values end up: one interface, a registry, a file for each type.  Values
 * are written behind: put only notes them, flush hands them over, sync makes
 * them safe.  All on one thread but flush, which may use workers of its own.
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
	uint64_t put, written, past,
	    unfit; /* values: past: an older or equal time
	                                       stamp was stored; unfit: became U */
};

struct store_point {
	int64_t time_s;
	double value; /* NaN: unknown */
};

struct store_ops {
	const char *type;
	int (*open)(const struct config_store *cs, struct store **out,
	    struct err *e);
	/* A handle for a leaf, the same again for the same leaf; cheap, opens no
	 * file. */
	int (*series)(struct store *s, const struct store_series *leaf,
	    uint32_t *handle, struct err *e);
	void (*put)(struct store *s, uint32_t handle, uint64_t time_s,
	    struct slice value);
	/* Hand over what is noted: of one leaf, or all (UINT32_MAX). */
	int (*flush)(struct store *s, uint32_t handle, struct err *e);
	/* Surely stored: what was flushed survives a power cut (W16). */
	int (*sync)(struct store *s, struct err *e);
	/* What waits in memory, in values. */
	size_t (*waiting)(const struct store *s);
	const struct store_counts *(*counts)(const struct store *s);
	void (*close)(struct store *s);
};

const struct store_ops *store_find(const char *type);

#endif
