/*
 * What daemons are made of: a loop, the signals that one minds, systemd's
 * watchdog, and the way into the background.  What they do is theirs.
 */
#ifndef COMMON_BASE_DAEMON_H
#define COMMON_BASE_DAEMON_H

#include <uv.h>

#include "common/base/err.h"

enum daemon_signal {
	DAEMON_END,    /* SIGTERM, SIGINT */
	DAEMON_RELOAD, /* SIGHUP */
	DAEMON_SAY,    /* SIGUSR1: log the state */
};

struct daemon {
	uv_loop_t loop;
	uv_timer_t watchdog;
	uv_signal_t signal[4];
	void (*on_signal)(void *arg, enum daemon_signal what);
	void *arg;
	bool begun;
};

/* The loop, and the signals; d lives until daemon_end. */
void daemon_begin(struct daemon *d,
    void (*heard)(void *arg, enum daemon_signal what), void *arg);
/* Close what is open in the loop and has owner as its data, run the loop until
 * all has closed, and end it. */
void daemon_end(struct daemon *d, const void *owner);

/* Go on in a child, in a session of its own; the parent stays until
 * daemon_ready or daemon_failed, and has the child's exit status.  Returns in
 * the child, whose stdin, stdout and stderr are closed.  *fd is for those two;
 * without this call it is -1. */
int daemon_background(int *fd, struct err *e);
/* All is open: tell systemd, and the parent, who may leave. */
void daemon_ready(int *fd);
/* It could not begin: the parent says so in its place.  Then end. */
void daemon_failed(int *fd, const char *program, const struct err *why);

#endif
