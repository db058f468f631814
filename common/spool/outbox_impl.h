/*
 * What the files of the outbox share; not for others.
 */
#ifndef COMMON_SPOOL_OUTBOX_IMPL_H
#define COMMON_SPOOL_OUTBOX_IMPL_H

#include "common/spool/appender.h"
#include "common/spool/listing.h"
#include "common/spool/mark.h"
#include "common/spool/outbox.h"
#include "common/spool/quarantine.h"
#include "common/spool/repair.h"

/* What the next commit drops, so that what is put has room: the first n segments
 * that wait, without the CONFIG that those behind them need. */
struct outbox_plan {
	size_t n;
	uint64_t bytes; /* of these, with what is made of them */
	size_t config;  /* the last that begins with one; SIZE_MAX: none */
	uint64_t config_bytes; /* of its parts */
	bool spares;           /* that CONFIG is needed, and kept */
};

struct outbox {
	struct outbox_opts opts; /* without zeros */
	int top;                 /* borrowed: the association's directory */
	int lock, dir, sent_dir;
	struct quarantine quarantine; /* dir -1: not opened yet */
	struct slots *slots;
	struct mark mark;
	struct appender app;
	struct listing waiting; /* sealed, in outbox/; with sizes */
	uint64_t carried; /* bytes made of them to be carried, there too */
	struct listing sent;
	struct ledger lost;
	struct outbox_state state;
	struct spool_point put; /* the newest message, committed or not */
	uint64_t put_generation;
	uint64_t put_newest_s;
	uint64_t put_first_s;  /* of the first message of the open segment */
	uint64_t newest_s;     /* newest plausible Timestamp, or 0 */
	uint64_t open_first_s; /* Timestamp of the open segment's first */
	uint64_t oldest_of;    /* the segment that state.oldest_s is of */
	uint64_t disk_room;    /* bytes, looked up for each batch */
	bool pruned;           /* for this batch: sent/ gives no more */
	struct outbox_plan plan;
};

/* outbox.c */
void outbox_sealed(void *arg, struct segment_name s, uint64_t bytes);
void outbox_refresh(struct outbox *o);    /* what state derives from the rest */
void outbox_forget_put(struct outbox *o); /* what is not committed */
int outbox_store_mark(struct outbox *o, struct err *e);
/* Rename what is acknowledged into sent/. */
void outbox_move_acked(struct outbox *o);
struct repair_dir outbox_repair_dir(const struct outbox *o);
/* A file of outbox/. */
int outbox_to_quarantine(struct outbox *o, const char *name, const char *why,
    struct err *e);

/* outbox_open.c */
int outbox_load(struct outbox *o, struct err *e);
void outbox_unload(struct outbox *o);

/* outbox_room.c */
/* Is there room for all that is put, once what is planned is dropped?  Else ERR_TEMP
 * with ENOSPC.  Prunes sent/ and plans more where that helps; what waits is dropped
 * by the commit alone. */
int outbox_check_room(struct outbox *o, bool config, struct err *e);
void outbox_prune(struct outbox *o, bool for_room);
/* Does segment i, those of sent/ counted first, begin with a CONFIG and hold
 * all its parts? */
bool outbox_begins_with_config(const struct outbox *o, size_t i);
uint32_t outbox_config_parts(const struct outbox *o, size_t i); /* 0: no */
/* The bytes of the files made of a segment to be carried; gone: remove them. */
uint64_t outbox_companions(struct outbox *o, struct segment_name s, bool gone);

/* outbox_drop.c */
/* Plan to drop enough segments, never the newest, to free so many bytes, and with
 * `file` a file.  False: there are not enough. */
bool outbox_plan(struct outbox *o, uint64_t bytes, bool file);
/* Do as planned; their tombstones first. */
int outbox_drop_planned(struct outbox *o, struct err *e);
/* An open found segments within another: a cut that was not finished. */
int outbox_finish_cut(struct outbox *o, struct err *e);

/* outbox_renew.c */
int outbox_finish_renew(struct outbox *o, struct err *e);

#endif
