/*
 * Locks that die with their process: flock on a file or directory.
 */
#ifndef COMMON_BASE_LOCK_H
#define COMMON_BASE_LOCK_H

#include <stdbool.h>

#include "common/base/err.h"

/* Lock `name` (made 0600 if missing) below dirfd, waiting at most wait_ms;
 * 0: no wait.  Returns a descriptor that holds the lock until closed, or -1
 * with ERR_TEMP when another process has it. */
int lock_file(int dirfd, const char *name, int wait_ms, struct err *e);
/* The same without waiting, for a process alone: children that it forks do not
 * hold it.  The file may not be opened elsewhere in this process. */
int lock_process(int dirfd, const char *name, struct err *e);
/* Whether another process holds what lock_file gives; never waits, and keeps
 * nobody from it who waits a little. */
bool lock_is_held(int dirfd, const char *name);
/* As lock_file, on a directory that is open already; the lock is on a descriptor of
 * its own. */
int lock_dir(int dirfd, int wait_ms, struct err *e);

#endif
