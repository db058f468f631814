/*
 * What a coding state begins with: the messages of a spool before a place in
 * its stream, as common/codec/codec.h names them.
 */
#ifndef COMMON_SPOOL_RECALL_H
#define COMMON_SPOOL_RECALL_H

#include "common/codec/codec.h"
#include "common/spool/reader.h"

/* How much was seen, going back from the newest message of a stream.  A kind of
 * DATA is told by its first token. */
struct recall_seen {
	uint64_t numbers; /* the caller's to count, lost ones too */
	uint64_t data, kinds;
	size_t bytes;          /* of DATA */
	uint8_t kind[1 << 13]; /* a bit for each that was there */
};

struct recall_data {
	size_t bytes;
	uint16_t kind;
};
struct recall_data recall_data(const struct message *data);
void recall_add(struct recall_seen *s, struct recall_data d);
/* A seed takes nothing older. */
bool recall_is_enough(const struct recall_seen *s,
    const struct codec_history *h);

/* Append the seed of what is up to and with `at`, from the sealed segments in
 * dirs.  Numbers that are not there are passed over.  1: done; 0: it cannot be
 * had (the message `at` is gone or another one, no whole CONFIG is held); -1:
 * the spool cannot be read.  out is as it was then. */
int spool_recall(int association_dir, unsigned dirs,
    const struct spool_point *at, const struct codec_history *h,
    struct buf *out, struct err *e);

#endif
