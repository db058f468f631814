/*
 * What ends a run of rsync before its own end: it brings more than there is room
 * for, or next to nothing moves.
 */
#ifndef TRANSPORT_RSYNC_RSYNC_WATCH_H
#define TRANSPORT_RSYNC_RSYNC_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/clock.h"
#include "transport/rsync/rsync_room.h"

enum {
	/* A byte is an answer to rsync, whose own time-out it puts off.  Silence,
	 * which rsync itself ends, lasts 90 s at most. */
	RSYNC_SLOW_S = 120,
	RSYNC_SLOW_BYTES = 1024,
};

struct rsync_watch {
	int staging; /* what it is brought into; -1: it brings nothing */
	struct rsync_room most, used;
	bool full, slow;           /* why it is ended */
	struct mono looked, begun; /* at what it moved; of RSYNC_SLOW_BYTES */
	uint64_t bytes;            /* moved by then */
};

/* As of proc_opts: a struct rsync_watch, the rest of which is zero at first. */
bool rsync_watch_ends(void *watch, pid_t rsync);

#endif
