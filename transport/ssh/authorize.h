/*
 * The line of authorized_keys that lets the far end of an association in, and
 * lets it do one thing: sshd(8) runs our program for it, whatever it asks for.
 */
#ifndef TRANSPORT_SSH_AUTHORIZE_H
#define TRANSPORT_SSH_AUTHORIZE_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/config/config.h"

/* For a public key's text, one line with its LF appended to out:
 *
 *	restrict,command="<bindir>/hubctl -c <file> receive ID" <key>
 *
 * or `spoke ... serve ID`, by what this node is in it.  ERR_CONFIG: there is no
 * such association, this node opens its connection itself, or a path would
 * need quoting; ERR_DENIED: RSA; ERR_INPUT: no public key. */
int authorize_line(const struct config *c, const char *association,
    struct slice key, struct buf *out, struct err *e);
/* The same, of a file; complaints begin with its name. */
int authorize_file(const struct config *c, const char *association,
    const char *path, struct buf *out, struct err *e);

#endif
