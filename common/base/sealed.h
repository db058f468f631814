/*
 * Small state files: lines of text, closed by a line with their CRC-32 and
 * replaced durably as a whole.
 */
#ifndef COMMON_BASE_SEALED_H
#define COMMON_BASE_SEALED_H

#include "common/base/buf.h"

/* <state>/<folder>/<name>; the folder is made where it is missing. */
struct sealed_place {
	int state_dir;
	const char *folder, *name;
	size_t limit; /* bytes */
};

/* False: this is no line of such a file. */
typedef bool sealed_line(void *arg, struct slice line);
/* Each line, in order, without its end.  A missing file has none; a damaged or
 * strange one, or one that is too large, is ERR_INPUT, and each may have been
 * called. */
int sealed_each(const struct sealed_place *at, sealed_line *each, void *arg,
    struct err *e);
/* Takes the lines of *text, whole ones, and adds to them. */
int sealed_write(const struct sealed_place *at, struct buf *text,
    struct err *e);

#endif
