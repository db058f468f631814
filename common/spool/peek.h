/*
 * An outbox as its files say, without its lock and without changing anything:
 * for verbs that only report.  While somebody writes it may be one step behind.
 */
#ifndef COMMON_SPOOL_PEEK_H
#define COMMON_SPOOL_PEEK_H

#include "common/spool/outbox.h"

struct peek {
	struct stream_id stream;
	uint64_t last, acked;      /* MsgIDs; 0: none */
	uint64_t waiting_messages; /* after acked, without those lost */
	/* of the segments that hold them, and of what is made of these to be
	 * carried: what counts for spool-size */
	uint64_t waiting_bytes;
	uint64_t oldest_s; /* Timestamp of the oldest waiting, or 0 */
	/* the same without CONFIGs, whose Timestamp is that of a change */
	uint64_t measured_s;
	uint64_t lost;        /* numbers that will never be sent */
	uint64_t quarantined; /* files in quarantine/ */
};

/* An association that has no spool yet is all zero. */
int peek_outbox(int association_dir, struct peek *out, struct err *e);

#endif
