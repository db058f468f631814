/*
 * An association as it stands; see view.h.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "common/spool/peek.h"
#include "spoke/commands/view.h"
#include "transport/delivery/wire.h"

static const char *
state_of(const struct status *s, const struct notices *n)
{
	static const char *const raised[] = { "spool", "delivery",
		"budget-spent" };

	for (size_t i = 0; i < sizeof(raised) / sizeof(*raised); i++)
		if (notice_is_raised(n, s->a->name, raised[i]))
			return raised[i];
	return s->waiting_messages > 0 ? "waiting" : "idle";
}

static void
take_peek(struct status *s, const struct peek *p, struct wall now)
{
	s->stream = p->stream;
	s->last = p->last;
	s->acked = p->acked;
	s->waiting_messages = p->waiting_messages;
	s->waiting_bytes = p->waiting_bytes;
	s->oldest_s = p->oldest_s;
	s->gaps = p->lost;
	s->quarantined = p->quarantined;
	if (p->waiting_messages == 0)
		return;
	s->lag_s = wall_s(now) - (int64_t)p->oldest_s;
	if (p->oldest_s < PLAUSIBLE_FROM_S || s->lag_s < -PLAUSIBLE_AHEAD_S)
		s->lag_s = -1; /* a clock that is wrong tells no age */
	else if (s->lag_s < 0)
		s->lag_s = 0;
}

int
view_look(const struct ground *g, const struct notices *n,
    const struct association *a, struct view *out, struct err *e)
{
	struct status *s = &out->s;
	struct wall now = clock_wall();
	struct wire wire;
	struct peek peek;
	int dir = node_open_association(&g->node, a, e), rc;

	if (dir == -1)
		return -1;
	*out = (struct view){ .s = { .a = a } };
	rc = peek_outbox(dir, &peek, e);
	close(dir);
	if (rc == -1 || wire_read(g->node.state_dir, a->name, &wire, e) == -1)
		return err_wrap(e, "association %s", a->name);
	take_peek(s, &peek, now);
	s->last_delivery_s = wire.last_s;
	s->wire_bytes_month = wire_of_month(&wire, now);
	(void)snprintf(s->state, sizeof(s->state), "%s", state_of(s, n));
	return 0;
}
