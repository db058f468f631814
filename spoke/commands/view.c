/*
 * An association as it stands; see view.h.
 */
#include "config.h"

#include <unistd.h>

#include "spoke/commands/view.h"

static const char *
state_of(const struct view *v, const struct notices *n)
{
	static const char *const raised[] = { "spool", "delivery" };

	for (size_t i = 0; i < sizeof(raised) / sizeof(*raised); i++)
		if (notice_is_raised(n, v->a->name, raised[i]))
			return raised[i];
	return v->peek.waiting_messages > 0 ? "waiting" : "idle";
}

int
view_look(const struct ground *g, const struct notices *n,
    const struct association *a, struct view *out, struct err *e)
{
	struct wall now = clock_wall();
	int dir = node_open_association(&g->node, a, e), rc;

	if (dir == -1)
		return -1;
	*out = (struct view){ .a = a };
	rc = peek_outbox(dir, &out->peek, e);
	close(dir);
	if (rc == -1 ||
	    wire_read(g->node.state_dir, a->name, &out->wire, e) == -1)
		return err_wrap(e, "association %s", a->name);
	if (out->wire.month == wire_month(now))
		out->wire_bytes_month = out->wire.bytes;
	if (out->peek.oldest_s != 0 &&
	    (int64_t)out->peek.oldest_s < wall_s(now))
		out->lag_s = wall_s(now) - (int64_t)out->peek.oldest_s;
	out->state = state_of(out, n);
	return 0;
}
