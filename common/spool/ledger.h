/*
 * The gap ledger of one direction: ranges that will never come, because the
 * sender said so or an operator did, and poison that was kept in quarantine.
 * <association>/ledger at the receiver, <association>/outbox/lost at the
 * sender; replaced durably, closed by a CRC line, kept as ranges.
 */
#ifndef COMMON_SPOOL_LEDGER_H
#define COMMON_SPOOL_LEDGER_H

#include "common/message/message.h"

enum {
	LEDGER_RANGES_MAX = 100000,
	LEDGER_DIGESTS = 4096, /* ranges, until those behind them are joined */
};

enum ledger_why {
	LEDGER_LOST,      /* the sender's authenticated word, or damage */
	LEDGER_TOMBSTONE, /* an operator's, or the policy's */
	LEDGER_POISON,    /* one message, kept in quarantine and acknowledged */
	LEDGER_POISON_CONFIG, /* the same, and it is a CONFIG, or may be one */
};

struct ledger_range {
	uint64_t first, last;
	enum ledger_why why;
	/* Of the last message, for who had it before and may still say so: of a
	 * poison; of a tombstone, where it is known; else 0. */
	uint32_t digest;
};

struct ledger {
	struct stream_id stream; /* of the ranges below */
	/* ascending, apart from each other unless they differ in why, or the
	 * first has a digest to keep */
	struct ledger_range *range;
	size_t n;
};

bool ledger_is_poison(enum ledger_why why);
/* A missing file is an empty ledger; a damaged one is ERR_INPUT. */
int ledger_read(int dirfd, const char *name, struct ledger *out, struct err *e);
/* Another stream empties it first.  Merges what touches; what is there already
 * stays as it is. */
void ledger_add(struct ledger *l, struct stream_id stream,
    struct ledger_range r);
/* ERR_INPUT above LEDGER_RANGES_MAX ranges. */
int ledger_write(int dirfd, const char *name, const struct ledger *l,
    struct err *e);
/* The last number of the lost run that begins at or before msgid and covers
 * it; msgid - 1 when none does. */
uint64_t ledger_skip(const struct ledger *l, uint64_t msgid);
/* The range that holds msgid, or NULL. */
const struct ledger_range *ledger_find(const struct ledger *l, uint64_t msgid);
/* The digest that a lost message had; false: it is not lost, or nobody knows. */
bool ledger_digest(const struct ledger *l, uint64_t msgid, uint32_t *digest);
/* How many numbers of first..last it holds. */
uint64_t ledger_count(const struct ledger *l, uint64_t first, uint64_t last);
/* Forget the ranges that end at or before msgid. */
void ledger_forget(struct ledger *l, uint64_t msgid);
void ledger_clear(struct ledger *l);

#endif
