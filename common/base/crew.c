/*
 * Forks that do parts of a job; see crew.h.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/crew.h"

size_t
crew_parts(size_t pieces, size_t least)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = cpus > 1 ? (size_t)cpus : 1;

	if (n > CREW_MOST)
		n = CREW_MOST;
	if (n > pieces / least)
		n = pieces / least;
	return n > 0 ? n : 1;
}

void *
crew_memory(size_t n, struct err *e)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		return p;
	err_sys(e, "memory to share");
	return NULL;
}

void
crew_memory_free(void *p, size_t n)
{
	if (p != NULL)
		(void)munmap(p, n);
}

/* A child's life.  Its parent may have died before it asked to die with it. */
static _Noreturn void
be_child(pid_t parent, crew_part *part, void *arg, size_t i)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent) {
		part(arg, i);
		_exit(EXIT_SUCCESS);
	}
	_exit(EXIT_FAILURE);
}

static int
wait_for(pid_t child, struct err *e)
{
	pid_t got;
	int status;

	do
		got = waitpid(child, &status, 0);
	while (got == -1 && errno == EINTR);
	if (got == child && WIFEXITED(status) &&
	    WEXITSTATUS(status) == EXIT_SUCCESS)
		return 0;
	if (got == child && WIFSIGNALED(status))
		return err_set(e, ERR_TEMP,
		    "a process of the work was killed by signal %d",
		    WTERMSIG(status));
	return err_set(e, ERR_TEMP, "a process of the work failed");
}

int
crew_run(size_t n, crew_part *part, void *arg, struct err *e)
{
	pid_t child[CREW_MOST], self = getpid();
	sigset_t all, before;
	int rc = 0;

	assert(n > 0 && n <= CREW_MOST);
	/* The parent's handlers would act for the parent. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	for (size_t i = 1; i < n; i++) {
		child[i] = fork();
		if (child[i] == 0)
			be_child(self, part, arg, i);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	part(arg, 0);
	for (size_t i = 1; i < n; i++)
		if (child[i] == -1)
			part(arg, i);
		else if (wait_for(child[i], e) == -1)
			rc = -1;
	return rc;
}
