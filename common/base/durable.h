/*
 * The durable-write protocol, W1-W9 of doc/architecture.md: what a promise
 * stands on is written here.  Create never overwrites, replace always does,
 * append extends a segment.  Everything happens inside a directory descriptor;
 * names are checked by the caller.
 */
#ifndef COMMON_BASE_DURABLE_H
#define COMMON_BASE_DURABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

/* All bytes or an error; EINTR and short counts are handled. */
int io_write_full(int fd, struct slice s, struct err *e);
int io_pwrite_full(int fd, struct slice s, uint64_t off, struct err *e);
/* Appends up to n bytes to *out; fewer at the end of the file. */
int io_read_upto(int fd, size_t n, struct buf *out, struct err *e);
int io_pread_upto(int fd, size_t n, uint64_t off, struct buf *out,
    struct err *e);

/* A directory below dirfd (AT_FDCWD for an absolute path), O_NOFOLLOW. */
int durable_open_dir(int dirfd, const char *name, struct err *e);
/* The same, made (0700) and synced with its parent when it is not there. */
int durable_make_dir(int dirfd, const char *name, struct err *e);
/* A regular file with one link and our owner, for reading.  ENOENT stays in
 * e->sys. */
int durable_open_file(int dirfd, const char *name, struct err *e);
/* The whole file, at most limit bytes (more: ERR_INPUT). */
int durable_read_file(int dirfd, const char *name, size_t limit,
    struct buf *out, struct err *e);

/* fsync, once.  After a failure the descriptor is worth nothing (F3, W7). */
int durable_sync(int fd, struct err *e);
int durable_data_sync(int fd, struct err *e); /* fdatasync */
/* Write, sync, name and sync the directory.  EEXIST in e->sys when taken. */
int durable_create(int dirfd, const char *name, struct slice body,
    struct err *e);
int durable_replace(int dirfd, const char *name, struct slice body,
    struct err *e);
/* The same for what does not fit in memory: write to t->fd, then commit or
 * abandon, each of which ends t.  A failed commit has abandoned. */
struct durable_temp {
	int fd;
	char name[64];
};
int durable_temp(int dirfd, struct durable_temp *t, struct err *e);
int durable_commit(int dirfd, struct durable_temp *t, const char *name,
    bool replace, struct err *e);
void durable_abandon(int dirfd, struct durable_temp *t);
/* Many files with one sync of their file system (W9), a few with one each: each
 * is written to a temporary, and commit gives all of them their names,
 * replacing, in the order in which they were put.  Commit and abandon each end
 * the group; a failed commit has abandoned what it did not name.
 * Zero-initialised but for dirfd. */
struct durable_group {
	int dirfd;                  /* borrowed */
	struct durable_grouped *at; /* what was put: n files, so many bytes */
	size_t n;
	size_t bytes;
};
int durable_group_put(struct durable_group *g, const char *name,
    struct slice body, struct err *e);
int durable_group_commit(struct durable_group *g, struct err *e);
void durable_group_abandon(struct durable_group *g);
/* Rename without overwriting, then sync both directories. */
int durable_move(int from_dir, const char *from, int to_dir, const char *to,
    struct err *e);
/* Remove temporaries (".tmp-...") that a dead writer left. */
int durable_sweep(int dirfd, struct err *e);

/* Names in a directory, sorted, without "." and ".." and temporaries.  Owned:
 * free with names_free. */
struct names {
	char **name;
	size_t n;
};
int durable_list(int dirfd, struct names *out, struct err *e);
/* The same, and temporaries, one by one and in no order, for a directory that others
 * may fill with any number of them.  f may remove what it is shown. */
typedef void durable_name(void *arg, int dirfd, const char *name);
int durable_each(int dirfd, durable_name *f, void *arg, struct err *e);
bool durable_is_temporary(const char *name);
void names_free(struct names *l);

#endif
