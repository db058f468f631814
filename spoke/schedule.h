/*
 * When cycles begin: on multiples of the period in UTC, moved by the offset.
 * A cycle that was missed is not made up.  Does no I/O.
 */
#ifndef SPOKE_SCHEDULE_H
#define SPOKE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/clock.h"

/* What is remembered of the cycles of one period and offset.  Times are epoch
 * seconds, 0: never. */
struct schedule_mark {
	int64_t begun_s; /* the cycle that was begun last */
	/* the one that was spooled last; less than begun_s: it was cut off */
	int64_t done_s;
};

enum schedule_verdict {
	SCHEDULE_WAIT,
	SCHEDULE_RUN,
	SCHEDULE_RESUME, /* run it; one association may have it already */
	SCHEDULE_AHEAD, /* the mark lies in the future: replace it by now, warn */
};

/* The begin of the cycle that now lies in.  0 <= offset_s < period_s. */
int64_t schedule_cycle(int64_t now_s, int64_t period_s, int64_t offset_s);
/* Until the next cycle begins: 1 to period_s * 1000. */
int64_t schedule_wait_ms(struct wall now, int64_t period_s, int64_t offset_s);
/* cycle_s: from schedule_cycle. */
enum schedule_verdict schedule_next(const struct schedule_mark *m,
    int64_t cycle_s);

/* "BEGUN DONE", as it is kept. */
void schedule_print(const struct schedule_mark *m, struct buf *out);
bool schedule_parse(struct slice text, struct schedule_mark *out);

#endif
