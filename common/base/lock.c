/*
 * flock(2) with a bounded wait; see lock.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/lock.h"

enum {
	LOCK_RETRY_MS = 20
};

/* flock has no time-out of its own: ask again until it is over. */
static int
lock_fd(int fd, const char *name, int wait_ms, struct err *e)
{
	struct mono end = mono_add_ms(clock_mono(), wait_ms);
	int retry_ms = 1; /* most locks are let go of soon */

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "lock %s", name);
		if (mono_ms_since(clock_mono(), end) >= 0)
			return err_set(e, ERR_TEMP,
			    "%s is in use by another process", name);
		poll(NULL, 0, retry_ms);
		if (retry_ms < LOCK_RETRY_MS)
			retry_ms *= 2;
	}
	return fd;
}

static int
lock_or_close(int fd, const char *name, int wait_ms, struct err *e)
{
	if (fd == -1)
		return err_sys(e, "open %s", name);
	if (lock_fd(fd, name, wait_ms, e) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

int
lock_file(int dirfd, const char *name, int wait_ms, struct err *e)
{
	int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
	    0600);

	return lock_or_close(fd, name, wait_ms, e);
}

bool
lock_is_held(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool held;

	if (fd == -1)
		return false;
	/* shared: two that ask at once do not take each other for a holder */
	held = flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

int
lock_process(int dirfd, const char *name, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
	    0600);

	if (fd == -1)
		return err_sys(e, "open %s", name);
	if (fcntl(fd, F_SETLK, &l) == 0)
		return fd;
	if (errno == EACCES || errno == EAGAIN)
		err_set(e, ERR_TEMP, "%s is in use by another process", name);
	else
		err_sys(e, "lock %s", name);
	close(fd);
	return -1;
}

int
lock_dir(int dirfd, int wait_ms, struct err *e)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return lock_or_close(fd, "the spool", wait_ms, e);
}
