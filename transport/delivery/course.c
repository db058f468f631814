/*
 * A delivery while it runs; see course.h.
 */
#include "config.h"

#include <stdio.h>

#include "transport/delivery/course.h"
#include "transport/delivery/outcome.h"

void
course_begin(struct course *c, const struct node *n,
    const struct association *a, struct notices *notices, delivery_took *took)
{
	*c = (struct course){ .node = n,
		.association = a,
		.notices = notices,
		.took = took,
		.tally = { .state_dir = n->state_dir,
		    .association = a->name,
		    .step = wire_step(a->budget) } };
}

static void
count(struct course *c, const struct delivery_sofar *now)
{
	const struct delivery_result r = { .counts = now->counts };
	const bool sent = c->open && now->acked != c->acked;
	const bool took = c->open && now->taken != c->taken;
	struct wire_use u = outcome_sofar(&r);

	c->sent_well |= sent;
	c->took_well |= took;
	c->tally.delivered |= sent || took;
	c->open = now->open;
	c->acked = now->acked;
	c->taken = now->taken;
	u.bytes = now->bytes;
	u.lost = now->lost;
	wire_tally_add(&c->tally, &u, clock_mono());
}

/* What is lost, as soon as the hub hears of it.  Trouble with deliveries is over
 * when the two ends have agreed again, a fork when something of its direction went
 * well. */
static void
tell(struct course *c, const struct delivery_sofar *now)
{
	const struct association *a = c->association;
	const bool at_spoke = a->role == CONFIG_SPOKE;
	bool news = false;

	if (!at_spoke && now->lost != c->lost) {
		outcome_tell_heard_lost(c->notices, a, now->lost);
		c->lost = now->lost;
		news = true;
	}
	if (c->open && !c->told)
		news |= notice_clear(c->notices, a->name, OUTCOME_FAILED,
		    clock_wall());
	c->told |= c->open;
	if (at_spoke ? c->sent_well : c->took_well)
		news |= notice_clear(c->notices, a->name, OUTCOME_FORK_TO_HUB,
		    clock_wall());
	if (at_spoke ? c->took_well : c->sent_well)
		news |= notice_clear(c->notices, a->name, OUTCOME_FORK_TO_SPOKE,
		    clock_wall());
	if (news)
		notices_flush(c->notices, clock_wall());
}

void
course_look(struct course *c, const struct delivery_sofar *now)
{
	count(c, now);
	tell(c, now);
}

int
course_take(const struct course *c, bool *told, struct err *e)
{
	const struct association *a = c->association;
	char next[128];

	*told = false;
	if (c->took == NULL)
		return 0;
	if (c->took(c->node, a, c->notices, e) == 0) {
		(void)notice_clear(c->notices, a->name, "inbox", clock_wall());
		return 0;
	}
	(void)snprintf(next, sizeof(next), "spoke %s %s",
	    config_dials(a) ? "-v push --always" : "status", a->name);
	*told = notice_raise_cause(c->notices,
	    &(struct notice){ a->name, "inbox", e->msg, next },
	    err_exit_code(e), clock_wall());
	return -1;
}

int
course_came(const struct course *c)
{
	struct err why = { 0 }; /* the notice has it */
	bool told;
	int rc;

	rc = course_take(c, &told, &why);
	notices_flush(c->notices, clock_wall()); /* a session lasts */
	return rc;
}
