/*
 * hubctl receive: the far side of a spoke's push, as the forced command of its
 * key.  One session over standard input and output, then the end.  The
 * association is this command line's, never the client's words (G12).
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>

#include "common/base/log.h"
#include "common/operator/notice.h"
#include "hub/commands/commands.h"
#include "transport/delivery.h"

enum {
	SESSION_MS = 600 * 1000 /* in all, unless it is kept open */
};

/* A fork is, and a far end that speaks something else, or for another; a line
 * that was cut is not: the spoke comes again. */
static bool
is_news(const struct delivery_result *r, const struct err *e)
{
	return r->counts.in_bytes > 0 &&
	    (e->kind == ERR_INPUT || e->kind == ERR_PROTOCOL ||
		e->kind == ERR_CONFIG);
}

/* What a person must know of. */
static void
tell(const struct ground *g, const struct association *a,
    const struct delivery_result *r, int rc, const struct err *e)
{
	struct notice_mail mail = {
		.node = g->config->node.id,
		.to = g->config->oper.mail,
		.sendmail = g->config->oper.sendmail,
		.gather_s = g->config->oper.gather_s,
		.repeat_s = g->config->oper.repeat_s,
		.elsewhere = true, /* hubd has a mailer */
	};
	struct notices *n = NULL;
	struct err own = { 0 };

	if (notices_open(g->node.state_dir, &mail, &n, &own) == -1) {
		log_warn("%s", own.msg);
		return;
	}
	if (r->quarantined > 0)
		(void)notice_raise(n,
		    &(struct notice){ a->name, "refused",
			"messages were refused and are kept in quarantine",
			"hubctl status" },
		    clock_wall());
	else if (rc == 0)
		(void)notice_clear(n, a->name, "refused", clock_wall());
	if (rc == -1 && is_news(r, e))
		(void)notice_raise(n,
		    &(struct notice){ a->name, "delivery", e->msg,
			"hubctl status" },
		    clock_wall());
	else if (rc == 0)
		(void)notice_clear(n, a->name, "delivery", clock_wall());
	notices_flush(n, clock_wall());
	notices_close(n);
}

static int
receive(const struct ground *g, const struct association *a, struct err *e)
{
	struct delivery_result r = { 0 };
	struct channel ch;
	struct delivery_opts o = { .config = g->config,
		.association = a,
		.opener = false,
		.channel = &ch };
	struct err ignored = { 0 }; /* the session said it all */
	int rc;

	if (channel_stdio(&ch, e) == -1)
		return -1;
	if (!a->keep)
		o.deadline = mono_add_ms(clock_mono(), SESSION_MS);
	rc = delivery_run(&o, &r, e);
	(void)channel_close(&ch, NULL, &ignored);
	log_info("session association=%s messages=%" PRIu64 " sent=%" PRIu64
		 " refused=%" PRIu64 " bytes=%" PRIu64,
	    a->name, r.counts.taken, r.counts.sent, r.counts.refused,
	    r.counts.in_bytes + r.counts.out_bytes);
	if (r.replaced)
		log_warn("the spoke began a new stream association=%s",
		    a->name);
	if (r.lost > 0)
		log_warn(
		    "the spoke lost messages association=%s count=%" PRIu64,
		    a->name, r.lost);
	tell(g, a, &r, rc, e);
	return rc;
}

int
command_receive(const struct options *opts, int argc, char **argv)
{
	const struct association *a = NULL;
	struct ground g = { .options = *opts, .argc = argc, .argv = argv };
	struct err e = { 0 };
	int rc = -1;

	if (ground_open(&g, &e) == 0)
		a = ground_operand(&g, 1, &e);
	if (a != NULL)
		rc = receive(&g, a, &e);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
