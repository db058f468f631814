/*
 * The budget of a month; see budget.h.
 */
#include "config.h"

#include <time.h>

#include "transport/delivery/budget.h"

enum {
	MONTH_S = 30 * 86400, /* as far as parts of the budget go */
	DAY_S = 86400,
};

/* Until the next month begins. */
static int64_t
left_of_month(struct wall now)
{
	time_t s = (time_t)wall_s(now);
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL)
		return DAY_S;
	tm.tm_mon++; /* timegm makes January of a thirteenth month */
	tm.tm_mday = 1;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	return (int64_t)timegm(&tm) - wall_s(now);
}

/* From the last session on.  A last one in the future, or so long ago that a
 * clock jumped, is none. */
static int64_t
wait_s(const struct association *a, const struct wire *w, struct wall now)
{
	int64_t since_s = wall_s(now) - w->tried_s, month_s, left_s;

	if (w->tried_s == 0 || since_s < 0 || since_s >= a->budget_interval_s)
		return 0;
	month_s = left_of_month(now);
	left_s = a->budget_interval_s - since_s;
	return left_s < month_s ? left_s : month_s;
}

/* a * b / c, which the product of two of them may not hold; c > 0. */
static uint64_t
part(uint64_t a, uint64_t b, uint64_t c)
{
	double r = (double)a * (double)b / (double)c;

	return r >= (double)(UINT64_MAX / 2) ? UINT64_MAX / 2 : (uint64_t)r;
}

/* The share of one interval, as bytes of messages: in this month they took so
 * much room on the wire. */
static uint64_t
share(const struct association *a, const struct wire *w)
{
	uint64_t wire =
	    part(a->budget, (uint64_t)a->budget_interval_s, MONTH_S);

	return w->plain == 0 || w->newest.bytes == 0
	    ? wire
	    : part(wire, w->plain, w->newest.bytes);
}

struct budget_answer
budget_ask(const struct association *a, const struct wire *w, struct wall now)
{
	struct budget_answer r = { .keep = UINT64_MAX,
		.used = wire_of_month(w, now) };

	if (a->budget == 0)
		return r;
	if (r.used >= a->budget)
		r.level = BUDGET_SPENT;
	else if (r.used >= a->budget - a->budget / 5)
		r.level = BUDGET_NEAR;
	if (r.level != BUDGET_SPENT)
		return r;
	r.wait_s = wait_s(a, w, now);
	if (a->budget_full == CONFIG_DROP_OLDEST && r.wait_s == 0)
		r.keep = share(a, w);
	return r;
}
