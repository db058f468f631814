/*
 * See message_text.h.
 */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "t/message_text.h"

/* Put `with` in the place of the first `what` of *b; false: there is none. */
static bool
replace(struct buf *b, const char *what, const char *with)
{
	const char *at = memmem(b->p, b->n, what, strlen(what));
	struct buf out = { 0 };
	size_t head;

	if (at == NULL)
		return false;
	head = (size_t)(at - b->p);
	buf_put(&out, (struct slice){ b->p, head });
	buf_put_str(&out, with);
	head += strlen(what);
	buf_put(&out, (struct slice){ b->p + head, b->n - head });
	buf_clear(b);
	*b = out;
	return true;
}

/* 0 where there is no empty line, or nothing behind it. */
static size_t
body_length(const struct buf *b)
{
	const char *body = memmem(b->p, b->n, "\n\n", 2);
	size_t before;

	if (body == NULL)
		return 0;
	before = (size_t)(body + 2 - b->p);
	return b->n - before > 2 ? b->n - before - 2 : 0;
}

static uint32_t
digest_without(const struct buf *b, const char *line)
{
	const char *at = memmem(b->p, b->n, line, strlen(line));
	const char *behind = at + strlen(line);
	uLong crc = crc32_z(0, (const Bytef *)b->p, (size_t)(at - b->p));

	return (uint32_t)crc32_z(crc, (const Bytef *)behind,
	    (size_t)(b->p + b->n - behind));
}

void
text_message(struct buf *out, struct slice text)
{
	struct buf b = { 0 };
	char line[64];

	buf_put(&b, text);
	if (memmem(b.p, b.n, "Length:@", 8) != NULL) {
		snprintf(line, sizeof(line), "Length:%zu", body_length(&b));
		replace(&b, "Length:@", line);
	}
	if (memmem(b.p, b.n, "Digest:@\n", 9) != NULL) {
		snprintf(line, sizeof(line), "Digest:crc32=%08" PRIx32 "\n",
		    digest_without(&b, "Digest:@\n"));
		replace(&b, "Digest:@\n", line);
	}
	buf_put(out, buf_slice(&b));
	buf_clear(&b);
}

size_t
text_by_byte(void *arg)
{
	(void)arg;
	return 1;
}

size_t
text_by_chance(void *arg)
{
	uint32_t *state = arg;

	*state = *state * 1664525 + 1013904223;
	return 1 + (*state >> 16) % 40;
}

size_t
text_at_once(void *arg)
{
	(void)arg;
	return 0;
}

/* The same range of other memory. */
static void
move(struct slice *s, const char *from, const char *to)
{
	if (s->n > 0)
		s->p = to + (s->p - from);
}

static void
move_message(struct message *m, const char *from, const char *to)
{
	move(&m->collector, from, to);
	move(&m->correlation, from, to);
	move(&m->extra, from, to);
	move(&m->body, from, to);
	move(&m->raw, from, to);
}

enum message_verdict
text_parse(struct message_parser *p, struct slice bytes, text_chunk *next,
    void *arg, struct message *m, struct err *e)
{
	enum message_verdict v = MESSAGE_MORE;
	size_t n = 0;

	while (v == MESSAGE_MORE && n < bytes.n) {
		size_t chunk = next(arg);
		char *copy;

		n = chunk == 0 || chunk > bytes.n - n ? bytes.n : n + chunk;
		copy = malloc(n);
		assert(copy != NULL);
		memcpy(copy, bytes.p, n);
		v = message_parse(p, (struct slice){ copy, n }, m, e);
		if (v == MESSAGE_WHOLE || v == MESSAGE_POISON)
			move_message(m, copy, bytes.p);
		free(copy);
	}
	return v;
}

const char *
text_verdict(enum message_verdict v)
{
	switch (v) {
	case MESSAGE_MORE:
		return "more";
	case MESSAGE_WHOLE:
		return "whole";
	case MESSAGE_POISON:
		return "poison";
	case MESSAGE_DAMAGED:
		return "damaged";
	case MESSAGE_OVERSIZE:
		return "oversize";
	}
	return "?";
}
