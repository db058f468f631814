/*
 * The verbs that read one leaf of a tree, and what they share: finding it in
 * the compiled tree, and having a running hubd write out what waits of it.
 */
#ifndef HUB_COMMANDS_LEAF_H
#define HUB_COMMANDS_LEAF_H

#include "common/base/options.h"
#include "common/config/config.h"
#include "common/config/node.h"
#include "xmlconfig/compiled.h"

int command_values(const struct options *o, int argc, char **argv);
int command_graph(const struct options *o, int argc, char **argv);

struct leaf {
	struct config *config;
	struct node node;
	const char *tree;
	const char *path; /* the caller's */
	const struct association *association;
	struct compiled *compiled;
	struct tree_leaf leaf; /* until the compiled tree is asked again */
	char *file;            /* of its values; NULL: no store of files */
};

/* Opens the configuration, the node, the leaf of this path.  tree NULL: the
 * only one.  ERR_MISSING: no such leaf.  Owned: leaf_close, also after a
 * failure. */
int leaf_open(const struct options *o, const char *tree, const char *path,
    struct leaf *out, struct err *e);
/* The value of a parameter, NUL-terminated and owned; NULL: it has none. */
char *leaf_param(const struct leaf *l, const char *name);
void leaf_close(struct leaf *l);

/* --from and --to, as given or by default the last hour; -1 with ERR_USAGE. */
int leaf_window(const char *from, const char *to, int64_t *from_s,
    int64_t *to_s, struct err *e);

/* A leaf's values as they were collected, from what the hub still holds, in
 * order of time. */
struct raw_value {
	uint64_t time_s;
	size_t stream; /* which one */
	uint64_t msgid;
	char text[33];
};
struct raw_values {
	struct raw_value *value;
	size_t n, cap;
};
int raw_read(const struct leaf *l, int64_t from_s, int64_t to_s,
    struct raw_values *out, struct err *e);
void raw_clear(struct raw_values *r);

#endif
