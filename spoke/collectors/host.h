/*
 * The parts of the host collector: what they read with and what they fill.
 * Everything is read below a root directory, which is "/" but in tests.
 */
#ifndef SPOKE_COLLECTORS_HOST_H
#define SPOKE_COLLECTORS_HOST_H

#include "common/base/buf.h"
#include "spoke/collector.h"

enum host_kind {
	HOST_GAUGE,
	HOST_COUNTER,
};

/* What is told of a leaf beside its value. */
struct host_metric {
	const char *from; /* how the kernel names it; NULL ends a table */
	const char *name; /* the leaf; NULL: passed over */
	enum host_kind kind;
	const char *unit;   /* vertical-label */
	const char *legend; /* graph-legend */
};

struct host_leaf; /* a reading and the texts it points to */

struct host {
	int root; /* directory descriptor */
	config_list include, exclude;
	struct host_leaf **leaf;
	struct reading *reading;
	size_t n, cap;
};

/* What a set of leaves belongs to: "/interfaces/eth0" of "eth0". */
struct host_group {
	const char *path;
	const char *title; /* the device as the system names it, or NULL */
};

/* The same as the registry's open, below another root. */
void *host_open_at(const struct config_collector *cc, const char *root,
    struct err *e);

/* Add a leaf.  A value that is not plain decimal text of at most 32 characters
 * becomes U; a metric without a name is passed over. */
void host_add(struct host *h, const struct host_group *g,
    const struct host_metric *m, struct slice value);
void host_add_u64(struct host *h, const struct host_group *g,
    const struct host_metric *m, uint64_t value);
/* Words of a line, one a metric of the table; columns that an old kernel lacks
 * are left out. */
void host_add_columns(struct host *h, const struct host_group *g,
    const struct host_metric *table, struct slice line);
/* The metric of a table that the kernel calls so, or NULL. */
const struct host_metric *host_find(const struct host_metric *table,
    struct slice from);

/* A file below the root into *out, emptied first; false: not there. */
bool host_read(const struct host *h, const char *path, struct buf *out);
/* Cut the next word, between blanks, off a line; empty at its end. */
struct slice host_word(struct slice *line);

/* A device or mount point as one component of a path: "/" is "root", "/var/lib"
 * is "var-lib"; letters that a path must not have become "_". */
enum {
	HOST_COMPONENT_SIZE = 65
};
void host_component(struct slice name, char out[HOST_COMPONENT_SIZE]);
/* exclude wins over include, include over what is left out by default. */
bool host_wanted(const struct host *h, const char *name, bool by_default);

/* The families; each adds what it finds. */
void host_system(struct host *h);
void host_network(struct host *h);
void host_disks(struct host *h);
void host_filesystems(struct host *h);
void host_sensors(struct host *h);

#endif
