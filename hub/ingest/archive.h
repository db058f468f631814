/*
 * The directories of one association at the hub: inbox/, where sessions leave
 * sealed segments, archive/, where ingest moves them, quarantine/.  Knows names
 * and places, not messages.
 */
#ifndef HUB_INGEST_ARCHIVE_H
#define HUB_INGEST_ARCHIVE_H

#include "common/spool/cursor.h"
#include "common/spool/quarantine.h"
#include "common/spool/segment.h"

struct archive {
	int dir, inbox, kept; /* descriptors, -1: not open; kept: archive/ */
	struct quarantine quarantine;
	bool moved; /* since the last archive_sync that succeeded */
};

/* What becomes of a segment that was ingested. */
enum archive_fate {
	ARCHIVE_KEEP,       /* into archive/ */
	ARCHIVE_DROP,       /* every message of it lies there already */
	ARCHIVE_QUARANTINE, /* damaged: into quarantine/ */
};

/* Takes dir (<spool>/<association>); makes what is missing. */
int archive_open(int dir, struct archive *out, struct err *e);
/* Streams that were replaced: the directories below archive/. */
int archive_replaced(const struct archive *a,
    void (*each)(void *arg, struct stream_id stream), void *arg, struct err *e);
struct archive_segment {
	int dir; /* inbox/ or a directory in it */
	struct segment_name name;
	enum archive_fate fate;
	const char *why; /* of ARCHIVE_QUARANTINE */
};

/* Put a segment where it belongs.  Not durable before archive_sync: until then
 * it may turn up again where it was. */
int archive_put(struct archive *a, const struct archive_segment *s,
    struct err *e);
int archive_sync(struct archive *a, struct err *e);
/* Move the archive of a stream that is over into archive/<stream>/. */
int archive_retire(const struct archive *a, struct stream_id stream,
    struct err *e);
void archive_close(struct archive *a);

#endif
