/*
 * The parser of message.h: a message's bytes as they arrive, its verdict as
 * soon as it is certain, the same for any chunking.  Header lines and body
 * lines are judged by header.c and body.c; here are framing, limits, Length
 * and Digest.
 *
 * After the first grammar error it goes on to the end that Length names, to
 * tell a message that its writer made wrong (poison) from a damaged one.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/crc.h"
#include "common/base/mem.h"
#include "common/message/body.h"
#include "common/message/header.h"

enum {
	END_SIZE = 2 /* bytes of the line of the lone dot */
};

enum parser_place {
	PARSER_HEADER,
	PARSER_BODY,
	PARSER_SKIP, /* in a body that is not looked into (any more) */
	PARSER_END,  /* at the line of the lone dot */
};

struct message_parser {
	enum message_form form;
	size_t max;
	bool trusts; /* the bodies whose end it knows */
	enum parser_place place;
	size_t at;       /* behind the last line that was looked at */
	size_t searched; /* no LF between at and here */
	bool has_length; /* body_to is known before it is reached */
	size_t body_at, body_to;
	bool unread; /* the body is skipped from its start */
	bool broken; /* the grammar is; why says where first */
	struct err why;
	uint32_t crc; /* of all before summed, without the Digest line */
	size_t summed;
	struct header header;
	struct body body;
};

struct message_parser *
message_parser_new(enum message_form form, size_t message_max)
{
	struct message_parser *p = mem_alloc(sizeof(*p));

	p->form = form;
	p->max = message_max > 0 ? message_max : LIMIT_MESSAGE;
	body_init(&p->body);
	return p;
}

void
message_parser_trust(struct message_parser *p)
{
	p->trusts = true;
}

void
message_parser_reset(struct message_parser *p)
{
	p->place = PARSER_HEADER;
	p->at = p->searched = p->summed = 0;
	p->broken = p->unread = p->has_length = false;
	p->crc = 0;
	p->header = (struct header){ 0 };
}

void
message_parser_free(struct message_parser *p)
{
	if (p == NULL)
		return;
	body_clear(&p->body);
	free(p);
}

static void
sum(struct message_parser *p, struct slice in, size_t to)
{
	p->crc =
	    crc_add(p->crc, (struct slice){ in.p + p->summed, to - p->summed });
	p->summed = to;
}

/* Of the line that is being judged, from 1. */
static size_t
line_number(const struct message_parser *p)
{
	if (p->place == PARSER_HEADER)
		return p->header.lines;
	return p->header.lines + 1 + p->body.lines + 1;
}

/* The grammar is broken, which is the verdict unless Length and Digest can
 * tell more.  The first reason stays. */
static enum message_verdict
broken(struct message_parser *p, const struct err *e)
{
	if (!p->broken) {
		p->why = *e;
		err_wrap(&p->why, "line %zu", line_number(p));
	}
	p->broken = true;
	if (p->place == PARSER_BODY) {
		p->place = PARSER_SKIP;
		p->searched = p->at;
	}
	return p->form == MESSAGE_FORM_INPUT ? MESSAGE_DAMAGED : MESSAGE_MORE;
}

static enum message_verdict
broken_by(struct message_parser *p, const char *what)
{
	struct err e = { 0 };

	err_set(&e, ERR_INPUT, "%s", what);
	return broken(p, &e);
}

static enum message_verdict
damaged(struct message_parser *p, const char *what)
{
	broken_by(p, what);
	return MESSAGE_DAMAGED;
}

static enum message_verdict
oversize(struct message_parser *p, const char *what)
{
	err_set(&p->why, ERR_INPUT, "line %zu: %s", line_number(p), what);
	return MESSAGE_OVERSIZE;
}

/* Find the end of the line at p->at, which has at most max bytes and lies
 * before `to`.  False: it is not there, or not yet. */
static bool
find_line(struct message_parser *p, struct slice in, size_t max, size_t *n)
{
	size_t to = in.n - p->at > max ? p->at + max + 1 : in.n;
	size_t from = p->searched > p->at ? p->searched : p->at;
	const char *lf = memchr(in.p + from, '\n', to - from);

	p->searched = lf == NULL ? to : p->at;
	if (lf == NULL)
		return false;
	*n = (size_t)(lf - in.p) - p->at;
	return true;
}

/* What a message must have for its Length and Digest to say anything. */
static bool
can_be_poison(const struct message_parser *p)
{
	const struct header *h = &p->header;

	if (p->form == MESSAGE_FORM_BARE)
		return true;
	return header_has(h, HEADER_STREAM) && header_has(h, HEADER_PREV) &&
	    header_has(h, HEADER_LENGTH) && header_has(h, HEADER_DIGEST);
}

/* Behind the empty line: what is known of the body? */
static enum message_verdict
begin_body(struct message_parser *p)
{
	const struct header *h = &p->header;

	p->has_length = header_has(h, HEADER_LENGTH);
	p->unread = p->broken || (p->trusts && p->has_length);
	p->place = p->unread ? PARSER_SKIP : PARSER_BODY;
	p->body_at = p->at;
	body_begin(&p->body, h->m.type);
	if (p->at > p->max || p->max - p->at < END_SIZE)
		return oversize(p, "more bytes than a message may have");
	if (!p->has_length)
		return MESSAGE_MORE;
	if (h->length > p->max - p->at - END_SIZE)
		return oversize(p, "Length is more than a message may have");
	p->body_to = p->at + (size_t)h->length;
	return MESSAGE_MORE;
}

static enum message_verdict
end_header(struct message_parser *p)
{
	struct err e = { 0 };

	if (header_end(&p->header, p->form, &e) == -1 &&
	    broken(p, &e) != MESSAGE_MORE)
		return MESSAGE_DAMAGED;
	if (p->broken && !can_be_poison(p))
		return MESSAGE_DAMAGED;
	return begin_body(p);
}

static enum message_verdict
read_header_line(struct message_parser *p, struct slice in, size_t n)
{
	struct header *h = &p->header;
	bool had_digest = header_has(h, HEADER_DIGEST);
	struct err e = { 0 };
	size_t at = p->at;

	p->at += n + 1;
	if (n == 0 && h->lines > 0)
		return end_header(p);
	if (h->lines == LIMIT_HEADER_LINES)
		return oversize(p, "more than 32 header lines");
	if (header_line(h, in, (struct header_span){ at, n }, &e) == -1 &&
	    broken(p, &e) != MESSAGE_MORE)
		return MESSAGE_DAMAGED;
	/* Without its number a message is nothing. */
	if (p->form != MESSAGE_FORM_INPUT && !header_has(h, HEADER_MSGID))
		return damaged(p, "no MsgID");
	if (!had_digest && header_has(h, HEADER_DIGEST)) {
		sum(p, in, at);
		p->summed = p->at;
	}
	return MESSAGE_MORE;
}

static enum message_verdict
read_header(struct message_parser *p, struct slice in)
{
	enum message_verdict v = MESSAGE_MORE;
	size_t n;

	while (v == MESSAGE_MORE && p->place == PARSER_HEADER) {
		if (find_line(p, in, LIMIT_HEADER_LINE, &n))
			v = read_header_line(p, in, n);
		else if (in.n - p->at > LIMIT_HEADER_LINE)
			v = oversize(p, "a header line of more than 998 bytes");
		else
			break;
	}
	return v;
}

/* What body_check found in the whole lines of the body that are there. */
static enum message_verdict
check_lines(struct message_parser *p, struct slice in, size_t to)
{
	size_t from = p->searched > p->at ? p->searched : p->at;
	const char *lf = memrchr(in.p + from, '\n', to - from);
	struct err e = { 0 };

	p->searched = to;
	if (lf == NULL)
		return MESSAGE_MORE;
	switch (
	    body_check(&p->body, in.p, &p->at, (size_t)(lf - in.p) + 1, &e)) {
	case BODY_FINE:
		return MESSAGE_MORE;
	case BODY_DOT:
		if (p->has_length)
			return broken_by(p, "a lone dot before Length ends");
		p->body_to = p->at;
		p->place = PARSER_END;
		return MESSAGE_MORE;
	case BODY_WRONG:
		return broken(p, &e);
	case BODY_OVERSIZE:
		return oversize(p, e.msg);
	}
	return MESSAGE_DAMAGED;
}

/* A body that keeps the grammar so far. */
static enum message_verdict
read_body(struct message_parser *p, struct slice in)
{
	size_t limit = p->has_length ? p->body_to : p->max;
	size_t to = in.n < limit ? in.n : limit;
	enum message_verdict v = check_lines(p, in, to);

	if (v != MESSAGE_MORE || p->place != PARSER_BODY)
		return v;
	if (to - p->at > body_line_max(&p->body))
		return oversize(p, "a line that is too long");
	if (to < limit)
		return MESSAGE_MORE;
	if (!p->has_length)
		return oversize(p, "more bytes than a message may have");
	if (p->at < to)
		return broken_by(p, "Length ends inside a line");
	p->place = PARSER_END;
	return MESSAGE_MORE;
}

/* A body that does not: find its end. */
static enum message_verdict
skip_body(struct message_parser *p, struct slice in)
{
	size_t n;

	if (p->has_length) {
		p->at = in.n < p->body_to ? in.n : p->body_to;
		if (p->at == p->body_to)
			p->place = PARSER_END;
		return MESSAGE_MORE;
	}
	if (in.n > p->max)
		in.n = p->max;
	while (find_line(p, in, in.n, &n)) {
		if (n == 1 && in.p[p->at] == '.') {
			p->body_to = p->at;
			p->place = PARSER_END;
			return MESSAGE_MORE;
		}
		p->at += n + 1;
	}
	if (in.n == p->max)
		return oversize(p, "more bytes than a message may have");
	return MESSAGE_MORE;
}

static void
fill(struct message_parser *p, struct slice in, struct message *m)
{
	header_slices(&p->header, in);
	*m = p->header.m;
	if (m->parts == 0)
		m->part = m->parts = 1;
	m->body = (struct slice){ in.p + p->body_at, p->body_to - p->body_at };
	m->digest = p->crc;
	m->raw = (struct slice){ in.p, p->at };
	m->bare = p->form == MESSAGE_FORM_BARE;
}

/* At the line of the lone dot, which Length or the grammar says is here. */
static enum message_verdict
read_end(struct message_parser *p, struct slice in, struct message *m)
{
	size_t n = in.n - p->at;
	struct err e = { 0 };

	if (!p->broken && !p->unread && body_end(&p->body, &e) == -1 &&
	    broken(p, &e) != MESSAGE_MORE)
		return MESSAGE_DAMAGED;
	if ((n > 0 && in.p[p->at] != '.') || (n > 1 && in.p[p->at + 1] != '\n'))
		return damaged(p, "no lone dot where Length ends");
	if (n < END_SIZE)
		return MESSAGE_MORE;
	p->at += END_SIZE;
	sum(p, in, p->at);
	if (header_has(&p->header, HEADER_DIGEST) && p->header.digest != p->crc)
		return damaged(p, "Digest is not that of these bytes");
	fill(p, in, m);
	return p->broken ? MESSAGE_POISON : MESSAGE_WHOLE;
}

enum message_verdict
message_parse(struct message_parser *p, struct slice in, struct message *m,
    struct err *e)
{
	enum message_verdict v = MESSAGE_MORE;

	if (in.n == 0)
		return MESSAGE_MORE;
	if (p->place == PARSER_HEADER)
		v = read_header(p, in);
	if (v == MESSAGE_MORE && p->place == PARSER_BODY)
		v = read_body(p, in);
	if (v == MESSAGE_MORE && p->place == PARSER_SKIP)
		v = skip_body(p, in);
	if (v == MESSAGE_MORE && p->place == PARSER_END)
		v = read_end(p, in, m);
	if (v == MESSAGE_MORE) {
		sum(p, in, p->at);
		return v;
	}
	if (v != MESSAGE_WHOLE)
		*e = p->why;
	message_parser_reset(p);
	return v;
}
