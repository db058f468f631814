/*
 * Whether a delivery is begun once more; see redial.h.
 */
#include "config.h"

#include "transport/delivery/redial.h"

struct pause {
	int64_t least_ms, most_ms;
};

enum {
	BUSY_MS = 1000, /* doubled each time */
	BUSY_MOST_MS = 30000,
};

/* A login costs a hub some hundredths of a second: the first pause is wide enough
 * for some hundreds that came in one second, the next for a few thousand. */
static const struct pause turned_away[] = { { 1000, 10000 }, { 5000, 45000 } };

static struct pause
pause_of_busy(unsigned before)
{
	int64_t ms = BUSY_MS;

	while (before-- > 0 && ms < BUSY_MOST_MS)
		ms *= 2;
	if (ms > BUSY_MOST_MS)
		ms = BUSY_MOST_MS;
	return (struct pause){ ms / 2, ms };
}

static struct pause
pause_of_turned_away(unsigned before)
{
	const unsigned last = sizeof(turned_away) / sizeof(turned_away[0]) - 1;

	return turned_away[before < last ? before : last];
}

bool
redial_after(struct redial *r, const struct err *e, struct mono now,
    uint64_t random, int64_t *wait_ms)
{
	struct pause p;
	uint64_t span;

	if (e->kind != ERR_TEMP || r->deadline.ns == 0)
		return false;
	if (e->sys == REDIAL_BUSY)
		p = pause_of_busy(r->busy++);
	else if (e->sys == REDIAL_TURNED_AWAY && r->turned_away + 1 < r->tries)
		p = pause_of_turned_away(r->turned_away++);
	else
		return false;
	span = (uint64_t)(p.most_ms - p.least_ms);
	*wait_ms = p.least_ms + (int64_t)(random % span);
	return mono_ms_since(r->deadline, now) > *wait_ms;
}
