/*
 * Ways of moving a spool: one interface, a registry, a file for each.  A stream
 * transport gives two descriptors; whatever makes them (libssh2, a command)
 * runs in a child of its own, so the delivery sees plain bytes.
 */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include <sys/types.h>

#include "common/base/clock.h"
#include "common/config/config.h"

struct channel {
	int read_fd, write_fd; /* may be one descriptor; non-blocking */
	pid_t child;           /* 0: none (stdin and stdout) */
	int report_fd;         /* where the child reports, or -1 */
};

/* What a child writes to report_fd, whole and once, before it exits. */
struct channel_report {
	struct err err;      /* ERR_NONE: nothing went wrong */
	uint64_t wire_bytes; /* both directions, all layers that it knows */
};

struct transport_ops {
	const char *name;
	/* Open a channel to the far end of a. */
	int (*dial)(const struct association *a, struct mono deadline,
	    struct channel *out, struct err *e);
};

const struct transport_ops *transport_find(const char *name);
/* This process's stdin and stdout, which become non-blocking. */
int channel_stdio(struct channel *out, struct err *e);
/* Close, reap the child (which is ended when it does not end by itself within
 * 2 s).  -1 with what the child reported: the cause behind an early end of the
 * stream.  *wire_bytes (may be NULL): bytes on the wire in both directions where
 * the transport knows them, else 0. */
int channel_close(struct channel *c, uint64_t *wire_bytes, struct err *e);

#endif
