/*
 * An association as it stands; see view.h.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "common/spool/peek.h"
#include "spoke/commands/view.h"
#include "transport/delivery/outcome.h"
#include "transport/delivery/wire.h"

static void
set_state(struct status *s, const struct notices *n)
{
	static const char *const raised[] = { "spool", OUTCOME_FORK_TO_HUB,
		OUTCOME_FORK_TO_SPOKE, OUTCOME_FAILED, "inbox", OUTCOME_DAMAGED,
		OUTCOME_DROPPED, "budget-spent" };
	const char *state = s->waiting_messages > 0 ? "waiting" : "idle";

	for (size_t i = 0; i < sizeof(raised) / sizeof(*raised); i++)
		if (!s->trouble && notice_is_raised(n, s->a->name, raised[i])) {
			state = raised[i];
			s->trouble = true;
		}
	(void)snprintf(s->state, sizeof(s->state), "%s", state);
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
	s->lag_s = wall_s(now) - (int64_t)p->measured_s;
	if (p->measured_s < PLAUSIBLE_FROM_S || s->lag_s < -PLAUSIBLE_AHEAD_S)
		s->lag_s = -1; /* a clock that is wrong tells no age */
	else if (s->lag_s < 0)
		s->lag_s = 0;
}

static int
look(const struct status_look *l, const struct association *a,
    struct status *out, struct err *e)
{
	const struct node *node = &l->ground->node;
	struct wall now = clock_wall();
	struct wire wire;
	struct peek peek;
	int dir = node_open_association(node, a, e), rc;

	if (dir == -1)
		return -1;
	rc = peek_outbox(dir, &peek, e);
	close(dir);
	if (rc == -1 || wire_read(node->state_dir, a->name, &wire, e) == -1)
		return -1;
	take_peek(out, &peek, now);
	out->last_delivery_s = wire.last_s;
	out->wire_bytes_month = wire_of_month(&wire, now);
	out->refused = wire.refused;
	if (out->gaps < wire.lost) /* the ledger forgets what is behind it */
		out->gaps = wire.lost;
	out->to_spoke_waiting = -1; /* the hub's to know */
	set_state(out, l->notices);
	return 0;
}

const struct status_source view_source = { .role = CONFIG_SPOKE, .look = look };
