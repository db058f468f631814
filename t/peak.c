/*
 * Runs a command, and notes how large it and what it started grew.
 *
 *	peak FILE COMMAND...
 *
 * The command's status is ours, and so is a SIGTERM its; FILE gets a line for
 * each run, the most kilobytes that one of its processes had at once.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t child;

static void
pass_on(int number)
{
	if (child > 0)
		(void)kill(child, number);
}

static int
note(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct rusage all;
	int rc;

	if (fd == -1 || getrusage(RUSAGE_CHILDREN, &all) == -1)
		return -1;
	rc = dprintf(fd, "%ld\n", all.ru_maxrss);
	(void)close(fd);
	return rc < 0 ? -1 : 0;
}

int
main(int argc, char *argv[])
{
	const struct sigaction act = { .sa_handler = pass_on };
	sigset_t term, before;
	int status = 0;

	if (argc < 3)
		return 64;
	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, &before);
	child = fork();
	if (child == 0) {
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execvp(argv[2], argv + 2);
		_exit(127);
	}
	(void)sigaction(SIGTERM, &act, NULL);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		continue;
	if (note(argv[1]) == -1)
		return 71;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
