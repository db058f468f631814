/*
 * One session of a daemon; see links_child.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/proc.h"
#include "common/command/ground.h"
#include "transport/delivery/inbound.h"
#include "transport/delivery/outbound.h"
#include "transport/delivery/parting.h"
#include "transport/links/links_child.h"
#include "transport/links/links_schedule.h"

enum {
	SESSION_MS = 600 * 1000, /* unless it is kept open */
};

static enum links_schedule_end
judge(const struct outbound_end *end, int rc, int64_t lived_ms)
{
	const struct session_counts *n = &end->result.counts;

	if (rc == 0 || end->result.stopped != 0)
		return LINK_WELL;
	if (end->quiet)
		return end->err.sys == EDQUOT ? LINK_HELD : LINK_TWIN;
	if (end->parted)
		return LINK_PARTED;
	return n->acked + n->taken > 0 || lived_ms >= PARTING_SETTLED_MS
	    ? LINK_MOVED
	    : LINK_FAILED;
}

static enum links_schedule_end
dial(const struct links_child *c, struct ground *g)
{
	struct mono begun = clock_mono();
	const struct outbound_opts o = {
		.config = c->config,
		.node = &g->node,
		.association = c->association,
		.deadline = config_stays(c->association)
		    ? (struct mono){ 0 } /* none */
		    : mono_add_ms(begun, SESSION_MS),
		.notices = g->notices,
		.stay = true,
		.again = c->again,
		.took = c->took,
	};
	struct outbound_end end;
	int rc = outbound_run(&o, &end);

	return judge(&end, rc, mono_ms_since(clock_mono(), begun));
}

static void
tell_failed(const struct links_child *c, const struct err *e)
{
	if (!c->may_tell)
		log_debug("session association=%s: %s", c->association->name,
		    e->msg);
	else if (c->untold == 0)
		log_warn("session association=%s: %s", c->association->name,
		    e->msg);
	else
		log_warn("session association=%s count=%" PRIu64 ": %s",
		    c->association->name, c->untold + 1, e->msg);
}

static enum links_schedule_end
answer(const struct links_child *c, struct ground *g)
{
	const struct channel ch = { .read_fd = c->fd,
		.write_fd = c->fd,
		.report_fd = -1,
		.meter = c->meter };
	const struct inbound_opts o = { .config = c->config,
		.node = &g->node,
		.association = c->association,
		.notices = g->notices,
		.channel = &ch,
		.hushed = true,
		.took = c->took };
	struct delivery_result r = { 0 };
	struct err e = { 0 };

	if (inbound_answer(&o, &r, &e) == -1) {
		tell_failed(c, &e);
		return LINK_FAILED;
	}
	return LINK_WELL;
}

static enum links_schedule_end
run(const struct links_child *c)
{
	struct ground g = { .node = { -1, -1, -1 } };
	enum links_schedule_end how = LINK_FAILED;
	struct err e = { 0 };

	/* the daemon's mailer reads what is recorded */
	g.mail = ground_mail(c->config, true);
	if (node_open(c->config, &g.node, &e) == -1 ||
	    notices_open(g.node.state_dir, &g.mail, &g.notices, &e) == -1)
		log_err("association %s: %s", c->association->name, e.msg);
	else if (c->fd == -1)
		how = dial(c, &g);
	else
		how = answer(c, &g);
	if (g.notices != NULL)
		notices_flush(g.notices, clock_wall());
	return how;
}

pid_t
links_child_fork(const struct links_child *c)
{
	sigset_t all, before;
	pid_t parent = getpid(), pid;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		proc_own_signals(c->loop);
		(void)signal(SIGINT, SIG_IGN); /* a terminal's: the daemon's */
		(void)signal(SIGHUP, SIG_IGN);
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		_exit(getppid() == parent ? (int)run(c) : LINK_FAILED);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}
