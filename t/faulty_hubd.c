/*
 * hubd on a disk whose syncs fail while the file named by $SYNC_FAILS is there.
 * Linked with --wrap=syncfs; for t/hub-confined.t.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int __real_syncfs(int fd);
int __wrap_syncfs(int fd);

int
__wrap_syncfs(int fd)
{
	const char *file = getenv("SYNC_FAILS");

	if (file == NULL || access(file, F_OK) == -1)
		return __real_syncfs(fd);
	errno = EIO;
	return -1;
}

#include "hub/hubd_main.c"
