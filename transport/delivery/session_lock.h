/*
 * How many sessions run on this machine: one of an association at a time, where
 * a newer one may take over, and so many in all.  Locks that die with their
 * process.
 */
#ifndef TRANSPORT_DELIVERY_SESSION_LOCK_H
#define TRANSPORT_DELIVERY_SESSION_LOCK_H

#include <stdbool.h>

#include "common/base/err.h"

/* Lock session.lock in association_dir.  A session that is running already:
 * take_over false: ERR_TEMP with EBUSY.  take_over true (the peer has opened a
 * new channel, so the old one is dead or about to be): it is asked to end by
 * SIGTERM, and after 5 s killed.  Returns a descriptor that holds the lock until
 * closed; no other descriptor of the file may be opened by this process. */
int session_lock(int association_dir, bool take_over, struct err *e);
/* Is a session of this association running here?  For who is about to open a
 * channel, which would make the far end let go of that one: ERR_TEMP with EBUSY.
 * Not by a process that holds the lock. */
int session_lock_probe(int association_dir, struct err *e);
/* One of `most` slots in sessions.lock in run_dir; ERR_TEMP with EBUSY: all are
 * taken.  Returns a descriptor as session_lock does. */
int session_slot(int run_dir, int most, struct err *e);

#endif
