/*
 * A node's ground: becomes the node's account, opens the state, spool and run
 * directories, all that a program does before its work.
 */
#ifndef COMMON_CONFIG_NODE_H
#define COMMON_CONFIG_NODE_H

#include <sys/types.h>

#include "common/config/config.h"

/* In the state directory: hubd has it as long as it runs, and a verb that works
 * in its place. */
#define NODE_HUB_LOCK "hub.lock"

struct node {
	int state_dir, spool_dir, run_dir; /* descriptors, -1: not opened */
};

/* All programs of a node run as one account: node { user }, by default the
 * owner of the state directory, or the caller where there is none yet. */
struct node_account {
	uid_t uid;
	gid_t gid;
	char name[33]; /* "" for an account without a name */
};
int node_account(const struct config *c, struct node_account *out,
    struct err *e);

/* umask 077, no core files, 64 descriptors or more, LC_ALL=C; started as root
 * becomes the node's account, and makes for it those of the three directories
 * that are missing (their parents are there); any other account is
 * ERR_DENIED. */
int node_enter(const struct config *c, struct err *e);
/* Become the account alone. */
int node_become(const struct config *c, struct err *e);
/* Open the three directories, made where they are missing.  ERR_CONFIG when
 * one of them, or a directory above, is a symbolic link, belongs to anybody
 * but us and root, or can be written by others; above may be directories of
 * root with the sticky bit, such as /tmp.  Owned: node_close. */
int node_open(const struct config *c, struct node *out, struct err *e);
/* The same without making or keeping anything; what is not there is fine. */
int node_check(const struct config *c, struct err *e);
/* The same of the stores' directories, which make themselves. */
int node_check_stores(const struct config *c, struct err *e);
/* Remove what dead writers left in the state directory, in those below it and
 * in run.  Best effort: what stays goes the next time. */
void node_sweep(const struct node *n);
/* <spool>/<association>, made with what belongs in it when it is missing:
 * outbox sent inbox archive staging quarantine.  Owned: close. */
int node_open_association(const struct node *n, const struct association *a,
    struct err *e);
void node_close(struct node *n);

#endif
