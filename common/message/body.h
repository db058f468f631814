/*
 * The bodies of messages, line by line as they arrive: grammar and limits of
 * doc/message-format.5.  Part of the parser; others use message.h.
 */
#ifndef COMMON_MESSAGE_BODY_H
#define COMMON_MESSAGE_BODY_H

#include "common/message/message.h"
#include "common/message/token_set.h"

enum body_place {
	BODY_START,       /* of the body, which may be empty */
	BODY_AFTER_BLOCK, /* behind a ";": another block must come */
	BODY_AFTER_TOKEN, /* level2-path must come */
	BODY_IN_BLOCK,    /* parameters, ";" or the end may come */
};

struct body {
	enum message_type type;
	size_t lines;            /* that are fine */
	struct token_set tokens; /* DATA, CONFIG: so far */
	/* CONFIG: the block that is being read. */
	enum body_place place;
	size_t blocks;
	struct {
		size_t at, n;
	} params[LIMIT_PARAMS];
	size_t params_n;
};

enum body_verdict {
	BODY_FINE,     /* all lines up to the end that was given */
	BODY_DOT,      /* a lone dot stands at *at */
	BODY_WRONG,    /* the line at *at breaks the grammar: e */
	BODY_OVERSIZE, /* a limit was passed: e */
};

void body_init(struct body *b);
void body_begin(struct body *b, enum message_type type);
/* Check the whole lines of the message from *at to end (just behind an LF, or
 * *at itself); *at moves behind what is fine. */
enum body_verdict body_check(struct body *b, const char *message, size_t *at,
    size_t end, struct err *e);
/* The longest line, without its LF, that is worth waiting for. */
size_t body_line_max(const struct body *b);
/* The body is over: ERR_INPUT when something must still come. */
int body_end(const struct body *b, struct err *e);
void body_clear(struct body *b);

#endif
