/*
 * The datasource tree in memory: leaves with their paths and parameters, small
 * enough for a million of them.  Does no I/O.
 */
#ifndef XMLCONFIG_TREE_H
#define XMLCONFIG_TREE_H

#include "common/message/message.h"

struct tree; /* leaves in path order once tree_finish was called */

/* Slices live until the next change of the tree. */
struct tree_leaf {
	struct slice path;   /* "/Sites/Alps/Gateway/load/avg1" */
	struct slice token;  /* of the stream that it came from, or empty */
	struct slice params; /* in a form of their own: tree_next_param */
};

struct tree *tree_new(void);
/* A leaf; what follows belongs to it.  ERR_INPUT: no path, no token, more than
 * a million leaves or 1 GiB of text. */
int tree_add(struct tree *t, struct slice path, struct slice token,
    struct err *e);
/* The same with token and parameters of a leaf of another tree. */
int tree_add_like(struct tree *t, struct slice path, const struct tree_leaf *l,
    struct err *e);
/* A parameter of the leaf added last, in place of one of that name.  Names are
 * those of names_param(), values of at most LIMIT_CONFIG_VALUE bytes without
 * NUL; they are kept in the order of names_param(). */
void tree_set(struct tree *t, struct slice name, struct slice value);
void tree_set_ranked(struct tree *t, int rank, struct slice value);
/* Sort by path, in the order of bytes, so that a subtree's leaves stand
 * together; ERR_INPUT names two that collide: the same path, a leaf where
 * another has a subtree, names side by side that differ in case only, a leaf
 * "a" beside a subtree "a.rrd", which is its file's name, or the same token.  Add no more afterwards. */
int tree_finish(struct tree *t, struct err *e);
size_t tree_size(const struct tree *t);
struct tree_leaf tree_leaf(const struct tree *t, size_t i);
/* Index of the leaf of this path, or SIZE_MAX.  Finished trees only. */
size_t tree_find(const struct tree *t, struct slice path);
/* Leaves of a finished tree that stand together: from `first` to before `end`,
 * with the same path up to byte `at`, where the names of one subtree begin.
 * { 0, tree_size(t), 1 } is the whole tree. */
struct tree_span {
	size_t first, end, at;
};
struct tree_child {
	struct slice name;
	bool is_leaf;
	struct tree_span span; /* its leaves; of a leaf: itself */
};
/* Cut the first child off a subtree; false when there is none left. */
bool tree_next_child(const struct tree *t, struct tree_span *left,
    struct tree_child *out);
/* Cut the first parameter off; false at the end, or where the bytes are none.
 * The value has a NUL behind it. */
bool tree_next_param(struct slice *params, struct slice *name,
    struct slice *value);
bool tree_next_ranked(struct slice *params, int *rank, struct slice *value);
/* The value of a parameter, or fallback. */
struct slice tree_param(const struct tree_leaf *l, struct slice name,
    struct slice fallback);
/* A path, or part of one, as it names files and directories of the store: a
 * comma for each colon, at which RRDtool ends the name of a file, and Torrus
 * does not say otherwise.  In place; no component of a path has a comma. */
void tree_file_name(char *path);
void tree_free(struct tree *t);

/* Whole CONFIG bodies (all parts, in order) into a tree, before tree_finish.
 * Parameters only of the allow-list, each with a value of its kind, no "%" or
 * "$": ERR_INPUT with token and line otherwise, and then the tree is fit for
 * tree_free alone. */
int tree_add_config(struct tree *t, struct slice body, struct err *e);

#endif
