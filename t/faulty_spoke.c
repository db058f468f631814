/*
 * spoke on a machine that has no process to give while the file named by
 * $FORK_FAILS is there, and no inotify instance while that of $INOTIFY_FAILS is.
 * Linked with --wrap=fork,--wrap=inotify_init1; for t/spoke-carried.t and
 * t/keep-unwatched.t.
 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

pid_t __real_fork(void);
pid_t __wrap_fork(void);
int __real_inotify_init1(int flags);
int __wrap_inotify_init1(int flags);

static bool
fails(const char *variable)
{
	const char *file = getenv(variable);

	return file != NULL && access(file, F_OK) == 0;
}

pid_t
__wrap_fork(void)
{
	if (!fails("FORK_FAILS"))
		return __real_fork();
	errno = EAGAIN;
	return -1;
}

int
__wrap_inotify_init1(int flags)
{
	if (!fails("INOTIFY_FAILS"))
		return __real_inotify_init1(flags);
	errno = EMFILE;
	return -1;
}

#include "spoke/spoke_main.c"
