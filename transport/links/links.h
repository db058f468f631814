/*
 * The sessions of a daemon: those that it dials, on a schedule
 * (links_schedule.h), and those that a listener hands over.  Each runs in a
 * forked child of its own, confined before its first byte; here is the libuv
 * shell that begins, reaps and ends them.  It reads nothing from the network
 * itself.
 *
 * A link that has something in its outbox is told so by inotify, and dialed
 * without waiting for its next time.
 */
#ifndef TRANSPORT_LINKS_LINKS_H
#define TRANSPORT_LINKS_LINKS_H

#include <uv.h>

#include "transport/delivery/delivery.h"

struct links;

enum {
	LINKS_MOST =
	    64 /* sessions at once that are not kept; kept ones: 4,096 */
};

struct links_opts {
	uv_loop_t *loop;
	enum config_role role; /* associations in which we have it */
	/* In the session's own process, when the session is over and while it is
	 * kept open; NULL: another program acts on what came. */
	delivery_took *took;
};

/* Begins at once.  Borrows config until links_close or links_reload.  The loop's
 * SIGCHLD is not ours alone: other children are not touched. */
int links_open(const struct links_opts *o, const struct config *config,
    struct links **out, struct err *e);
/* Go on with another configuration: what it does not have any more, and what is
 * kept open, is ended; the rest goes on.  -1: all is as before. */
int links_reload(struct links *l, const struct config *config, struct err *e);
/* A session that the far end of `a`, of the present configuration, began: fd is
 * a non-blocking stream socket whose other end the listener has, which may have a
 * meter.  Takes fd.
 * ERR_TEMP: there are too many, or no memory for another. */
int links_answer(struct links *l, const struct association *a, int fd,
    struct channel_meter *meter, struct err *e);
/* Sessions that run. */
size_t links_running(const struct links *l);
/* Ask all sessions to end, kill them after 15 s, reap all; then gone is called
 * (may be NULL) and l is free.  The loop must run until then. */
void links_close(struct links *l, void (*gone)(void *arg), void *arg);

#endif
