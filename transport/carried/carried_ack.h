/*
 * The file "ack" of a carried outbox: what its writer has of the other end's
 * messages, and where it stands with its own.  doc/protocol.5, "CARRIED FILES".
 * Does no I/O.
 */
#ifndef TRANSPORT_CARRIED_CARRIED_ACK_H
#define TRANSPORT_CARRIED_CARRIED_ACK_H

#include "common/spool/cursor.h"

enum {
	CARRIED_RANGES = 10000,    /* in each of the two lists */
	CARRIED_ACK_MAX = 1 << 20, /* bytes */
};

struct carried_range {
	uint64_t first, last;
};

/* Ascending and apart.  Zero-initialised: empty. */
struct carried_ranges {
	struct carried_range *at;
	size_t n;
};

struct carried_ack {
	struct spool_point have;       /* durable; zero stream: none known */
	struct carried_ranges missing; /* behind have, of the same stream */

	struct spool_point send;    /* its newest; zero stream: none */
	uint64_t acked;             /* of send's stream, as its writer knows */
	struct carried_ranges lost; /* of send's stream, never to come */

	/* What the other end's ack said of its own stream and `acked`: shows
	 * that this one is the newer.  Zero stream: nothing was heard. */
	struct stream_id heard_stream;
	uint64_t heard;
};

/* Append a range that lies behind those before it, joined to the last where it
 * touches; false: there are too many already. */
bool carried_ranges_add(struct carried_ranges *r, uint64_t first,
    uint64_t last);
bool carried_ranges_touch(const struct carried_ranges *r, uint64_t first,
    uint64_t last);

void carried_ack_put(struct buf *out, const struct carried_ack *a);
/* One file, so that whoever reads it never has another's signature: it may end in
 * a line with the signature of all before it, which signature.h makes. */
#define CARRIED_ACK_SIGNED "sig "
/* Cut that line off: *signature is as in a .sig, or empty. */
void carried_ack_cut(struct slice *text, struct slice *signature);
/* ERR_INPUT: it is not to the byte what carried_ack_put writes, and perhaps a
 * signature, at which it does not look.  Owned. */
int carried_ack_parse(struct slice text, struct carried_ack *out,
    struct err *e);
void carried_ack_clear(struct carried_ack *a);

#endif
