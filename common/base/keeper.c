/*
 * Begins a process again that was killed; see keeper.h.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/keeper.h"
#include "common/base/log.h"

enum {
	TRIES = 5,
	LIVED_MS = 60000,
	PAUSE_MS = 250, /* doubled each time */
};

static void
describe(const char *what, int status, bool again)
{
	char how[64];

	if (WIFSIGNALED(status))
		(void)snprintf(how, sizeof(how), "killed by signal %d",
		    WTERMSIG(status));
	else
		(void)snprintf(how, sizeof(how), "ended with status %d",
		    WEXITSTATUS(status));
	if (again)
		log_err("%s: %s, begins again", what, how);
	else
		log_err("%s: %s, does not begin again: %d in a row lived less "
			"than %d s",
		    what, how, TRIES, LIVED_MS / 1000);
}

/* In the child: it must not outlive who waits for it, or there would be two. */
static bool
is_child(pid_t pid, pid_t keeper, const struct sigaction *term)
{
	if (pid != 0)
		return false;
	(void)sigaction(SIGTERM, term, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(1);
	return true;
}

void
keeper_run(const char *what)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const pid_t self = getpid(), owner = getppid();
	struct sigaction term;

	(void)prctl(PR_SET_PDEATHSIG, 0); /* the work sees the end by itself */
	(void)sigaction(SIGTERM, &ignore, &term);
	for (int quick = 0; quick < TRIES;) {
		const struct mono begun = clock_mono();
		int status = 0;
		pid_t pid;

		if (getppid() != owner)
			_exit(0); /* nobody is left to work for */
		pid = fork();
		if (is_child(pid, self, &term))
			return;
		if (pid == -1)
			log_err("%s: fork: %s", what, strerror(errno));
		while (pid != -1 && waitpid(pid, &status, 0) == -1 &&
		    errno == EINTR)
			continue;
		if (pid != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
			_exit(0);
		quick = mono_ms_since(clock_mono(), begun) >= LIVED_MS
		    ? 0
		    : quick + 1;
		if (pid != -1)
			describe(what, status, quick < TRIES);
		if (quick < TRIES)
			(void)poll(NULL, 0, PAUSE_MS << quick);
	}
	_exit(1);
}

bool
keeper_was_killed(pid_t *pid)
{
	int status;

	if (*pid <= 0 || waitpid(*pid, &status, WNOHANG) != *pid)
		return false;
	*pid = 0;
	return WIFSIGNALED(status);
}
