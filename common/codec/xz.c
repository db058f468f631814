/*
 * xz through liblzma: one stream of the .xz format, nothing behind it, with a
 * dictionary that is no larger than what it codes, so that decoding keeps to a
 * bounded memory at every level.
 */
#include "config.h"

#include <lzma.h>

#include "common/codec/members.h"

enum {
	XZ_MEMORY = 64 << 20,     /* bytes that a decoder may take */
	XZ_DICTIONARY = 32 << 20, /* of ours, at most: fits into it */
};

struct xz_decoder {
	struct codec_decoder base;
	lzma_stream z;
};

static int
xz_encode(struct slice in, int level, struct buf *out, struct err *e)
{
	lzma_options_lzma o;
	lzma_filter chain[] = { { LZMA_FILTER_LZMA2, &o },
		{ LZMA_VLI_UNKNOWN, NULL } };
	size_t bound = lzma_stream_buffer_bound(in.n), n = 0;
	char *room = bound > 0 ? buf_room(out, bound) : NULL;
	lzma_ret rc;

	if (room == NULL)
		return err_set(e, ERR_INPUT, "xz: more than fits");
	if (lzma_lzma_preset(&o, (uint32_t)level))
		return err_set(e, ERR_INTERNAL, "xz: no level %d", level);
	if (o.dict_size > in.n)
		o.dict_size = (uint32_t)in.n;
	if (o.dict_size > XZ_DICTIONARY)
		o.dict_size = XZ_DICTIONARY;
	if (o.dict_size < LZMA_DICT_SIZE_MIN)
		o.dict_size = LZMA_DICT_SIZE_MIN;
	rc = lzma_stream_buffer_encode(chain, LZMA_CHECK_CRC32, NULL,
	    (const uint8_t *)in.p, in.n, (uint8_t *)room, &n, bound);
	if (rc == LZMA_OK)
		out->n += n;
	out->p[out->n] = '\0';
	if (rc != LZMA_OK)
		return err_set(e, ERR_TEMP, "xz: it says %d", (int)rc);
	return 0;
}

static const char *
complaint(lzma_ret rc)
{
	if (rc == LZMA_FORMAT_ERROR)
		return "not a stream";
	if (rc == LZMA_MEMLIMIT_ERROR)
		return "it takes more than 64 MiB to decode";
	if (rc == LZMA_NO_CHECK || rc == LZMA_UNSUPPORTED_CHECK)
		return "without a check that is known here";
	return "damaged";
}

static enum codec_step
xz_step(struct codec_decoder *d, struct slice *in, char *out, size_t *room,
    struct err *e)
{
	lzma_stream *z = &((struct xz_decoder *)d)->z;
	lzma_ret rc;

	z->next_in = (const uint8_t *)in->p;
	z->avail_in = in->n;
	z->next_out = (uint8_t *)out;
	z->avail_out = *room;
	rc = lzma_code(z, LZMA_RUN);
	in->p += in->n - z->avail_in;
	in->n = z->avail_in;
	*room -= z->avail_out;
	if (rc == LZMA_STREAM_END)
		return CODEC_STEP_END;
	if (rc == LZMA_OK || rc == LZMA_BUF_ERROR)
		return CODEC_STEP_MORE;
	err_set(e, ERR_INPUT, "%s", complaint(rc));
	return CODEC_STEP_BAD;
}

static int
begin(struct xz_decoder *d, struct err *e)
{
	if (lzma_stream_decoder(&d->z, XZ_MEMORY,
		LZMA_TELL_NO_CHECK | LZMA_TELL_UNSUPPORTED_CHECK) != LZMA_OK)
		return err_set(e, ERR_TEMP, "xz: cannot begin");
	return 0;
}

static int
xz_decode(struct slice in, size_t size, struct buf *out, struct err *e)
{
	struct xz_decoder d = { .base = { xz_step }, .z = LZMA_STREAM_INIT };
	int rc;

	if (codec_check_sizes(&codec_xz, in, size, e) == -1 ||
	    begin(&d, e) == -1)
		return -1;
	rc = codec_decode_bounded(&codec_xz, &d.base, in, size, out, e);
	lzma_end(&d.z);
	return rc;
}

static int
xz_measure(struct slice in, size_t max, size_t *size, struct err *e)
{
	struct xz_decoder d = { .base = { xz_step }, .z = LZMA_STREAM_INIT };
	int rc;

	if (begin(&d, e) == -1)
		return -1;
	rc = codec_measure_bounded(&codec_xz, &d.base, in, max, size, e);
	lzma_end(&d.z);
	return rc;
}

const struct codec_ops codec_xz = {
	.name = "xz",
	.suffix = ".xz",
	.level_min = 0,
	.level_max = 9,
	.level_default = 6,
	.ratio_max = 256,
	.encode = xz_encode,
	.decode = xz_decode,
	.measure = xz_measure,
};
