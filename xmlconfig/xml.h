/*
 * RRFW/Torrus datasource XML, through libxml2 (S9): what Torrus 3.00 compiles
 * and draws.  No date, path order: the same bytes whatever the order of
 * arrival.  Pure ASCII.
 */
#ifndef XMLCONFIG_XML_H
#define XMLCONFIG_XML_H

#include "xmlconfig/tree.h"

struct xml_opts {
	const char *tree;      /* name of the hub's tree */
	const char *directory; /* the store's */
};

/* The file of one association: its leaves of a finished tree, whose data-dir is
 * <directory>/<tree>/...  Written durably
 * below dirfd, and read back before it gets its name: a file that is there
 * already stays as it is when anything fails.  ERR_INPUT: a parameter that XML
 * or Torrus cannot take; ERR_CONFIG: such a directory. */
int xml_write_association(int dirfd, const char *name, const struct tree *t,
    const struct xml_opts *o, struct err *e);
/* <tree>.xml: one <include> for each file, which the caller gives in order of
 * name; checked and written like the above.  ERR_CONFIG when one of them has
 * the name of the tree's file itself. */
int xml_write_tree(int dirfd, const char *name, const char *const *files,
    size_t n, struct err *e);
/* Make the directories that data-dir names, for Torrus refuses a tree where one
 * is missing.  The store makes a file's own directory as well. */
int xml_make_dirs(const struct tree *t, const struct xml_opts *o,
    struct err *e);

#endif
