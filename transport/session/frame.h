/*
 * The frames of doc/protocol.5, to the byte: cutting them from a stream and
 * writing them.  What may follow what is the session's business.  No I/O.
 */
#ifndef TRANSPORT_SESSION_FRAME_H
#define TRANSPORT_SESSION_FRAME_H

#include "common/base/buf.h"
#include "common/codec/codec.h"
#include "common/spool/cursor.h"

/* What each end sends first, before it has heard anything. */
#define FRAME_OPENING "AXLETREE 1\n"

enum {
	FRAME_HEADER = 5, /* length of the payload, type */
	FRAME_PAYLOAD_MAX = 1 << 20,
	FRAME_HELLO_MAX = 4096,
	FRAME_TEXT_MAX = 200, /* of NAK and REFUSE */
	FRAME_CODEC_MAX = 16,
	FRAME_CODECS_MAX = 16,
	FRAME_BATCH_MESSAGES = 1000,
	FRAME_BATCH_BYTES = 8 << 20, /* of output, unless one larger message */
	FRAME_VERSION = 1,           /* spoken here */
};

enum frame_type {
	FRAME_HELLO = 'H',
	FRAME_BATCH = 'B',
	FRAME_CHUNK = 'C',
	FRAME_ACK = 'A',
	FRAME_NAK = 'N',
	FRAME_LOST = 'L',
	FRAME_PING = 'P',
	FRAME_DONE = 'D',
	FRAME_REFUSE = 'R',
};

struct frame {
	enum frame_type type;
	struct slice payload;
};

enum frame_cut {
	FRAME_MORE,
	FRAME_WHOLE,
	FRAME_BAD, /* e says what */
};

struct frame_hello {
	uint64_t version_min, version_max;
	struct slice association;
	bool hub;            /* the writer is the association's hub */
	bool push;           /* the spoke opened the channel */
	bool keep;           /* wants to stay open */
	struct slice codecs; /* names with commas between */
	struct spool_point out, in;
};

enum frame_batch_flags {
	FRAME_UPON = 1, /* coded upon the state after first - 1 */
	/* the state begins anew: with UPON from the seed of its place, else
	 * empty, and learns this batch */
	FRAME_ANEW = 2,
};

struct frame_batch {
	struct stream_id stream;
	uint64_t first, last;
	uint32_t digest; /* of last */
	uint32_t base;   /* digest of first - 1: names the coding state */
	unsigned flags;  /* a set of enum frame_batch_flags */
	uint32_t size;   /* of the messages */
	uint32_t encoded;
	struct slice codec; /* its name */
};

enum frame_nak_why {
	FRAME_NAK_DAMAGED = 1,
	/* the coding state is not known: send stand-alone */
	FRAME_NAK_STATE = 2,
};

struct frame_nak {
	struct stream_id stream;
	uint64_t from;
	enum frame_nak_why why;
	struct slice text; /* from outside: escape it */
};

struct frame_lost {
	struct stream_id stream;
	uint64_t first, last;
};

struct frame_refuse {
	unsigned code; /* of <sysexits.h> */
	struct slice text;
};

/* Cut the frame that *in begins with; its payload points into *in. */
enum frame_cut frame_cut(struct slice *in, struct frame *f, struct err *e);

/* Payloads, read: slices point into the payload.  ERR_PROTOCOL. */
int frame_read_hello(struct slice in, struct frame_hello *h, struct err *e);
/* The least that every reader must understand of a HELLO of any version. */
int frame_read_versions(struct slice in, uint64_t *min, uint64_t *max,
    struct err *e);
int frame_read_batch(struct slice in, struct frame_batch *b, struct err *e);
int frame_read_ack(struct slice in, struct spool_point *at, struct err *e);
int frame_read_nak(struct slice in, struct frame_nak *n, struct err *e);
int frame_read_lost(struct slice in, struct frame_lost *l, struct err *e);
int frame_read_refuse(struct slice in, struct frame_refuse *r, struct err *e);

/* Whole frames, appended to out, which has no limit. */
void frame_put_hello(struct buf *out, const struct frame_hello *h);
void frame_put_batch(struct buf *out, const struct frame_batch *b);
void frame_put_chunk(struct buf *out, struct slice bytes);
void frame_put_ack(struct buf *out, const struct spool_point *at);
void frame_put_nak(struct buf *out, const struct frame_nak *n);
void frame_put_lost(struct buf *out, const struct frame_lost *l);
void frame_put_refuse(struct buf *out, const struct frame_refuse *r);
void frame_put_signal(struct buf *out, enum frame_type t); /* PING, DONE */

#endif
