/*
 * The journal of an RRD store (W16): what the mutable heads of its files were
 * when all was last surely stored.  librrd updates a file through a shared
 * mapping, so a head may be half new after a kill, and newer or older than its
 * rows after a power cut.  Put back the heads, apply again what came since:
 * the same rows are written once more, and nothing is counted twice.
 *
 * <store>/.journal: "axletree-rrd-journal-1\n", then for each file, little
 * endian:
 *
 *	magic 4 bytes   "RRDH"
 *	crc   4 bytes   CRC-32 of all that follows in this record
 *	name  4 bytes   length of the file's name below the store
 *	bytes 4 bytes   length of the mutable head; 0: there was no file
 *	at    8 bytes   where in the file it begins
 *	the name, the bytes
 *
 * A file stands in it at most once, and is not updated before its record is
 * durable.
 */
#ifndef HUB_STORES_RRD_JOURNAL_H
#define HUB_STORES_RRD_JOURNAL_H

#include "common/base/buf.h"
#include "common/base/err.h"

struct rrd_journal;

/* Of the store in dirfd (borrowed while it is open).  If a former run left
 * records: puts the heads back, removes the files that were not there and what
 * is left of their making, syncs the file system, and begins anew.  *restored
 * counts files. */
int rrd_journal_open(int dirfd, struct rrd_journal **out, uint64_t *restored,
    struct err *e);
/* One record, appended to out.  No head: there is no file. */
void rrd_journal_record(struct buf *out, const char *name, uint64_t at,
    struct slice head);
/* Durable when it returns.  After a failed sync (e->kind ERR_SYS and
 * *final true) the journal must be closed and opened anew (F3). */
int rrd_journal_append(struct rrd_journal *j, struct slice records, bool *final,
    struct err *e);
/* Forget all: what is in the files is surely stored.  Durable. */
int rrd_journal_restart(struct rrd_journal *j, struct err *e);
void rrd_journal_close(struct rrd_journal *j);

#endif
