/*
 * The compiled tree: one SQLite file an association, replaced by rename, and
 * read without a lock.  What `hubctl tree`, `values` and hubd's start need.
 *
 *	head(format, stream, generation, msgid, leaves)        one row
 *	leaf(id, path, token, params)       ids from 1 in path order
 */
#ifndef XMLCONFIG_COMPILED_H
#define XMLCONFIG_COMPILED_H

#include "xmlconfig/tree.h"

struct compiled_head {
	struct stream_id stream; /* of the CONFIG it was made from */
	uint64_t generation;
	uint64_t msgid;  /* of its last part */
	uint64_t leaves; /* set by compiled_write */
};

/* Write <name> durably below dirfd (a temporary, then renamed).  A file that is
 * there already stays as it is when that fails. */
int compiled_write(int dirfd, const char *name, const struct tree *t,
    const struct compiled_head *head, struct err *e);

struct compiled;
/* ENOENT stays in e->sys.  ERR_INPUT: damaged, or of another version: compile
 * again.  What is open stays as it was when the file is replaced. */
int compiled_open(int dirfd, const char *name, struct compiled **out,
    struct err *e);
const struct compiled_head *compiled_head(const struct compiled *c);
/* The leaf of this path: 1 found, 0 not, -1 error.  Slices until the next
 * call. */
int compiled_find(struct compiled *c, struct slice path, struct tree_leaf *out,
    struct err *e);
/* All leaves at or below a path ("/": all), in path order; each returns false
 * to stop, its slices live for the call.  Not to be called from each. */
int compiled_each(struct compiled *c, struct slice path,
    bool (*each)(void *arg, const struct tree_leaf *l), void *arg,
    struct err *e);
void compiled_close(struct compiled *c);

#endif
