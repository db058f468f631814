/*
 * Work that goes on though its process is killed.  A process that gives up its
 * rights cannot start such a one anew, so a small one in between does, which has
 * nothing to be killed for.
 */
#ifndef COMMON_BASE_KEEPER_H
#define COMMON_BASE_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

/* In a process that was forked for the work and has no threads: returns in a
 * child of it, and in another when that ended otherwise than with status 0.  The
 * process itself ends with status 0 when one of them did, or its own parent is
 * gone, else with 1 when five in a row lived less than a minute, and heeds no
 * SIGTERM.  `what` is for the log. */
void keeper_run(const char *what);
/* In its owner, when the work has ended unasked.  True: the keeper was killed, and
 * could begin nothing anew.  False: it gave up, and said why, or is not gone yet.
 * Reaps it: *pid is 0 then. */
bool keeper_was_killed(pid_t *pid);

#endif
