/*
 * Who sends the operator's mail for a process that is confined: a small child,
 * forked before the confinement, that reads nothing but state/notices and
 * wakes when told.  The confined process opens its notices with mail.elsewhere
 * and only records.
 */
#ifndef COMMON_OPERATOR_MAILER_H
#define COMMON_OPERATOR_MAILER_H

#include "common/operator/notice.h"

struct mailer {
	int wake_fd; /* a byte: look now; closed: a last look, then the end */
	int pid;     /* of its keeper */
};

/* Fork it.  Borrows mail for the child's life, which is a copy of ours. */
int mailer_start(int state_dir, const struct notice_mail *mail,
    struct mailer *out, struct err *e);
/* There may be something to tell.  Never blocks.  -1: it is gone. */
int mailer_wake(const struct mailer *m);
/* Ask for a last look and wait for its end, at most wait_ms. */
void mailer_stop(struct mailer *m, int wait_ms);

#endif
