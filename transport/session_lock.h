/*
 * One session of an association at a time, on this machine: a lock that dies
 * with its process, and the way in which a newer session takes over.
 */
#ifndef TRANSPORT_SESSION_LOCK_H
#define TRANSPORT_SESSION_LOCK_H

#include <stdbool.h>

#include "common/base/err.h"

/* Lock session.lock in association_dir.  A session that is running already:
 * take_over false: ERR_TEMP with EBUSY.  take_over true (the peer has opened a
 * new channel, so the old one is dead or about to be): it is asked to end by
 * SIGTERM, and after 5 s killed.  Returns a descriptor that holds the lock until
 * closed; no other descriptor of the file may be opened by this process. */
int session_lock(int association_dir, bool take_over, struct err *e);

#endif
