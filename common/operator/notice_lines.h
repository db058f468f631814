/*
 * Which changes of a state a line of a command tells, where cron would mail each:
 * of what comes and goes the first four times, until a day without it, and then at
 * the pace of notice_pace.h.  What it says in words that no line said in that time
 * is told at once, and so is the end of what was told.  Does no I/O; kept in the file
 * of the notices.
 *
 *	state   begins        for another cause   ends
 *	(none)  TOLD          -                   (none)
 *	TOLD    -             TOLD                OVER
 *	HUSHED  -             TOLD (1), HUSHED    OVER
 *	OVER    TOLD, HUSHED  -                   -
 *
 *	OVER is (none) after a day.  (1) if no line said it in these words
 */
#ifndef COMMON_OPERATOR_NOTICE_LINES_H
#define COMMON_OPERATOR_NOTICE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

enum {
	NOTICE_WORDS_MOST = 8,
};

enum notice_line_state {
	NOTICE_LINE_OVER,
	NOTICE_LINE_TOLD,
	NOTICE_LINE_HUSHED,
};

struct notice_line {
	enum notice_line_state state;
	char *association, *key;
	int64_t changed_s; /* when it last began, or ended */
	int64_t told_s;    /* when a line last told that it began, or why */
	unsigned returns;  /* since a day without it */
	/* What was told since, the newest first; 0: no more. */
	uint32_t words[NOTICE_WORDS_MOST];
};

/* All zero: empty. */
struct notice_lines {
	struct notice_line *line;
	size_t n;
};

/* A number for what is told, 0 for nothing; a time in milliseconds makes no other. */
uint32_t notice_lines_words(struct slice text);

/* What happens to a state. */
struct notice_line_event {
	const char *association, *key;
	int64_t now_s;
	int64_t gather_s, repeat_s;
	uint32_t words; /* of why */
};

/* True: a line tells it. */
bool notice_lines_began(struct notice_lines *l,
    const struct notice_line_event *x);
bool notice_lines_changed(struct notice_lines *l,
    const struct notice_line_event *x);
bool notice_lines_ended(struct notice_lines *l,
    const struct notice_line_event *x);

/* How often it came back. */
unsigned notice_lines_returns(const struct notice_lines *l,
    const char *association, const char *key);

/* As if it had never been. */
void notice_lines_drop(struct notice_lines *l, const char *association,
    const char *key);
/* What is over for a day is forgotten; nothing lies in the future. */
void notice_lines_set_clock(struct notice_lines *l, int64_t now_s);

/* A line of the file, behind its first word.  False: it is strange. */
bool notice_lines_parse(struct notice_lines *l, struct slice in);
void notice_lines_print(const struct notice_lines *l, struct buf *out);
/* Empty and freed. */
void notice_lines_clear(struct notice_lines *l);

#define NOTICE_LINES_WORD "line"

#endif
