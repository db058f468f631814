/*
 * How often what comes and goes is told, by mail and by the lines of a command
 * alike: the first NOTICE_RETURNS times that it comes back as ever, then only when
 * some time has passed since it was told last, twice as much each time, as long as
 * a reminder takes at the most.
 */
#ifndef COMMON_OPERATOR_NOTICE_PACE_H
#define COMMON_OPERATOR_NOTICE_PACE_H

#include <stdint.h>

enum {
	NOTICE_RETURNS = 3,
};

/* How many seconds after it was told last it may be again, having come back so
 * often.  gather_s: what a mail waits for more; most_s: the most. */
int64_t notice_pace_s(unsigned returns, int64_t gather_s, int64_t most_s);

#endif
