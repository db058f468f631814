/*
 * Transport ssh: an exec channel of libssh2, in a child of its own that sees
 * one association and one key, and reads the network only when it has given
 * up all else.
 */
#ifndef TRANSPORT_SSH_SSH_H
#define TRANSPORT_SSH_SSH_H

#include "common/base/buf.h"
#include "transport/ssh/libssh2.h"
#include "transport/ssh/ssh_opening.h"
#include "transport/transport.h"

extern const struct transport_ops transport_ssh;

/* In the child: one connection, from its beginning to its end. */
struct ssh {
	const struct association *a;
	struct mono deadline;
	int local;      /* the program's end of the stream */
	struct buf key; /* the private key, or empty: the agent has it */
	struct buf known_hosts;
	int socket;
	LIBSSH2_SESSION *session;
	LIBSSH2_AGENT *agent;
	LIBSSH2_CHANNEL *channel;
	bool logged_in;
	struct ssh_opening heard; /* of the far end, all bytes are counted */
	bool reset;               /* the link broke */
	bool closed;              /* by the other end */
	struct channel_shared *shared;
};

/* ssh_files: read and check what is named in the configuration, before any
 * connection.  ssh_connect: look the host up and connect.  ssh_login:
 * handshake, host key, user key, channel. */
int ssh_files(struct ssh *s, struct err *e);
int ssh_connect(struct ssh *s, struct err *e);
int ssh_login(struct ssh *s, struct err *e);
/* Carry bytes both ways until both have ended.  -1 also when the far side ended
 * with a status other than 0, with the last of its stderr. */
int ssh_pump(struct ssh *s, struct err *e);
void ssh_close(struct ssh *s);
/* "host:port", for messages. */
const char *ssh_where(const struct ssh *s, char *out, size_t size);

#endif
