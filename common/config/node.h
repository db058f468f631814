/*
 * A node's ground: becomes the node's account, opens the state, spool and run
 * directories, all that a program does before its work.
 */
#ifndef COMMON_CONFIG_NODE_H
#define COMMON_CONFIG_NODE_H

#include "common/config/config.h"

struct node {
	int state_dir, spool_dir, run_dir; /* descriptors, -1: not opened */
};

/* umask 077, no core files, LC_ALL=C; started as root becomes node { user } (by
 * default the owner of state, made with the account if it is missing); any
 * other account is ERR_DENIED.  Refuses roots that others may write. */
int node_enter(const struct config *c, struct err *e);
int node_open(const struct config *c, struct node *out, struct err *e);
/* <spool>/<association>, made with what belongs in it when it is missing. */
int node_open_association(const struct node *n, const struct association *a,
    struct err *e);
void node_close(struct node *n);

#endif
