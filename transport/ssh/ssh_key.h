/*
 * SSH keys as text and as RFC 4253 blobs: what kind one is, and whether it is
 * one that we use.  Ed25519 and ECDSA are; RSA is not, for libssh2 1.10 signs
 * with SHA-1, which servers refuse.  Does no I/O.
 */
#ifndef TRANSPORT_SSH_SSH_KEY_H
#define TRANSPORT_SSH_SSH_KEY_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"

enum {
	SSH_KEY_FILE_MAX = 64 << 10, /* bytes of a key's file */
	SSH_KEY_BLOB_MAX = 16 << 10,
};

enum ssh_key_kind {
	SSH_KEY_OTHER,
	SSH_KEY_ED25519,
	SSH_KEY_ECDSA,
	SSH_KEY_RSA,
};

/* By its name: "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa", ... */
enum ssh_key_kind ssh_key_kind(struct slice name);

/* Strict base64 with padding.  False: it is not, or passes out's limit. */
bool base64_decode(struct slice in, struct buf *out);
void base64_encode(struct slice in, struct buf *out);

/* A public key: "NAME BASE64[ COMMENT]".  Slices of the line. */
struct ssh_public_key {
	struct slice name, base64, comment;
};
/* The key is of that name, to its last byte. */
bool ssh_key_is_valid(const struct ssh_public_key *k);

/* The name at the head of a blob; empty: it is none. */
struct slice ssh_key_blob_name(struct slice blob);

/* Whether a private key's file holds one that we can use: ERR_DENIED for RSA,
 * else ERR_CONFIG, in words that say what to do. */
int ssh_key_check_private(struct slice file, struct err *e);
/* The same of a public key's file: one line, one key. */
int ssh_key_check_public(struct slice file, struct ssh_public_key *out,
    struct err *e);

#endif
