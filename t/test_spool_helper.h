/*
 * What the tests of the spool share: a fresh directory, messages to put, and
 * all that a reader finds.
 */
#ifndef T_TEST_SPOOL_HELPER_H
#define T_TEST_SPOOL_HELPER_H

#include "common/spool/inbox.h"
#include "common/spool/outbox.h"
#include "common/spool/reader.h"

/* A fresh directory, open; ends the test when it cannot be made.  Every
 * function below does the same when something is not as it says. */
int helper_dir(void);
/* The same in memory, where there is such a file system: syncs cost nothing. */
int helper_dir_in_memory(void);
/* Remove all that is in it, and close it. */
void helper_dir_done(int top);

/* A test with such a directory, open in top, a variable of the file's own. */
#define SPOOL_TEST(name, top)                                        \
	cmocka_unit_test_prestate_setup_teardown(name, helper_setup, \
	    helper_teardown, &(top))
int helper_setup(void **top);
int helper_teardown(void **top);

/* DATA with one value; `n` is its Timestamp's offset and its value. */
int helper_put_data(struct outbox *o, unsigned n, struct err *e);
/* Part `part` of `parts` of a CONFIG with one leaf. */
int helper_put_config(struct outbox *o, uint64_t generation, uint32_t part,
    uint32_t parts, struct err *e);
struct outbox *helper_outbox(int top, const struct outbox_opts *opts);
/* CONFIG of generation 1, then n DATA, in one commit; sealed. */
struct outbox *helper_filled(int top, unsigned n);
struct inbox *helper_inbox(int top, const struct spool_point *cursor);
/* Opened again: all up to msgid is there. */
struct inbox *helper_inbox_upto(int top, uint64_t msgid);

/* Write message msgid of `stream` as a sender would; returns its digest. */
uint32_t helper_write(struct buf *out, struct stream_id stream, uint64_t msgid,
    uint32_t prev);
/* The same, parsed; the slices point into *keep. */
struct message helper_message(struct buf *keep, struct stream_id stream,
    uint64_t msgid, uint32_t prev);
struct stream_id helper_stream(uint8_t b);

/* Segments of one message each, 1 to n, of helper_stream(1), in outbox/ or
 * inbox/; those between the first and the last are empty.  Returns the digest of
 * the last. */
uint32_t helper_segments(int top, const char *dir, uint64_t n);

/* What a reader tells from `from` on: "1 2 gap:5 5 6 bad:7 ...". */
const char *helper_read(int top, unsigned dirs, uint64_t from);
/* The names in a directory, with blanks between; "" when it is not there. */
const char *helper_names(int top, const char *dir);
/* The digest of a sealed message; 0: not found. */
uint32_t helper_digest(int top, unsigned dirs, uint64_t msgid);
/* Write bytes over a file, or cut it, in place; offset from the end when
 * negative. */
void helper_spoil(int top, const char *path, int64_t offset, const char *bytes);
void helper_cut(int top, const char *path, int64_t size);
void helper_file(int top, const char *path, struct slice bytes);
/* Where message msgid begins in a file. */
int64_t helper_offset(int top, const char *path, uint64_t msgid);

#endif
