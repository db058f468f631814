/*
 * What another program states through `spoke write`: its configuration becomes
 * leaves of its own, its tokens are translated to the stream's.  Does no I/O.
 */
#ifndef SPOKE_STATED_H
#define SPOKE_STATED_H

#include "spoke/tokens.h"
#include "spoke/values.h"
#include "xmlconfig/tree.h"

/* "write/NAME", owned. */
char *stated_source(const char *name);

/* One source's statements to one association.  What it calls its leaves is
 * looked up in an index that is made once and lives until the next
 * configuration: a message costs what it has, not what the tree has. */
struct stated;

/* Borrows t, which others do not change meanwhile, until freed. */
struct stated *stated_new(struct tokens *t, const char *source);
void stated_free(struct stated *s);
/* All leaves of this source, in place of its former ones; other sources' stay.
 * A token is kept where it is free in the stream, else the next T<n> stands for
 * it.  ERR_INPUT: a leaf is another source's, or the tree would not hold; t is
 * fit to be freed alone then. */
int stated_config(struct stated *s, const struct tree *tree, struct err *e);
/* The values of a DATA body of this source.  ERR_INPUT: a token that its last
 * configuration did not state. */
int stated_values(struct stated *s, const struct message *m, struct values *out,
    struct err *e);

#endif
