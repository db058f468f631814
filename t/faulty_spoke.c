/*
 * spoke on a machine that has no process to give while the file named by
 * $FORK_FAILS is there.  Linked with --wrap=fork; for t/spoke-carried.t.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

pid_t __real_fork(void);
pid_t __wrap_fork(void);

pid_t
__wrap_fork(void)
{
	const char *file = getenv("FORK_FAILS");

	if (file == NULL || access(file, F_OK) == -1)
		return __real_fork();
	errno = EAGAIN;
	return -1;
}

#include "spoke/spoke_main.c"
