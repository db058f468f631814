/*
 * What a person is told of an outbox; see told.h.
 */
#include "config.h"

#include "spoke/told.h"
#include "transport/delivery/outcome.h"

/* A state that the outbox is in. */
static void
raise_state(struct ground *g, const struct association *a, const char *key,
    const char *text)
{
	struct err e = { 0 };

	err_set(&e, ERR_TEMP, "%s", text);
	(void)ground_trouble(g, a->name, key, "spoke status", &e);
}

void
told_outbox(struct ground *g, const struct association *a,
    const struct outbox_state *s)
{
	outcome_tell_dropped(g->notices, a, s->dropped);
	if (s->dropped == 0 && s->waiting_bytes < a->spool_size / 2)
		ground_over(g, a->name, OUTCOME_DROPPED);
	if (s->quarantined > 0)
		outcome_tell_damaged(g->notices, a, s->quarantined);
	if (s->sweep_held)
		raise_state(g, a, "retain",
		    "more than a tenth of what was delivered is old enough to "
		    "be deleted: nothing is, until its time stamps are looked "
		    "at");
	else
		ground_over(g, a->name, "retain");
}
