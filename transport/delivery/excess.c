/*
 * What waits beyond the month's budget; see excess.h.
 */
#include "config.h"

#include <unistd.h>

#include "transport/delivery/budget.h"
#include "transport/delivery/excess.h"
#include "transport/delivery/feeder.h"

int
excess_of_called(const struct node *n, const struct association *a,
    uint64_t *keep, struct err *e)
{
	struct wire w;

	*keep = UINT64_MAX;
	if (a->role != CONFIG_SPOKE || config_dials(a) || a->budget == 0)
		return 0;
	if (wire_read(n->state_dir, a->name, &w, e) == -1)
		return -1;
	w.tried_s = 0; /* no interval to wait for */
	*keep = budget_ask(a, &w, clock_wall()).keep;
	return 0;
}

int
excess_drop(const struct node *n, const struct association *a, uint64_t keep,
    struct err *e)
{
	uint64_t dropped = 0;
	int dir, rc;

	if (keep == UINT64_MAX)
		return 0;
	dir = node_open_association(n, a, e);
	rc = dir == -1 ? -1 : feeder_drop_oldest(dir, a, keep, &dropped, e);
	if (dir != -1)
		close(dir);
	wire_lost(n->state_dir, a->name, dropped);
	return rc;
}
