/*
 * States that a person must know of.  A state is raised once when trouble
 * begins and cleared once when it is over, however often it is seen; what is
 * raised is kept in state/notices, so that jobs run by cron do not tell it
 * again every minute.  Each change is one log line, but where cron would mail it
 * and it comes and goes (notice_lines.h); one mail gathers what changed.
 */
#ifndef COMMON_OPERATOR_NOTICE_H
#define COMMON_OPERATOR_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/err.h"

struct notices;

struct notice_mail {
	const char *node;
	const char *const *to;       /* addresses; NULL-terminated */
	const char *const *sendmail; /* argv; NULL-terminated */
	int64_t gather_s, repeat_s;
	const char *config; /* what our commands name with -c; NULL: nothing */
	bool elsewhere;     /* a mailer sends it: here it is only recorded */
	/* cron mails the lines: what comes and goes is told by few of them */
	bool hush;
};

struct notice {
	const char *association; /* or "" for the node */
	const char *key;         /* "fork", "gap", "compile", "delivery", ... */
	/* what happened, one line; whatever of it came from outside is
	 * escaped */
	const char *text;
	const char *next; /* the command to run next, without its -c */
};

/* Open <state>/notices.  Borrows mail until notices_close; NULL: log only. */
int notices_open(int state_dir, const struct notice_mail *mail,
    struct notices **out, struct err *e);
/* True when this began a state, and a line says so: one that is raised already
 * keeps its first text and is not told again. */
bool notice_raise(struct notices *n, const struct notice *what,
    struct wall now);
/* The same of a state that has several causes: each is told once while it lasts,
 * the text is that of the present one.  cause: an exit status of <sysexits.h>. */
bool notice_raise_cause(struct notices *n, const struct notice *what, int cause,
    struct wall now);
/* A command as a person may paste it, naming the configuration that these are
 * of.  Owned. */
char *notices_command(const struct notices *n, const char *command);
/* True when there was such a state. */
bool notice_clear(struct notices *n, const char *association, const char *key,
    struct wall now);
/* Those that another configuration has no place for end. */
enum notice_fit {
	NOTICE_FITS,
	NOTICE_ENDS, /* what it is of is no more: cleared */
	NOTICE_GONE, /* nor is its association, or collector: without a mail */
};
typedef enum notice_fit notice_judge(const void *arg, const char *association,
    const char *key);
void notices_fit(struct notices *n, notice_judge *judge, const void *arg,
    struct wall now);
bool notice_is_raised(const struct notices *n, const char *association,
    const char *key);
/* Other processes have changed what is told: the next flush mails it, too. */
void notices_read_again(struct notices *n);
/* Write what changed and send the mail that is due, waiting for it.  Mail that
 * cannot be sent stays due, and that is a state of the node, NOTICE_MAIL, until one
 * is.  Never fails: it logs. */
#define NOTICE_MAIL "mail"
/* And before the name of a collector: it failed; its values came all the same. */
#define NOTICE_COLLECTOR "collector-"
#define NOTICE_REMARKS   "remarks-"
void notices_flush(struct notices *n, struct wall now);
/* What is told of it, until n changes; NULL: it is not raised. */
const char *notice_text(const struct notices *n, const char *association,
    const char *key);
/* Since when, epoch; 0: it is not raised. */
int64_t notice_since_s(const struct notices *n, const char *association,
    const char *key);
void notices_each(const struct notices *n,
    void (*each)(void *arg, const struct notice *what, struct wall since),
    void *arg);
void notices_close(struct notices *n);

#endif
