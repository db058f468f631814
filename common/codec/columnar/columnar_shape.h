/*
 * Which bytes are a canonical message, one whose header can be told in few bits
 * and whose Length and Digest follow from the rest; and writing it again.
 */
#ifndef COMMON_CODEC_COLUMNAR_COLUMNAR_SHAPE_H
#define COMMON_CODEC_COLUMNAR_COLUMNAR_SHAPE_H

#include "common/message/message.h"

enum {
	SHAPE_MORE_MAX = 32 << 10, /* bytes of `more` */
};

struct shape {
	uint64_t msgid;
	enum message_type type;
	uint64_t timestamp;
	struct stream_id stream;
	uint32_t prev;
	bool has_generation, has_part;
	uint64_t generation;
	uint32_t part, parts;
	struct slice more; /* the lines from here to Length, with their LFs */
	struct slice body;
	uint32_t digest;
	size_t n; /* bytes of the whole */
};

/* The message at the beginning of in; false: what is there is none, or would be
 * written another way. */
bool shape_read(struct slice in, struct shape *s);
/* Append it; sets digest and n.  False at the buf's limit. */
bool shape_write(struct buf *out, struct shape *s);

#endif
