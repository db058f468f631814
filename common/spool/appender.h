/*
 * The segment that is being written: appends what was gathered with one sync,
 * begins another segment where numbers or a CONFIG ask for it, seals.  Shared
 * by outbox and inbox, which decide what is put.
 */
#ifndef COMMON_SPOOL_APPENDER_H
#define COMMON_SPOOL_APPENDER_H

#include "common/spool/segment.h"

enum appender_where {
	/* behind the one before; where it does not follow, or the segment is
	 * large, in a new segment */
	APPENDER_NEXT,
	APPENDER_FRESH, /* in a new segment */
	APPENDER_JOIN,  /* behind the one before, however large */
};

/* A part of the batch that goes into one segment. */
struct appender_piece {
	uint64_t first, last;
	size_t from; /* in the batch */
	bool fresh;  /* begins a segment */
};

struct appender {
	int dir; /* borrowed */
	int fd;  /* of the open segment, or -1 */
	struct segment_name name;
	uint64_t most; /* bytes after which another one begins */
	uint64_t last; /* committed in it */
	uint64_t end;  /* bytes of it that are committed */
	bool retired;  /* after a failure: never written again (G18) */
	/* put and not committed: append here, then appender_added */
	struct buf batch;
	struct appender_piece *piece;
	size_t pieces;
};

/* Called for each segment that the appender seals. */
typedef void appender_sealed(void *arg, struct segment_name s, uint64_t bytes);

void appender_init(struct appender *a, int dir);
/* Go on with an open segment that was scanned, cut and synced; takes fd. */
void appender_resume(struct appender *a, int fd,
    const struct segment_scan *found);
/* What follows `from` in the batch is message msgid. */
void appender_added(struct appender *a, size_t from, uint64_t msgid,
    enum appender_where where);
/* All of the batch durably, or nothing.  The batch is empty afterwards in both
 * cases. */
int appender_commit(struct appender *a, appender_sealed *sealed, void *arg,
    struct err *e);
void appender_rollback(struct appender *a);
/* Give the open segment its final name, durably.  What is put stays put. */
int appender_seal(struct appender *a, appender_sealed *sealed, void *arg,
    struct err *e);
void appender_clear(struct appender *a);

#endif
