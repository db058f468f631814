/*
 * The spoke's daemon: begins what is due on the grid of cycles, keeps sessions
 * with the hubs (transport/links/links.h), and looks after what is carried here.  All
 * work is done in forked children, by the code of the verbs; the daemon itself
 * stays small, and reads nothing from the network.
 */
#ifndef SPOKE_DAEMON_H
#define SPOKE_DAEMON_H

#include "common/command/ground.h"

/* g: opened for reading; its configuration is ours from then on, and replaced at
 * SIGHUP.  *ready_fd as daemon_ready wants it.  Until SIGTERM or SIGINT.  -1: it
 * could not begin; ERR_TEMP: another one of this node is running. */
int spoke_daemon_run(struct ground *g, int *ready_fd, struct err *e);

#endif
