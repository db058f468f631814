/*
 * Messages that are known to be good: reading their bodies, writing them.
 * What comes from outside goes through parser.c first.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/crc.h"
#include "common/message/header.h"
#include "common/message/message.h"

const char *
message_type_name(enum message_type t)
{
	switch (t) {
	case MESSAGE_CONFIG:
		return "CONFIG";
	case MESSAGE_DATA:
		return "DATA";
	case MESSAGE_STATUS:
		return "STATUS";
	case MESSAGE_RESULT:
		return "RESULT";
	case MESSAGE_TASK:
		return "TASK";
	case MESSAGE_RESYNC:
		return "RESYNC";
	}
	return "?";
}

bool
stream_eq(struct stream_id a, struct stream_id b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

bool
stream_is_zero(struct stream_id s)
{
	return stream_eq(s, (struct stream_id){ { 0 } });
}

bool
stream_parse(struct slice s, struct stream_id *out)
{
	struct stream_id id;

	if (s.n != 2 * sizeof(id.b))
		return false;
	for (size_t i = 0; i < sizeof(id.b); i++) {
		uint64_t byte;

		if (!slice_hex((struct slice){ s.p + 2 * i, 2 }, 2, &byte))
			return false;
		id.b[i] = (uint8_t)byte;
	}
	*out = id;
	return true;
}

const char *
stream_text(struct stream_id s, char out[STREAM_TEXT_SIZE])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof(s.b); i++) {
		out[2 * i] = hex[s.b[i] >> 4];
		out[2 * i + 1] = hex[s.b[i] & 15];
	}
	out[2 * sizeof(s.b)] = '\0';
	return out;
}

int
stream_draw(struct stream_id *out, struct err *e)
{
	struct stream_id id;

	do {
		/* So few bytes come at once or not at all (getrandom(2)). */
		if (getrandom(id.b, sizeof(id.b), 0) != sizeof(id.b))
			return err_sys(e, "draw a stream");
	} while (stream_is_zero(id)); /* that one means bare messages */
	*out = id;
	return 0;
}

/* The next line of a body, without its LF and a dot that was doubled. */
static bool
cut_line(struct slice *body, struct slice *line)
{
	if (!slice_cut(body, '\n', line))
		return false;
	if (line->n > 0 && line->p[0] == '.') {
		line->p++;
		line->n--;
	}
	return true;
}

bool
message_next_field(struct slice *body, struct slice *name, struct slice *value)
{
	return cut_line(body, value) && slice_cut(value, ':', name);
}

bool
message_next_value(struct slice *body, struct slice *token, struct slice *value)
{
	return message_next_field(body, token, value);
}

/* The LF of a line stays in *body, so that the last block's end can be told
 * from no blocks at all. */
bool
message_next_param(struct slice *body, struct slice *name, struct slice *value,
    bool *block_end)
{
	const char *lf;

	if (body->n == 0)
		return false;
	if (body->p[0] == '\n') {
		body->p++;
		body->n--;
	}
	*name = *value = (struct slice){ NULL, 0 };
	*block_end = body->n == 0 || body->p[0] == ';';
	if (*block_end) {
		if (body->n > 0) {
			body->p++;
			body->n--;
		}
		return true;
	}
	lf = memchr(body->p, '\n', body->n);
	if (lf == NULL)
		return false;
	*value = (struct slice){ body->p, (size_t)(lf - body->p) };
	body->n -= value->n;
	body->p = lf;
	return slice_cut(value, ':', name);
}

bool
message_put_line(struct buf *body, struct slice name, struct slice value)
{
	bool stuffed = name.n > 0 && name.p[0] == '.';
	char *at = buf_room(body, stuffed + name.n + 1 + value.n + 1);

	if (at == NULL)
		return false;
	return (!stuffed || buf_put_char(body, '.')) && buf_put(body, name) &&
	    buf_put_char(body, ':') && buf_put(body, value) &&
	    buf_put_char(body, '\n');
}

static bool
put_text_field(struct buf *out, enum header_field f, struct slice value)
{
	return value.n == 0 ||
	    (buf_put_str(out, header_field_name(f)) && buf_put_char(out, ':') &&
		buf_put(out, value) && buf_put_char(out, '\n'));
}

/* The fields of ours, up to Length. */
static bool
put_our_fields(struct buf *out, const struct message *m)
{
	char stream[STREAM_TEXT_SIZE];

	return buf_printf(out, "Stream:%s\nPrev:crc32=%08" PRIx32 "\n",
		   stream_text(m->stream, stream), m->prev) &&
	    (m->generation == 0 ||
		buf_printf(out, "Generation:%" PRIu64 "\n", m->generation)) &&
	    (m->parts <= 1 ||
		buf_printf(out, "Part:%" PRIu32 "/%" PRIu32 "\n", m->part,
		    m->parts)) &&
	    put_text_field(out, HEADER_COLLECTOR, m->collector) &&
	    put_text_field(out, HEADER_CORRELATION, m->correlation) &&
	    buf_put(out, m->extra) &&
	    buf_printf(out, "Length:%zu\n", m->body.n);
}

static bool
put_header(struct buf *out, const struct message *m)
{
	return buf_printf(out,
		   "MsgID:%" PRIu64 "\nType:%s\nTimestamp:%" PRIu64 "\n",
		   m->msgid, message_type_name(m->type), m->timestamp) &&
	    (m->bare || put_our_fields(out, m));
}

/* The header that was put, read as the parser will read it: what m has must
 * come out again. */
static int
check_header(const struct message *m, struct slice text, struct err *e)
{
	struct slice rest = text, line;
	struct header h = { 0 };

	while (slice_cut(&rest, '\n', &line)) {
		struct header_span span = { (size_t)(line.p - text.p), line.n };

		if (line.n > LIMIT_HEADER_LINE ||
		    h.lines + !m->bare >= LIMIT_HEADER_LINES)
			return err_set(e, ERR_INPUT, "the header is too long");
		if (header_line(&h, text, span, e) == -1)
			return -1;
	}
	if (h.collector.n != m->collector.n ||
	    h.correlation.n != m->correlation.n || h.extra.n != m->extra.n)
		return err_set(e, ERR_INPUT, "a field that is not one line");
	if (m->bare)
		return header_end(&h, MESSAGE_FORM_BARE, e);
	h.seen |= 1u << HEADER_DIGEST; /* comes when all else is known */
	return header_end(&h, MESSAGE_FORM_FULL, e);
}

int
message_write(struct buf *out, struct message *m, struct err *e)
{
	const struct slice empty_line = SLICE("\n"), end = SLICE(".\n");
	size_t start = out->n;
	struct slice header;
	uint32_t crc;

	if (!put_header(out, m))
		goto full;
	header = (struct slice){ out->p + start, out->n - start };
	if (check_header(m, header, e) == -1)
		goto fail;
	crc = crc_add(0, header);
	crc = crc_add(crc, empty_line);
	crc = crc_add(crc, m->body);
	crc = crc_add(crc, end);
	if ((!m->bare &&
		!buf_printf(out, "Digest:crc32=%08" PRIx32 "\n", crc)) ||
	    !buf_put(out, empty_line) || !buf_put(out, m->body) ||
	    !buf_put(out, end))
		goto full;
	m->digest = crc;
	m->raw = (struct slice){ out->p + start, out->n - start };
	return 0;
full:
	err_set(e, ERR_INPUT, "message %" PRIu64 " is too long", m->msgid);
fail:
	out->n = start;
	if (out->p != NULL)
		out->p[start] = '\0';
	return -1;
}
