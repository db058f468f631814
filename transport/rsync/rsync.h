/*
 * Transport rsync: rsync(1) moves the files between the outbox of one end and
 * the staging directory of the other, over ssh or to a daemon.
 */
#ifndef TRANSPORT_RSYNC_RSYNC_H
#define TRANSPORT_RSYNC_RSYNC_H

#include "transport/transport.h"

extern const struct transport_ops transport_rsync;

#endif
