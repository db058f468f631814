/*
 * Work of the spoke's daemon in a child of its own, which may hang or die.
 */
#ifndef SPOKE_DAEMON_CHILD_H
#define SPOKE_DAEMON_CHILD_H

#include <sys/types.h>
#include <uv.h>

#include "common/command/ground.h"

enum daemon_work {
	DAEMON_COLLECT, /* what is due */
	DAEMON_CARRIED, /* take what was placed, make ready what is to go */
	DAEMON_MAIL,    /* a mailer that was let go: not to be forked here */
};

struct daemon_child_opts {
	const struct options *options;
	struct config *config; /* the child's copy of it is the child's */
	uv_loop_t *loop;       /* that the daemon runs */
	enum daemon_work work;
};

/* -1: errno says why.  What fails in it is told by notices and the log. */
pid_t daemon_child_fork(const struct daemon_child_opts *o);
const char *daemon_work_name(enum daemon_work w);

#endif
