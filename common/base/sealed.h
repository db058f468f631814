/*
 * Small state files: lines of text, replaced durably as a whole and closed by a
 * line with the CRC-32 of all before it, "crc32=" and 8 hex digits.
 */
#ifndef COMMON_BASE_SEALED_H
#define COMMON_BASE_SEALED_H

#include "common/base/buf.h"

struct sealed_place {
	int dirfd;
	const char
	    *folder; /* below dirfd, made where it is missing; NULL: none */
	const char *name;
	size_t limit;     /* bytes */
	const char *word; /* before "crc32="; NULL: none */
};

/* What stands before it in files of a spool. */
#define SEALED_END "end "

/* The lines into *keep, to which *text points.  A missing file has none, and
 * leaves *keep empty; a damaged one, or one that is too large, is ERR_INPUT. */
int sealed_read(const struct sealed_place *at, struct buf *keep,
    struct slice *text, struct err *e);

/* False: this is no line of such a file. */
typedef bool sealed_line(void *arg, struct slice line);

/* Each line, in order, without its end.  As sealed_read; a strange line is
 * ERR_INPUT, too, and those before it were called. */
int sealed_each(const struct sealed_place *at, sealed_line *each, void *arg,
    struct err *e);
/* Takes the lines of *text, whole ones, and adds to them. */
int sealed_write(const struct sealed_place *at, struct buf *text,
    struct err *e);

/* The closing line of a text that is no such file: cut it off (false, and
 * nothing changed: it is not there, or not right), and add it. */
bool sealed_open(struct slice *text, const char *word);
void sealed_close(struct buf *text, const char *word);

#endif
