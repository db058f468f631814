/*
 * A job in parts, each done by a process of its own at the same time: for work
 * that maps and unmaps memory all the time, which threads of one process make
 * each other wait for.  The processes are forks: they see all that is, and
 * what they change is gone with them, save in shared memory and in files.
 */
#ifndef COMMON_BASE_CREW_H
#define COMMON_BASE_CREW_H

#include <stddef.h>

#include "common/base/err.h"

enum {
	CREW_MOST = 8, /* parts */
};

/* How many parts are worth it for so many pieces of work, of which fewer than
 * `least` are not worth a process: 1 .. CREW_MOST, and no more than there are
 * processors. */
size_t crew_parts(size_t pieces, size_t least);

/* What the parts leave for the caller; zeroed.  NULL: none can be had. */
void *crew_memory(size_t n, struct err *e);
void crew_memory_free(void *p, size_t n);

/* part(arg, 0) runs here, part(arg, 1 .. n - 1) each in a child, or here where
 * no child can be had; returns when all have ended.  A child gets no signal
 * but SIGKILL, and dies with this process.  It holds this process's locks until
 * then.  ERR_TEMP: one was killed, or died, in the middle of its part. */
typedef void crew_part(void *arg, size_t i);
int crew_run(size_t n, crew_part *part, void *arg, struct err *e);

#endif
