/*
 * Walking a segment; see walk.h.  Behind damage it looks for the next line
 * that begins with "MsgID:" and parses as a whole message.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/walk.h"

enum {
	WALK_CHUNK = 1 << 20
};

static const struct slice first_field = { "\nMsgID:", 7 };

struct walk {
	int fd;
	struct message_parser *parser;
	struct buf buf;
	uint64_t base; /* where buf begins in the file */
	size_t at;     /* in buf: the first byte that was not handed out */
	size_t from;   /* in buf: where the last thing found begins */
	bool eof;
};

struct walk *
walk_new(void)
{
	struct walk *w = mem_alloc(sizeof(*w));

	w->fd = -1;
	w->parser = message_parser_new(MESSAGE_FORM_FULL, LIMIT_MESSAGE_HARD);
	return w;
}

void
walk_trust(struct walk *w)
{
	message_parser_trust(w->parser);
}

void
walk_begin(struct walk *w, int fd, uint64_t from)
{
	message_parser_reset(w->parser);
	buf_reset(&w->buf);
	w->fd = fd;
	w->base = from;
	w->at = w->from = 0;
	w->eof = false;
}

/* More bytes behind those not handed out yet. */
static int
refill(struct walk *w, struct err *e)
{
	size_t before;

	buf_drop(&w->buf, w->at);
	w->base += w->at;
	w->at = w->from = 0;
	before = w->buf.n;
	if (io_pread_upto(w->fd, WALK_CHUNK, w->base + before, &w->buf, e) ==
	    -1)
		return -1;
	w->eof = w->buf.n - before < WALK_CHUNK;
	return 0;
}

static struct slice
rest(const struct walk *w)
{
	return (struct slice){ w->buf.p + w->at, w->buf.n - w->at };
}

/* Parse what begins at w->at.  MORE: the file ends before it does. */
static int
parse_here(struct walk *w, struct message *m, enum message_verdict *v,
    struct err *e)
{
	for (;;) {
		*v = message_parse(w->parser, rest(w), m, e);
		if (*v != MESSAGE_MORE)
			return 0;
		if (w->eof)
			break;
		if (refill(w, e) == -1)
			return -1;
	}
	message_parser_reset(w->parser);
	err_set(e, ERR_INPUT, "message is cut off");
	return 0;
}

/* Move w->at to the next line that may begin a message; false at the end. */
static int
next_candidate(struct walk *w, bool *found, struct err *e)
{
	for (;;) {
		struct slice s = rest(w);
		const char *hit = s.n == 0
		    ? NULL
		    : memmem(s.p, s.n, first_field.p, first_field.n);

		*found = hit != NULL;
		if (*found) {
			w->at += (size_t)(hit - s.p) + 1;
			return 0;
		}
		if (w->eof) {
			w->at = w->buf.n;
			return 0;
		}
		if (s.n >= first_field.n)
			w->at += s.n - (first_field.n - 1);
		if (refill(w, e) == -1)
			return -1;
	}
}

/* Behind something bad: stop at the next whole message. */
static enum walk_found
pass_damage(struct walk *w, struct err *e)
{
	uint64_t start = w->base + w->at;
	enum message_verdict v = MESSAGE_DAMAGED;
	struct err ignored; /* what is wrong with a mere candidate */
	struct message m;
	bool found = true;

	while (found && v != MESSAGE_WHOLE) {
		if (next_candidate(w, &found, e) == -1)
			return WALK_FAILED;
		if (found && parse_here(w, &m, &v, &ignored) == -1) {
			*e = ignored;
			return WALK_FAILED;
		}
	}
	/* "from" is where the damage begins, which may have left the buffer:
	 * unsigned arithmetic brings walk_start back to it. */
	w->from = (size_t)(start - w->base);
	return found ? WALK_BAD : WALK_TORN;
}

enum walk_found
walk_next(struct walk *w, struct message *m, struct err *e)
{
	enum message_verdict v;

	w->from = w->at;
	if (rest(w).n == 0) {
		if (w->eof)
			return WALK_END;
		if (refill(w, e) == -1)
			return WALK_FAILED;
		if (rest(w).n == 0)
			return WALK_END;
	}
	if (parse_here(w, m, &v, e) == -1)
		return WALK_FAILED;
	if (v != MESSAGE_WHOLE)
		return pass_damage(w, e);
	w->from = w->at;
	w->at += m->raw.n;
	return WALK_MESSAGE;
}

uint64_t
walk_start(const struct walk *w)
{
	return w->base + w->from;
}

uint64_t
walk_end(const struct walk *w)
{
	return w->base + w->at;
}

void
walk_free(struct walk *w)
{
	if (w == NULL)
		return;
	message_parser_free(w->parser);
	buf_clear(&w->buf);
	free(w);
}
