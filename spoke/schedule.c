/*
 * Cycles on the grid of UTC; see schedule.h.
 */
#include "config.h"

#include <inttypes.h>

#include "spoke/schedule.h"

int64_t
schedule_cycle(int64_t now_s, int64_t period_s, int64_t offset_s)
{
	int64_t into = (now_s - offset_s) % period_s;

	return now_s - (into >= 0 ? into : into + period_s);
}

int64_t
schedule_wait_ms(struct wall now, int64_t period_s, int64_t offset_s)
{
	int64_t next_s =
	    schedule_cycle(wall_s(now), period_s, offset_s) + period_s;

	return next_s * 1000 - now.ms;
}

enum schedule_verdict
schedule_next(const struct schedule_mark *m, int64_t cycle_s)
{
	if (m->begun_s > cycle_s)
		return SCHEDULE_AHEAD;
	if (m->begun_s < cycle_s)
		return SCHEDULE_RUN;
	return m->done_s < cycle_s ? SCHEDULE_RESUME : SCHEDULE_WAIT;
}

void
schedule_print(const struct schedule_mark *m, struct buf *out)
{
	buf_printf(out, "%" PRId64 " %" PRId64, m->begun_s, m->done_s);
}

bool
schedule_parse(struct slice text, struct schedule_mark *out)
{
	struct slice begun;
	uint64_t b, d;

	if (!slice_cut(&text, ' ', &begun) ||
	    !slice_u64(begun, INT64_MAX, &b) ||
	    !slice_u64(text, INT64_MAX, &d) || d > b)
		return false;
	out->begun_s = (int64_t)b;
	out->done_s = (int64_t)d;
	return true;
}
