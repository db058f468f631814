/*
 * Where a sender goes on; see start.h.
 */
#include "config.h"

#include "transport/session/start.h"

/* Digest 0: of a lost message, not known. */
static bool
differ(const struct spool_point *a, const struct spool_point *b)
{
	return a->msgid == b->msgid && a->digest != 0 && b->digest != 0 &&
	    a->digest != b->digest;
}

enum start_verdict
start_find(const struct spool_point *out, const struct spool_point *acked,
    const struct spool_point *theirs, struct spool_point *at)
{
	*at = (struct spool_point){ .stream = out->stream };
	if (stream_is_zero(theirs->stream))
		return acked->msgid == 0 ? START_ON : START_UNKNOWN;
	if (!stream_eq(theirs->stream, out->stream))
		return START_ON; /* ours takes the place of theirs */
	if (theirs->msgid > out->msgid || differ(theirs, out) ||
	    differ(theirs, acked))
		return START_COPY;
	*at = *theirs;
	return START_ON;
}
