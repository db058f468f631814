/*
 * Signatures on carried files; see signature.h.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_LIBSODIUM
#include <sodium.h>
#endif

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "transport/carried/signature.h"
#include "transport/key_file.h"
#include "transport/ssh/ssh_key.h"

#define SECRET_WORD "axletree-sign-secret "
#define PUBLIC_WORD "axletree-sign-public "

enum {
	KEY_FILE_MAX = 1024,
	SEED = 32,
	SIGNATURE = 64,
};

void
signature_prefix(struct buf *out, const char *association, enum config_role to)
{
	const char *direction = to == CONFIG_HUB ? "to-hub" : "to-spoke";

	buf_put(out, SLICE("axletree-segment-1\0"));
	buf_put(out, (struct slice){ association, strlen(association) + 1 });
	buf_put(out, (struct slice){ direction, strlen(direction) + 1 });
}

#ifdef HAVE_LIBSODIUM
static int
start(struct err *e)
{
	if (sodium_init() == -1)
		return err_set(e, ERR_TEMP, "libsodium does not start");
	return 0;
}

/* "WORD BASE64" and a line feed: 32 bytes of a key. */
static bool
parse_key(struct slice text, const char *word, unsigned char out[SEED])
{
	struct buf bytes;
	struct slice line;
	bool ok = false;

	buf_init(&bytes, SEED + 3);
	if (slice_cut(&text, '\n', &line) && text.n == 0 &&
	    slice_skip(&line, slice_str(word)))
		ok = base64_decode(line, &bytes) && bytes.n == SEED;
	if (ok)
		memcpy(out, bytes.p, SEED);
	if (bytes.p != NULL)
		sodium_memzero(bytes.p, bytes.n);
	buf_clear(&bytes);
	return ok;
}

static int
read_sign_key(const char *path, struct signature_keys *k, struct err *e)
{
	unsigned char public[SIGNATURE_PUBLIC], seed[SEED];
	struct buf text;
	int rc;

	_Static_assert(SIGNATURE_SECRET == crypto_sign_SECRETKEYBYTES &&
		SIGNATURE_PUBLIC == crypto_sign_PUBLICKEYBYTES &&
		SEED == crypto_sign_SEEDBYTES && SIGNATURE == crypto_sign_BYTES,
	    "sizes of Ed25519");
	rc = key_file_read(path, KEY_FILE_SECRET, KEY_FILE_MAX, &text, e);
	if (rc == 0 && parse_key(buf_slice(&text), SECRET_WORD, seed)) {
		crypto_sign_seed_keypair(public, k->secret, seed);
		k->signs = true;
	} else if (rc == 0) {
		rc = err_set(e, ERR_CONFIG,
		    "%s: is not a secret key for signing: make one with "
		    "keygen --sign",
		    path);
	}
	sodium_memzero(seed, sizeof(seed));
	if (text.p != NULL)
		sodium_memzero(text.p, text.n);
	buf_clear(&text);
	return rc;
}

static int
read_verify_key(const char *path, struct signature_keys *k, struct err *e)
{
	struct buf text;
	int rc = key_file_read(path, KEY_FILE_PUBLIC, KEY_FILE_MAX, &text, e);

	if (rc == 0 && slice_starts(buf_slice(&text), SLICE(SECRET_WORD)))
		rc = err_set(e, ERR_CONFIG,
		    "%s: is a secret key: name the other end's .pub, and keep "
		    "this one where it was made",
		    path);
	else if (rc == 0 && parse_key(buf_slice(&text), PUBLIC_WORD, k->verify))
		k->verifies = true;
	else if (rc == 0)
		rc = err_set(e, ERR_CONFIG,
		    "%s: is not a public key for signatures: a line "
		    "\"" PUBLIC_WORD "...\"",
		    path);
	buf_clear(&text);
	return rc;
}

int
signature_keys_read(const struct association *a, struct signature_keys *out,
    struct err *e)
{
	*out = (struct signature_keys){ 0 };
	if (a->sign_key == NULL && a->verify_key == NULL)
		return 0;
	if (start(e) == -1 ||
	    (a->sign_key != NULL && read_sign_key(a->sign_key, out, e) == -1) ||
	    (a->verify_key != NULL &&
		read_verify_key(a->verify_key, out, e) == -1)) {
		signature_keys_clear(out);
		return -1;
	}
	return 0;
}

void
signature_keys_clear(struct signature_keys *k)
{
	sodium_memzero(k, sizeof(*k));
}

void
signature_put(const struct signature_keys *k, struct slice signed_bytes,
    struct buf *out)
{
	unsigned char s[SIGNATURE];

	crypto_sign_detached(s, NULL, (const unsigned char *)signed_bytes.p,
	    signed_bytes.n, k->secret);
	base64_encode((struct slice){ (const char *)s, sizeof(s) }, out);
	buf_put_char(out, '\n');
}

static bool
is_by(const unsigned char public[SIGNATURE_PUBLIC], struct slice signed_bytes,
    struct slice text)
{
	struct slice line;
	struct buf s;
	bool good;

	buf_init(&s, SIGNATURE + 3);
	good = slice_cut(&text, '\n', &line) && text.n == 0 &&
	    base64_decode(line, &s) && s.n == SIGNATURE &&
	    crypto_sign_verify_detached((const unsigned char *)s.p,
		(const unsigned char *)signed_bytes.p, signed_bytes.n,
		public) == 0;
	buf_clear(&s);
	return good;
}

bool
signature_is_good(const struct signature_keys *k, struct slice signed_bytes,
    struct slice text)
{
	return is_by(k->verify, signed_bytes, text);
}

bool
signature_is_own(const struct signature_keys *k, struct slice signed_bytes,
    struct slice text)
{
	unsigned char public[SIGNATURE_PUBLIC];

	return crypto_sign_ed25519_sk_to_pk(public, k->secret) == 0 &&
	    is_by(public, signed_bytes, text);
}

static void
put_key(struct buf *out, const char *word, const unsigned char key[SEED])
{
	buf_put_str(out, word);
	base64_encode((struct slice){ (const char *)key, SEED }, out);
	buf_put_char(out, '\n');
}

/* Both, in the directory dir. */
static int
write_pair(int dir, const char *name, struct err *e)
{
	unsigned char public[SIGNATURE_PUBLIC], secret[SIGNATURE_SECRET];
	char *public_name = mem_printf("%s.pub", name);
	unsigned char seed[SEED];
	struct buf text = { 0 };
	int rc;

	randombytes_buf(seed, sizeof(seed));
	crypto_sign_seed_keypair(public, secret, seed);
	put_key(&text, SECRET_WORD, seed);
	rc = durable_create(dir, name, buf_slice(&text), e);
	sodium_memzero(text.p, text.n);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	buf_reset(&text);
	put_key(&text, PUBLIC_WORD, public);
	if (rc == 0)
		rc = durable_create(dir, public_name, buf_slice(&text), e);
	buf_clear(&text);
	free(public_name);
	return rc;
}

int
signature_keygen(const char *file, struct err *e)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash == NULL ? file : slash + 1;
	char *where = slash == NULL
	    ? mem_strdup(".")
	    : mem_strndup(file, (size_t)(slash - file) + 1);
	int dir = -1, rc = -1;

	if (*name == '\0')
		err_set(e, ERR_USAGE, "%s: not a file name", file);
	else if (start(e) == 0 &&
	    (dir = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		err_sys(e, "open directory %s", where);
	if (dir != -1) {
		rc = write_pair(dir, name, e);
		close(dir);
	}
	if (rc == -1 && e->kind == ERR_SYS)
		e->kind = ERR_CREATE;
	free(where);
	return rc;
}
#else
static int
without(struct err *e)
{
	return err_set(e, ERR_CONFIG,
	    "this program was built without libsodium: it cannot sign, nor "
	    "verify what is carried");
}

int
signature_keys_read(const struct association *a, struct signature_keys *out,
    struct err *e)
{
	*out = (struct signature_keys){ 0 };
	if (a->sign_key == NULL && a->verify_key == NULL)
		return 0;
	(void)without(e);
	return err_wrap(e, "%s:%d", a->file, a->line);
}

void
signature_keys_clear(struct signature_keys *k)
{
	*k = (struct signature_keys){ 0 };
}

void
signature_put(const struct signature_keys *k, struct slice signed_bytes,
    struct buf *out)
{
	(void)k;
	(void)signed_bytes;
	(void)out;
}

bool
signature_is_good(const struct signature_keys *k, struct slice signed_bytes,
    struct slice text)
{
	(void)k;
	(void)signed_bytes;
	(void)text;
	return false;
}

bool
signature_is_own(const struct signature_keys *k, struct slice signed_bytes,
    struct slice text)
{
	return signature_is_good(k, signed_bytes, text);
}

int
signature_keygen(const char *file, struct err *e)
{
	(void)file;
	return without(e);
}
#endif
