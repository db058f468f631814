/*
 * The only place that asks what time it is; see clock.h.
 */
#include "config.h"

#include <time.h>

#include "common/base/clock.h"

static struct timespec
now_of(clockid_t id)
{
	struct timespec ts = { 0 };

	clock_gettime(id, &ts); /* cannot fail for these two clocks */
	return ts;
}

struct mono
clock_mono(void)
{
	struct timespec ts = now_of(CLOCK_MONOTONIC);

	return (struct mono){ (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec };
}

struct wall
clock_wall(void)
{
	struct timespec ts = now_of(CLOCK_REALTIME);

	return (
	    struct wall){ (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 };
}

int64_t
wall_s(struct wall w)
{
	return w.ms >= 0 ? w.ms / 1000 : (w.ms - 999) / 1000;
}

struct mono
mono_add_ms(struct mono m, int64_t ms)
{
	return (struct mono){ m.ns + ms * 1000000 };
}

struct mono
mono_earlier(struct mono a, struct mono b)
{
	return a.ns < b.ns ? a : b;
}

int64_t
mono_ms_since(struct mono now, struct mono then)
{
	return (now.ns - then.ns) / 1000000;
}
