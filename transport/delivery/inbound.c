/*
 * Sessions that the far end begins; see inbound.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>

#include "common/base/log.h"
#include "transport/delivery/course.h"
#include "transport/delivery/excess.h"
#include "transport/delivery/inbound.h"
#include "transport/delivery/outcome.h"

enum {
	SESSION_MS = 600 * 1000 /* in all, unless it is kept open */
};

/* The cause lies here, such as a disk that is full or fails, and the next session
 * meets it, too.  What a channel says of a line that was cut, or of one that is not
 * there, is no such cause. */
static bool
is_of_this_end(const struct err *e)
{
	if (e->kind == ERR_SYS)
		return e->sys != EPIPE && e->sys != ECONNRESET &&
		    e->sys != EBADF;
	return e->kind == ERR_INTERNAL ||
	    (e->kind == ERR_TEMP && e->sys == ENOSPC);
}

/* A fork is, and a far end that speaks something else, or for another, and trouble
 * here, of which the far end is told no more than that; a line that was cut is not:
 * it comes again. */
static bool
is_news(const struct delivery_result *r, const struct err *e)
{
	return is_of_this_end(e) ||
	    (r->counts.in_bytes > 0 &&
		(e->kind == ERR_INPUT || e->kind == ERR_PROTOCOL ||
		    e->kind == ERR_CONFIG));
}

/* What a person must know of. */
static void
tell(const struct inbound_opts *o, const struct delivery_result *r, int rc,
    const struct err *e)
{
	struct err ignored; /* the notice has it */

	(void)outcome_tell_refused(o->notices, o->association, r, rc, &ignored);
	outcome_tell_lost(o->notices, o->association, r, rc);
	if (rc == -1 && is_news(r, e))
		(void)outcome_tell_failed(o->notices, o->association, e,
		    o->association->role == CONFIG_HUB ? "hubctl status"
						       : "spoke status");
	else if (rc == 0 && config_brings(o->association))
		outcome_tell_no_fork(o->notices, o->association,
		    r); /* no exchange */
	else if (rc == 0)
		outcome_tell_over(o->notices, o->association, r);
}

/* The far end's: who is called has no say. */
static bool
look(void *arg, const struct delivery_sofar *now)
{
	course_look(arg, now);
	return false;
}

static int
came(void *arg)
{
	return course_came(arg);
}

static void
settle(const struct inbound_opts *o, struct course *c,
    const struct delivery_result *r, int rc, const struct err *e)
{
	const struct association *a = o->association;
	const struct session_counts *n = &r->counts;
	struct wire_use u = outcome_use(a, r, rc, e);

	if (r->metered > u.bytes)
		u.bytes = r->metered;
	if (config_brings(a)) { /* who ran rsync has counted what it moved */
		u.bytes = 0;
		u.delivered = false;
	}

	/* carried files are looked for often */
	if ((o->channel != NULL && !(o->hushed && rc == -1)) ||
	    n->taken + n->sent + n->refused > 0)
		log_info("session association=%s messages=%" PRIu64
			 " sent=%" PRIu64 " refused=%" PRIu64 " bytes=%" PRIu64,
		    a->name, n->taken, n->sent, n->refused,
		    n->in_bytes + n->out_bytes);
	delivery_log(a, r);
	wire_tally_end(&c->tally, &u);
	tell(o, r, rc, e);
}

void
inbound_settle(const struct inbound_opts *o, const struct delivery_result *r,
    int rc, const struct err *e)
{
	struct course c;

	course_begin(&c, o->node, o->association, o->notices, o->took);
	settle(o, &c, r, rc, e);
}

/* Where it cannot be, the session meets the cause, too, and says so; the next one
 * drops it. */
static void
drop_excess(const struct inbound_opts *o)
{
	struct err why = { 0 };
	uint64_t keep;

	if (excess_of_called(o->node, o->association, &keep, &why) == -1 ||
	    excess_drop(o->node, o->association, keep, &why) == -1)
		log_warn("association=%s: %s", o->association->name, why.msg);
}

int
inbound_answer(const struct inbound_opts *o, struct delivery_result *r,
    struct err *e)
{
	struct course c;
	struct delivery_opts d = { .config = o->config,
		.association = o->association,
		.opener = false,
		.channel = o->channel,
		.look = look,
		.came = o->took != NULL ? came : NULL,
		.arg = &c };
	bool told;
	int rc;

	course_begin(&c, o->node, o->association, o->notices, o->took);
	if (!o->association->keep)
		d.deadline = mono_add_ms(clock_mono(), SESSION_MS);
	drop_excess(o);
	rc = delivery_run(&d, r, e);
	settle(o, &c, r, rc, e);
	if (rc == -1 || outcome_is_look(o->association, r))
		return rc;
	return course_take(&c, &told, e);
}
