/*
 * The datasource tree in memory: leaves with their paths and parameters, small
 * enough for a million of them.  Does no I/O.
 */
#ifndef XMLCONFIG_TREE_H
#define XMLCONFIG_TREE_H

#include "common/message/message.h"

struct tree; /* leaves in path order once tree_finish was called */

struct tree_leaf {
	struct slice path;   /* "/Sites/Alps/Gateway/load/avg1" */
	struct slice token;  /* of the stream that it came from */
	struct slice params; /* "name\0value\0...": tree_next_param */
};

struct tree *tree_new(void);
/* A leaf; what follows belongs to it.  ERR_INPUT: no path, too deep. */
int tree_add(struct tree *t, struct slice path, struct slice token,
    struct err *e);
void tree_set(struct tree *t, struct slice name, struct slice value);
/* Sort by path; ERR_INPUT names two that collide: the same path, or a leaf
 * where another has a subtree. */
int tree_finish(struct tree *t, struct err *e);
size_t tree_size(const struct tree *t);
struct tree_leaf tree_leaf(const struct tree *t, size_t i);
/* Index of the leaf of this path, or SIZE_MAX. */
size_t tree_find(const struct tree *t, struct slice path);
bool tree_next_param(struct slice *params, struct slice *name,
    struct slice *value);
/* The value of a parameter, or fallback. */
struct slice tree_param(const struct tree_leaf *l, struct slice name,
    struct slice fallback);
void tree_free(struct tree *t);

/* Whole CONFIG bodies (all parts, in order) into a tree.  Parameters only of
 * the allow-list, no "%" or "$": ERR_INPUT with token and line otherwise. */
int tree_add_config(struct tree *t, struct slice body, struct err *e);

#endif
