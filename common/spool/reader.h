/*
 * Reading a spool in order from any MsgID, across segments and across outbox
 * and sent, or inbox and archive.  Takes no lock: sealed segments only, so
 * files may move between the two directories while it reads.
 */
#ifndef COMMON_SPOOL_READER_H
#define COMMON_SPOOL_READER_H

#include "common/spool/cursor.h"

enum spool_dirs {
	SPOOL_OUTBOX = 1,
	SPOOL_SENT = 2,
	SPOOL_INBOX = 4,
	SPOOL_ARCHIVE = 8,
};

const char *spool_dir_name(unsigned dir); /* "outbox", ... */

enum spool_read {
	SPOOL_READ_MESSAGE, /* *m, valid until the next call */
	/* numbers are missing, and *m has only msgid: the first that is there
	 * again; the next call returns that message */
	SPOOL_READ_GAP,
	/* a message in a sealed segment is damaged: e says so, *m has only its
	 * msgid; what is good behind it follows, after a GAP.  outbox_repair
	 * and inbox_repair */
	SPOOL_READ_BAD,
	SPOOL_READ_END, /* nothing more is sealed; may be called again later */
	/* may be called again; ERR_TEMP: another stream began, open it anew */
	SPOOL_READ_FAILED,
};

struct spool_reader;

/* dirs: a set of enum spool_dirs.  Reads from MsgID `from` of the stream that
 * is current in those directories.  Borrows association_dir until closed. */
int spool_reader_open(int association_dir, unsigned dirs, uint64_t from,
    struct spool_reader **out, struct err *e);
/* The same of a stream that the caller knows, whatever is current there by
 * now. */
int spool_reader_open_stream(int association_dir, unsigned dirs,
    struct stream_id stream, uint64_t from, struct spool_reader **out,
    struct err *e);
/* The same of a stream that was replaced: inbox/<stream>/, archive/<stream>/ */
int spool_reader_open_old(int association_dir, unsigned dirs,
    struct stream_id stream, uint64_t from, struct spool_reader **out,
    struct err *e);
/* From now on bodies are taken as their digests have them: see
 * message_parser_trust.  For what this node spooled itself. */
void spool_reader_trust(struct spool_reader *r);
enum spool_read spool_reader_next(struct spool_reader *r, struct message *m,
    struct err *e);
/* The file that the last message came from, relative to association_dir. */
const char *spool_reader_file(const struct spool_reader *r);
/* Go on from message `from`; cheap where that lies ahead in the same segment. */
void spool_reader_seek(struct spool_reader *r, uint64_t from);
void spool_reader_close(struct spool_reader *r);

#endif
