/*
 * The index of a compiled tree: which associations it has, in which file each
 * lies, and below which subtree.  A small text, replaced by rename:
 *
 *	alps alps.sqlite /Sites/Alps
 *	crc32=5c9f2a10
 */
#ifndef XMLCONFIG_INDEX_H
#define XMLCONFIG_INDEX_H

#include "common/base/buf.h"
#include "common/base/err.h"

struct index_entry {
	const char *association;
	const char *file;    /* beside the index */
	const char *subtree; /* the hub's */
};

/* Durably below dirfd, in the order given.  No blanks in names. */
int index_write(int dirfd, const char *name, const struct index_entry *entry,
    size_t n, struct err *e);

struct index {
	struct index_entry *entry;
	size_t n;
	char *text; /* where the entries' strings are */
};
/* Owned: index_clear.  ENOENT stays in e->sys; ERR_INPUT: damaged. */
int index_read(int dirfd, const char *name, struct index *out, struct err *e);
void index_clear(struct index *x);

#endif
