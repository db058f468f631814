/*
 * What a delivery came to; see outcome.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "transport/delivery/outcome.h"

/* --- Told ----------------------------------------------------------------- */

static const char *
key_of(const struct association *a, const struct err *e)
{
	switch (delivery_fork(a, e)) {
	case DELIVERY_FORK_TO_HUB:
		return OUTCOME_FORK_TO_HUB;
	case DELIVERY_FORK_TO_SPOKE:
		return OUTCOME_FORK_TO_SPOKE;
	case DELIVERY_FORK_BARE:
		return OUTCOME_FORK;
	case DELIVERY_NO_FORK:
		break;
	}
	return OUTCOME_FAILED;
}

void
outcome_next(const struct association *a, const struct err *e,
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
	case DELIVERY_FORK_BARE:
		(void)snprintf(out, size, "hubctl accept %s fork", a->name);
		break;
	case DELIVERY_NO_FORK:
		(void)snprintf(out, size, "%s", otherwise);
		break;
	}
}

void
outcome_tell_met(struct notices *n, const struct association *a,
    const struct err *e)
{
	if (delivery_fork(a, e) != DELIVERY_NO_FORK)
		(void)notice_clear(n, a->name, OUTCOME_FAILED, clock_wall());
}

bool
outcome_tell_failed(struct notices *n, const struct association *a,
    const struct err *e, const char *otherwise)
{
	char next[128];
	struct notice what = { a->name, key_of(a, e), e->msg, next };

	outcome_next(a, e, otherwise, next, sizeof(next));
	if (!config_brings(a)) /* a look does not know */
		outcome_tell_met(n, a, e);
	return notice_raise_cause(n, &what, err_exit_code(e), clock_wall());
}

bool
outcome_is_trouble(const struct notices *n, const struct association *a)
{
	return notice_is_raised(n, a->name, OUTCOME_FAILED) ||
	    notice_is_raised(n, a->name, OUTCOME_FORK_TO_HUB) ||
	    notice_is_raised(n, a->name, OUTCOME_FORK_TO_SPOKE);
}

bool
outcome_is_look(const struct association *a, const struct delivery_result *r)
{
	return !config_is_carried(a) && r->counts.in_bytes == 0;
}

/* What a look at carried files does not find may come again; one at a port finds
 * nothing. */
static bool
is_over(const struct association *a, const struct delivery_result *r, int rc)
{
	return rc == 0 &&
	    (config_is_carried(a) ? r->all_here : !outcome_is_look(a, r));
}

void
outcome_tell_no_fork(struct notices *n, const struct association *a,
    const struct delivery_result *r)
{
	if (!is_over(a, r, 0))
		return;
	(void)notice_clear(n, a->name, OUTCOME_FORK_TO_HUB, clock_wall());
	(void)notice_clear(n, a->name, OUTCOME_FORK_TO_SPOKE, clock_wall());
}

void
outcome_tell_over(struct notices *n, const struct association *a,
    const struct delivery_result *r)
{
	if (!outcome_is_look(a, r))
		(void)notice_clear(n, a->name, OUTCOME_FAILED, clock_wall());
	outcome_tell_no_fork(n, a, r);
}

/* Of carried files nobody is asked again who could be told why. */
static void
explain_files(const struct delivery_result *r, struct err *why)
{
	*why = (struct err){ 0 };
	if (r->refused_files > 0 &&
	    (r->refused.sys == ENOTUNIQ || r->refused.sys == EEXIST)) {
		err_set(why, ERR_INPUT,
		    "carried files are refused, see quarantine/ (%" PRIu64
		    "): %s",
		    r->refused_files, r->refused.msg);
		why->sys = r->refused.sys;
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
outcome_tell_refused(struct notices *n, const struct association *a,
    const struct delivery_result *r, int rc, struct err *why)
{
	char next[128];
	struct notice what = { a->name, "refused", NULL, next };

	explain_files(r, why);
	outcome_next(a, why,
	    a->role == CONFIG_HUB ? "hubctl status" : "spoke status", next,
	    sizeof(next));
	if (delivery_fork(a, why) == DELIVERY_FORK_BARE)
		what.key = OUTCOME_FORK;
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

void
outcome_tell_dropped(struct notices *n, const struct association *a,
    uint64_t messages)
{
	if (messages > 0)
		(void)notice_raise(n,
		    &(struct notice){ a->name, OUTCOME_DROPPED,
			"the spool is full: the oldest messages are dropped, "
			"as spool-full says; the status counts them as gaps",
			"spoke status" },
		    clock_wall());
}

void
outcome_tell_heard_lost(struct notices *n, const struct association *a,
    uint64_t messages)
{
	char text[128];

	(void)snprintf(text, sizeof(text),
	    "the spoke lost messages before they came (%" PRIu64
	    "): its status says why",
	    messages);
	(void)notice_raise(n,
	    &(struct notice){ a->name, OUTCOME_LOST, text, "hubctl status" },
	    clock_wall());
}

void
outcome_tell_damaged(struct notices *n, const struct association *a,
    uint64_t messages)
{
	char text[160];

	(void)snprintf(text, sizeof(text),
	    "messages in outbox were damaged, or lacked their CONFIG (%" PRIu64
	    "): they are lost to the other end, see quarantine/",
	    messages);
	(void)notice_raise(n,
	    &(struct notice){ a->name, OUTCOME_DAMAGED, text,
		a->role == CONFIG_HUB ? "hubctl status" : "spoke status" },
	    clock_wall());
}

void
outcome_tell_lost(struct notices *n, const struct association *a,
    const struct delivery_result *r, int rc)
{
	if (a->role == CONFIG_HUB && r->lost > 0)
		outcome_tell_heard_lost(n, a, r->lost);
	else if (is_over(a, r, rc))
		(void)notice_clear(n, a->name, OUTCOME_LOST, clock_wall());
	if (r->damaged > 0)
		outcome_tell_damaged(n, a, r->damaged);
	else if (is_over(a, r, rc))
		(void)notice_clear(n, a->name, OUTCOME_DAMAGED, clock_wall());
	if (rc == 0 && !config_is_carried(a)) /* all was delivered */
		(void)notice_clear(n, a->name, OUTCOME_DROPPED, clock_wall());
}

/* --- Counted -------------------------------------------------------------- */

struct wire_use
outcome_sofar(const struct delivery_result *r)
{
	return (
	    struct wire_use){ .bytes = r->counts.in_bytes + r->counts.out_bytes,
		.plain = r->counts.fed_bytes,
		.refused = delivery_refused(r) };
}

struct wire_use
outcome_use(const struct association *a, const struct delivery_result *r,
    int rc, const struct err *e)
{
	struct wire_use u = outcome_sofar(r);

	u.lost = delivery_lost(a, r);
	u.delivered = rc == 0 &&
	    (config_is_carried(a) ? r->moved : !outcome_is_look(a, r));
	if (!config_is_carried(a))
		return u;
	if (rc == -1 && e->kind == ERR_INPUT) /* a fork */
		u.refused++;
	u.looked = rc == 0;
	u.lying = r->ignored + r->unsigned_files;
	return u;
}

bool
outcome_is_away(const struct node *n, const struct association *a,
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
