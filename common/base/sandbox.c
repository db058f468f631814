/*
 * Landlock by its system calls, seccomp by libseccomp; see sandbox.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#endif

#include "common/base/log.h"
#include "common/base/sandbox.h"

/* Newer than the headers of Debian 12: Landlock's ABI 3 (landlock(7)). */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* Links, FIFOs and devices that others made must be movable into quarantine;
 * making new ones is refused by seccomp. */
#define WRITE_RIGHTS                                                       \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |   \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |   \
	    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_FIFO |  \
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM |  \
	    LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_TRUNCATE)
/* Handled so that it is refused everywhere. */
#define NEVER_RIGHTS LANDLOCK_ACCESS_FS_EXECUTE

static int
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

/* The rights that a kernel of this ABI knows; it refuses others. */
static uint64_t
known_rights(int abi)
{
	uint64_t all = READ_RIGHTS | WRITE_RIGHTS | NEVER_RIGHTS;

	if (abi < 2)
		all &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	if (abi < 3)
		all &= ~(uint64_t)LANDLOCK_ACCESS_FS_TRUNCATE;
	return all;
}

static int
allow_dir(int ruleset, const struct sandbox_dir *d, uint64_t known,
    struct err *e)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access =
		    (READ_RIGHTS | (d->write ? WRITE_RIGHTS : 0)) & known,
		.parent_fd = d->fd,
	};

	if (d->fd != -1 &&
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) == -1)
		return err_sys(e, "landlock rule");
	return 0;
}

static int
enter_landlock(const struct sandbox_dir *dir, size_t n, uint64_t handled,
    struct err *e)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = handled };
	int rc = -1;
	int fd =
	    (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (fd == -1)
		return err_sys(e, "landlock");
#ifdef __SANITIZE_ADDRESS__ /* its leak check looks at itself */
	const struct sandbox_dir proc = {
		open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), false
	};

	(void)allow_dir(fd, &proc, handled, e);
#endif
	for (size_t i = 0; i < n; i++)
		if (allow_dir(fd, &dir[i], handled, e) == -1)
			goto out;
	if (syscall(SYS_landlock_restrict_self, fd, 0) == -1) {
		err_sys(e, "landlock");
		goto out;
	}
	rc = 0;
out:
	close(fd);
	return rc;
}

int
sandbox_writes(int dir, struct err *e)
{
	const struct sandbox_dir allowed[] = { { dir, true },
		{ open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC), true } };
	int abi = landlock_abi(), rc = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		rc = err_sys(e, "no_new_privs");
	else if (abi > 0)
		rc = enter_landlock(allowed,
		    sizeof(allowed) / sizeof(allowed[0]),
		    known_rights(abi) & WRITE_RIGHTS, e);
	if (allowed[1].fd != -1)
		close(allowed[1].fd);
	return rc;
}

#ifdef HAVE_LIBSECCOMP
/* What a confined process never needs: starting programs, looking into others,
 * administering the system.  A refused call is EPERM, so that a library that
 * only tries goes on. */
static const int refused[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(sethostname),
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
	SCMP_SYS(setreuid),
	SCMP_SYS(setregid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setresgid),
	SCMP_SYS(setgroups),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(personality),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(syslog),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(symlink),
	SCMP_SYS(symlinkat),
	SCMP_SYS(link),
	SCMP_SYS(linkat),
	SCMP_SYS(chown),
	SCMP_SYS(lchown),
	SCMP_SYS(fchown),
	SCMP_SYS(fchownat),
#ifndef __SANITIZE_ADDRESS__ /* its leak check traces the process */
	SCMP_SYS(ptrace),
#endif
};

static int
refuse(scmp_filter_ctx f, int call)
{
	return seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), call, 0);
}

/* socket(2) with a family that compares so to another. */
static int
refuse_family(scmp_filter_ctx f, enum scmp_compare op, int family)
{
	const struct scmp_arg_cmp c = { .arg = 0,
		.op = op,
		.datum_a = (scmp_datum_t)family };

	return seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EPERM),
	    SCMP_SYS(socket), 1, &c);
}

static int
refuse_sockets(scmp_filter_ctx f, const struct sandbox_opts *o)
{
	int rc;

	if (o->unix_sockets) /* the log's and the control's */
		return refuse_family(f, SCMP_CMP_NE, AF_UNIX);
	if (!o->inet_sockets)
		return refuse(f, SCMP_SYS(socket));
	rc = refuse_family(f, SCMP_CMP_LT, AF_INET);
	if (rc == 0)
		rc = refuse_family(f, SCMP_CMP_GT, AF_INET6);
	for (int i = AF_INET + 1; rc == 0 && i < AF_INET6; i++)
		rc = refuse_family(f, SCMP_CMP_EQ, i);
	return rc;
}

static int
enter_seccomp(const struct sandbox_opts *o, struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int rc = f == NULL ? -ENOMEM : 0;

	for (size_t i = 0; rc == 0 && i < sizeof(refused) / sizeof(refused[0]);
	     i++)
		rc = refuse(f, refused[i]);
	if (rc == 0)
		rc = refuse_sockets(f, o);
	if (rc == 0)
		rc = seccomp_load(f);
	if (f != NULL)
		seccomp_release(f);
	if (rc == 0)
		return 0;
	errno = -rc;
	return err_sys(e, "seccomp");
}
#endif

struct sandbox_state
sandbox_probe(void)
{
	struct sandbox_state s = { .no_new_privs = true,
		.landlock_abi = landlock_abi() };

#ifdef HAVE_LIBSECCOMP
	/* EFAULT: the kernel has it and looked at our (missing) filter */
	s.seccomp = prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, NULL, 0,
			0) == -1 &&
	    errno == EFAULT;
#endif
	return s;
}

int
sandbox_enter(const struct sandbox_opts *o, struct sandbox_state *got,
    struct err *e)
{
	struct sandbox_state s = sandbox_probe();

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_sys(e, "no_new_privs");
	if (s.landlock_abi > 0 &&
	    enter_landlock(o->dir, o->n_dir, known_rights(s.landlock_abi), e) ==
		-1)
		return -1;
#ifdef HAVE_LIBSECCOMP
	if (s.seccomp && enter_seccomp(o, e) == -1)
		return -1;
#endif
	*got = s;
	return 0;
}

const char *
sandbox_text(struct sandbox_state s, char *out, size_t size)
{
	(void)snprintf(out, size, "%s landlock-abi=%d %s",
	    s.no_new_privs ? "no-new-privs" : "new-privs", s.landlock_abi,
	    s.seccomp ? "seccomp" : "no-seccomp");
	return out;
}

void
sandbox_close_others(const int *keep, size_t n)
{
	int next = STDERR_FILENO + 1, least;

	(void)signal(SIGCHLD, SIG_DFL); /* libuv's would write to its pipe */
	do {
		least = INT_MAX;
		for (size_t i = 0; i < n; i++)
			if (keep[i] >= next && keep[i] < least)
				least = keep[i];
		if (least > next)
			(void)close_range((unsigned)next, (unsigned)least - 1,
			    0);
		next = least == INT_MAX ? INT_MAX : least + 1;
	} while (next != INT_MAX);
	log_reopen();
}
