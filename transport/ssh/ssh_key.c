/*
 * SSH keys; see ssh_key.h.
 */
#include "config.h"

#include <string.h>

#include "transport/ssh/ssh_key.h"

#define RSA_REFUSED                                             \
	"is an RSA key, which is not used here: make one with " \
	"ssh-keygen -t ed25519"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* --- Base64 (RFC 4648, 4) --------------------------------------------------- */

/* The value of a digit, or -1. */
static int
digit_value(char c)
{
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

/* Four digits, of which the last `padding` are '='. */
static bool
decode_group(const char *p, unsigned padding, struct buf *out)
{
	unsigned bits = 0, i;

	for (i = 0; i < 4; i++) {
		int v = i < 4 - padding ? digit_value(p[i]) : 0;

		if (v == -1)
			return false;
		bits = bits << 6 | (unsigned)v;
	}
	if ((padding == 1 && (bits & 0xff) != 0) ||
	    (padding == 2 && (bits & 0xffff) != 0))
		return false; /* bits that stand for nothing */
	for (i = 0; i < 3 - padding; i++)
		if (!buf_put_char(out, (char)(bits >> (16 - 8 * i) & 0xff)))
			return false;
	return true;
}

bool
base64_decode(struct slice in, struct buf *out)
{
	size_t i;

	if (in.n % 4 != 0)
		return false;
	for (i = 0; i < in.n; i += 4) {
		unsigned padding = 0;

		if (i + 4 == in.n && in.p[i + 3] == '=')
			padding = in.p[i + 2] == '=' ? 2 : 1;
		if (!decode_group(in.p + i, padding, out))
			return false;
	}
	return true;
}

void
base64_encode(struct slice in, struct buf *out)
{
	size_t i, j;

	for (i = 0; i < in.n; i += 3) {
		size_t have = in.n - i < 3 ? in.n - i : 3;
		unsigned bits = 0;

		for (j = 0; j < 3; j++)
			bits = bits << 8 |
			    (j < have ? (unsigned char)in.p[i + j] : 0U);
		for (j = 0; j < 4; j++)
			buf_put_char(out,
			    j <= have ? digits[bits >> (18 - 6 * j) & 63]
				      : '=');
	}
}

/* --- Blobs (RFC 4253, 6.6) --------------------------------------------------- */

/* Cut a string off: four bytes of length, then the bytes. */
static bool
cut_string(struct slice *in, struct slice *out)
{
	const unsigned char *p = (const unsigned char *)in->p;
	size_t n;

	if (in->n < 4)
		return false;
	n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (n > in->n - 4)
		return false;
	*out = (struct slice){ in->p + 4, n };
	in->p += 4 + n;
	in->n -= 4 + n;
	return true;
}

struct slice
ssh_key_blob_name(struct slice blob)
{
	struct slice name;

	return cut_string(&blob, &name) ? name : (struct slice){ NULL, 0 };
}

enum ssh_key_kind
ssh_key_kind(struct slice name)
{
	if (slice_eq_str(name, "ssh-ed25519"))
		return SSH_KEY_ED25519;
	if (slice_eq_str(name, "ecdsa-sha2-nistp256") ||
	    slice_eq_str(name, "ecdsa-sha2-nistp384") ||
	    slice_eq_str(name, "ecdsa-sha2-nistp521"))
		return SSH_KEY_ECDSA;
	if (slice_eq_str(name, "ssh-rsa"))
		return SSH_KEY_RSA;
	return SSH_KEY_OTHER;
}

/* The name, then as many strings as the kind has. */
static bool
is_blob_of(struct slice blob, struct slice name)
{
	struct slice part;
	int strings = 0;

	if (!cut_string(&blob, &part) || !slice_eq(part, name))
		return false;
	switch (ssh_key_kind(name)) {
	case SSH_KEY_ED25519:
		return cut_string(&blob, &part) && part.n == 32 && blob.n == 0;
	case SSH_KEY_ECDSA:
	case SSH_KEY_RSA:
		strings = 2;
		break;
	case SSH_KEY_OTHER:
		return true;
	}
	while (strings-- > 0)
		if (!cut_string(&blob, &part) || part.n == 0)
			return false;
	return blob.n == 0;
}

/* --- Lines ------------------------------------------------------------------ */

bool
ssh_key_is_valid(const struct ssh_public_key *k)
{
	struct buf blob;
	bool ok;

	buf_init(&blob, SSH_KEY_BLOB_MAX);
	ok = base64_decode(k->base64, &blob) &&
	    is_blob_of(buf_slice(&blob), k->name);
	buf_clear(&blob);
	return ok;
}

static bool
parse_line(struct slice line, struct ssh_public_key *out)
{
	if (!slice_cut(&line, ' ', &out->name))
		return false;
	out->comment = (struct slice){ NULL, 0 };
	if (slice_cut(&line, ' ', &out->base64))
		out->comment = line;
	else
		out->base64 = line;
	return ssh_key_is_valid(out);
}

int
ssh_key_check_public(struct slice file, struct ssh_public_key *out,
    struct err *e)
{
	struct slice line, none;
	struct ssh_public_key k;

	if (slice_starts(file, SLICE("-----BEGIN")))
		return err_set(e, ERR_INPUT,
		    "is a private key: give the file that ends in .pub, and "
		    "keep this one secret");
	if (!slice_cut(&file, '\n', &line))
		line = file, file.n = 0;
	if (slice_cut(&file, '\n', &none) || file.n > 0)
		return err_set(e, ERR_INPUT, "has more than one line");
	if (!parse_line(line, &k))
		return err_set(e, ERR_INPUT,
		    "is not a public key: a line \"ssh-ed25519 AAAA... "
		    "comment\"");
	switch (ssh_key_kind(k.name)) {
	case SSH_KEY_ED25519:
	case SSH_KEY_ECDSA:
		*out = k;
		return 0;
	case SSH_KEY_RSA:
		return err_set(e, ERR_DENIED, RSA_REFUSED);
	case SSH_KEY_OTHER:
		break;
	}
	return err_set(e, ERR_DENIED,
	    "is of a kind that is not used here: make one with "
	    "ssh-keygen -t ed25519");
}

/* --- Private keys ------------------------------------------------------------ */

/* The base64 between the lines BEGIN and END. */
static bool
armored(struct slice file, struct buf *out)
{
	struct buf text;
	struct slice line;
	bool ok = false;

	buf_init(&text, SSH_KEY_FILE_MAX);
	while (slice_cut(&file, '\n', &line)) {
		if (slice_starts(line, SLICE("-----END"))) {
			ok = base64_decode(buf_slice(&text), out);
			break;
		}
		if (!slice_starts(line, SLICE("-----")) &&
		    !buf_put(&text, line))
			break;
	}
	buf_clear(&text);
	return ok;
}

/* OpenSSH's PROTOCOL.key: magic, cipher, kdf, its options, how many, and the
 * public key of the first. */
static int
check_openssh(struct slice in, struct err *e)
{
	static const char magic[] = "openssh-key-v1"; /* and its NUL */
	struct slice cipher, ignored, blob;

	if (in.n < sizeof(magic) || memcmp(in.p, magic, sizeof(magic)) != 0)
		goto broken;
	in.p += sizeof(magic);
	in.n -= sizeof(magic);
	if (!cut_string(&in, &cipher) || !cut_string(&in, &ignored) ||
	    !cut_string(&in, &ignored) || in.n < 4)
		goto broken;
	in.p += 4;
	in.n -= 4;
	if (!cut_string(&in, &blob))
		goto broken;
	switch (ssh_key_kind(ssh_key_blob_name(blob))) {
	case SSH_KEY_RSA:
		return err_set(e, ERR_DENIED, RSA_REFUSED);
	case SSH_KEY_OTHER:
		return err_set(e, ERR_DENIED,
		    "is of a kind that is not used here: make one with "
		    "ssh-keygen -t ed25519");
	case SSH_KEY_ED25519:
	case SSH_KEY_ECDSA:
		break;
	}
	if (!slice_eq_str(cipher, "none"))
		return err_set(e, ERR_CONFIG,
		    "has a passphrase, which nobody could type here: use an "
		    "agent, or ssh-keygen -p");
	return 0;
broken:
	return err_set(e, ERR_CONFIG,
	    "is damaged: it is no OpenSSH private key");
}

int
ssh_key_check_private(struct slice file, struct err *e)
{
	struct buf body;
	int rc;

	if (slice_starts(file, SLICE("-----BEGIN RSA")))
		return err_set(e, ERR_DENIED, RSA_REFUSED);
	if (slice_starts(file, SLICE("-----BEGIN EC PRIVATE KEY-----\nProc")))
		return err_set(e, ERR_CONFIG,
		    "has a passphrase, which nobody could type here: use an "
		    "agent, or ssh-keygen -p");
	if (slice_starts(file, SLICE("-----BEGIN EC PRIVATE KEY-----\n")))
		return 0;
	if (!slice_starts(file, SLICE("-----BEGIN OPENSSH PRIVATE KEY-----\n")))
		return err_set(e, ERR_CONFIG,
		    "is not a private key of OpenSSH: make one with "
		    "ssh-keygen -t ed25519");
	buf_init(&body, SSH_KEY_FILE_MAX);
	if (armored(file, &body))
		rc = check_openssh(buf_slice(&body), e);
	else
		rc = err_set(e, ERR_CONFIG,
		    "is damaged: it is no OpenSSH private key");
	buf_clear(&body);
	return rc;
}
