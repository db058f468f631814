/*
 * Compression of batches and segments: one interface, a registry, a file for
 * each method.  Output is bounded before the first byte is decoded.
 */
#ifndef COMMON_CODEC_CODEC_H
#define COMMON_CODEC_CODEC_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

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
};

extern const struct codec_ops codec_none; /* always there */

const struct codec_ops *codec_find(struct slice name); /* NULL: unknown */
const struct codec_ops *codec_by_suffix(struct slice file_name);
/* All that this build has, NULL-terminated, the least first. */
const struct codec_ops *const *codec_all(void);

#endif
