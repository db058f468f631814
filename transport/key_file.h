/*
 * Files that the configuration names and that must not be anybody's to change,
 * or to read: keys, tokens, lists of hosts.
 */
#ifndef TRANSPORT_KEY_FILE_H
#define TRANSPORT_KEY_FILE_H

#include <sys/types.h>

#include "common/base/buf.h"
#include "common/base/err.h"

enum {
	KEY_FILE_SECRET = 0077, /* nobody else may read it */
	KEY_FILE_PUBLIC = 0022, /* nobody else may write it */
};

/* A regular file of ours or root's, in whose mode none of the bits is set, of
 * at most limit bytes.  ERR_MISSING: there is none; ERR_CONFIG: it is not so. */
int key_file_read(const char *path, mode_t bits, size_t limit, struct buf *out,
    struct err *e);

#endif
