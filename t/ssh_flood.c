/*
 * An SSH server that agrees on keys as it should, and then never comes to the
 * point: for t/transport-ssh.t and t/hostile-waits.t.
 *
 *	ssh_flood ignore|debug|global|banner|failure|late|mute
 *
 * Prints its port and its host key, takes one client, and floods it with such
 * messages until it goes away, or for some minutes; late: it lets it in, opens a
 * channel, and says no more; mute: it does not even let it in.  Only what libssh2 needs of
 * RFC 4253 and RFC 8731 is here.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/base/buf.h"
#include "transport/ssh/ssh_key.h"

#define GREETING "SSH-2.0-flood"

enum {
	KEY = 32,
	BLOCK = 16,
	FLOOD = 30000, /* bytes of a message, where it has any */
	TIME_S = 200,
};

static int client;
static uint32_t sent; /* packets */
static EVP_CIPHER_CTX *cipher;
static unsigned char mac_key[KEY];

static void
die(const char *what)
{
	(void)fprintf(stderr, "ssh_flood: %s\n", what);
	exit(1);
}

/* --- Types of RFC 4251 --- */

static void
put_u32(struct buf *b, size_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_put_char(b, (char)(v >> shift & 0xff));
}

static void
put_string(struct buf *b, struct slice s)
{
	put_u32(b, s.n);
	buf_put(b, s);
}

static struct slice
bytes(const unsigned char *p, size_t n)
{
	return (struct slice){ (const char *)p, n };
}

static const unsigned char *
raw(struct slice s)
{
	return (const unsigned char *)s.p;
}

static void
put_mpint(struct buf *b, const unsigned char *p, size_t n)
{
	while (n > 0 && *p == 0) {
		p++;
		n--;
	}
	put_u32(b, n + (n > 0 && *p >= 0x80));
	if (n > 0 && *p >= 0x80)
		buf_put_char(b, '\0');
	buf_put(b, bytes(p, n));
}

/* --- Packets --- */

static void
write_all(struct slice s)
{
	while (s.n > 0) {
		ssize_t n = write(client, s.p, s.n);

		if (n <= 0)
			exit(0); /* it has had enough */
		s.p += n;
		s.n -= (size_t)n;
	}
}

static void
send_packet(struct slice payload)
{
	struct buf b = { 0 }, signed_part = { 0 };
	size_t pad = BLOCK - (5 + payload.n) % BLOCK;
	unsigned char mac[KEY];
	unsigned mac_n = 0;
	int n = 0;

	if (pad < 4)
		pad += BLOCK;
	put_u32(&b, 1 + payload.n + pad);
	buf_put_char(&b, (char)pad);
	buf_put(&b, payload);
	while (pad-- > 0)
		buf_put_char(&b, '\0');
	if (cipher != NULL) {
		put_u32(&signed_part, sent);
		buf_put(&signed_part, buf_slice(&b));
		HMAC(EVP_sha256(), mac_key, KEY, raw(buf_slice(&signed_part)),
		    signed_part.n, mac, &mac_n);
		EVP_EncryptUpdate(cipher, (unsigned char *)b.p, &n,
		    raw(buf_slice(&b)), (int)b.n);
		buf_put(&b, bytes(mac, mac_n));
	}
	sent++;
	write_all(buf_slice(&b));
	buf_clear(&b);
	buf_clear(&signed_part);
}

static void
read_all(char *p, size_t n)
{
	while (n > 0) {
		ssize_t got = read(client, p, n);

		if (got <= 0)
			die("the client left too soon");
		p += got;
		n -= (size_t)got;
	}
}

/* The payload of a packet in the clear. */
static void
read_packet(struct buf *payload)
{
	unsigned char head[5];
	size_t n;

	read_all((char *)head, sizeof(head));
	n = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
	    (size_t)head[2] << 8 | head[3];
	if (n < 1 || n > 100000 || head[4] >= n)
		die("a strange packet");
	buf_reset(payload);
	read_all(buf_room(payload, n - 1), n - 1);
	payload->n = n - 1 - head[4];
}

/* --- Keys --- */

static EVP_PKEY *
make_key(const char *kind, unsigned char public[KEY])
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
	size_t n = KEY;

	if (key == NULL || EVP_PKEY_get_raw_public_key(key, public, &n) != 1)
		die("no key to be had");
	return key;
}

static void
put_kexinit(struct buf *b)
{
	static const char *const lists[] = { "curve25519-sha256", "ssh-ed25519",
		"aes256-ctr", "aes256-ctr", "hmac-sha2-256", "hmac-sha2-256",
		"none", "none", "", "" };

	buf_put_char(b, 20);
	buf_put_str(b, "0123456789abcdef"); /* the cookie */
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		put_string(b, slice_str(lists[i]));
	buf_put_char(b, '\0');
	put_u32(b, 0);
}

static void
hash(struct slice s, unsigned char out[KEY])
{
	if (EVP_Digest(s.p, s.n, out, NULL, EVP_sha256(), NULL) != 1)
		die("no SHA-256");
}

static void
derive(const struct buf *secret, const unsigned char *h, char letter,
    unsigned char out[KEY])
{
	struct buf b = { 0 };

	buf_put(&b, buf_slice(secret));
	buf_put(&b, bytes(h, KEY));
	buf_put_char(&b, letter);
	buf_put(&b, bytes(h, KEY)); /* the session's id */
	hash(buf_slice(&b), out);
	buf_clear(&b);
}

static void
start_cipher(const struct buf *secret, const unsigned char *h)
{
	unsigned char iv[KEY], key[KEY];

	derive(secret, h, 'B', iv);
	derive(secret, h, 'D', key);
	derive(secret, h, 'F', mac_key);
	cipher = EVP_CIPHER_CTX_new();
	if (cipher == NULL ||
	    EVP_EncryptInit_ex(cipher, EVP_aes_256_ctr(), NULL, key, iv) != 1)
		die("no AES");
}

static void
agree(EVP_PKEY *key, const unsigned char *theirs, struct buf *secret)
{
	EVP_PKEY *peer =
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, theirs, KEY);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	unsigned char shared[KEY];
	size_t n = sizeof(shared);

	if (peer == NULL || ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_derive_set_peer(ctx, peer) != 1 ||
	    EVP_PKEY_derive(ctx, shared, &n) != 1)
		die("no agreement");
	put_mpint(secret, shared, n);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
}

static void
put_signature(struct buf *b, EVP_PKEY *host, const unsigned char *h)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf blob = { 0 };
	unsigned char sig[64];
	size_t n = sizeof(sig);

	if (ctx == NULL ||
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, host) != 1 ||
	    EVP_DigestSign(ctx, sig, &n, h, KEY) != 1)
		die("no signature");
	put_string(&blob, SLICE("ssh-ed25519"));
	put_string(&blob, bytes(sig, n));
	put_string(b, buf_slice(&blob));
	buf_clear(&blob);
	EVP_MD_CTX_free(ctx);
}

static void
read_version(struct buf *version)
{
	char c;

	for (read_all(&c, 1); c != '\n'; read_all(&c, 1))
		if (c != '\r')
			buf_put_char(version, c);
}

/* To NEWKEYS, both ways. */
static void
exchange_keys(EVP_PKEY *host, struct slice host_blob)
{
	struct buf theirs = { 0 }, init = { 0 }, our_init = { 0 }, ecdh = { 0 };
	struct buf secret = { 0 }, all = { 0 }, reply = { 0 };
	unsigned char ours[KEY], h[KEY];
	EVP_PKEY *key = make_key("X25519", ours);

	write_all(SLICE(GREETING "\r\n"));
	read_version(&theirs);
	put_kexinit(&our_init);
	send_packet(buf_slice(&our_init));
	read_packet(&init);
	read_packet(&ecdh);
	if (ecdh.n != 5 + KEY)
		die("not a message of this key exchange");
	agree(key, raw(buf_slice(&ecdh)) + 5, &secret);

	put_string(&all, buf_slice(&theirs));
	put_string(&all, SLICE(GREETING));
	put_string(&all, buf_slice(&init));
	put_string(&all, buf_slice(&our_init));
	put_string(&all, host_blob);
	put_string(&all, (struct slice){ ecdh.p + 5, KEY });
	put_string(&all, bytes(ours, KEY));
	buf_put(&all, buf_slice(&secret));
	hash(buf_slice(&all), h);

	buf_put_char(&reply, 31);
	put_string(&reply, host_blob);
	put_string(&reply, bytes(ours, KEY));
	put_signature(&reply, host, h);
	send_packet(buf_slice(&reply));
	send_packet(SLICE("\x15"));
	read_packet(&init);
	start_cipher(&secret, h);
	EVP_PKEY_free(key);
}

/* --- The flood --- */

static void
put_flood(struct buf *b, const char *kind)
{
	static char text[FLOOD];

	memset(text, 'x', sizeof(text));
	if (strcmp(kind, "ignore") == 0) {
		buf_put_char(b, 2);
		put_string(b, (struct slice){ text, sizeof(text) });
	} else if (strcmp(kind, "debug") == 0) {
		buf_put(b, SLICE("\4\1"));
		put_string(b, (struct slice){ text, sizeof(text) });
		put_u32(b, 0);
	} else if (strcmp(kind, "global") == 0) {
		buf_put_char(b, 80);
		put_string(b, SLICE("hostkeys-00@openssh.com"));
		buf_put_char(b, '\1');
	} else if (strcmp(kind, "banner") == 0) {
		buf_put_char(b, 53);
		put_string(b, (struct slice){ text, sizeof(text) });
		put_u32(b, 0);
	} else if (strcmp(kind, "failure") == 0) {
		buf_put_char(b, 51);
		put_string(b, SLICE("publickey"));
		buf_put_char(b, '\1');
	} else {
		die("no such flood");
	}
}

static void
accept_service(void)
{
	struct buf b = { 0 };

	buf_put_char(&b, 6);
	put_string(&b, SLICE("ssh-userauth"));
	send_packet(buf_slice(&b));
	buf_clear(&b);
}

static void
let_in(void)
{
	struct buf b = { 0 };

	send_packet(SLICE("\x34")); /* whatever its key is */
	buf_put_char(&b, 91);
	put_u32(&b, 0); /* its first channel, and ours */
	put_u32(&b, 0);
	put_u32(&b, 1 << 20);
	put_u32(&b, 1 << 15);
	send_packet(buf_slice(&b));
	buf_clear(&b);
}

static void
flood(const char *kind)
{
	struct buf b = { 0 };
	char request[64];

	put_flood(&b, kind);
	if (strcmp(kind, "banner") == 0 || strcmp(kind, "failure") == 0) {
		read_all(request, 1); /* it asks for the service */
		accept_service();
	}
	for (;;)
		send_packet(buf_slice(&b));
}

int
main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct buf blob = { 0 }, text = { 0 };
	unsigned char public[KEY];
	EVP_PKEY *host = make_key("ED25519", public);

	if (argc != 2 || s == -1 ||
	    bind(s, (struct sockaddr *)&at, sizeof(at)) == -1 ||
	    listen(s, 1) == -1 ||
	    getsockname(s, (struct sockaddr *)&at, &n) == -1)
		die("cannot listen");
	put_string(&blob, SLICE("ssh-ed25519"));
	put_string(&blob, bytes(public, KEY));
	base64_encode(buf_slice(&blob), &text);
	buf_put_char(&text, '\0');
	printf("%d %s\n", ntohs(at.sin_port), text.p);
	(void)fflush(stdout);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm(TIME_S);
	client = accept(s, NULL, NULL);
	if (client == -1)
		die("nobody came");
	exchange_keys(host, buf_slice(&blob));
	if (strcmp(argv[1], "late") != 0 && strcmp(argv[1], "mute") != 0)
		flood(argv[1]);
	accept_service();
	if (strcmp(argv[1], "late") == 0)
		let_in();
	for (;;)
		pause();
}
