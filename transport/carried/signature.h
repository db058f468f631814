/*
 * Signatures on carried files (S6): Ed25519 over what a file is for and all of
 * its bytes, so that one of another association or direction is worth nothing.
 * doc/protocol.5, "CARRIED FILES", has the texts of keys and signatures.
 */
#ifndef TRANSPORT_CARRIED_SIGNATURE_H
#define TRANSPORT_CARRIED_SIGNATURE_H

#include "common/base/buf.h"
#include "common/config/config.h"

enum {
	SIGNATURE_SECRET = 64, /* bytes of libsodium's secret key */
	SIGNATURE_PUBLIC = 32,
	SIGNATURE_FILE_MAX = 128, /* bytes of a .sig, and more than it has */
};

/* What an association signs and verifies with. */
struct signature_keys {
	bool signs, verifies;
	unsigned char secret[SIGNATURE_SECRET];
	unsigned char verify[SIGNATURE_PUBLIC];
};

/* The files that sign-key and verify-key name.  ERR_CONFIG: one has another
 * mode, owner or text than it should, or this build cannot sign. */
int signature_keys_read(const struct association *a, struct signature_keys *out,
    struct err *e);
void signature_keys_clear(struct signature_keys *k);

/* Append what is signed before the bytes of a file that goes to that end. */
void signature_prefix(struct buf *out, const char *association,
    enum config_role to);
/* Append the text of a .sig for a prefix and a file's bytes. */
void signature_put(const struct signature_keys *k, struct slice signed_bytes,
    struct buf *out);
/* False: it is not the text of a signature of these bytes by the other end. */
bool signature_is_good(const struct signature_keys *k,
    struct slice signed_bytes, struct slice text);

/* The same of what we signed ourselves, with the key that we have now. */
bool signature_is_own(const struct signature_keys *k, struct slice signed_bytes,
    struct slice text);

/* Make a pair: file (0600) and file.pub, of which neither exists. */
int signature_keygen(const char *file, struct err *e);

#endif
