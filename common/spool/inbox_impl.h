/*
 * What the files of the inbox share; not for others.
 */
#ifndef COMMON_SPOOL_INBOX_IMPL_H
#define COMMON_SPOOL_INBOX_IMPL_H

#include "common/spool/appender.h"
#include "common/spool/extent.h"
#include "common/spool/inbox.h"
#include "common/spool/listing.h"
#include "common/spool/quarantine.h"
#include "common/spool/reader.h"

enum {
	INBOX_LEDGER_KEEP = 10000 /* ranges, also of what was ingested */
};

/* A message that is in no sealed segment yet. */
struct inbox_fresh {
	uint64_t msgid;
	uint32_t digest;
};

struct inbox {
	int top; /* borrowed: the association's directory */
	int dir;
	struct inbox_opts opts; /* without zeros */
	struct stream_id stream;
	struct ledger ledger;
	struct extent now;       /* with what is put */
	struct extent committed; /* without */
	struct appender app;
	struct inbox_fresh *fresh;
	size_t fresh_n, fresh_cap, fresh_committed;
	uint64_t
	    held_bytes;     /* behind gaps; this and the next at most so many */
	size_t files;       /* not ingested */
	uint64_t disk_room; /* bytes, looked up for each batch */
	struct quarantine quarantine;       /* dir -1: not opened yet */
	struct spool_reader *reader;        /* of duplicates, or NULL */
	uint64_t absent_first, absent_last; /* looked for and not kept */
	struct buf synced; /* the file that was synced last for a duplicate */
	struct inbox_state state;
};

/* inbox_open.c */
/* A file of the association's directory. */
int inbox_to_quarantine(struct inbox *i, const char *name, const char *why,
    struct err *e);

/* inbox_stream.c: files of inbox/<stream>/ back into inbox/: a change of
 * stream that was not finished. */
int inbox_take_back(struct inbox *i, struct err *e);

/* inbox.c */
/* Bytes and files of a listing of inbox/ are those that are there. */
void inbox_count(struct inbox *i, const struct listing *l);

#endif
