/*
 * What lies in an association's archive and inbox, before it is read: which
 * streams, and where in one the messages of a time begin.
 */
#ifndef HUB_INGEST_ARCHIVED_H
#define HUB_INGEST_ARCHIVED_H

#include "common/message/message.h"

/* Streams that were replaced and are still held, in the order of their names.
 * Owned: free.  *n 0: there are none. */
int archived_streams(int association_dir, struct stream_id **out, size_t *n,
    struct err *e);
/* The MsgID of the CONFIG from which to read on to see all DATA of from_s and
 * later: what was spooled more than ARCHIVED_SLACK_S before later DATA of its
 * segment is not looked for.  stream NULL: the current one. */
int archived_start(int association_dir, const struct stream_id *stream,
    uint64_t from_s, uint64_t *msgid, struct err *e);

/* The MsgID of the last CONFIG of the current stream, of those before a MsgID,
 * that a segment begins with and that is whole there; 0: there is none. */
int archived_config(int association_dir, uint64_t before, uint64_t *msgid,
    struct err *e);

enum {
	ARCHIVED_SLACK_S =
	    2 * 86400, /* how far clocks and imports may be off */
};

#endif
