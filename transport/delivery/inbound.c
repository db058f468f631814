/*
 * Sessions that the far end begins; see inbound.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/log.h"
#include "transport/carried/carry.h"
#include "transport/delivery/inbound.h"
#include "transport/delivery/wire.h"

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

static const char *
key_of(const struct association *a, const struct err *e)
{
	switch (delivery_fork(a, e)) {
	case DELIVERY_FORK_TO_HUB:
		return INBOUND_FORK_TO_HUB;
	case DELIVERY_FORK_TO_SPOKE:
		return INBOUND_FORK_TO_SPOKE;
	case DELIVERY_NO_FORK:
		break;
	}
	return INBOUND_FAILED;
}

void
inbound_next(const struct association *a, const struct err *e,
    const char *otherwise, char *out, size_t size)
{
	switch (delivery_fork(a, e)) {
	case DELIVERY_FORK_TO_HUB:
		(void)snprintf(out, size, "%sspoke renew %s",
		    a->role == CONFIG_HUB ? "at the spoke: " : "", a->name);
		break;
	case DELIVERY_FORK_TO_SPOKE:
		(void)snprintf(out, size, "%shubctl renew %s",
		    a->role == CONFIG_SPOKE ? "at the hub: " : "", a->name);
		break;
	case DELIVERY_NO_FORK:
		(void)snprintf(out, size, "%s", otherwise);
		break;
	}
}

void
inbound_tell_met(struct notices *n, const struct association *a,
    const struct err *e)
{
	if (delivery_fork(a, e) != DELIVERY_NO_FORK)
		(void)notice_clear(n, a->name, INBOUND_FAILED, clock_wall());
}

bool
inbound_tell_failed(struct notices *n, const struct association *a,
    const struct err *e, const char *otherwise)
{
	char next[128];
	struct notice what = { a->name, key_of(a, e), e->msg, next };

	inbound_next(a, e, otherwise, next, sizeof(next));
	if (!carry_brings(a)) /* a look does not know */
		inbound_tell_met(n, a, e);
	return notice_raise_cause(n, &what, err_exit_code(e), clock_wall());
}

/* What a look at carried files does not find may come again. */
static bool
is_over(const struct association *a, const struct delivery_result *r, int rc)
{
	return rc == 0 && (!carry_is_used(a) || r->all_here);
}

static void
tell_no_fork(struct notices *n, const struct association *a,
    const struct delivery_result *r)
{
	if (!is_over(a, r, 0))
		return;
	(void)notice_clear(n, a->name, INBOUND_FORK_TO_HUB, clock_wall());
	(void)notice_clear(n, a->name, INBOUND_FORK_TO_SPOKE, clock_wall());
}

void
inbound_tell_over(struct notices *n, const struct association *a,
    const struct delivery_result *r)
{
	(void)notice_clear(n, a->name, INBOUND_FAILED, clock_wall());
	tell_no_fork(n, a, r);
}

/* Of carried files nobody is asked again who could be told why. */
static void
explain_files(const struct delivery_result *r, struct err *why)
{
	*why = (struct err){ 0 };
	if (r->refused_files > 0 && r->refused.sys == ENOTUNIQ) {
		err_set(why, ERR_INPUT,
		    "carried files are refused, see quarantine/ (%" PRIu64
		    "): %s",
		    r->refused_files, r->refused.msg);
		why->sys = ENOTUNIQ;
	} else if (r->refused_files > 0) {
		err_set(why, ERR_INPUT,
		    "carried files are refused, see quarantine/ (%" PRIu64
		    "): %s; they come again, and if that is refused, too, %s",
		    r->refused_files, r->refused.msg,
		    r->refused.kind == ERR_DENIED
			? "is verify-key here the .pub of sign-key there"
			: "the other end's files are damaged");
	} else if (r->unbelieved_acks > 0) {
		err_set(why, ERR_INPUT,
		    "a carried acknowledgement is damaged, or not signed by "
		    "the key that verify-key names: compare the keys; the "
		    "other end's next run writes another");
	} else if (r->unsigned_files > 0) {
		err_set(why, ERR_TEMP,
		    "carried files lie there without their signature, or a "
		    "signature without its file: has the other end a sign-key");
	}
}

bool
inbound_tell_refused(struct notices *n, const struct association *a,
    const struct delivery_result *r, int rc, struct err *why)
{
	char next[128];
	struct notice what = { a->name, "refused", NULL, next };

	explain_files(r, why);
	inbound_next(a, why,
	    a->role == CONFIG_HUB ? "hubctl status" : "spoke status", next,
	    sizeof(next));
	if (why->kind != ERR_NONE)
		what.text = why->msg;
	else if (r->quarantined > 0)
		what.text = "messages were refused and are kept in quarantine";
	if (what.text != NULL)
		return notice_raise(n, &what, clock_wall());
	if (is_over(a, r, rc))
		(void)notice_clear(n, a->name, "refused", clock_wall());
	return false;
}

/* What a person must know of. */
static void
tell(const struct inbound_opts *o, const struct delivery_result *r, int rc,
    const struct err *e)
{
	struct err ignored; /* the notice has it */

	(void)inbound_tell_refused(o->notices, o->association, r, rc, &ignored);
	if (rc == -1 && is_news(r, e))
		(void)inbound_tell_failed(o->notices, o->association, e,
		    o->association->role == CONFIG_HUB ? "hubctl status"
						       : "spoke status");
	else if (rc == 0 && carry_brings(o->association))
		tell_no_fork(o->notices, o->association, r); /* no exchange */
	else if (rc == 0)
		inbound_tell_over(o->notices, o->association, r);
}

/* --- While it runs -------------------------------------------------------- */

static struct wire_use
use_of(const struct delivery_result *r)
{
	return (
	    struct wire_use){ .bytes = r->counts.in_bytes + r->counts.out_bytes,
		.plain = r->counts.fed_bytes,
		.refused = delivery_refused(r) };
}

struct wire_use
inbound_use(const struct association *a, const struct delivery_result *r,
    int rc, const struct err *e)
{
	struct wire_use u = use_of(r);

	u.delivered = rc == 0 && (!carry_is_used(a) || r->moved);
	if (!carry_is_used(a))
		return u;
	/* a fork, or a far end that is no rsync */
	if (rc == -1 && (e->kind == ERR_INPUT || e->kind == ERR_PROTOCOL))
		u.refused++;
	u.looked = rc == 0;
	u.lying = r->ignored + r->unsigned_files;
	return u;
}

void
inbound_look(struct inbound_kept *k, struct wire_tally *t,
    const struct delivery_sofar *now)
{
	const struct delivery_result r = { .counts = now->counts };
	struct wire_use u = use_of(&r);

	k->sent_well = k->sent_well || (k->open && now->acked != k->acked);
	k->took_well = k->took_well || (k->open && now->taken != k->taken);
	if (k->open && (now->acked != k->acked || now->taken != k->taken))
		t->delivered = true;
	k->open = now->open;
	k->acked = now->acked;
	k->taken = now->taken;
	u.bytes = now->bytes;
	wire_tally_add(t, &u, clock_mono());
}

void
inbound_is_well(struct inbound_kept *k, struct notices *n,
    const struct association *a)
{
	bool to_hub = a->role == CONFIG_SPOKE ? k->sent_well : k->took_well;
	bool to_spoke = a->role == CONFIG_SPOKE ? k->took_well : k->sent_well;
	bool over = false;

	if (k->open && !k->told)
		over = notice_clear(n, a->name, INBOUND_FAILED, clock_wall());
	k->told = k->told || k->open;
	if (to_hub)
		over |=
		    notice_clear(n, a->name, INBOUND_FORK_TO_HUB, clock_wall());
	if (to_spoke)
		over |= notice_clear(n, a->name, INBOUND_FORK_TO_SPOKE,
		    clock_wall());
	if (over)
		notices_flush(n, clock_wall());
}

int
inbound_take(const struct inbound_taker *t, bool *told, struct err *e)
{
	const struct association *a = t->association;
	char next[128];

	*told = false;
	if (t->took == NULL)
		return 0;
	if (t->took(t->node, a, e) == 0) {
		(void)notice_clear(t->notices, a->name, "inbox", clock_wall());
		return 0;
	}
	(void)snprintf(next, sizeof(next), "spoke %s %s",
	    config_dials(a) ? "-v push --always" : "status", a->name);
	*told = notice_raise_cause(t->notices,
	    &(struct notice){ a->name, "inbox", e->msg, next },
	    err_exit_code(e), clock_wall());
	return -1;
}

/* A session that is answered. */
struct answer {
	const struct inbound_opts *o;
	struct wire_tally tally;
	struct inbound_kept kept;
};

/* Of the channel: who is called does not see what carries it. */
static bool
look(void *arg, const struct delivery_sofar *now)
{
	struct answer *s = arg;

	inbound_look(&s->kept, &s->tally, now);
	inbound_is_well(&s->kept, s->o->notices, s->o->association);
	return false;
}

static int
take(const struct inbound_opts *o, struct err *e)
{
	bool told;

	return inbound_take(&(struct inbound_taker){ o->node, o->association,
				o->notices, o->took },
	    &told, e);
}

static int
came(void *arg)
{
	struct answer *s = arg;
	struct err told = { 0 };
	int rc;

	rc = take(s->o, &told);
	notices_flush(s->o->notices, clock_wall()); /* a session lasts */
	return rc;
}

bool
inbound_is_away(const struct node *n, const struct association *a,
    const struct err *e)
{
	const struct wall now = clock_wall();
	struct wire w;
	struct err ignored; /* not known to have been here */
	int64_t here_s;

	if (a->transport != CONFIG_DIR || e->kind != ERR_TEMP ||
	    (e->sys != ENOENT && e->sys != EACCES && e->sys != EROFS) ||
	    wire_read(n->state_dir, a->name, &w, &ignored) == -1)
		return false;
	here_s = wire_seen_s(&w);
	return here_s > 0 && wall_s(now) - here_s < a->silent_after_s;
}

/* --- Its end -------------------------------------------------------------- */

static void
settle(const struct inbound_opts *o, struct wire_tally *tally,
    const struct delivery_result *r, int rc, const struct err *e)
{
	const struct association *a = o->association;
	const struct session_counts *n = &r->counts;
	struct wire_use u = inbound_use(a, r, rc, e);

	if (carry_brings(a)) { /* who ran rsync has counted what it moved */
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
	wire_tally_end(tally, &u);
	tell(o, r, rc, e);
}

void
inbound_settle(const struct inbound_opts *o, const struct delivery_result *r,
    int rc, const struct err *e)
{
	struct wire_tally tally = { .state_dir = o->node->state_dir,
		.association = o->association->name };

	settle(o, &tally, r, rc, e);
}

int
inbound_answer(const struct inbound_opts *o, struct delivery_result *r,
    struct err *e)
{
	const struct association *a = o->association;
	struct answer s = { .o = o,
		.tally = { .state_dir = o->node->state_dir,
		    .association = a->name,
		    .step = wire_step(a->budget) } };
	struct delivery_opts d = { .config = o->config,
		.association = a,
		.opener = false,
		.channel = o->channel,
		.look = look,
		.came = o->took != NULL ? came : NULL,
		.arg = &s };
	int rc;

	if (!a->keep)
		d.deadline = mono_add_ms(clock_mono(), SESSION_MS);
	rc = delivery_run(&d, r, e);
	settle(o, &s.tally, r, rc, e);
	return rc == -1 ? -1 : take(o, e);
}
