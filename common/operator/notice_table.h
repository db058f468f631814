/*
 * The table of what is told to the operator, and what each change does to it.
 * Does no I/O.
 *
 *	state   raise    clear     mail sent
 *	(none)  NEW      -         -
 *	NEW     -        BRIEF (1) ON
 *	ON      - (2)    OVER      ON (reminder, interval doubled)
 *	CHANGED -        OVER      ON
 *	OVER    ON (2)   -         PAST
 *	BRIEF   NEW      -         PAST
 *	PAST    NEW (3)  -         PAST
 *
 *	Each is (none) once it is dropped, and PAST after a quarter of `repeat`.
 *
 *	(1) an outage of the link, or nobody to mail: (none), or PAST if it was
 *	(2) for a cause that was not told of it yet: CHANGED
 *	(3) its mail waits the longer, the oftener it came back
 *
 * What comes and goes is mailed at growing intervals like what lasts, as
 * notice_pace.h says, and told by lines at the same (notice_lines.h).
 *
 * One that is raised has the text of its present cause, as that was first seen.
 *
 * A clock that goes back takes along what it left in the future, by as far as
 * it went: no wait grows, nothing is told again for it, and the mails of the
 * last hour stay counted.
 */
#ifndef COMMON_OPERATOR_NOTICE_TABLE_H
#define COMMON_OPERATOR_NOTICE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/operator/notice_lines.h"

enum notice_state {
	NOTICE_NEW,   /* raised, not mailed yet */
	NOTICE_ON,    /* raised and mailed */
	NOTICE_OVER,  /* cleared, its end not mailed yet */
	NOTICE_BRIEF, /* cleared before it was mailed at all */
	/* raised and mailed, but not why it is now */
	NOTICE_CHANGED,
	NOTICE_PAST, /* it is over, and all is told */
};

struct notice_entry {
	enum notice_state state;
	int64_t since_s;
	int64_t due_s;      /* when it is to be mailed next; PAST: forgotten */
	int64_t interval_s; /* to the reminder after that */
	int64_t mailed_s;   /* when it was last, or began */
	unsigned returns;   /* how often it has come back */
	char *association, *key, *text, *next;
	unsigned cause;  /* an exit status; 0: it is always the same */
	uint64_t causes; /* those that were told: bits, from 64 on */
};

enum {
	NOTICE_MAILS_AN_HOUR = 20,
};

/* All zero: empty. */
struct notice_table {
	bool mailing; /* there is somebody to mail */
	struct notice_entry *entry;
	size_t n;
	struct notice_lines lines;
	int64_t seen_s;                       /* the latest time of a change */
	int64_t sent_s[NOTICE_MAILS_AN_HOUR]; /* the last mails, oldest first */
	size_t n_sent;
};

bool notice_state_is_over(enum notice_state s);
void notice_entry_clear(struct notice_entry *x);

enum notice_change {
	NOTICE_SAME,
	NOTICE_OTHER, /* of a cause that was told before: to be kept, not told */
	/* the state began, or has a cause that it did not have, or is over */
	NOTICE_TELL,
	NOTICE_HUSH, /* the same, but it comes and goes: no line where cron mails */
};

/* x is copied; its due_s is when it is mailed if it is new, its interval_s that of
 * the reminder. */
enum notice_change notice_table_raise(struct notice_table *t,
    const struct notice_entry *x);
enum notice_change notice_table_clear(struct notice_table *t,
    const struct notice_entry *x);
/* As if it had never been: nobody is told of it again. */
void notice_table_drop(struct notice_table *t, const char *association,
    const char *key);
bool notice_table_is_raised(const struct notice_table *t,
    const char *association, const char *key);
/* 0: it is not raised. */
int64_t notice_table_since_s(const struct notice_table *t,
    const char *association, const char *key);
/* NULL: it is not raised. */
const char *notice_table_text(const struct notice_table *t,
    const char *association, const char *key);

/* Add what a file says; lines that are strange are passed over. */
void notice_table_parse(struct notice_table *t, struct slice in);
void notice_table_print(const struct notice_table *t, struct buf *out);
/* Nothing is left; t->entry stays allocated, for the owner to free. */
void notice_table_forget(struct notice_table *t);

/* The clock went back since the last change. */
bool notice_table_went_back(const struct notice_table *t, int64_t now_s);
/* What lies in the future is brought along, once; what is past for long is
 * forgotten. */
void notice_table_set_clock(struct notice_table *t, int64_t now_s);
/* One mail gathers everything as soon as one thing is due. */
bool notice_table_is_due(const struct notice_table *t, int64_t now_s);
/* The hour that ends now had not too many. */
bool notice_table_may_mail(const struct notice_table *t, int64_t now_s);
/* The mail was handed over: nothing in it is told again before its time. */
void notice_table_told(struct notice_table *t, int64_t now_s);
/* It was not: what is due is so again later. */
void notice_table_put_off(struct notice_table *t, int64_t now_s,
    int64_t wait_s);

#endif
