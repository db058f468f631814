/*
 * Small state files: lines of text, closed by a line with their CRC-32 and
 * replaced durably as a whole.
 */
#ifndef HUB_INGEST_SEALED_H
#define HUB_INGEST_SEALED_H

#include "common/base/buf.h"

/* Appends the lines before the CRC line to *out.  A missing file reads as
 * empty; a damaged one, or one of more than limit bytes, is ERR_INPUT. */
int sealed_read(int dirfd, const char *name, size_t limit, struct buf *out,
    struct err *e);
/* Takes the lines of *text, whole ones, and adds to them. */
int sealed_write(int dirfd, const char *name, struct buf *text, struct err *e);

#endif
