/*
 * A fresh directory for a unit test, and the end of it.
 */
#ifndef T_SCRATCH_H
#define T_SCRATCH_H

#include "common/base/buf.h"

/* Its descriptor; its absolute path in scratch_path. */
int scratch_open(void);
extern char scratch_path[];
/* Remove it with all that it holds. */
void scratch_close(int fd);
/* A file's bytes; the test fails when there is none. */
struct buf scratch_read(int fd, const char *name);
void scratch_write(int fd, const char *name, struct slice s);
/* How many names are in it, temporaries included. */
size_t scratch_count(int fd);

#endif
