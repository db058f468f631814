/*
 * The header of a message: which fields there are, their order, their letters,
 * and which of them a message of this form and type must have.  Part of the
 * parser and of the writer; others use message.h.
 */
#ifndef COMMON_MESSAGE_HEADER_H
#define COMMON_MESSAGE_HEADER_H

#include "common/message/message.h"

/* In the order in which they must come. */
enum header_field {
	HEADER_MSGID,
	HEADER_TYPE,
	HEADER_TIMESTAMP,
	HEADER_STREAM,
	HEADER_PREV,
	HEADER_GENERATION,
	HEADER_PART,
	HEADER_COLLECTOR,
	HEADER_CORRELATION,
	HEADER_EXTRA, /* X-...: any number of them */
	HEADER_LENGTH,
	HEADER_DIGEST,
	HEADER_FIELDS
};

/* A range of the message's bytes, which may move. */
struct header_span {
	size_t at, n;
};

/* All zero at the beginning of a message. */
struct header {
	unsigned seen;  /* 1 << field: was there and is well-formed */
	unsigned lines; /* read so far */
	enum header_field last;
	struct message m; /* its slices are the spans below */
	struct header_span collector, correlation, extra;
	uint64_t length;
	uint32_t digest;
};

bool header_has(const struct header *h, enum header_field f);
/* The line of n bytes (without LF) at `at` in the message.  ERR_INPUT: not the
 * grammar; reading may go on, to see what is well-formed. */
int header_line(struct header *h, struct slice message, struct header_span line,
    struct err *e);
/* At the empty line: ERR_INPUT names what is missing or not allowed. */
int header_end(const struct header *h, enum message_form form, struct err *e);
/* Point the slices of h->m into the message. */
void header_slices(struct header *h, struct slice message);
const char *header_field_name(enum header_field f);

#endif
