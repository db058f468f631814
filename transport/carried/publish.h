/*
 * What is to be carried: the sealed segments of an outbox, each compressed to
 * stand alone and signed where that is asked for, and the file "ack".  Into
 * outbox/ itself, from where rsync takes them, or into a directory that is
 * carried or shared.
 */
#ifndef TRANSPORT_CARRIED_PUBLISH_H
#define TRANSPORT_CARRIED_PUBLISH_H

#include "common/config/config.h"
#include "common/spool/outbox.h"
#include "transport/carried/carried_ack.h"
#include "transport/carried/carried_file.h"
#include "transport/carried/signature.h"
#include "transport/delivery/delivery.h"

struct publish_opts {
	const struct association *association;
	const struct signature_keys *keys;
	/* foreign, or outbox/: uncompressed segments lie there already */
	struct carried_place at;
	/* the receiver has all up to here: files of it are removed */
	uint64_t after;
	/* what the receiver misses: files of it may be damaged, and are made anew */
	const struct carried_ranges *missing;
};

/* Every sealed segment behind `after`, in order; a damaged one is repaired
 * first.  Counts in r.  -1: those before are there. */
int publish_segments(const struct publish_opts *p, struct outbox *o,
    struct delivery_result *r, struct err *e);
/* The file "ack" with this text, unless it is the same already. */
int publish_ack(const struct publish_opts *p, struct slice text,
    struct delivery_result *r, struct err *e);
/* Is what lies there signed with the key that we have now, as far as the file
 * "ack" tells?  Also where nothing is signed, or lies there. */
bool publish_is_ours(const struct publish_opts *p);
/* Remove all files there: they are of another stream, or signed by another key. */
int publish_clear(const struct publish_opts *p, struct err *e);

#endif
