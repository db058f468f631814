/*
 * The codecs of this build, and what their decoders share.
 */
#ifndef COMMON_CODEC_MEMBERS_H
#define COMMON_CODEC_MEMBERS_H

#include "common/codec/codec.h"

enum {
	CODEC_OVERHEAD = 1024, /* bytes of headers, at most */
};

extern const struct codec_ops codec_gzip;
#ifdef HAVE_ZSTD
extern const struct codec_ops codec_zstd;
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

#endif
