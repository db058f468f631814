/*
 * Sessions that the far end begins; see inbound.h.
 */
#include "config.h"

#include <inttypes.h>

#include "common/base/log.h"
#include "transport/inbound.h"
#include "transport/wire.h"

enum {
	SESSION_MS = 600 * 1000 /* in all, unless it is kept open */
};

/* A fork is, and a far end that speaks something else, or for another; a line
 * that was cut is not: it comes again. */
static bool
is_news(const struct delivery_result *r, const struct err *e)
{
	return r->counts.in_bytes > 0 &&
	    (e->kind == ERR_INPUT || e->kind == ERR_PROTOCOL ||
		e->kind == ERR_CONFIG);
}

/* What a person must know of. */
static void
tell(const struct inbound_opts *o, const struct delivery_result *r, int rc,
    const struct err *e)
{
	const char *name = o->association->name;
	const char *next = o->association->role == CONFIG_HUB ? "hubctl status"
							      : "spoke status";

	if (r->quarantined > 0)
		(void)notice_raise(o->notices,
		    &(struct notice){ name, "refused",
			"messages were refused and are kept in quarantine",
			next },
		    clock_wall());
	else if (rc == 0)
		(void)notice_clear(o->notices, name, "refused", clock_wall());
	if (rc == -1 && is_news(r, e))
		(void)notice_raise(o->notices,
		    &(struct notice){ name, "delivery", e->msg, next },
		    clock_wall());
	else if (rc == 0)
		(void)notice_clear(o->notices, name, "delivery", clock_wall());
}

static void
count(const struct inbound_opts *o, const struct delivery_result *r, int rc)
{
	const struct wire_session s = {
		r->counts.in_bytes + r->counts.out_bytes, rc == 0, clock_wall()
	};
	struct err e = { 0 };

	if (s.bytes > 0 &&
	    wire_add(o->node->state_dir, o->association->name, &s, &e) == -1)
		log_warn("bytes not counted: %s", e.msg);
}

int
inbound_answer(const struct inbound_opts *o, struct delivery_result *r,
    struct err *e)
{
	const struct association *a = o->association;
	struct delivery_opts d = { .config = o->config,
		.association = a,
		.opener = false,
		.channel = o->channel };
	int rc;

	if (!a->keep)
		d.deadline = mono_add_ms(clock_mono(), SESSION_MS);
	rc = delivery_run(&d, r, e);
	log_info("session association=%s messages=%" PRIu64 " sent=%" PRIu64
		 " refused=%" PRIu64 " bytes=%" PRIu64,
	    a->name, r->counts.taken, r->counts.sent, r->counts.refused,
	    r->counts.in_bytes + r->counts.out_bytes);
	delivery_log(a, r);
	count(o, r, rc);
	tell(o, r, rc, e);
	return rc;
}
