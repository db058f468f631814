/*
 * What the real code meets in place of the system, by the linker's --wrap:
 * descriptors of the simulated disk and links go there, all others to the
 * system.  SIM_WRAPS in local.mk lists the same names.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "t/sim/disk.h"
#include "t/sim/fiber.h"
#include "t/sim/net.h"
#include "t/sim/rng.h"
#include "t/wrap_openat.h"

#define WRAP(ret, name, args)   \
	ret __real_##name args; \
	ret __wrap_##name args; \
	ret __wrap_##name args

int
wrapped_openat(int dirfd, const char *name, int flags, mode_t mode)
{
	return disk_has_fd(dirfd) ? disk_openat(dirfd, name, flags)
				  : __real_openat(dirfd, name, flags, mode);
}

WRAP(int, close, (int fd))
{
	if (disk_has_fd(fd))
		return disk_close(fd);
	return net_has_fd(fd) ? net_close(fd) : __real_close(fd);
}

WRAP(ssize_t, read, (int fd, void *p, size_t n))
{
	if (disk_has_fd(fd))
		return disk_read(fd, p, n, -1);
	return net_has_fd(fd) ? net_read(fd, p, n) : __real_read(fd, p, n);
}

WRAP(ssize_t, pread, (int fd, void *p, size_t n, off_t off))
{
	return disk_has_fd(fd) ? disk_read(fd, p, n, off)
			       : __real_pread(fd, p, n, off);
}

WRAP(ssize_t, write, (int fd, const void *p, size_t n))
{
	if (disk_has_fd(fd))
		return disk_write(fd, p, n, -1);
	return net_has_fd(fd) ? net_write(fd, p, n) : __real_write(fd, p, n);
}

WRAP(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t off))
{
	return disk_has_fd(fd) ? disk_write(fd, p, n, off)
			       : __real_pwrite(fd, p, n, off);
}

WRAP(int, fsync, (int fd))
{
	return disk_has_fd(fd) ? disk_fsync(fd) : __real_fsync(fd);
}

WRAP(int, fdatasync, (int fd))
{
	return disk_has_fd(fd) ? disk_fsync(fd) : __real_fdatasync(fd);
}

WRAP(int, ftruncate, (int fd, off_t n))
{
	return disk_has_fd(fd) ? disk_ftruncate(fd, (uint64_t)n)
			       : __real_ftruncate(fd, n);
}

WRAP(int, fstat, (int fd, struct stat *st))
{
	return disk_has_fd(fd) ? disk_fstat(fd, st) : __real_fstat(fd, st);
}

WRAP(int, fstatat, (int fd, const char *name, struct stat *st, int flags))
{
	return disk_has_fd(fd) ? disk_fstatat(fd, name, st)
			       : __real_fstatat(fd, name, st, flags);
}

WRAP(int, mkdirat, (int fd, const char *name, mode_t mode))
{
	return disk_has_fd(fd) ? disk_mkdirat(fd, name)
			       : __real_mkdirat(fd, name, mode);
}

WRAP(int, unlinkat, (int fd, const char *name, int flags))
{
	return disk_has_fd(fd) ? disk_unlinkat(fd, name, flags)
			       : __real_unlinkat(fd, name, flags);
}

WRAP(int, renameat2,
    (int a, const char *from, int b, const char *to, unsigned flags))
{
	return disk_has_fd(a) ? disk_renameat2(a, from, b, to, flags)
			      : __real_renameat2(a, from, b, to, flags);
}

WRAP(int, renameat, (int a, const char *from, int b, const char *to))
{
	return disk_has_fd(a) ? disk_renameat2(a, from, b, to, 0)
			      : __real_renameat(a, from, b, to);
}

WRAP(int, flock, (int fd, int operation))
{
	return disk_has_fd(fd) ? disk_flock(fd, operation)
			       : __real_flock(fd, operation);
}

WRAP(int, dup, (int fd))
{
	return disk_has_fd(fd) ? disk_dup(fd) : __real_dup(fd);
}

/* There is room always; faults say otherwise. */
WRAP(int, fstatvfs, (int fd, struct statvfs *v))
{
	if (!disk_has_fd(fd))
		return __real_fstatvfs(fd, v);
	memset(v, 0, sizeof(*v));
	v->f_bsize = v->f_frsize = 4096;
	v->f_blocks = UINT64_C(1) << 30;
	v->f_bfree = v->f_bavail = UINT64_C(1) << 29;
	v->f_files = UINT64_C(1) << 30;
	v->f_ffree = v->f_favail = UINT64_C(1) << 29;
	return 0;
}

/* A directory of ours is told by a mark in front of its pointer's values: the
 * simulator itself lists no real directory. */
WRAP(DIR *, fdopendir, (int fd))
{
	return disk_has_fd(fd) ? (DIR *)disk_fdopendir(fd)
			       : __real_fdopendir(fd);
}

WRAP(struct dirent *, readdir, (DIR * d))
{
	return fiber_self() != 0 ? disk_readdir(d) : __real_readdir(d);
}

WRAP(int, closedir, (DIR * d))
{
	if (fiber_self() == 0)
		return __real_closedir(d);
	disk_closedir(d);
	return 0;
}

WRAP(int, fcntl, (int fd, int command, ...))
{
	va_list ap;
	void *arg;

	va_start(ap, command);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (disk_has_fd(fd) && (command == F_SETLK || command == F_GETLK))
		return disk_record_lock(fd, command == F_SETLK, arg);
	if (disk_has_fd(fd) &&
	    (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
		return disk_dup(fd);
	if (disk_has_fd(fd) || net_has_fd(fd))
		return command == F_GETFL ? O_RDWR | O_NONBLOCK : 0;
	return __real_fcntl(fd, command, arg);
}

WRAP(pid_t, getpid, (void))
{
	return fiber_self() != 0 ? fiber_self() : __real_getpid();
}

WRAP(int, kill, (pid_t pid, int sig))
{
	if (fiber_self() == 0)
		return __real_kill(pid, sig);
	if (fiber_alive(pid)) {
		if (sig == SIGKILL || sig == SIGTERM)
			fiber_kill(pid);
		return 0;
	}
	errno = ESRCH;
	return -1;
}

WRAP(ssize_t, getrandom, (void *p, size_t n, unsigned flags))
{
	(void)flags;
	for (size_t i = 0; i < n; i++)
		((unsigned char *)p)[i] = (unsigned char)rng_next();
	return (ssize_t)n;
}

struct polled {
	struct pollfd *fd;
	nfds_t n;
};

/* How many of them have something to tell; sets revents. */
static bool
any_ready(void *arg)
{
	const struct polled *p = arg;
	bool any = false;

	for (nfds_t i = 0; i < p->n; i++) {
		struct pollfd *f = &p->fd[i];

		f->revents = 0;
		if (f->fd < 0 || !net_has_fd(f->fd))
			continue;
		f->revents = (short)(net_events(f->fd) &
		    (f->events | POLLHUP | POLLERR));
		any = any || f->revents != 0;
	}
	return any;
}

WRAP(int, poll, (struct pollfd * fd, nfds_t n, int timeout_ms))
{
	struct polled p = { fd, n };
	int count = 0;

	if (fiber_self() == 0)
		return __real_poll(fd, n, timeout_ms);
	fiber_step();
	if (!any_ready(&p) && timeout_ms != 0)
		fiber_wait(any_ready, &p,
		    timeout_ms < 0
			? INT64_MAX
			: sim_now_ns() + (int64_t)timeout_ms * 1000000);
	any_ready(&p);
	for (nfds_t i = 0; i < n; i++)
		count += fd[i].revents != 0;
	return count;
}

WRAP(int, ppoll,
    (struct pollfd * fd, nfds_t n, const struct timespec *t,
	const sigset_t *mask))
{
	int ms = -1;

	if (fiber_self() == 0)
		return __real_ppoll(fd, n, t, mask);
	if (t != NULL)
		ms = (int)(t->tv_sec * 1000 + t->tv_nsec / 1000000);
	return __wrap_poll(fd, n, ms);
}
