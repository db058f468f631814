/*
 * The hub's daemon: a loop around the ingest.  Notices what sessions leave in
 * the inboxes, answers on the control socket, minds signals and systemd.
 */
#ifndef HUB_HUBD_H
#define HUB_HUBD_H

#include "common/base/err.h"

struct hubd_opts {
	const char *config; /* NULL: the default */
	int *ready_fd;      /* as daemon_ready wants it */
};

/* Until SIGTERM or SIGINT.  -1: it could not begin, or not end in order, or lost
 * what only another one can begin anew. */
int hubd_run(const struct hubd_opts *o, struct err *e);

#endif
