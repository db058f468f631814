/*
 * The registry of compressions; see codec.h.
 */
#include "config.h"

#include "common/codec/codec.h"
#include "common/codec/members.h"

static const struct codec_ops *const codecs[] = {
	&codec_none,
	&codec_gzip,
#ifdef HAVE_BZIP2
	&codec_bzip2,
#endif
#ifdef HAVE_ZSTD
	&codec_zstd,
#endif
#ifdef HAVE_LZMA
	&codec_xz,
#endif
	&codec_columnar,
	NULL,
};

const struct codec_ops *const *
codec_all(void)
{
	return codecs;
}

const struct codec_ops *
codec_find(struct slice name)
{
	for (size_t i = 0; codecs[i] != NULL; i++)
		if (slice_eq_str(name, codecs[i]->name))
			return codecs[i];
	return NULL;
}

const struct codec_ops *
codec_by_suffix(struct slice file_name)
{
	static const char base[] = ".msgs";

	for (size_t i = 0; codecs[i] != NULL; i++) {
		struct slice name = file_name, tail;
		size_t n = slice_str(codecs[i]->suffix).n;

		if (name.n < sizeof(base) - 1 + n)
			continue;
		tail = (struct slice){ name.p + name.n - n, n };
		name.n -= n;
		if (!slice_eq_str(tail, codecs[i]->suffix))
			continue;
		tail = (struct slice){ name.p + name.n - (sizeof(base) - 1),
			sizeof(base) - 1 };
		if (slice_eq_str(tail, base))
			return codecs[i];
	}
	return NULL;
}
