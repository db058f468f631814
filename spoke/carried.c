/*
 * Associations whose files are carried; see carried.h.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "spoke/carried.h"
#include "spoke/incoming.h"
#include "transport/carried/carry.h"
#include "transport/delivery/excess.h"
#include "transport/delivery/inbound.h"
#include "transport/delivery/outcome.h"
#include "transport/delivery/wire.h"

enum {
	CARRIED_WAIT_MS = 5000 /* for an exchange that is at it */
};

/* Push goes to a carried directory by itself; rsync may have brought something
 * at any time. */
static bool
is_ours(const struct association *a)
{
	return a->role == CONFIG_SPOKE && config_is_carried(a) &&
	    (a->transport == CONFIG_RSYNC || !config_dials(a));
}

int
carried_look(struct ground *g, const struct association *a)
{
	struct carry_opts o = { .config = g->config,
		.node = &g->node,
		.association = a,
		.wait_ms = CARRIED_WAIT_MS,
		.keep = UINT64_MAX };
	const struct inbound_opts io = { .config = g->config,
		.node = &g->node,
		.association = a,
		.notices = g->notices };
	struct delivery_result r;
	struct err e = { 0 };
	char *next;
	int rc;

	if (!is_ours(a))
		return 0;
	next = mem_printf("spoke -v collect");
	if (excess_of_called(&g->node, a, &o.keep, &e) == -1)
		log_warn("association=%s: %s", a->name, e.msg);
	o.drops = o.keep != UINT64_MAX;
	err_clear(&e);
	rc = carry_run(&o, &r, &e);
	if (rc == -1)
		wire_set_clock(g->node.state_dir, a->name, clock_wall());
	if (rc == -1 && e.sys == EBUSY) {
		log_info("another is at it association=%s", a->name);
	} else if (rc == -1 && outcome_is_away(&g->node, a, &e)) {
		log_info("association=%s: %s", a->name, e.msg);
	} else {
		if (rc == -1 && !outcome_tell_failed(g->notices, a, &e, next))
			ground_tell_again(g, next, &e);
		inbound_settle(&io, &r, rc, &e);
	}
	if (incoming_take(&g->node, a, g->notices, &e) == -1)
		(void)ground_trouble(g, a->name, "inbox", next, &e);
	else
		ground_over(g, a->name, "inbox");
	free(next);
	return r.refused_files > 0 || r.unbelieved_acks > 0 ? EX_DATAERR : 0;
}

int
carried_look_all(struct ground *g)
{
	int status = 0;

	for (size_t i = 0; i < g->config->n_association; i++)
		status = err_worse_exit(status,
		    carried_look(g, &g->config->association[i]));
	return status;
}
