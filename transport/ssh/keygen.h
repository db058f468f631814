/*
 * Key pairs for ssh, made by ssh-keygen(1).
 */
#ifndef TRANSPORT_SSH_KEYGEN_H
#define TRANSPORT_SSH_KEYGEN_H

#include "common/base/err.h"

/* An Ed25519 pair in file (0600, without a passphrase) and file.pub, of which
 * neither exists: ERR_CREATE. */
int keygen_pair(const char *file, const char *comment, struct err *e);

#endif
