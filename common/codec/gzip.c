/*
 * gzip (RFC 1952) through zlib: one member, nothing behind it.
 */
#include "config.h"

#include <zlib.h>

#include "common/codec/members.h"

enum {
	GZIP_WINDOW = 15 + 16, /* 32 KiB; 16 asks zlib for gzip's format */
	GZIP_MEMORY = 8,
	GZIP_STEP = 256 << 10, /* bytes between looks at the clock */
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

/* Fill exactly size bytes at room.  The end of the member must follow them at
 * once, so there is always one byte of output more than is wanted: a stream
 * that is too long shows there. */
static int
inflate_exactly(z_stream *z, char *room, size_t size, struct err *e)
{
	struct codec_budget budget = codec_budget(size);
	size_t done = 0;

	for (;;) {
		size_t left = size + 1 - done;
		size_t step = left < GZIP_STEP ? left : GZIP_STEP;
		int rc;

		z->next_out = (Bytef *)room + done;
		z->avail_out = (uInt)step;
		rc = inflate(z, Z_NO_FLUSH);
		done += step - z->avail_out;
		if (done > size)
			return err_set(e, ERR_INPUT,
			    "gzip: more than the %zu bytes named", size);
		if (rc == Z_STREAM_END)
			break;
		if (rc != Z_OK)
			return err_set(e, ERR_INPUT, "gzip: %s",
			    z->msg != NULL ? z->msg : "the stream is cut off");
		if (codec_budget_over(&budget))
			return err_set(e, ERR_INPUT,
			    "gzip: decoding takes too long");
	}
	if (done != size)
		return err_set(e, ERR_INPUT, "gzip: %zu of %zu bytes", done,
		    size);
	if (z->avail_in != 0)
		return err_set(e, ERR_INPUT, "gzip: %u bytes behind the end",
		    z->avail_in);
	return 0;
}

static int
gzip_decode(struct slice in, size_t size, struct buf *out, struct err *e)
{
	z_stream z = { 0 };
	char *room;
	int rc;

	if (codec_check_sizes(&codec_gzip, in, size, e) == -1)
		return -1;
	room = size < INT32_MAX ? buf_room(out, size + 1) : NULL;
	if (room == NULL)
		return err_set(e, ERR_INPUT, "gzip: more than fits");
	set_input(&z, in);
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return err_set(e, ERR_TEMP, "gzip: cannot begin");
	rc = inflate_exactly(&z, room, size, e);
	inflateEnd(&z);
	if (rc == 0)
		out->n += size;
	out->p[out->n] = '\0';
	return rc;
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
};
