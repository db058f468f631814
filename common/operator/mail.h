/*
 * The operator's mail as text: fixed headers from the configuration, one
 * paragraph a state, everything from outside escaped.  Does no I/O.
 */
#ifndef COMMON_OPERATOR_MAIL_H
#define COMMON_OPERATOR_MAIL_H

#include "common/operator/notice.h"

enum {
	MAIL_MAX = 64 << 10, /* bytes; what does not fit is counted */
};

enum mail_why {
	MAIL_BEGAN,
	MAIL_LASTS,
	MAIL_CHANGED, /* it lasts, for another cause */
	MAIL_OVER,
};

struct mail_item {
	enum mail_why why;
	struct notice what;
	int64_t since_s; /* epoch */
};

void mail_compose(struct buf *out, const struct notice_mail *to,
    const struct mail_item *item, size_t n);

#endif
