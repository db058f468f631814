/*
 * One file in a directory where others place theirs: what its name says, and a
 * copy of its bytes.  The directory is staging/, or outbox/, or one that is
 * carried or shared; that one may be another system's file system, which knows
 * neither our accounts nor the case of letters.
 */
#ifndef TRANSPORT_CARRIED_CARRIED_FILE_H
#define TRANSPORT_CARRIED_CARRIED_FILE_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/spool/carried_name.h"

struct carried_place {
	int dir;      /* borrowed */
	bool foreign; /* carried or shared: owners there mean nothing */
};

/* What reading a file found. */
enum carried_found {
	CARRIED_READ,
	CARRIED_GONE,   /* not there any more, or not yet */
	CARRIED_BAD,    /* not a plain file, too large, ...: e says what */
	CARRIED_FAILED, /* the kernel said no */
};

/* What a name of the directory's list stands for; false: it is none of ours.
 * FAT may show its names in any case: where the directory is foreign such a name
 * counts, if the file is found under the one that we write. */
bool carried_file_name(const struct carried_place *at, const char *shown,
    struct carried_name *out);
/* Append a copy of it, of at most max bytes: whatever happens to the file from
 * now on. */
enum carried_found carried_file_read(const struct carried_place *at,
    struct carried_name name, size_t max, struct buf *out, struct err *e);
/* Append what a file of this codec, one that stands alone, holds: at most max
 * bytes. */
int carried_file_decode(const struct codec_ops *codec, struct slice in,
    size_t max, struct buf *out, struct err *e);
/* A carried directory that is not there, full, or fails, may be well again soon:
 * makes that of an error of the kernel.  Returns -1. */
int carried_file_trouble(const struct carried_place *at, struct err *e);

#endif
