/*
 * Whether sshd(8) lets a key in as we meant it: the line in its file, the file
 * and the directories above it, the account's shell.
 */
#ifndef TRANSPORT_SSH_AUTHORIZED_KEYS_H
#define TRANSPORT_SSH_AUTHORIZED_KEYS_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/config/node.h"

/* Appends to problems a line for each thing that is wrong; nothing: all is as
 * it should be. */

/* The file's text, against the line of authorize_line.  Options that allow
 * less, from= and expiry-time=, may stand beside. */
void authorized_keys_check(struct slice text, struct slice line,
    struct buf *problems);
/* The file, who may write it, and what is in it.  -1: it cannot be read;
 * ERR_MISSING: there is none. */
int authorized_keys_check_file(const char *path, const struct node_account *who,
    struct slice line, struct buf *problems, struct err *e);
/* sshd runs a forced command by the account's shell. */
void authorized_keys_check_shell(const struct node_account *who,
    struct buf *problems);

#endif
