/*
 * What a coding state begins with: the messages of a spool before a place in
 * its stream, as common/codec/codec.h names them.
 */
#ifndef COMMON_SPOOL_RECALL_H
#define COMMON_SPOOL_RECALL_H

#include "common/codec/codec.h"
#include "common/spool/reader.h"

/* Append the seed of what is up to and with `at`, from the sealed segments in
 * dirs.  Numbers that are not there are passed over.  1: done; 0: it cannot be
 * had (the message `at` is gone or another one, no whole CONFIG is held); -1:
 * the spool cannot be read.  out is as it was then. */
int spool_recall(int association_dir, unsigned dirs,
    const struct spool_point *at, const struct codec_history *h,
    struct buf *out, struct err *e);

#endif
