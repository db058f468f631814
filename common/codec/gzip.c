/*
 * gzip (RFC 1952) through zlib: one member, nothing behind it.
 */
#include "config.h"

#include <zlib.h>

#include "common/codec/members.h"

enum {
	GZIP_WINDOW = 15 + 16, /* 32 KiB; 16 asks zlib for gzip's format */
	GZIP_MEMORY = 8,
	GZIP_LEAST = 18, /* bytes of head and end */
};

struct gzip_decoder {
	struct codec_decoder base;
	z_stream z;
};

/* zlib counts in unsigned int and takes its input without const. */
static void
set_input(z_stream *z, struct slice in)
{
	union {
		const char *ours;
		Bytef *theirs;
	} p = { .ours = in.p };

	z->next_in = p.theirs;
	z->avail_in = (uInt)in.n;
}

static int
gzip_encode(struct slice in, int level, struct buf *out, struct err *e)
{
	z_stream z = { 0 };
	char *room;
	size_t bound;
	int rc;

	if (in.n > INT32_MAX)
		return err_set(e, ERR_INPUT, "gzip: %zu bytes at once", in.n);
	if (deflateInit2(&z, level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
		Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(e, ERR_TEMP, "gzip: cannot begin");
	bound = deflateBound(&z, in.n);
	room = buf_room(out, bound);
	if (room == NULL) {
		deflateEnd(&z);
		return err_set(e, ERR_INPUT, "gzip: more than fits");
	}
	set_input(&z, in);
	z.next_out = (Bytef *)room;
	z.avail_out = (uInt)bound;
	rc = deflate(&z, Z_FINISH);
	if (rc == Z_STREAM_END)
		out->n += bound - z.avail_out;
	deflateEnd(&z);
	if (rc != Z_STREAM_END)
		return err_set(e, ERR_INTERNAL, "gzip: deflate says %d", rc);
	return 0;
}

static enum codec_step
gzip_step(struct codec_decoder *d, struct slice *in, char *out, size_t *room,
    struct err *e)
{
	z_stream *z = &((struct gzip_decoder *)d)->z;
	int rc;

	set_input(z, *in);
	z->next_out = (Bytef *)out;
	z->avail_out = (uInt)*room;
	rc = inflate(z, Z_NO_FLUSH);
	in->p += in->n - z->avail_in;
	in->n = z->avail_in;
	*room -= z->avail_out;
	if (rc == Z_STREAM_END)
		return CODEC_STEP_END;
	if (rc == Z_OK || rc == Z_BUF_ERROR)
		return CODEC_STEP_MORE;
	err_set(e, ERR_INPUT, "%s", z->msg != NULL ? z->msg : "not a stream");
	return CODEC_STEP_BAD;
}

static int
gzip_decode(struct slice in, size_t size, struct buf *out, struct err *e)
{
	struct gzip_decoder d = { .base = { gzip_step } };
	int rc;

	if (codec_check_sizes(&codec_gzip, in, size, e) == -1)
		return -1;
	if (inflateInit2(&d.z, GZIP_WINDOW) != Z_OK)
		return err_set(e, ERR_TEMP, "gzip: cannot begin");
	rc = codec_decode_bounded(&codec_gzip, &d.base, in, size, out, e);
	inflateEnd(&d.z);
	return rc;
}

/* ISIZE (RFC 1952, 2.3.1). */
static int
gzip_measure(struct slice in, size_t max, size_t *size, struct err *e)
{
	const unsigned char *end = (const unsigned char *)in.p + in.n;

	if (in.n < GZIP_LEAST)
		return err_set(e, ERR_INPUT, "gzip: the stream is cut off");
	*size = (size_t)end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 |
	    (size_t)end[-1] << 24;
	return codec_check_measure(&codec_gzip, *size, max, e);
}

const struct codec_ops codec_gzip = {
	.name = "gzip",
	.suffix = ".gz",
	.level_min = 1,
	.level_max = 9,
	.level_default = 6,
	.ratio_max = 256,
	.encode = gzip_encode,
	.decode = gzip_decode,
	.measure = gzip_measure,
};
