/*
 * hubd's sessions with the spokes: those that it dials on a schedule, and those
 * that its listener hears of.  They run in a process of their own, forked before
 * hubd confines itself, since they need the network and the right to start
 * processes; it shares nothing with hubd but directories.  It ends when hubd
 * does, however that is; when it is killed another is begun (keeper.h).
 */
#ifndef HUB_SESSIONS_H
#define HUB_SESSIONS_H

#include "common/base/err.h"

struct sessions {
	int fd;  /* a byte: see sessions.c; closed: the end */
	int pid; /* of its keeper */
};

/* Fork it.  It reads the configuration by itself. */
int sessions_start(const char *config, struct sessions *out, struct err *e);
/* Read the configuration anew. */
void sessions_reload(const struct sessions *s);
/* Never blocks.  -1: it is gone. */
int sessions_check(const struct sessions *s);
/* Ask it to end its sessions and itself. */
void sessions_end(struct sessions *s);
/* The same, and wait; it is killed after wait_ms. */
void sessions_stop(struct sessions *s, int wait_ms);

#endif
