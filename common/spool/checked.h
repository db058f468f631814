/*
 * Small text files that are replaced whole and end in "end crc32=<8 hex>",
 * the CRC-32 of all before that line.
 */
#ifndef COMMON_SPOOL_CHECKED_H
#define COMMON_SPOOL_CHECKED_H

#include "common/base/buf.h"

/* Cut the closing line off; false: it is not there, or not right. */
bool checked_open(struct slice *in);
void checked_close(struct buf *out);
/* The lines of a file into *keep, to which *text points.  A missing file is
 * empty; a damaged one is ERR_INPUT. */
int checked_read(int dirfd, const char *name, struct buf *keep,
    struct slice *text, struct err *e);
/* Close out and replace the file with it, durably. */
int checked_write(int dirfd, const char *name, struct buf *out, struct err *e);

#endif
