/*
 * Confining a process before it reads bytes from outside (S12): no new
 * privileges, Landlock (named directories only), seccomp (no exec, no new
 * sockets, nothing that administers).  Where the kernel has less, it is
 * confined by what there is, and says so.
 */
#ifndef COMMON_BASE_SANDBOX_H
#define COMMON_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

/* What lies at or below an open directory may be read, and written where write
 * is set.  All else on the disk is closed, but for descriptors that are open
 * already. */
struct sandbox_dir {
	int fd; /* -1: passed over */
	bool write;
};

struct sandbox_opts {
	const struct sandbox_dir *dir;
	size_t n_dir;
	/* a listener of its own goes on; else no socket(2) */
	bool unix_sockets;
	/* it connects to the network again and again; not with the above */
	bool inet_sockets;
};

struct sandbox_state {
	bool no_new_privs;
	int landlock_abi; /* 0: not in this kernel */
	bool seccomp;     /* false: built without, or not in this kernel */
};

/* Close all descriptors but standard streams, these, and the log's: spools,
 * other channels, a daemon's loop are not for who reads the network.  The
 * process must not use libuv afterwards if its parent did. */
void sandbox_close_others(const int *keep, size_t n);
/* For good.  -1 only when the kernel has a means and refuses it. */
int sandbox_enter(const struct sandbox_opts *o, struct sandbox_state *got,
    struct err *e);
/* For good, but the calling thread alone and the programs that it starts: they
 * may read and run what they like, and write nothing but what lies below dir
 * (-1: nothing) and devices.  The same of -1. */
int sandbox_writes(int dir, struct err *e);
/* What sandbox_enter would get here, without entering. */
struct sandbox_state sandbox_probe(void);
/* "no-new-privs landlock-abi=6 seccomp" */
const char *sandbox_text(struct sandbox_state s, char *out, size_t size);

#endif
