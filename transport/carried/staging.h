/*
 * What others place: carried files in a directory, checked, copied and taken
 * into the inbox (W10).  The directory is staging/, or one that is carried or
 * shared; whoever fills it is not trusted: names are read letter by letter,
 * files opened beneath the directory and never followed, copied under a limit,
 * and only the copy is looked at.
 */
#ifndef TRANSPORT_CARRIED_STAGING_H
#define TRANSPORT_CARRIED_STAGING_H

#include "common/config/config.h"
#include "common/spool/inbox.h"
#include "transport/carried/carried_ack.h"
#include "transport/carried/carried_file.h"
#include "transport/carried/signature.h"
#include "transport/delivery/delivery.h"

enum {
	STAGING_PLAIN_MAX = SEGMENT_SIZE + LIMIT_MESSAGE_HARD, /* a segment */
	STAGING_FILE_MAX = STAGING_PLAIN_MAX + (1 << 20), /* and its file */
	/* Of one look, whatever lies there; what is left is the next one's. */
	STAGING_FILES = 100000, /* segments, and signatures: as a spool has */
	STAGING_REFUSED = 100,
};

struct staging_opts {
	struct carried_place at;
	int association_dir; /* for quarantine; borrowed */
	const struct association *association;
	const struct signature_keys *keys;
};

struct staging;

/* List what is there, as much as one look is for. */
int staging_open(const struct staging_opts *o, struct staging **out,
    struct err *e);
/* The other end's ack.  1: *out is it, owned.  0: there is none to be
 * believed.  Counts in r. */
int staging_ack(struct staging *s, struct carried_ack *out,
    struct delivery_result *r, struct err *e);
/* Take all segments, in order; `ack` (or NULL) is what staging_ack found.  What
 * is not to be taken goes to quarantine/ or stays and is counted in r; so is that
 * there is more than one look is for.  -1: it
 * cannot be gone on (a fork, a full disk, ...); what was committed is durable
 * nevertheless, and the rest stays. */
int staging_take(struct staging *s, struct inbox *in,
    const struct carried_ack *ack, struct delivery_result *r, struct err *e);
/* Remove what was taken, or put away: after its acknowledgement was written.
 * Best effort. */
void staging_remove(struct staging *s);
void staging_close(struct staging *s);

#endif
