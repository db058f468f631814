/*
 * One RRD file: what its head says, making it, updating it, setting it aside.
 * librrd does the writing; the head is read here, because all files of a flush
 * are looked at before the first is changed.  Safe on several threads, for
 * different files.
 */
#ifndef HUB_STORES_RRD_FILE_H
#define HUB_STORES_RRD_FILE_H

#include "common/base/buf.h"
#include "hub/stores/rra.h"

enum rrd_kind {
	RRD_GAUGE,
	RRD_COUNTER,
	RRD_DERIVE,
	RRD_ABSOLUTE,
	RRD_DCOUNTER,
	RRD_DDERIVE,
};
const char *rrd_kind_name(enum rrd_kind k); /* "GAUGE", ... */
bool rrd_kind_find(const char *name, enum rrd_kind *out);
/* Can this kind take the value?  It is "U" or a plain decimal (names.h). */
bool rrd_kind_fits(enum rrd_kind k, struct slice value);

enum {
	RRD_BOUND_SIZE = 19, /* librrd reads 18 letters of a minimum */
};

/* How a leaf's file is made. */
struct rrd_def {
	uint32_t period_s, heartbeat_s;
	enum rrd_kind kind;
	char min[RRD_BOUND_SIZE], max[RRD_BOUND_SIZE]; /* "U" or a number */
};

enum rrd_file_state {
	RRD_FILE_ABSENT,
	RRD_FILE_WHOLE,
	RRD_FILE_DAMAGED, /* not an RRD of one data source, or cut short */
	RRD_FILE_BLOCKED, /* a directory has its name, or a file its directory's */
};

struct rrd_head {
	enum rrd_file_state state; /* RRD_FILE_WHOLE: the rest is filled */
	char dstype[20];
	uint64_t step_s;
	int64_t last_s;       /* of the newest update */
	size_t mutable_at;    /* where that part begins which updates change */
	struct slice mutable; /* up to the first row; points into the bytes */
};

/* The head of an RRD file of `size` bytes, of which *bytes are the first.
 * False: damaged, or more bytes are needed (*need > bytes.n). */
bool rrd_head_parse(struct slice bytes, uint64_t size, size_t *need,
    struct rrd_head *out);

/* Look at dirfd/name.  *bytes holds what the head points into. */
int rrd_file_look(int dirfd, const char *name, struct buf *bytes,
    struct rrd_head *head, struct err *e);

struct rrd_place {
	int dirfd;
	const char *name; /* below dirfd */
	const char *path; /* the same in full, for librrd */
};

/* Make it, and the directories that lead to it.  The first value to be stored
 * has the time stamp first_s.  Never overwrites. */
int rrd_file_create(const struct rrd_place *at, const struct rrd_def *def,
    config_list rra, int64_t first_s, struct err *e);

/* Make a file like those of this definition, but without bounds, update it and
 * remove it: whether anything is wrong that is not one leaf's own. */
int rrd_file_probe(const struct rrd_place *at, const struct rrd_def *def,
    config_list rra, struct err *e);

/* "time:value" texts in order of time; older ones than the file's are passed
 * over by librrd.  ERR_TEMP with librrd's words: all before the failing one
 * are stored. */
int rrd_file_update(const struct rrd_place *at, const char *const *text,
    size_t n, struct err *e);

/* Rename it to NAME.<n> or NAME.damaged.<n>, the first free n: durably. */
int rrd_file_set_aside(const struct rrd_place *at, bool damaged,
    struct buf *aside, struct err *e);

#endif
