/*
 * How often what comes and goes is told; see notice_pace.h.
 */
#include "config.h"

#include "common/operator/notice_pace.h"

enum {
	PACE_LEAST_S = 60,
};

int64_t
notice_pace_s(unsigned returns, int64_t gather_s, int64_t most_s)
{
	int64_t s = gather_s < PACE_LEAST_S ? PACE_LEAST_S : gather_s;

	if (returns <= NOTICE_RETURNS)
		return 0;
	while (returns-- > NOTICE_RETURNS && s < most_s)
		s *= 2;
	return s < most_s ? s : most_s;
}
