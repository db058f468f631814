/*
 * The least that a delivery over a fresh connection could take: libssh2
 * connects to 127.0.0.1 with the algorithms that transport ssh pins, logs in,
 * runs a command and waits for its end.
 *
 *	ssh_floor PORT USER KEY
 */
#include "config.h"

#include <arpa/inet.h>
#include <libssh2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"

static const struct {
	int type;
	const char *names;
} pin[] = {
	{ LIBSSH2_METHOD_KEX, "curve25519-sha256" },
	{ LIBSSH2_METHOD_HOSTKEY, "ssh-ed25519" },
	{ LIBSSH2_METHOD_CRYPT_CS, "aes256-ctr" },
	{ LIBSSH2_METHOD_CRYPT_SC, "aes256-ctr" },
	{ LIBSSH2_METHOD_MAC_CS, "hmac-sha2-512" },
	{ LIBSSH2_METHOD_MAC_SC, "hmac-sha2-512" },
};

static void
must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "ssh_floor: %s\n", what);
	exit(1);
}

static int
dial(uint16_t port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd == -1, "socket");
	must(connect(fd, (const struct sockaddr *)&to, sizeof(to)), "connect");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

int
main(int argc, char *argv[])
{
	LIBSSH2_SESSION *s;
	LIBSSH2_CHANNEL *c;
	char out[256];
	uint64_t port;
	int fd;

	if (argc != 4 || !slice_u64(slice_str(argv[1]), UINT16_MAX, &port))
		return 64;
	must(libssh2_init(0), "libssh2_init");
	fd = dial((uint16_t)port);
	s = libssh2_session_init();
	must(s == NULL, "session");
	for (size_t i = 0; i < sizeof(pin) / sizeof(pin[0]); i++)
		must(libssh2_session_method_pref(s, pin[i].type, pin[i].names),
		    pin[i].names);
	must(libssh2_session_handshake(s, fd), "handshake");
	must(libssh2_userauth_publickey_fromfile(s, argv[2], NULL, argv[3],
		 NULL),
	    "log in");
	c = libssh2_channel_open_session(s);
	must(c == NULL, "channel");
	must(libssh2_channel_exec(c, "true"), "exec");
	while (libssh2_channel_read(c, out, sizeof(out)) > 0)
		continue;
	must(libssh2_channel_close(c), "close");
	must(libssh2_channel_wait_closed(c), "wait");
	must(libssh2_channel_get_exit_status(c), "true");
	libssh2_channel_free(c);
	libssh2_session_disconnect(s, "bye");
	libssh2_session_free(s);
	close(fd);
	return 0;
}
