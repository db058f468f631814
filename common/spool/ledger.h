/*
 * The gap ledger of one direction: ranges that will never come, because the
 * sender said so or an operator did.  <association>/ledger at the receiver,
 * <association>/outbox/lost at the sender; replaced durably, closed by a CRC
 * line, kept as ranges.
 */
#ifndef COMMON_SPOOL_LEDGER_H
#define COMMON_SPOOL_LEDGER_H

#include "common/message/message.h"

enum ledger_why {
	LEDGER_LOST,      /* the sender's authenticated word */
	LEDGER_TOMBSTONE, /* an operator's */
};

struct ledger_range {
	uint64_t first, last;
	enum ledger_why why;
};

struct ledger {
	struct stream_id stream;    /* of the ranges below */
	struct ledger_range *range; /* ascending, apart from each other */
	size_t n;
};

/* A missing file is an empty ledger; a damaged one is ERR_INPUT. */
int ledger_read(int dirfd, const char *name, struct ledger *out, struct err *e);
/* Another stream empties it first.  Merges what touches. */
void ledger_add(struct ledger *l, struct stream_id stream,
    struct ledger_range r);
int ledger_write(int dirfd, const char *name, const struct ledger *l,
    struct err *e);
/* The last number of the lost run that begins at or before msgid and covers
 * it; msgid - 1 when none does. */
uint64_t ledger_skip(const struct ledger *l, uint64_t msgid);
void ledger_clear(struct ledger *l);

#endif
