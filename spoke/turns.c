/*
 * When a daemon has something to collect; see turns.h.
 */
#include "config.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "spoke/schedule.h"
#include "spoke/turns.h"

static void
add(struct turns *t, const struct config_collector *c)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->at[i].period_s == c->period_s &&
		    t->at[i].offset_s == c->offset_s)
			return;
	t->at[t->n++] =
	    (struct turn){ c->period_s, c->offset_s, .cycle_s = -1 };
}

void
turns_make(struct turns *t, const struct config *c)
{
	turns_clear(t);
	t->at = mem_array(c->n_collector, sizeof(*t->at));
	for (size_t i = 0; i < c->n_collector; i++)
		add(t, &c->collector[i]);
}

bool
turns_due(struct turns *t, struct wall now, int64_t *wait_ms)
{
	bool due = false;

	for (size_t i = 0; i < t->n; i++) {
		struct turn *u = &t->at[i];
		int64_t cycle_s =
		    schedule_cycle(wall_s(now), u->period_s, u->offset_s);
		int64_t ms = schedule_wait_ms(now, u->period_s, u->offset_s);

		due = due || cycle_s != u->cycle_s;
		u->cycle_s = cycle_s;
		*wait_ms = ms < *wait_ms ? ms : *wait_ms;
	}
	return due;
}

void
turns_forget(struct turns *t)
{
	for (size_t i = 0; i < t->n; i++)
		t->at[i].cycle_s = -1;
}

void
turns_clear(struct turns *t)
{
	free(t->at);
	*t = (struct turns){ 0 };
}
