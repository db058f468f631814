/*
 * Order and gaps in one direction of one association: which message is next,
 * a duplicate, a fork, held, or past the window.  Does no I/O.
 */
#ifndef HUB_INGEST_SEQUENCER_H
#define HUB_INGEST_SEQUENCER_H

#include "common/spool/cursor.h"
#include "common/spool/ledger.h"

enum sequencer_verdict {
	SEQUENCER_NEXT,      /* hand it on now, then sequencer_advance */
	SEQUENCER_DUPLICATE, /* had it with this digest: drop it */
	/* had this number with another digest, or its Prev is not the digest of
	 * the one before */
	SEQUENCER_FORK,
	SEQUENCER_HELD,       /* something before it is missing: keep it */
	SEQUENCER_BEYOND,     /* further ahead than the window */
	SEQUENCER_NEW_STREAM, /* MsgID 1 of a stream not seen before */
	/* not at 1, but of such a stream: it begins where what is lost of it ends */
	SEQUENCER_LATE_STREAM,
	SEQUENCER_STRANGE, /* of a stream that was replaced */
};

const char *sequencer_verdict_name(enum sequencer_verdict v);

struct sequencer;

/* window: messages; 0: LIMIT_WINDOW_MESSAGES. */
struct sequencer *sequencer_new(const struct spool_point *cursor,
    uint64_t window);
/* This stream was current once and never comes back by itself. */
void sequencer_replaced(struct sequencer *s, struct stream_id stream);
/* The digest of a number at or below the cursor is not kept: the shell looks it
 * up and says so with known; false means it cannot be compared any more and
 * the message is a duplicate. */
enum sequencer_verdict sequencer_offer(struct sequencer *s,
    const struct message *m, bool known, uint32_t known_digest);
/* m was handed on: the cursor moves to it. */
void sequencer_advance(struct sequencer *s, const struct message *m);
/* These numbers will never come.  True when the cursor moved. */
bool sequencer_lost(struct sequencer *s, uint64_t first, uint64_t last);
/* Another stream, from its MsgID 1 or from what is lost of it on; the one before
 * it was replaced. */
void sequencer_begin(struct sequencer *s, struct stream_id stream);
struct spool_point sequencer_cursor(const struct sequencer *s);
/* The first range missing before the highest number seen; false: nothing. */
bool sequencer_gap(const struct sequencer *s, uint64_t *first, uint64_t *last);
void sequencer_free(struct sequencer *s);

#endif
