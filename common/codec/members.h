/*
 * The codecs of this build, and what their decoders share.
 */
#ifndef COMMON_CODEC_MEMBERS_H
#define COMMON_CODEC_MEMBERS_H

#include "common/codec/codec.h"

extern const struct codec_ops codec_columnar;
extern const struct codec_ops codec_gzip;
#ifdef HAVE_BZIP2
extern const struct codec_ops codec_bzip2;
#endif
#ifdef HAVE_ZSTD
extern const struct codec_ops codec_zstd;
#endif
#ifdef HAVE_LZMA
extern const struct codec_ops codec_xz;
#endif

/* Before the first byte is decoded: the input is bounded by the output named,
 * and the output by the input times ratio_max. */
int codec_check_sizes(const struct codec_ops *c, struct slice in, size_t size,
    struct err *e);

/* One second of this thread's CPU for each 8 MiB of output, begun ones too. */
struct codec_budget {
	int64_t end_ns;
};
struct codec_budget codec_budget(size_t size);
bool codec_budget_over(const struct codec_budget *b);

/* A size of which no more is known than that it was named. */
int codec_check_measure(const struct codec_ops *c, size_t size, size_t max,
    struct err *e);

enum codec_step {
	CODEC_STEP_MORE,
	CODEC_STEP_END, /* of the member; what is left of the input is not its */
	CODEC_STEP_BAD, /* e says what */
};

/* A library's decoder: the first member of what a codec keeps with it. */
struct codec_decoder {
	/* Use up some of *in, write at most *room bytes to out and say in *room
	 * how many. */
	enum codec_step (*step)(struct codec_decoder *d, struct slice *in,
	    char *out, size_t *room, struct err *e);
};

/* As codec_ops.decode, behind codec_check_sizes. */
int codec_decode_bounded(const struct codec_ops *c, struct codec_decoder *d,
    struct slice in, size_t size, struct buf *out, struct err *e);

/* As codec_ops.measure, of what does not name its size: it is decoded, and
 * thrown away. */
int codec_measure_bounded(const struct codec_ops *c, struct codec_decoder *d,
    struct slice in, size_t max, size_t *size, struct err *e);

#endif
