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

void
inbound_tell_refused(struct notices *n, const struct association *a,
    const struct delivery_result *r, int rc)
{
	struct notice what = { a->name, "refused", NULL,
		a->role == CONFIG_HUB ? "hubctl status" : "spoke status" };

	if (r->quarantined > 0)
		what.text = "messages were refused and are kept in quarantine";
	else if (r->unsigned_files > 0)
		what.text = "carried files lie there without their signature, "
			    "or a signature without its file";
	if (what.text != NULL)
		(void)notice_raise(n, &what, clock_wall());
	else if (rc == 0)
		(void)notice_clear(n, a->name, "refused", clock_wall());
}

/* What a person must know of. */
static void
tell(const struct inbound_opts *o, const struct delivery_result *r, int rc,
    const struct err *e)
{
	const char *name = o->association->name;
	const char *next = o->association->role == CONFIG_HUB ? "hubctl status"
							      : "spoke status";

	inbound_tell_refused(o->notices, o->association, r, rc);
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

void
inbound_settle(const struct inbound_opts *o, const struct delivery_result *r,
    int rc, const struct err *e)
{
	const struct association *a = o->association;
	const struct session_counts *n = &r->counts;

	/* carried files are looked for often */
	if (o->channel != NULL || n->taken + n->sent + n->refused > 0)
		log_info("session association=%s messages=%" PRIu64
			 " sent=%" PRIu64 " refused=%" PRIu64 " bytes=%" PRIu64,
		    a->name, n->taken, n->sent, n->refused,
		    n->in_bytes + n->out_bytes);
	delivery_log(a, r);
	count(o, r, rc);
	tell(o, r, rc, e);
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
	inbound_settle(o, r, rc, e);
	return rc;
}
