/*
 * From a spoke's paths to the hub's: the longest prefix of whole components
 * wins, then the association's subtree is put before it.  Does no I/O.
 */
#ifndef XMLCONFIG_TRANSLATE_H
#define XMLCONFIG_TRANSLATE_H

#include "common/config/config.h"
#include "xmlconfig/tree.h"

/* Append the hub's path for a spoke's to out; ERR_INPUT, and nothing appended,
 * when it would not lie strictly inside the subtree, or be too long or too
 * deep. */
int translate_path(const struct association *a, struct slice path,
    struct buf *out, struct err *e);

/* A spoke's tree (tree_add_config, finished or not) as the hub has it,
 * finished.  Owned. */
int translate_tree(const struct association *a, const struct tree *from,
    struct tree **out, struct err *e);

#endif
