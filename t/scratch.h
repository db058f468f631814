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
/* A test with such a directory, open in fd, a variable of the file's own. */
#define SCRATCH_TEST(name, fd)                                        \
	cmocka_unit_test_prestate_setup_teardown(name, scratch_setup, \
	    scratch_teardown, &(fd))
int scratch_setup(void **fd);
int scratch_teardown(void **fd);
/* One for all the tests of a group, open in scratch_dir. */
int scratch_group_setup(void **state);
int scratch_group_teardown(void **state);
extern int scratch_dir;
/* A file's bytes; the test fails when there is none. */
struct buf scratch_read(int fd, const char *name);
void scratch_write(int fd, const char *name, struct slice s);
/* How many names are in it, temporaries included. */
size_t scratch_count(int fd);

#endif
