/*
 * What a budget decides.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/delivery/budget.h"

enum {
	H = 3600,
	NOV_27 = 1795737600, /* 2026-11-27 00:00 UTC */
	NOV_30_23H = 1796079600,
	DEC_1 = 1796083200,
	FEB_29_20H = 1835467200, /* 2028 */
};

#define ALL UINT64_MAX

static void
rows_of_decisions(void **state)
{
	static const struct {
		uint64_t budget, used, plain;
		enum config_full full;
		int64_t tried_s, now_s;
		enum budget_level level;
		int64_t wait_s;
		uint64_t keep;
	} rows[] = {
		/* no budget, or enough of it */
		{ 0, 1 << 30, 0, CONFIG_REFUSE, NOV_27, NOV_27, BUDGET_FINE, 0,
		    ALL },
		{ 1000, 0, 0, CONFIG_REFUSE, 0, NOV_27, BUDGET_FINE, 0, ALL },
		{ 1000, 799, 0, CONFIG_REFUSE, 0, NOV_27, BUDGET_FINE, 0, ALL },
		{ 1000, 800, 0, CONFIG_REFUSE, 0, NOV_27, BUDGET_NEAR, 0, ALL },
		{ 1000, 999, 0, CONFIG_DROP_OLDEST, NOV_27, NOV_27, BUDGET_NEAR,
		    0, ALL },
		/* used up: every six hours */
		{ 1000, 1000, 0, CONFIG_REFUSE, 0, NOV_27, BUDGET_SPENT, 0,
		    ALL },
		{ 1000, 1000, 0, CONFIG_REFUSE, NOV_27, NOV_27, BUDGET_SPENT,
		    6 * H, ALL },
		{ 1000, 1000, 0, CONFIG_REFUSE, NOV_27, NOV_27 + 6 * H - 1,
		    BUDGET_SPENT, 1, ALL },
		{ 1000, 1000, 0, CONFIG_REFUSE, NOV_27, NOV_27 + 6 * H,
		    BUDGET_SPENT, 0, ALL },
		/* the clock jumped, either way */
		{ 1000, 1000, 0, CONFIG_REFUSE, NOV_27 + 9 * H, NOV_27,
		    BUDGET_SPENT, 0, ALL },
		{ 1000, 1000, 0, CONFIG_REFUSE, 1, NOV_27, BUDGET_SPENT, 0,
		    ALL },
		/* a month that turns ends the waiting */
		{ 1000, 1000, 0, CONFIG_REFUSE, NOV_30_23H, NOV_30_23H,
		    BUDGET_SPENT, 1 * H, ALL },
		{ 1000, 5000, 0, CONFIG_REFUSE, NOV_30_23H, DEC_1, BUDGET_FINE,
		    0, ALL },
		{ 1000, 1000, 0, CONFIG_REFUSE, FEB_29_20H, FEB_29_20H,
		    BUDGET_SPENT, 4 * H, ALL },
		/* dropping: a 120th of the budget, in bytes of messages */
		{ 1200, 1200, 0, CONFIG_DROP_OLDEST, 0, NOV_27, BUDGET_SPENT, 0,
		    10 },
		{ 1200, 1200, 12000, CONFIG_DROP_OLDEST, 0, NOV_27,
		    BUDGET_SPENT, 0, 100 },
		{ 1200, 1200, 12000, CONFIG_DROP_OLDEST, NOV_27, NOV_27 + 1,
		    BUDGET_SPENT, 6 * H - 1, ALL },
		{ UINT64_MAX / 2, UINT64_MAX, UINT64_MAX, CONFIG_DROP_OLDEST, 0,
		    NOV_27, BUDGET_SPENT, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct association a = { .budget = rows[i].budget,
			.budget_interval_s = 6 * H,
			.budget_full = rows[i].full };
		const struct wall now = { rows[i].now_s * 1000 };
		int month = rows[i].now_s == DEC_1 ? 202611 : wire_month(now);
		const struct wire w = { .tried_s = rows[i].tried_s,
			.newest = { month, rows[i].used },
			.plain = rows[i].plain };
		struct budget_answer r = budget_ask(&a, &w, now);

		assert_int_equal(r.level, rows[i].level);
		assert_int_equal(r.wait_s, rows[i].wait_s);
		if (i + 1 < sizeof(rows) / sizeof(*rows))
			assert_int_equal(r.keep, rows[i].keep);
		else
			assert_true(
			    r.keep > 0 && r.keep < ALL); /* no overflow */
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_decisions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
