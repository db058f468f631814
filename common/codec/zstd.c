/*
 * Zstandard (RFC 8878) through libzstd: one frame that names its size, no
 * dictionary, nothing behind it.
 */
#include "config.h"

#include <string.h>
#include <zstd.h>

#include "common/codec/members.h"

static int
zstd_encode(struct slice in, int level, struct buf *out, struct err *e)
{
	size_t bound = ZSTD_compressBound(in.n), n;
	char *room = buf_room(out, bound);

	if (room == NULL)
		return err_set(e, ERR_INPUT, "zstd: more than fits");
	n = ZSTD_compress(room, bound, in.p, in.n, level);
	if (ZSTD_isError(n))
		return err_set(e, ERR_TEMP, "zstd: %s", ZSTD_getErrorName(n));
	out->n += n;
	out->p[out->n] = '\0';
	return 0;
}

/* One whole frame of ours, of that size: all of it is known before the first
 * byte is decoded. */
static int
check_frame(struct slice in, size_t size, struct err *e)
{
	static const char magic[] = { '\x28', '\xb5', '\x2f', '\xfd' };
	const struct slice first = { magic, sizeof(magic) };
	size_t frame;

	if (!slice_starts(in, first))
		return err_set(e, ERR_INPUT, "zstd: not a frame");
	if (ZSTD_getDictID_fromFrame(in.p, in.n) != 0)
		return err_set(e, ERR_INPUT, "zstd: wants a dictionary");
	if (ZSTD_getFrameContentSize(in.p, in.n) != size)
		return err_set(e, ERR_INPUT,
		    "zstd: the frame does not name %zu bytes", size);
	frame = ZSTD_findFrameCompressedSize(in.p, in.n);
	if (ZSTD_isError(frame))
		return err_set(e, ERR_INPUT, "zstd: %s",
		    ZSTD_getErrorName(frame));
	if (frame != in.n)
		return err_set(e, ERR_INPUT, "zstd: %zu bytes behind the end",
		    in.n - frame);
	return 0;
}

static int
zstd_decode(struct slice in, size_t size, struct buf *out, struct err *e)
{
	char *room;
	size_t n;

	if (codec_check_sizes(&codec_zstd, in, size, e) == -1 ||
	    check_frame(in, size, e) == -1)
		return -1;
	room = buf_room(out, size + 1);
	if (room == NULL)
		return err_set(e, ERR_INPUT, "zstd: more than fits");
	n = ZSTD_decompress(room, size, in.p, in.n);
	if (!ZSTD_isError(n) && n == size)
		out->n += size;
	out->p[out->n] = '\0';
	if (ZSTD_isError(n))
		return err_set(e, ERR_INPUT, "zstd: %s", ZSTD_getErrorName(n));
	if (n != size)
		return err_set(e, ERR_INPUT, "zstd: %zu of %zu bytes", n, size);
	return 0;
}

const struct codec_ops codec_zstd = {
	.name = "zstd",
	.suffix = ".zst",
	.level_min = 1,
	.level_max = 19,
	.level_default = 3,
	.encode = zstd_encode,
	.decode = zstd_decode,
};
