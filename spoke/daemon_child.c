/*
 * A child of the spoke's daemon; see daemon_child.h.
 */
#include "config.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/proc.h"
#include "spoke/carried.h"
#include "spoke/collect.h"
#include "spoke/daemon_child.h"

const char *
daemon_work_name(enum daemon_work w)
{
	switch (w) {
	case DAEMON_COLLECT:
		return "collect";
	case DAEMON_CARRIED:
		return "carried";
	case DAEMON_MAIL:
		return "mail";
	}
	return "?";
}

static int
work(struct ground *g, enum daemon_work w, struct err *e)
{
	const struct collect_opts due = { .at_once = false };
	int status;

	switch (w) {
	case DAEMON_COLLECT:
		return collect_run(g, &due, &status, e);
	case DAEMON_CARRIED:
		carried_look_all(g);
		break;
	case DAEMON_MAIL:
		break;
	}
	return 0;
}

/* The verb's own ground, but for what the daemon has read already. */
static int
run(const struct daemon_child_opts *o)
{
	char name[] = "collect";
	char *argv[] = { name, NULL };
	struct ground g = { .role = CONFIG_SPOKE,
		.options = *o->options,
		.argc = 1,
		.argv = argv,
		.config = o->config,
		.node = { -1, -1, -1 } };
	struct err e = { 0 };
	int rc = -1;

	/* the daemon's mailer reads what is recorded */
	g.mail = ground_mail(o->config, true);
	if (node_open(o->config, &g.node, &e) == 0 &&
	    notices_open(g.node.state_dir, &g.mail, &g.notices, &e) == 0)
		rc = work(&g, o->work, &e);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}

pid_t
daemon_child_fork(const struct daemon_child_opts *o)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		proc_own_signals(o->loop);
		/* a terminal's: the daemon's.  A cycle that was begun is not
		 * cut with it */
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGHUP, SIG_IGN);
		(void)prctl(PR_SET_NAME, daemon_work_name(o->work), 0, 0, 0);
		_exit(run(o));
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}
