/*
 * One file of the configuration as text: read within its limits, and freed of
 * what libconfuse would misread, so that line numbers stay right.
 */
#ifndef COMMON_CONFIG_CONFIG_TEXT_H
#define COMMON_CONFIG_CONFIG_TEXT_H

#include <sys/types.h>

#include "common/base/buf.h"
#include "common/base/err.h"

enum {
	CONFIG_TEXT_MAX = 1 << 20, /* bytes */
	CONFIG_TEXT_LINE_MAX = 4096,
};

struct config_text {
	struct buf text;
	dev_t device; /* with inode: which file it is */
	ino_t inode;
	uid_t owner;
};

/* A regular file that only its owner may write, without its comments, and with a
 * byte that no file may hold for each dollar sign: libconfuse would put the
 * environment in place of ${NAME}.  Characters that it would skip without a word,
 * and a block, string or comment that does not end, are refused.  Complaints begin
 * with "path:line: " where there is a line.  Owned: config_text_clear. */
int config_text_read(const char *path, struct config_text *out, struct err *e);
void config_text_clear(struct config_text *t);
/* The dollar signs of a value come back. */
void config_text_restore(char *value);

#endif
