/*
 * Compression of batches and segments: one interface, a registry, a file for
 * each method.  Output is bounded before the first byte is decoded.
 */
#ifndef COMMON_CODEC_CODEC_H
#define COMMON_CODEC_CODEC_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

enum {
	CODEC_SEED_BYTES = 16 << 20,   /* of DATA in a seed */
	CODEC_SEED_MESSAGES = 1 << 14, /* numbers that are looked at for one */
};

struct codec_state; /* belongs to its codec */

/* What a codec that codes batches upon those before them needs.  A state begins
 * empty, or from a seed, which is a function of the place in the stream alone:
 * with `config` first the newest complete CONFIG set before the place; then the
 * DATA before it, oldest first: back from the place as far as is needed until
 * they are `enough` bytes, or in `messages` numbers and `of_each` DATA for every
 * kind of them there (common/spool/recall.h), and no more than fit into
 * CODEC_SEED_BYTES.  Both ends move it over the same messages in the same order;
 * what differs nevertheless is found by the digests. */
struct codec_history {
	bool config;
	unsigned messages;
	unsigned of_each;
	size_t enough;
	struct codec_state *(*state_new)(void);
	void (*state_free)(struct codec_state *);
	/* learn, encode and decode move the state alike behind the messages,
	 * which are whole, of one stream, in order, of every type; numbers may
	 * be missing.  What is not canonical must do no harm either, and memory
	 * stays bounded whatever comes. */
	void (*learn)(struct codec_state *, struct slice messages);
	/* As encode and decode of codec_ops, upon the state.  After a failure it
	 * can only be freed. */
	int (*encode)(struct codec_state *, struct slice in, int level,
	    struct buf *out, struct err *e);
	int (*decode)(struct codec_state *, struct slice in, size_t size,
	    struct buf *out, struct err *e);
};

struct codec_ops {
	const char *name;   /* "gzip": in the configuration and the opening */
	const char *suffix; /* ".gz" behind ".msgs"; "" for none */
	int level_min, level_max, level_default;
	unsigned ratio_max; /* most output bytes for an input byte; 0: any */
	/* Append the stand-alone encoding of in to out. */
	int (*encode)(struct slice in, int level, struct buf *out,
	    struct err *e);
	/* Append exactly size bytes to out, which must have room for one more;
	 * anything else (more, less, a second member, trailing bytes, more than
	 * 1 s of CPU per 8 MiB) is ERR_INPUT, and out is as it was. */
	int (*decode)(struct slice in, size_t size, struct buf *out,
	    struct err *e);
	/* For a file that comes without its size: what decode is then to find.
	 * ERR_INPUT: nothing of at most max bytes. */
	int (
	    *measure)(struct slice in, size_t max, size_t *size, struct err *e);
	const struct codec_history *history; /* NULL: all stand alone */
};

extern const struct codec_ops codec_none; /* always there */

const struct codec_ops *codec_find(struct slice name); /* NULL: unknown */
const struct codec_ops *codec_by_suffix(struct slice file_name);
/* All that this build has, NULL-terminated, the least first. */
const struct codec_ops *const *codec_all(void);

#endif
