/*
 * quarantine/: what was refused or is damaged, each file with a ".why" beside
 * it.  What comes from outside is bounded in bytes and files; our own damaged
 * files are moved there whatever is there already.
 */
#ifndef COMMON_SPOOL_QUARANTINE_H
#define COMMON_SPOOL_QUARANTINE_H

#include "common/base/buf.h"

enum {
	QUARANTINE_FILES = 10000,
	QUARANTINE_NAME_SIZE = 128,
};

/* Zero-initialised is not open: use quarantine_open. */
struct quarantine {
	int dir;
	uint64_t bytes_max;    /* for quarantine_put; 0: no limit */
	uint64_t bytes, files; /* of all that is in it */
	bool counted;
};

/* A file that is moved. */
struct quarantine_file {
	int dirfd;
	const char *where; /* what dirfd is called, for the name there */
	const char *name;
};

int quarantine_open(struct quarantine *q, int association_dir, struct err *e);
/* Keep bytes as <base>, <base>.2, ...  ERR_TEMP with ENOSPC, and nothing kept,
 * when bytes_max or QUARANTINE_FILES would be passed. */
int quarantine_put(struct quarantine *q, const char *base, struct slice bytes,
    const char *why, struct err *e);
/* It is <where>-<name> there. */
int quarantine_move(struct quarantine *q, const struct quarantine_file *f,
    const char *why, struct err *e);
void quarantine_close(struct quarantine *q);

#endif
