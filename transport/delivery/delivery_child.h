/*
 * A child of its own for work on one association: it may be confined for good,
 * hang or die, and its parent hears what came of it.
 */
#ifndef TRANSPORT_DELIVERY_DELIVERY_CHILD_H
#define TRANSPORT_DELIVERY_DELIVERY_CHILD_H

#include <sys/types.h>

#include "transport/delivery/delivery.h"

struct delivery_child {
	pid_t pid;
	int fd; /* readable, or at its end, when the work is done */
};

typedef int delivery_work(void *arg, struct delivery_result *r, struct err *e);

struct delivery_child_fds {
	int fd[3]; /* -1: none */
};

/* Fork, and do the work there.  The child ends with its parent.  only: the
 * descriptors that stay open in it (and it must not use libuv); NULL: all do. */
int delivery_child_start(delivery_work *f, void *arg,
    const struct delivery_child_fds *only, struct delivery_child *c,
    struct err *e);
/* Wait for it, and say what the work said.  r is filled in either case. */
int delivery_child_end(struct delivery_child *c, struct delivery_result *r,
    struct err *e);

#endif
