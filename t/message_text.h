/*
 * Messages as text for tests, with Length and Digest filled in.
 */
#ifndef T_MESSAGE_TEXT_H
#define T_MESSAGE_TEXT_H

#include "common/message/message.h"

/* The parts of a right message; a test puts others in their place. */
#define TEXT_STREAM      "Stream:00112233445566778899aabbccddeeff\n"
#define TEXT_PREV        "Prev:crc32=89abcdef\n"
#define TEXT_GEN         "Generation:3\n"
#define TEXT_FIRST(type) "MsgID:100002\nType:" type "\nTimestamp:1085528690\n"
#define TEXT_HEAD(type)  TEXT_FIRST(type) TEXT_STREAM TEXT_PREV
#define TEXT_TAIL        "Length:@\nDigest:@\n\n"

#define TEXT_CONFIG(body) TEXT_HEAD("CONFIG") TEXT_GEN TEXT_TAIL body ".\n"
#define TEXT_DATA(body)   TEXT_HEAD("DATA") TEXT_GEN TEXT_TAIL body ".\n"
#define TEXT_STATUS(body) TEXT_HEAD("STATUS") TEXT_TAIL body ".\n"

/* What a parser must say of a text. */
struct text_row {
	const char *name;
	struct slice text;
	enum message_verdict want;
};
#define TEXT_ROW(name, text, want)                               \
	{                                                        \
		name, { text, sizeof(text) - 1 }, MESSAGE_##want \
	}

/* Append text with its first "Length:@" made the length from behind the first
 * empty line to before the last two bytes, and its first "Digest:@" the digest
 * of all but that line. */
void text_message(struct buf *out, struct slice text);

/* Give the bytes to the parser in chunks whose sizes next(arg) tells (0: all),
 * each time in other memory of exactly that size; the verdict and m->raw.n.
 * m's slices point into `bytes`. */
typedef size_t text_chunk(void *arg);
enum message_verdict text_parse(struct message_parser *p, struct slice bytes,
    text_chunk *next, void *arg, struct message *m, struct err *e);

/* Chunks of one byte; of 1 to 40 bytes by *(uint32_t *)arg; of everything. */
size_t text_by_byte(void *arg);
size_t text_by_chance(void *arg);
size_t text_at_once(void *arg);

const char *text_verdict(enum message_verdict v);

#endif
