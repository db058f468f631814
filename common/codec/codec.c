/*
 * The registry of compressions, and what their decoders share; see codec.h.
 */
#include "config.h"

#include <time.h>

#include "common/codec/codec.h"
#include "common/codec/members.h"

enum {
	CPU_UNIT = 8 << 20, /* output bytes that may cost one second */
};

static const struct codec_ops *const codecs[] = {
	&codec_none,
	&codec_gzip,
#ifdef HAVE_ZSTD
	&codec_zstd,
#endif
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

static int64_t
cpu_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int
codec_check_sizes(const struct codec_ops *c, struct slice in, size_t size,
    struct err *e)
{
	if (in.n == 0)
		return err_set(e, ERR_INPUT, "%s: no bytes", c->name);
	/* What cannot be compressed grows by less than this. */
	if (in.n > size + size / 64 + CODEC_OVERHEAD)
		return err_set(e, ERR_INPUT,
		    "%s: %zu bytes for an output of %zu", c->name, in.n, size);
	if (c->ratio_max != 0 && size / c->ratio_max > in.n)
		return err_set(e, ERR_INPUT,
		    "%s: %zu bytes for an output of %zu: more than %u:1",
		    c->name, in.n, size, c->ratio_max);
	return 0;
}

struct codec_budget
codec_budget(size_t size)
{
	int64_t seconds = (int64_t)(size / CPU_UNIT) + 1;

	return (struct codec_budget){ cpu_ns() + seconds * 1000000000 };
}

bool
codec_budget_over(const struct codec_budget *b)
{
	return cpu_ns() > b->end_ns;
}
