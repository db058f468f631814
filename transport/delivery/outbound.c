/*
 * Deliveries that this end begins; see outbound.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/config/node.h"
#include "transport/delivery/budget.h"
#include "transport/delivery/course.h"
#include "transport/delivery/excess.h"
#include "transport/delivery/outbound.h"
#include "transport/delivery/outcome.h"
#include "transport/delivery/parting.h"
#include "transport/delivery/redial.h"
#include "transport/delivery/session_lock.h"

enum {
	MS_NS = 1000000,
};

void
outbound_sleep_ms(int64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * MS_NS };

	while (nanosleep(&t, &t) == -1 && errno == EINTR)
		continue;
}

static uint64_t
draw(void)
{
	uint64_t r = 0;

	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		return 0;
	return r;
}

int64_t
outbound_spread_ms(int64_t n)
{
	return n <= 0 ? 0 : (int64_t)(draw() % (uint64_t)n);
}

/* A delivery and what it used. */
struct outbound {
	const struct outbound_opts *o;
	uint64_t keep; /* as exchange has it */
	bool ahead;    /* as delivery_opts has it */
	struct course course;
};

/* --- The budget ----------------------------------------------------------- */

/* Told once while it lasts, and over when the month is. */
static void
tell_budget(const struct outbound_opts *o, const struct budget_answer *b)
{
	const struct association *a = o->association;
	const char *next =
	    a->role == CONFIG_HUB ? "hubctl status" : "spoke status";
	char text[160];

	if (b->level == BUDGET_FINE)
		(void)notice_clear(o->notices, a->name, "budget", clock_wall());
	if (b->level != BUDGET_SPENT)
		(void)notice_clear(o->notices, a->name, "budget-spent",
		    clock_wall());
	(void)snprintf(text, sizeof(text),
	    "%" PRIu64 " of the %" PRIu64 " bytes of this month's budget %s",
	    b->used, a->budget,
	    b->level == BUDGET_NEAR ? "are used"
		: a->budget_full == CONFIG_DROP_OLDEST &&
		    a->role == CONFIG_SPOKE
		? "are used: the oldest that waits is dropped"
		: "are used: deliveries go only every budget-interval");
	if (b->level != BUDGET_FINE &&
	    notice_raise(o->notices,
		&(struct notice){ a->name,
		    b->level == BUDGET_NEAR ? "budget" : "budget-spent", text,
		    next },
		clock_wall()))
		notices_flush(o->notices, clock_wall()); /* a session lasts */
}

static int
look_at_budget(const struct outbound_opts *o, struct budget_answer *b,
    struct err *e)
{
	struct wire w;

	*b = (struct budget_answer){ .keep = UINT64_MAX };
	if (o->association->budget == 0 || !config_dials(o->association))
		return 0; /* who looks what was put there opens nothing */
	if (wire_read(o->node->state_dir, o->association->name, &w, e) == -1)
		return -1;
	*b = budget_ask(o->association, &w, clock_wall());
	tell_budget(o, b);
	return 0;
}

/* *keep: as exchange has it. */
static int
ask_budget(const struct outbound_opts *o, struct delivery_result *r,
    uint64_t *keep, struct err *e)
{
	struct budget_answer b;

	*keep = UINT64_MAX;
	if (look_at_budget(o, &b, e) == -1)
		return -1;
	if (o->beyond_budget)
		return 0;
	/* the hub's outbox holds what it asks for: that is little, never old; what
	 * waits for it is dropped at the spoke */
	if (o->association->role == CONFIG_SPOKE)
		*keep = b.keep;
	/* carried: behind the acknowledgement that comes, which is older than what it
	 * is for by an interval */
	if (b.wait_s == 0)
		return config_is_carried(o->association)
		    ? 0
		    : excess_drop(o->node, o->association, *keep, e);
	r->wait_s = b.wait_s;
	err_set(e, ERR_TEMP,
	    "this month's budget is used up: the next delivery goes in %" PRId64
	    " s",
	    b.wait_s);
	e->sys = EDQUOT;
	return -1;
}

/* --- One delivery --------------------------------------------------------- */

/* While it runs: a session that is kept open ends with the budget. */
static bool
look(void *arg, const struct delivery_sofar *now)
{
	struct outbound *d = arg;
	uint64_t before = d->course.tally.bytes;
	struct budget_answer b;
	struct err ignored; /* it ends by itself, then */

	course_look(&d->course, now);
	return d->o->association->keep && d->o->stay &&
	    d->course.tally.bytes > before &&
	    look_at_budget(d->o, &b, &ignored) == 0 && b.level == BUDGET_SPENT;
}

/* When so many have gone, a session that is kept open leaves by itself: to be told
 * to takes time, in which much goes.  0: it is not kept, or goes beyond the budget. */
static uint64_t
bytes_to_stay(const struct outbound_opts *o)
{
	const struct association *a = o->association;
	struct budget_answer b;
	struct err ignored; /* look does it, then */

	if (!a->keep || !o->stay || a->budget == 0 ||
	    look_at_budget(o, &b, &ignored) == -1 || b.level == BUDGET_SPENT)
		return 0;
	return a->budget - b.used;
}

static int
came(void *arg)
{
	const struct outbound *d = arg;

	return course_came(&d->course);
}

/* The transport ended it, for what the far end did, or did not in time. */
static bool
is_cut(const struct err *e)
{
	return e->kind == ERR_PROTOCOL || e->kind == ERR_INPUT ||
	    (e->kind == ERR_DENIED && e->sys == EKEYREJECTED) ||
	    (e->kind == ERR_TEMP && e->sys == ETIME);
}

static int
deliver_once(struct outbound *d, struct delivery_result *r,
    uint64_t *wire_bytes, struct err *e)
{
	const struct association *a = d->o->association;
	const struct transport_ops *t =
	    transport_find(config_transport_name(a->transport));
	struct channel ch;
	const struct delivery_opts opts = { .config = d->o->config,
		.association = a,
		.opener = true,
		.ahead = d->ahead,
		.once = !d->o->stay,
		.deadline = d->o->deadline,
		.channel = &ch,
		.look = look,
		.look_bytes = d->course.tally.step,
		.leave_bytes = bytes_to_stay(d->o),
		.came = d->o->took != NULL ? came : NULL,
		.arg = d,
		.show = d->o->show };
	struct err cause = { 0 };
	int rc;

	if (t == NULL)
		return err_set(e, ERR_CONFIG,
		    "transport %s is not in this program",
		    config_transport_name(a->transport));
	if (t->exchange != NULL)
		return t->exchange(d->o, d->keep, r, wire_bytes, e);
	if (transport_dial(t, a, d->o->deadline, &ch, e) == -1)
		return -1;
	rc = delivery_run(&opts, r, e);
	if (channel_close(&ch, r->stopped != 0, wire_bytes, &cause) == 0) {
		if (rc == -1 && e->sys == EPIPE && cause.msg[0] != '\0')
			return err_wrap(e, "%s", cause.msg);
		return rc;
	}
	if (rc == 0 || e->sys != EPIPE)
		return rc;
	*e = cause; /* why the stream ended early */
	if (is_cut(&cause))
		r->counts.cut = 1;
	return rc;
}

/* Run it, count it, tell of it. */
static int
deliver(struct outbound *d, struct delivery_result *r, struct err *e)
{
	const struct outbound_opts *o = d->o;
	struct budget_answer b;
	struct err ignored; /* it is looked at before the next one */
	struct wire_use used;
	uint64_t wire = WIRE_UNKNOWN;
	int rc;

	*r = (struct delivery_result){ 0 };
	course_begin(&d->course, o->node, o->association, o->notices, o->took);
	rc = deliver_once(d, r, &wire, e);
	used = outcome_use(o->association, r, rc, e);
	/* a stream takes more of ours than may go over the wire: all that we say to
	 * one that never connects */
	if (wire != WIRE_UNKNOWN &&
	    (used.bytes < wire || !config_is_carried(o->association)))
		used.bytes = wire;
	wire_tally_end(&d->course.tally, &used);
	(void)look_at_budget(o, &b, &ignored);
	log_info("%s association=%s messages=%" PRIu64 " received=%" PRIu64
		 " wire_bytes=%" PRIu64,
	    rc == 0 ? "delivered" : "delivery failed", o->association->name,
	    r->counts.sent, r->counts.taken, used.bytes);
	delivery_log(o->association, r);
	return rc;
}

/* Where a session is running already, not even a channel is opened: the far end
 * would let go of that one. */
static int
check_twin(const struct outbound_opts *o, struct err *e)
{
	int dir = node_open_association(o->node, o->association, e);
	int rc = dir == -1 ? -1 : session_lock_probe(dir, e);

	if (dir != -1)
		close(dir);
	return rc;
}

static bool
is_over(const struct outbound_opts *o)
{
	return o->deadline.ns != 0 &&
	    mono_ms_since(clock_mono(), o->deadline) >= 0;
}

/* Waits for the end of it.  -1 as delivery_run, with the cause that the channel
 * knows; ERR_TEMP with EBUSY: a twin on this machine is at it; ERR_TEMP with
 * EDQUOT: the budget is used up, nothing was done, come again in r->wait_s. */
static int
deliver_patiently(struct outbound *d, struct delivery_result *r, struct err *e)
{
	const struct outbound_opts *o = d->o;
	struct redial again = { .tries = o->tries, .deadline = o->deadline };
	struct err before = { 0 };
	int64_t wait_ms;

	*r = (struct delivery_result){ 0 };
	for (;;) {
		int rc;

		/* also again: another may have begun while we waited */
		if (check_twin(o, e) == -1 ||
		    (again.busy + again.turned_away == 0 &&
			ask_budget(o, r, &d->keep, e) == -1))
			return -1;
		/* else the same would be coded each time, for nothing */
		d->ahead = again.busy + again.turned_away == 0 &&
		    !outcome_is_trouble(o->notices, o->association);
		rc = deliver(d, r, e);
		if (rc == 0 || r->stopped != 0)
			return rc;
		/* what the far end said tells more than that time was over */
		if (e->kind == ERR_TEMP && before.kind == ERR_TEMP &&
		    is_over(o))
			*e = before;
		if (!redial_after(&again, e, clock_mono(), draw(), &wait_ms))
			return rc;
		log_info("again in %" PRId64 " ms association=%s: %s", wait_ms,
		    o->association->name, e->msg);
		outbound_sleep_ms(wait_ms);
		before = *e;
		err_clear(e);
	}
}

/* --- As a job ------------------------------------------------------------ */

/* To see it with one's own eyes. */
static void
put_again(const struct association *a, char *out, size_t size)
{
	(void)snprintf(out, size, "%s %s",
	    a->role == CONFIG_HUB ? "hubctl -v pull" : "spoke -v push",
	    a->name);
}

void
outbound_next(const struct association *a, const struct err *e, char *out,
    size_t size)
{
	char again[128];

	put_again(a, again, sizeof(again));
	outcome_next(a, e, again, out, size);
}

/* True: it is no trouble. */
static bool
is_quiet(const struct outbound_opts *o, const struct err *e)
{
	const struct association *a = o->association;

	if (e->kind == ERR_TEMP && e->sys == EBUSY)
		log_info("another delivery is running association=%s", a->name);
	else if (e->kind == ERR_TEMP && e->sys == EDQUOT)
		log_info("nothing is delivered association=%s: %s", a->name,
		    e->msg);
	else
		return o->stay && outcome_is_away(o->node, a, e);
	return true;
}

static bool
has_parted(const struct outbound_opts *o, const struct outbound_end *end,
    struct mono begun)
{
	const struct parting p = { .why = &end->err,
		.result = &end->result,
		.lived_ms = mono_ms_since(clock_mono(), begun),
		.again = o->again };

	return o->stay && config_stays(o->association) && parting_is_fair(&p);
}

int
outbound_run(const struct outbound_opts *o, struct outbound_end *end)
{
	const struct association *a = o->association;
	struct outbound d = { .o = o, .keep = UINT64_MAX };
	struct mono begun = clock_mono();
	char again[128];
	int rc;

	*end = (struct outbound_end){ 0 };
	put_again(a, again, sizeof(again));
	rc = deliver_patiently(&d, &end->result, &end->err);
	end->refused_told = outcome_tell_refused(o->notices, a, &end->result,
	    rc, &end->refused);
	outcome_tell_lost(o->notices, a, &end->result, rc);
	if (end->refused.kind != ERR_NONE)
		err_wrap(&end->refused, "association %s", a->name);
	if (rc == 0) {
		outcome_tell_over(o->notices, a, &end->result);
		return course_take(&d.course, &end->told, &end->err);
	}
	wire_set_clock(o->node->state_dir, a->name, clock_wall());
	end->quiet = is_quiet(o, &end->err);
	end->parted = has_parted(o, end, begun);
	err_wrap(&end->err, "association %s", a->name);
	if (end->result.stopped != 0 || end->parted)
		log_info("%s", end->err.msg);
	if (end->result.stopped != 0 || end->quiet || end->parted)
		return -1;
	outcome_tell_met(o->notices, a, &end->err);
	end->told = outcome_tell_failed(o->notices, a, &end->err, again);
	return -1;
}
