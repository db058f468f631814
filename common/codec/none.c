/*
 * No compression: for links that are fast or compress by themselves.
 */
#include "config.h"

#include "common/codec/members.h"

static int
none_encode(struct slice in, int level, struct buf *out, struct err *e)
{
	(void)level;
	if (!buf_put(out, in))
		return err_set(e, ERR_INPUT, "none: more than fits");
	return 0;
}

static int
none_decode(struct slice in, size_t size, struct buf *out, struct err *e)
{
	if (in.n != size)
		return err_set(e, ERR_INPUT,
		    "none: %zu bytes for an output of %zu", in.n, size);
	return none_encode(in, 0, out, e);
}

static int
none_measure(struct slice in, size_t max, size_t *size, struct err *e)
{
	*size = in.n;
	return codec_check_measure(&codec_none, *size, max, e);
}

const struct codec_ops codec_none = {
	.name = "none",
	.suffix = "",
	.encode = none_encode,
	.decode = none_decode,
	.measure = none_measure,
};
