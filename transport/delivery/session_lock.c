/*
 * The locks of a session; see session_lock.h.  Record locks (fcntl) and no
 * numbers in the files: the kernel tells who holds one, so the process that is
 * asked to end is never one that got a dead one's number.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "transport/delivery/session_lock.h"

enum {
	ASK_MS = 5000,  /* to end by itself */
	KILL_MS = 2000, /* for the kernel to end it */
	STEP_MS = 10,
};

/* 1: locked.  0: held by *holder. */
static int
try_lock(int fd, pid_t *holder, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETLK, &l) == 0)
		return 1;
	if (errno != EACCES && errno != EAGAIN && errno != EINTR)
		return err_sys(e, "lock session.lock");
	if (fcntl(fd, F_GETLK, &l) == -1)
		return err_sys(e, "look at session.lock");
	*holder = l.l_type == F_UNLCK ? 0 : l.l_pid;
	return 0;
}

/* As try_lock, for ms.  Each holder that shows up is sent the signal once. */
static int
wait_lock(int fd, int sig, int64_t ms, struct err *e)
{
	struct mono end = mono_add_ms(clock_mono(), ms);
	pid_t holder = 0, told = 0;

	for (;;) {
		int rc = try_lock(fd, &holder, e);

		if (rc != 0)
			return rc;
		if (holder > 0 && holder != told)
			kill(holder, sig);
		told = holder;
		if (mono_ms_since(clock_mono(), end) >= 0)
			return 0;
		poll(NULL, 0, STEP_MS);
	}
}

static int
busy(struct err *e)
{
	err_set(e, ERR_TEMP, "busy: a session of this association is running");
	e->sys = EBUSY;
	return -1;
}

int
session_lock_probe(int association_dir, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(association_dir, "session.lock",
	    O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	int rc = 0;

	if (fd == -1)
		return errno == ENOENT ? 0 : err_sys(e, "open session.lock");
	if (fcntl(fd, F_GETLK, &l) == -1)
		rc = err_sys(e, "look at session.lock");
	else if (l.l_type != F_UNLCK)
		rc = busy(e);
	close(fd);
	return rc;
}

int
session_lock(int association_dir, bool take_over, struct err *e)
{
	int fd = openat(association_dir, "session.lock",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	pid_t holder = 0;
	int rc;

	if (fd == -1)
		return err_sys(e, "open session.lock");
	rc = try_lock(fd, &holder, e);
	if (rc == 0 && take_over)
		rc = wait_lock(fd, SIGTERM, ASK_MS, e);
	if (rc == 0 && take_over)
		rc = wait_lock(fd, SIGKILL, KILL_MS, e);
	if (rc == 1)
		return fd;
	close(fd);
	return rc == 0 ? busy(e) : -1;
}

/* Slot i is byte i of the file, which stays empty. */
int
session_slot(int run_dir, int most, struct err *e)
{
	int fd = openat(run_dir, "sessions.lock",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_sys(e, "open sessions.lock");
	for (int i = 0; i < most; i++) {
		struct flock l = { .l_type = F_WRLCK,
			.l_whence = SEEK_SET,
			.l_start = i,
			.l_len = 1 };

		if (fcntl(fd, F_SETLK, &l) == 0)
			return fd;
		if (errno != EACCES && errno != EAGAIN && errno != EINTR) {
			err_sys(e, "lock sessions.lock");
			close(fd);
			return -1;
		}
	}
	close(fd);
	err_set(e, ERR_TEMP, "busy: %d sessions are running", most);
	e->sys = EBUSY;
	return -1;
}
