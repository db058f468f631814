/*
 * Transport ssh, from the first byte to the open channel: pinned algorithms
 * (S3), a pinned host key (S4), our key.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/log.h"
#include "transport/channel_child.h"
#include "transport/ssh/ssh.h"
#include "transport/ssh/ssh_key.h"
#include "transport/ssh/ssh_known_hosts.h"

enum {
	LOGIN_MAX = 512 << 10, /* bytes before we are logged in */
	WINDOW = 4 << 20,      /* bytes that the far side may be ahead */
};

static const char ed25519[] = "ssh-ed25519";
static const char ecdsa256[] = "ecdsa-sha2-nistp256";

/* What is offered, in this order, and what alone is taken.  libssh2 1.10 knows
 * no GCM and no -etm. */
struct method {
	int type;
	const char *names;
	const char *what;
};
static const struct method methods[] = {
	{ LIBSSH2_METHOD_KEX, "curve25519-sha256,curve25519-sha256@libssh.org",
	    "key exchange curve25519-sha256" },
	{ LIBSSH2_METHOD_CRYPT_CS,
	    "aes256-gcm@openssh.com,aes256-ctr,aes128-ctr",
	    "cipher aes256-ctr or aes128-ctr" },
	{ LIBSSH2_METHOD_CRYPT_SC,
	    "aes256-gcm@openssh.com,aes256-ctr,aes128-ctr",
	    "cipher aes256-ctr or aes128-ctr" },
	{ LIBSSH2_METHOD_MAC_CS,
	    "hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
	    "hmac-sha2-512,hmac-sha2-256",
	    "MAC hmac-sha2-512 or hmac-sha2-256" },
	{ LIBSSH2_METHOD_MAC_SC,
	    "hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
	    "hmac-sha2-512,hmac-sha2-256",
	    "MAC hmac-sha2-512 or hmac-sha2-256" },
	{ LIBSSH2_METHOD_COMP_CS, "none", "no compression" },
	{ LIBSSH2_METHOD_COMP_SC, "none", "no compression" },
};

enum {
	METHODS = sizeof(methods) / sizeof(*methods),
	GREETING_MAX = 255, /* RFC 4253, 4.2 */
};

/* --- Errors of libssh2 ---------------------------------------------------------------- */

/* We may have been cut off in our own greeting, with its words unread. */
static void
read_the_rest(struct ssh *s)
{
	char rest[256];
	ssize_t n = s->heard.told
	    ? 0
	    : recv(s->socket, rest, sizeof(rest), MSG_DONTWAIT);

	if (n > 0)
		ssh_opening_heard(&s->heard, (struct slice){ rest, (size_t)n });
}

static int
turned_away(struct err *e)
{
	err_set(e, ERR_TEMP,
	    "handshake: its sshd has as many logins at a time as MaxStartups "
	    "allows");
	e->sys = ECONNABORTED;
	return -1;
}

/* 1.5, or whatever it says. */
static int
other_version(const struct ssh *s, struct err *e)
{
	char shown[4 * SSH_OPENING_LINE + 1];

	log_escape(shown, sizeof(shown), ssh_opening_version(&s->heard));
	return err_set(e, ERR_PROTOCOL,
	    "handshake: it speaks SSH %s, not 2.0: another server, or an old one",
	    shown);
}

/* Which the library would call a want of algorithms. */
static int
too_long(const struct ssh *s, struct err *e)
{
	return err_set(e, ERR_PROTOCOL,
	    "handshake: its first packet would have %" PRIu32
	    " bytes: it is no SSH server, or a broken one",
	    s->heard.length);
}

/* ETIME: the far end is to blame, see transport_dial. */
static int
fail_late(const char *what, enum ssh_pace pace, struct err *e)
{
	switch (pace) {
	case SSH_GOES_ON:
	case SSH_SILENT:
		err_set(e, ERR_TEMP, "%s: the far end was silent for %d s",
		    what, SSH_SILENCE_MS / 1000);
		break;
	case SSH_SLOW:
		err_set(e, ERR_TEMP,
		    "%s: the far end is too slow: not %d bytes in %d s", what,
		    SSH_PROGRESS_MIN, SSH_SILENCE_MS / 1000);
		break;
	case SSH_LATE:
		err_set(e, ERR_TEMP,
		    "%s: the far end is too slow: not done after %d s", what,
		    SSH_LOGIN_MS / 1000);
		break;
	}
	e->sys = ETIME;
	return -1;
}

static bool
is_late(int rc)
{
	return rc == LIBSSH2_ERROR_TIMEOUT ||
	    rc == LIBSSH2_ERROR_SOCKET_TIMEOUT;
}

/* A step gave up: is it to go on? */
static bool
goes_on(const struct ssh *s, struct ssh_patience *p, int rc,
    enum ssh_pace *pace)
{
	if (!is_late(rc))
		return false;
	*pace = ssh_patience_ask(p, s->heard.received, clock_mono());
	return *pace == SSH_GOES_ON;
}

/* "what: libssh2's words", which may be the peer's. */
static int
fail(struct ssh *s, enum err_kind kind, const char *what, struct err *e)
{
	char shown[160], *text = NULL;

	ssh2.session_last_error(s->session, &text, NULL, 0);
	log_escape(shown, sizeof(shown), slice_str(text == NULL ? "" : text));
	return err_set(e, kind, "%s: %s", what, shown);
}

static int
fail_handshake(struct ssh *s, int rc, enum ssh_pace pace, struct err *e)
{
	read_the_rest(s);
	if (ssh_opening_is_turned_away(&s->heard))
		return turned_away(e);
	if (s->heard.other)
		return other_version(s, e);
	if (ssh_opening_is_too_long(&s->heard))
		return too_long(s, e);
	/* whatever the library makes of it: a link may be cut anywhere */
	if (s->reset)
		return err_set(e, ERR_TEMP, "handshake: the connection broke%s",
		    s->heard.received > GREETING_MAX
			? ""
			: ", or it hung up: perhaps for no algorithm in common");
	switch (rc) {
	case LIBSSH2_ERROR_SOCKET_NONE: /* what 1.10 says of a host key */
	case LIBSSH2_ERROR_KEX_FAILURE:
	case LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE:
	case LIBSSH2_ERROR_METHOD_NONE:
		if (s->closed) /* a link may be cut without a reset, too */
			return err_set(e, ERR_TEMP,
			    "handshake: it closed the connection: perhaps for "
			    "no algorithm in common");
		return err_set(e, ERR_PROTOCOL,
		    "no algorithm in common: it must offer "
		    "curve25519-sha256, a host key %s or %s, aes-ctr and "
		    "hmac-sha2",
		    ed25519, ecdsa256);
	default:
		break;
	}
	if (is_late(rc))
		return fail_late("handshake", pace, e);
	if (s->closed)
		return err_set(e, ERR_TEMP,
		    "handshake: it closed the connection");
	return fail(s, ERR_PROTOCOL, "handshake: is it an SSH server?", e);
}

/* --- The socket, with bytes counted ------------------------------------------------------ */

static ssize_t
on_send(libssh2_socket_t fd, const void *p, size_t n, int flags,
    void **abstract)
{
	struct ssh *s = *abstract;
	ssize_t sent = send(fd, p, n, flags | MSG_NOSIGNAL);

	if (sent == -1) {
		s->reset = s->reset || errno == EPIPE || errno == ECONNRESET;
		return -errno;
	}
	s->shared->wire += (size_t)sent;
	return sent;
}

/* libssh2 reads lines before the banner for as long as they come. */
static ssize_t
on_recv(libssh2_socket_t fd, void *p, size_t n, int flags, void **abstract)
{
	struct ssh *s = *abstract;
	ssize_t got;

	if (s->heard.other || (!s->logged_in && s->heard.received > LOGIN_MAX))
		return -ECONNABORTED;
	got = recv(fd, p, n, flags);
	s->closed = got == 0;
	s->reset = s->reset || (got == -1 && errno == ECONNRESET);
	if (got == -1)
		return -errno;
	ssh_opening_heard(&s->heard, (struct slice){ p, (size_t)got });
	s->shared->wire += (size_t)got;
	return got;
}

static void
set_callbacks(LIBSSH2_SESSION *session)
{
	/* ISO C has no way from a function to the void * that is wanted. */
	union {
		ssize_t (*send)(libssh2_socket_t, const void *, size_t, int,
		    void **);
		ssize_t (*recv)(libssh2_socket_t, void *, size_t, int, void **);
		void *p;
	} f;

	f.send = on_send;
	ssh2.session_callback_set(session, LIBSSH2_CALLBACK_SEND, f.p);
	f.recv = on_recv;
	ssh2.session_callback_set(session, LIBSSH2_CALLBACK_RECV, f.p);
}

/* --- Algorithms ---------------------------------------------------------------------------- */

static bool
is_listed(const char *names, const char *name)
{
	struct slice rest = slice_str(names), one;

	while (slice_cut(&rest, ',', &one))
		if (slice_eq_str(one, name))
			return true;
	return slice_eq_str(rest, name);
}

/* A host that is known by one kind of key is asked for that kind. */
static const char *
host_key_names(const struct ssh *s, const char *name)
{
	struct ssh_known known = { 0 };
	struct err ignored; /* the file was read before */

	ssh_known_hosts_read(buf_slice(&s->known_hosts), name, &known,
	    &ignored);
	if (known.ed25519 && !known.ecdsa256)
		return "ssh-ed25519";
	if (known.ecdsa256 && !known.ed25519)
		return "ecdsa-sha2-nistp256";
	return "ssh-ed25519,ecdsa-sha2-nistp256";
}

/* libssh2 1.10 takes a name that it does not know out of a list by copying over
 * itself, so it is given those alone that it knows. */
static bool
prefer(LIBSSH2_SESSION *session, int type, const char *names)
{
	struct slice rest = slice_str(names), one;
	const char **known = NULL;
	struct buf list = { 0 };
	bool more = true, ok;
	int n = ssh2.session_supported_algs(session, type, &known), i;

	while (more) {
		more = slice_cut(&rest, ',', &one);
		if (!more)
			one = rest;
		for (i = 0; i < n; i++) {
			if (!slice_eq_str(one, known[i]))
				continue;
			if (list.n > 0)
				buf_put_char(&list, ',');
			buf_put(&list, one);
		}
	}
	ok = list.n > 0 && ssh2.session_method_pref(session, type, list.p) == 0;
	buf_clear(&list);
	if (known != NULL)
		ssh2.free(session, known);
	return ok;
}

static int
pin(struct ssh *s, const char *host_keys, struct err *e)
{
	size_t i;

	for (i = 0; i < METHODS; i++)
		if (!prefer(s->session, methods[i].type, methods[i].names))
			return err_set(e, ERR_CONFIG, "this libssh2 has no %s",
			    methods[i].what);
	if (!prefer(s->session, LIBSSH2_METHOD_HOSTKEY, host_keys))
		return err_set(e, ERR_CONFIG, "this libssh2 has no %s",
		    host_keys);
	return 0;
}

/* Asking for them is not getting them. */
static int
check_pins(struct ssh *s, const char *host_keys, struct err *e)
{
	const char *got;
	size_t i;

	for (i = 0; i < METHODS; i++) {
		got = ssh2.session_methods(s->session, methods[i].type);
		if (got == NULL || !is_listed(methods[i].names, got))
			return err_set(e, ERR_PROTOCOL,
			    "it takes %s, but we only %s",
			    got == NULL ? "nothing" : got, methods[i].what);
	}
	got = ssh2.session_methods(s->session, LIBSSH2_METHOD_HOSTKEY);
	if (got == NULL || !is_listed(host_keys, got))
		return err_set(e, ERR_PROTOCOL, "its host key is no %s",
		    host_keys);
	return 0;
}

/* --- The host's key -------------------------------------------------------------------------- */

static void
fingerprint(struct ssh *s, struct buf *out)
{
	const char *hash =
	    ssh2.hostkey_hash(s->session, LIBSSH2_HOSTKEY_HASH_SHA256);

	buf_put_str(out, "SHA256:");
	if (hash != NULL)
		base64_encode((struct slice){ hash, 32 }, out);
	while (out->n > 0 && out->p[out->n - 1] == '=')
		out->p[--out->n] = '\0';
}

static int
refuse_unknown(struct ssh *s, const char *name, struct slice key, struct err *e)
{
	struct buf print = { 0 }, line = { 0 };
	const char *file = s->a->ssh.known_hosts;
	struct slice kind = ssh_key_blob_name(key);

	fingerprint(s, &print);
	buf_printf(&line, "%s %.*s ", name, (int)kind.n, kind.p);
	base64_encode(key, &line);
	err_set(e, ERR_DENIED,
	    "its host key is not in %s: if the host's own is %s, append: %s",
	    file, print.p, line.p);
	buf_clear(&print);
	buf_clear(&line);
	return -1;
}

static int
refuse_changed(struct ssh *s, int line, struct err *e)
{
	struct buf print = { 0 };

	fingerprint(s, &print);
	err_set(e, ERR_DENIED,
	    "its host key is %s, not that of %s line %d: somebody may stand "
	    "between; if it was changed on purpose, change that line",
	    print.p, s->a->ssh.known_hosts, line);
	buf_clear(&print);
	return -1;
}

static int
check_host_key(struct ssh *s, const char *name, struct err *e)
{
	enum ssh_verdict verdict;
	struct slice key = { NULL, 0 };
	int line, type;

	key.p = ssh2.session_hostkey(s->session, &key.n, &type);
	if (key.p == NULL || key.n > SSH_KEY_BLOB_MAX)
		return err_set(e, ERR_PROTOCOL, "it shows no host key");
	if (ssh_known_hosts_check(buf_slice(&s->known_hosts), name, key,
		&verdict, &line, e) == -1)
		return err_wrap(e, "%s", s->a->ssh.known_hosts);
	switch (verdict) {
	case SSH_HOST_MATCH:
		return 0;
	case SSH_HOST_UNKNOWN:
		return refuse_unknown(s, name, key, e);
	case SSH_HOST_CHANGED:
		return refuse_changed(s, line, e);
	case SSH_HOST_REVOKED:
		return err_set(e, ERR_DENIED,
		    "its host key is revoked by %s line %d: give the host a "
		    "new one",
		    s->a->ssh.known_hosts, line);
	}
	return -1;
}

static int
shake_hands(struct ssh *s, struct err *e)
{
	struct buf name = { 0 };
	struct ssh_patience p = { clock_mono(), 0 };
	enum ssh_pace pace = SSH_SILENT;
	const char *host_keys;
	int rc;

	ssh_host_name(s->a->ssh.host, s->a->ssh.port, &name);
	host_keys = host_key_names(s, name.p);
	set_callbacks(s->session);
	ssh2.session_set_timeout(s->session, SSH_SILENCE_MS);
	rc = pin(s, host_keys, e);
	if (rc == 0) {
		do
			rc = ssh2.session_handshake(s->session, s->socket);
		while (goes_on(s, &p, rc, &pace));
		if (rc != 0)
			rc = fail_handshake(s, rc, pace, e);
		else
			rc = check_pins(s, host_keys, e);
	}
	if (rc == 0 && (rc = check_host_key(s, name.p, e)) == -1 &&
	    e->kind == ERR_DENIED)
		e->sys = EKEYREJECTED;
	buf_clear(&name);
	return rc;
}

/* --- Our key ------------------------------------------------------------------------------------ */

/* The far side's program, in whose configuration the association is as well. */
static const char *
far_program(const struct ssh *s)
{
	return s->a->role == CONFIG_SPOKE ? "hubctl" : "spoke";
}

static int
refuse_login(struct ssh *s, int rc, enum ssh_pace pace, struct err *e)
{
	if (s->reset || s->closed)
		return err_set(e, ERR_TEMP, "login: the connection broke");
	if (is_late(rc))
		return fail_late("login", pace, e);
	if (rc == LIBSSH2_ERROR_SOCKET_DISCONNECT ||
	    rc == LIBSSH2_ERROR_SOCKET_RECV || rc == LIBSSH2_ERROR_SOCKET_SEND)
		return fail(s, ERR_TEMP, "login", e);
	return err_set(e, ERR_DENIED,
	    "it refuses %s for %s: add what \"%s authorize %s KEY.pub\" prints "
	    "there to that account's authorized_keys",
	    s->a->ssh.identity == NULL ? "the agent's keys"
				       : s->a->ssh.identity,
	    s->a->ssh.user, far_program(s), s->a->name);
}

static int
login_with_agent(struct ssh *s, struct err *e)
{
	struct libssh2_agent_publickey *key = NULL;
	bool rsa = false, any = false;
	int rc = LIBSSH2_ERROR_AUTHENTICATION_FAILED;

	while (ssh2.agent_get_identity(s->agent, &key, key) == 0) {
		const struct slice blob = { (const char *)key->blob,
			key->blob_len };
		enum ssh_key_kind kind = ssh_key_kind(ssh_key_blob_name(blob));

		if (kind == SSH_KEY_RSA)
			rsa = true;
		if (kind != SSH_KEY_ED25519 && kind != SSH_KEY_ECDSA)
			continue;
		any = true;
		rc = ssh2.agent_userauth(s->agent, s->a->ssh.user, key);
		if (rc == 0)
			return 0;
	}
	if (!any)
		return err_set(e, ERR_DENIED,
		    "the agent holds %s: add an ed25519 key (ssh-keygen -t "
		    "ed25519, ssh-add)",
		    rsa ? "RSA keys only, which are not used here"
			: "no key that is used here");
	return refuse_login(s, rc, SSH_SILENT, e);
}

static int
login(struct ssh *s, struct err *e)
{
	const char *user = s->a->ssh.user;
	struct ssh_patience p = { clock_mono(), s->heard.received };
	enum ssh_pace pace = SSH_SILENT;
	int rc;

	if (s->agent != NULL)
		return login_with_agent(s, e);
	do
		rc = ssh2.userauth_publickey_frommemory(s->session, user,
		    strlen(user), NULL, 0, s->key.p, s->key.n, NULL);
	while (goes_on(s, &p, rc, &pace));
	explicit_bzero(s->key.p, s->key.n);
	buf_clear(&s->key);
	return rc == 0 ? 0 : refuse_login(s, rc, pace, e);
}

/* Slow as a login may be, whoever asked for it may have ended. */
static int
check_program(const struct ssh *s, struct err *e)
{
	return channel_child_is_orphan(s->local)
	    ? err_set(e, ERR_TEMP, "ended before the session began")
	    : 0;
}

/* The far side runs what it has set for this key, whatever we ask for; a word
 * that names no program shows a far side that has set nothing. */
static int
open_channel(struct ssh *s, struct err *e)
{
	static const char kind[] = "session", exec[] = "exec",
			  word[] = "axletree";
	int rc = 0;

	s->channel = ssh2.channel_open_ex(s->session, kind, sizeof(kind) - 1,
	    WINDOW, LIBSSH2_CHANNEL_PACKET_DEFAULT, NULL, 0);
	if (check_program(s, e) == -1)
		return -1;
	rc = s->channel == NULL
	    ? ssh2.session_last_error(s->session, NULL, NULL, 0)
	    : ssh2.channel_process_startup(s->channel, exec, sizeof(exec) - 1,
		  word, sizeof(word) - 1);
	if (s->channel != NULL && rc == 0)
		return 0;
	if (s->closed || s->reset)
		return err_set(e, ERR_TEMP,
		    "it went away before it ran anything");
	if (is_late(rc))
		return fail_late("it let us in, and has not run anything yet",
		    SSH_SILENT, e);
	if (s->channel == NULL)
		return fail(s, ERR_TEMP, "it opens no channel", e);
	return fail(s, ERR_PROTOCOL, "it runs nothing for this key", e);
}

int
ssh_login(struct ssh *s, struct err *e)
{
	if (shake_hands(s, e) == -1 || login(s, e) == -1)
		return -1;
	s->logged_in = true;
	return open_channel(s, e);
}
