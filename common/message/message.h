/*
 * The message: one parser for all ways in and one writer, to the byte of
 * doc/message-format.5.  No I/O.  print(parse(x)) == x for every accepted x.
 */
#ifndef COMMON_MESSAGE_MESSAGE_H
#define COMMON_MESSAGE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/message/limits.h"

enum message_type {
	MESSAGE_CONFIG,
	MESSAGE_DATA,
	MESSAGE_STATUS,
	MESSAGE_RESULT,
	MESSAGE_TASK,
	MESSAGE_RESYNC,
};

const char *message_type_name(enum message_type t); /* "CONFIG", ... */

/* Sixteen bytes, written as 32 hex digits.  All zero: bare messages. */
struct stream_id {
	uint8_t b[16];
};
enum {
	STREAM_TEXT_SIZE = 33
};
bool stream_eq(struct stream_id a, struct stream_id b);
bool stream_is_zero(struct stream_id s);
bool stream_parse(struct slice s, struct stream_id *out); /* 32 hex digits */
const char *stream_text(struct stream_id s, char out[STREAM_TEXT_SIZE]);
int stream_draw(struct stream_id *out, struct err *e); /* getrandom(2) */

/* Slices point into the bytes that were parsed. */
struct message {
	uint64_t msgid; /* 1 .. 2^63-1 */
	enum message_type type;
	uint64_t timestamp; /* epoch seconds, 1-10 digits */
	struct stream_id stream;
	uint32_t prev;                       /* digest of msgid - 1; 0 at 1 */
	uint64_t generation;                 /* CONFIG, DATA: from 1; else 0 */
	uint32_t part, parts;                /* CONFIG: 2/5; 1/1 when absent */
	struct slice collector, correlation; /* empty when absent */
	struct slice extra; /* the X-...: lines with their LFs, or empty */
	/* between the empty line and the lone dot's line, as it stands: dots
	 * doubled, LFs counted */
	struct slice body;
	uint32_t digest;  /* computed by the parser, filled by the writer */
	struct slice raw; /* the whole message, set by the parser */
	bool bare;        /* the draft's three fields alone */
	bool has_stream, has_prev; /* given: in the input form they need not */
};

enum message_form {
	MESSAGE_FORM_FULL, /* all fields of ours: spools and sessions */
	MESSAGE_FORM_BARE, /* the draft's MsgID, Type, Timestamp alone */
	/* `spoke write`: no MsgID; others right if given, as far as one message
	 * shows it */
	MESSAGE_FORM_INPUT,
};

enum message_verdict {
	MESSAGE_MORE,  /* not all there yet: call again with more behind it */
	MESSAGE_WHOLE, /* accepted; m is filled, m->raw.n bytes are used */
	/* Length and Digest right, grammar wrong: m->msgid, stream, prev,
	 * digest and raw are filled, the rest as far as it was good; e says
	 * what; a type that cannot be read is CONFIG.  In the bare form:
	 * grammar wrong, lone dot found */
	MESSAGE_POISON,
	/* not what was spooled, or in the input form any error: e says what,
	 * with line */
	MESSAGE_DAMAGED,
	MESSAGE_OVERSIZE, /* a limit was passed: as damaged, nothing buffered on */
};

/* Keeps its place between calls with one message's growing bytes, and a set
 * for finding a token twice; both are reused from message to message. */
struct message_parser;
struct message_parser *message_parser_new(enum message_form form,
    size_t message_max); /* 0: LIMIT_MESSAGE */
/* `in` begins at the first byte of a message and holds all of it that is there
 * so far; it may move between calls but its bytes may not change.  After any
 * verdict but MORE the parser is ready for the next message. */
enum message_verdict message_parse(struct message_parser *p, struct slice in,
    struct message *m, struct err *e);
/* From now on, where a Length tells its end, a body is not looked into: for what
 * was parsed before it was kept, and has the digest that it had then. */
void message_parser_trust(struct message_parser *p);
void message_parser_reset(struct message_parser *p); /* forget a half message */
void message_parser_free(struct message_parser *p);

/* Cut the first message off bytes that should be whole messages in the full
 * form: its header is read, Length and Digest are right, its body is not looked
 * into.  False, and nothing changed: at the end, or not a message. */
bool message_cut(struct slice *in, struct message *m);

/* DATA lines of an accepted body, in order; false at the end. */
bool message_next_value(struct slice *body, struct slice *token,
    struct slice *value);
/* CONFIG lines of an accepted body.  *block_end is true with empty name when a
 * block ends (also at the end of the last).  Value is unstuffed by nature: a
 * config line never begins with a dot. */
bool message_next_param(struct slice *body, struct slice *name,
    struct slice *value, bool *block_end);
/* name:value lines of STATUS, RESULT, TASK and RESYNC. */
bool message_next_field(struct slice *body, struct slice *name,
    struct slice *value);

/* All of a body of that type, by the parser's grammar and limits but for the size
 * of the message.  ERR_INPUT says what is wrong, and with which
 * line. */
int message_check_body(enum message_type t, struct slice body, struct err *e);
/* Append one body line, a leading dot doubled.  False at the buf's limit. */
bool message_put_line(struct buf *body, struct slice name, struct slice value);

/* Append m (all but digest and raw, which are set; raw points into out until
 * out changes) in canonical form.  ERR_INPUT when the parser would refuse it
 * for its header; the body is taken as it is. */
int message_write(struct buf *out, struct message *m, struct err *e);

#endif
