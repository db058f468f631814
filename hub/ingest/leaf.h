/*
 * A leaf's parameters as a store wants them, with the defaults of
 * axletree-message(5).  Does no I/O.
 */
#ifndef HUB_INGEST_LEAF_H
#define HUB_INGEST_LEAF_H

#include "hub/stores/store.h"

/* Points into tree and l. */
struct store_series leaf_series(const char *tree, const struct tree_leaf *l);

#endif
