/*
 * Work of the spoke's daemon, in children of its own, which may hang or die.
 */
#ifndef SPOKE_DAEMON_CHILD_H
#define SPOKE_DAEMON_CHILD_H

#include <sys/types.h>
#include <uv.h>

#include "common/command/ground.h"

enum daemon_work {
	DAEMON_COLLECT, /* what is due */
	DAEMON_CARRIED, /* take what was placed, make ready what is to go */
	DAEMON_MAIL,    /* a mailer that was let go: not to be begun here */
};

/* Those that run. */
struct daemon_children {
	/* to be set before */
	const struct options *options;
	uv_loop_t *loop; /* that the daemon runs */
	void *arg;       /* of what is called */
	/* One has ended, and is not in daemon_children_count any more. */
	void (*ended)(void *arg, enum daemon_work w);

	struct daemon_child *first;
	uv_signal_t reaper; /* its data is arg: daemon_end closes it */
};

void daemon_children_begin(struct daemon_children *d);
/* The child's copy of c is the child's.  False: there is no process for it, which
 * is logged.  What fails in it is told by notices and the log. */
bool daemon_child_begin(struct daemon_children *d, struct config *c,
    enum daemon_work w);
/* Reap a child that others began with the rest. */
void daemon_child_adopt(struct daemon_children *d, pid_t pid,
    enum daemon_work w);
size_t daemon_children_count(const struct daemon_children *d,
    enum daemon_work w);
void daemon_children_kill(const struct daemon_children *d, int signal);

#endif
