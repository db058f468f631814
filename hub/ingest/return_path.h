/*
 * What a hub says to a spoke: TASK and RESYNC, one message at a time, into the
 * outbox of the association.  Sessions that are open, and who carries files, see
 * it there by themselves; so the lock of the outbox is all that is needed,
 * whether hubd runs or not.
 */
#ifndef HUB_INGEST_RETURN_PATH_H
#define HUB_INGEST_RETURN_PATH_H

#include "common/config/config.h"
#include "common/spool/outbox.h"

/* Holds the outbox's lock until outbox_close.  ERR_TEMP: somebody else does, for
 * longer than wait_ms. */
int return_path_open(int association_dir, const struct association *a,
    int wait_ms, struct outbox **out, struct err *e);
/* One message, of the present time, with one sync; to be read by others at once.
 * ERR_TEMP with ENOSPC: too much waits already, whatever spool-full says: what was
 * promised to a person is not dropped for what comes later. */
int return_path_put(struct outbox *o, enum message_type t, struct slice body,
    struct err *e);

#endif
