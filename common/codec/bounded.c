/*
 * What keeps decoders within their bounds, whatever their input: its size and
 * the output's before the first byte is decoded, then exactly that output, one
 * member, nothing behind it, and a limit of time.
 */
#include "config.h"

#include <stdlib.h>
#include <time.h>

#include "common/base/mem.h"
#include "common/codec/members.h"

enum {
	OVERHEAD = 1024,    /* bytes of headers, at most */
	STEP = 256 << 10,   /* bytes between looks at the clock */
	CPU_UNIT = 8 << 20, /* output bytes that may cost one second */
#ifdef __SANITIZE_ADDRESS__
	CPU_SECONDS = 10, /* such a build is that much slower */
#else
	CPU_SECONDS = 1,
#endif
};

int
codec_check_sizes(const struct codec_ops *c, struct slice in, size_t size,
    struct err *e)
{
	if (in.n == 0)
		return err_set(e, ERR_INPUT, "%s: no bytes", c->name);
	/* What cannot be compressed grows by less than this. */
	if (in.n > size + size / 64 + OVERHEAD)
		return err_set(e, ERR_INPUT,
		    "%s: %zu bytes for an output of %zu", c->name, in.n, size);
	if (c->ratio_max != 0 && size / c->ratio_max > in.n)
		return err_set(e, ERR_INPUT,
		    "%s: %zu bytes for an output of %zu: more than %u:1",
		    c->name, in.n, size, c->ratio_max);
	return 0;
}

int
codec_check_measure(const struct codec_ops *c, size_t size, size_t max,
    struct err *e)
{
	if (size == 0 || size > max)
		return err_set(e, ERR_INPUT,
		    "%s: %zu bytes, decoded: not 1 to %zu", c->name, size, max);
	return 0;
}

static int64_t
cpu_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct codec_budget
codec_budget(size_t size)
{
	int64_t seconds = (int64_t)(size / CPU_UNIT + 1) * CPU_SECONDS;

	return (struct codec_budget){ cpu_ns() + seconds * 1000000000 };
}

bool
codec_budget_over(const struct codec_budget *b)
{
	return cpu_ns() > b->end_ns;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Fill exactly size bytes at room.  There is always one byte of output more
 * than is wanted: a stream that is too long shows there. */
static int
fill(const struct codec_ops *c, struct codec_decoder *d, struct slice in,
    char *room, size_t size, struct err *e)
{
	struct codec_budget budget = codec_budget(size);
	size_t done = 0;

	for (;;) {
		struct slice step = { in.p, least(in.n, STEP) };
		size_t want = least(size + 1 - done, STEP), made = want;
		size_t given = step.n;
		enum codec_step found =
		    d->step(d, &step, room + done, &made, e);

		in.p += given - step.n;
		in.n -= given - step.n;
		done += made;
		if (found == CODEC_STEP_BAD)
			return err_wrap(e, "%s", c->name);
		if (done > size)
			return err_set(e, ERR_INPUT,
			    "%s: more than the %zu bytes named", c->name, size);
		if (found == CODEC_STEP_END)
			break;
		if (made == 0 && step.n == given)
			return err_set(e, ERR_INPUT,
			    "%s: the stream is cut off", c->name);
		if (codec_budget_over(&budget))
			return err_set(e, ERR_INPUT,
			    "%s: decoding takes too long", c->name);
	}
	if (done != size)
		return err_set(e, ERR_INPUT, "%s: %zu of %zu bytes", c->name,
		    done, size);
	if (in.n != 0)
		return err_set(e, ERR_INPUT, "%s: %zu bytes behind the end",
		    c->name, in.n);
	return 0;
}

int
codec_decode_bounded(const struct codec_ops *c, struct codec_decoder *d,
    struct slice in, size_t size, struct buf *out, struct err *e)
{
	char *room = size < INT32_MAX ? buf_room(out, size + 1) : NULL;
	int rc;

	if (room == NULL)
		return err_set(e, ERR_INPUT, "%s: more than fits", c->name);
	rc = fill(c, d, in, room, size, e);
	if (rc == 0)
		out->n += size;
	out->p[out->n] = '\0';
	return rc;
}

int
codec_measure_bounded(const struct codec_ops *c, struct codec_decoder *d,
    struct slice in, size_t max, size_t *size, struct err *e)
{
	struct codec_budget budget = codec_budget(max);
	char *room = mem_alloc(STEP);
	size_t made, given;
	enum codec_step found;

	*size = 0;
	do {
		struct slice step = { in.p, least(in.n, STEP) };

		made = STEP;
		given = step.n;
		found = d->step(d, &step, room, &made, e);
		in.p += given - step.n;
		in.n -= given - step.n;
		given -= step.n;
		*size += made;
	} while (found == CODEC_STEP_MORE && (made > 0 || given > 0) &&
	    *size <= max && !codec_budget_over(&budget));
	free(room);
	if (found == CODEC_STEP_BAD)
		return err_wrap(e, "%s", c->name);
	if (found == CODEC_STEP_MORE && *size <= max)
		return err_set(e, ERR_INPUT,
		    "%s: the stream is cut off, or decoding takes too long",
		    c->name);
	return codec_check_measure(c, *size, max, e);
}
