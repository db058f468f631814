/*
 * Transport ssh: what its child does, and what it gives up; see ssh.h.
 */
#include "config.h"

#include "common/base/sandbox.h"
#include "transport/channel_child.h"
#include "transport/ssh/ssh.h"
#include "transport/ssh/ssh_known_hosts.h"

enum {
	CPU_LOGIN_S =
	    10, /* until logged in; an old machine needs half a second */
	CPU_SESSION_S = 600, /* for one that is not kept */
};

/* From here on: no files, no new sockets, no other programs. */
static int
give_up_the_rest(struct err *e)
{
	const struct sandbox_opts nothing = { .n_dir = 0 };
	struct sandbox_state got;

	return sandbox_enter(&nothing, &got, e);
}

static int
live(struct ssh *s, struct err *e)
{
	if (ssh_files(s, e) == -1)
		return -1;
	s->shared->opening = true;
	channel_child_cpu(CPU_LOGIN_S);
	if (ssh_connect(s, e) == -1 || give_up_the_rest(e) == -1 ||
	    ssh_login(s, e) == -1)
		return -1;
	s->shared->opening = false;
	channel_child_cpu(s->a->keep ? RLIM_INFINITY : CPU_SESSION_S);
	return ssh_pump(s, e);
}

static int
carry(const struct association *a, struct mono deadline, int local,
    struct channel_shared *shared, struct err *e)
{
	struct ssh s = { .a = a,
		.deadline = deadline,
		.local = local,
		.socket = -1,
		.shared = shared };
	char where[300];
	int rc = live(&s, e);

	if (rc == -1)
		err_wrap(e, "ssh %s", ssh_where(&s, where, sizeof(where)));
	ssh_close(&s);
	return rc;
}

/* What a session would find too late: it has no key to compare with. */
static int
check_host_is_known(const struct ssh *s, struct err *e)
{
	const char *file = s->a->ssh.known_hosts;
	struct buf name = { 0 };
	struct ssh_known known = { 0 };
	int rc;

	ssh_host_name(s->a->ssh.host, s->a->ssh.port, &name);
	rc =
	    ssh_known_hosts_read(buf_slice(&s->known_hosts), name.p, &known, e);
	if (rc == 0 && !known.ed25519 && !known.ecdsa256)
		rc = err_set(e, ERR_CONFIG,
		    "%s: no ed25519 or ecdsa-sha2-nistp256 key of %s: append "
		    "what ssh-keyscan -p %u %s prints, after comparing it with "
		    "the host's own",
		    file, name.p, (unsigned)s->a->ssh.port, s->a->ssh.host);
	buf_clear(&name);
	return rc;
}

static int
check(const struct association *a, struct err *e)
{
	struct ssh s = { .a = a, .socket = -1 };
	int rc = ssh_files(&s, e);

	if (rc == 0)
		rc = check_host_is_known(&s, e);
	ssh_close(&s);
	return rc;
}

const struct transport_ops transport_ssh = {
	.name = "ssh",
	.carry = carry,
	.check = check,
};
