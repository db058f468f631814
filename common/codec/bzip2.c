/*
 * bzip2 through libbz2: one stream, nothing behind it.
 */
#include "config.h"

#include <bzlib.h>

#include "common/codec/members.h"

struct bzip2_decoder {
	struct codec_decoder base;
	bz_stream z;
};

/* libbz2 counts in unsigned int and takes its input without const. */
static void
set_input(bz_stream *z, struct slice in)
{
	union {
		const char *ours;
		char *theirs;
	} p = { .ours = in.p };

	z->next_in = p.theirs;
	z->avail_in = (unsigned)in.n;
}

static int
bzip2_encode(struct slice in, int level, struct buf *out, struct err *e)
{
	bz_stream z = { 0 };
	size_t bound = in.n + in.n / 100 + 600; /* its manual's */
	char *room;
	int rc;

	if (in.n > INT32_MAX)
		return err_set(e, ERR_INPUT, "bzip2: %zu bytes at once", in.n);
	room = buf_room(out, bound);
	if (room == NULL)
		return err_set(e, ERR_INPUT, "bzip2: more than fits");
	if (BZ2_bzCompressInit(&z, level, 0, 0) != BZ_OK)
		return err_set(e, ERR_TEMP, "bzip2: cannot begin");
	set_input(&z, in);
	z.next_out = room;
	z.avail_out = (unsigned)bound;
	rc = BZ2_bzCompress(&z, BZ_FINISH);
	if (rc == BZ_STREAM_END)
		out->n += bound - z.avail_out;
	out->p[out->n] = '\0';
	BZ2_bzCompressEnd(&z);
	if (rc != BZ_STREAM_END)
		return err_set(e, ERR_INTERNAL, "bzip2: it says %d", rc);
	return 0;
}

static enum codec_step
bzip2_step(struct codec_decoder *d, struct slice *in, char *out, size_t *room,
    struct err *e)
{
	bz_stream *z = &((struct bzip2_decoder *)d)->z;
	int rc;

	set_input(z, *in);
	z->next_out = out;
	z->avail_out = (unsigned)*room;
	rc = BZ2_bzDecompress(z);
	in->p += in->n - z->avail_in;
	in->n = z->avail_in;
	*room -= z->avail_out;
	if (rc == BZ_STREAM_END)
		return CODEC_STEP_END;
	if (rc == BZ_OK)
		return CODEC_STEP_MORE;
	err_set(e, ERR_INPUT, "%s",
	    rc == BZ_DATA_ERROR_MAGIC ? "not a stream" : "damaged");
	return CODEC_STEP_BAD;
}

static int
bzip2_decode(struct slice in, size_t size, struct buf *out, struct err *e)
{
	struct bzip2_decoder d = { .base = { bzip2_step } };
	int rc;

	if (codec_check_sizes(&codec_bzip2, in, size, e) == -1)
		return -1;
	if (BZ2_bzDecompressInit(&d.z, 0, 0) != BZ_OK)
		return err_set(e, ERR_TEMP, "bzip2: cannot begin");
	rc = codec_decode_bounded(&codec_bzip2, &d.base, in, size, out, e);
	BZ2_bzDecompressEnd(&d.z);
	return rc;
}

static int
bzip2_measure(struct slice in, size_t max, size_t *size, struct err *e)
{
	struct bzip2_decoder d = { .base = { bzip2_step } };
	int rc;

	if (BZ2_bzDecompressInit(&d.z, 0, 0) != BZ_OK)
		return err_set(e, ERR_TEMP, "bzip2: cannot begin");
	rc = codec_measure_bounded(&codec_bzip2, &d.base, in, max, size, e);
	BZ2_bzDecompressEnd(&d.z);
	return rc;
}

const struct codec_ops codec_bzip2 = {
	.name = "bzip2",
	.suffix = ".bz2",
	.level_min = 1,
	.level_max = 9,
	.level_default = 9,
	.ratio_max = 256,
	.encode = bzip2_encode,
	.decode = bzip2_decode,
	.measure = bzip2_measure,
};
