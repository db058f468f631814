/*
 * Which key a host must have: OpenSSH's known_hosts (sshd(8)), read strictly.
 * libssh2 takes the marker of an @revoked line for a host's name, so the file
 * is read here.  Nothing is ever added to it.  Does no I/O.
 */
#ifndef TRANSPORT_SSH_SSH_KNOWN_HOSTS_H
#define TRANSPORT_SSH_SSH_KNOWN_HOSTS_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"

enum {
	SSH_KNOWN_HOSTS_MAX = 1 << 20, /* bytes of the file */
};

/* "host", or "[host]:port" where the port is not 22, as it stands in the
 * file. */
void ssh_host_name(const char *host, unsigned port, struct buf *out);

/* What the file knows of a host.  ERR_CONFIG with "line N: ..." for any line
 * that is not understood: then nothing in it counts. */
struct ssh_known {
	bool ed25519, ecdsa256; /* it has such a key, not revoked */
};
int ssh_known_hosts_read(struct slice file, const char *name,
    struct ssh_known *out, struct err *e);

enum ssh_verdict {
	SSH_HOST_MATCH,
	SSH_HOST_UNKNOWN, /* the file does not name it */
	SSH_HOST_CHANGED, /* it has other keys there */
	SSH_HOST_REVOKED,
};
/* Of the key (a blob) that the host showed.  *line: which one decided, 0: none.
 */
int ssh_known_hosts_check(struct slice file, const char *name, struct slice key,
    enum ssh_verdict *out, int *line, struct err *e);

#endif
