/*
 * Canonical messages; see columnar_shape.h.  The grammar is looked at no further
 * than is needed to write the same bytes again: the parser of common/message
 * judges, before or after.
 */
#include "config.h"

#include <string.h>

#include "common/base/crc.h"
#include "common/codec/columnar/columnar_shape.h"

static inline bool
cut_field(struct slice *in, struct slice name, struct slice *value)
{
	struct slice rest = *in;

	if (!slice_skip(&rest, name) || !slice_cut(&rest, '\n', value))
		return false;
	*in = rest;
	return true;
}

static bool
read_type(struct slice s, enum message_type *type)
{
	for (int t = MESSAGE_CONFIG; t <= MESSAGE_RESYNC; t++)
		if (slice_eq_str(s, message_type_name((enum message_type)t))) {
			*type = (enum message_type)t;
			return true;
		}
	return false;
}

static bool
cut_crc(struct slice *in, struct slice name, uint32_t *crc)
{
	struct slice v;
	uint64_t n;

	if (!cut_field(in, name, &v) || !slice_hex(v, 8, &n))
		return false;
	*crc = (uint32_t)n;
	return true;
}

static bool
read_part(struct slice v, struct shape *s)
{
	struct slice part;
	uint64_t a, b;

	if (!slice_cut(&v, '/', &part) || !slice_u64(part, UINT32_MAX, &a) ||
	    !slice_u64(v, UINT32_MAX, &b))
		return false;
	s->part = (uint32_t)a;
	s->parts = (uint32_t)b;
	return true;
}

/* All lines before Length that are not fields of their own here. */
static bool
cut_more(struct slice *in, struct slice *more)
{
	static const struct slice end = { "Length:", 7 };
	struct slice rest = *in, line;

	while (!slice_starts(rest, end))
		if (!slice_cut(&rest, '\n', &line) || line.n == 0)
			return false;
	*more = (struct slice){ in->p, in->n - rest.n };
	*in = rest;
	return more->n <= SHAPE_MORE_MAX;
}

bool
shape_read(struct slice in, struct shape *s)
{
	struct slice all = in, v, head, behind;
	uint64_t length;

	*s = (struct shape){ .part = 1, .parts = 1 };
	if (!cut_field(&in, SLICE("MsgID:"), &v) ||
	    !slice_u64(v, UINT64_MAX, &s->msgid) ||
	    !cut_field(&in, SLICE("Type:"), &v) || !read_type(v, &s->type) ||
	    !cut_field(&in, SLICE("Timestamp:"), &v) ||
	    !slice_u64(v, UINT64_MAX, &s->timestamp) ||
	    !cut_field(&in, SLICE("Stream:"), &v) ||
	    !stream_parse(v, &s->stream) ||
	    !cut_crc(&in, SLICE("Prev:crc32="), &s->prev))
		return false;
	s->has_generation = cut_field(&in, SLICE("Generation:"), &v);
	if (s->has_generation && !slice_u64(v, UINT64_MAX, &s->generation))
		return false;
	s->has_part = cut_field(&in, SLICE("Part:"), &v);
	if ((s->has_part && !read_part(v, s)) || !cut_more(&in, &s->more) ||
	    !cut_field(&in, SLICE("Length:"), &v) ||
	    !slice_u64(v, SIZE_MAX / 2, &length))
		return false;
	head = (struct slice){ all.p, all.n - in.n };
	if (!cut_crc(&in, SLICE("Digest:crc32="), &s->digest) || in.n < 3 ||
	    in.p[0] != '\n' || in.n - 3 < length)
		return false;
	s->body = (struct slice){ in.p + 1, length };
	behind = (struct slice){ in.p, length + 3 };
	if (in.p[length + 1] != '.' || in.p[length + 2] != '\n')
		return false;
	s->n = (size_t)(behind.p - all.p) + behind.n;
	return crc_add(crc_add(0, head), behind) == s->digest;
}

static void
put_number(struct buf *out, struct slice name, uint64_t v)
{
	buf_put(out, name);
	buf_put_u64(out, v);
}

static void
put_crc(struct buf *out, struct slice name, uint32_t crc)
{
	char text[9];

	for (int i = 0; i < 8; i++)
		text[i] = "0123456789abcdef"[crc >> (28 - 4 * i) & 15];
	text[8] = '\n';
	buf_put(out, name);
	buf_put(out, (struct slice){ text, sizeof(text) });
}

/* Without printf, which takes most of the time of a short message. */
bool
shape_write(struct buf *out, struct shape *s)
{
	char stream[STREAM_TEXT_SIZE];
	size_t begin = out->n;
	uint32_t crc;

	put_number(out, SLICE("MsgID:"), s->msgid);
	buf_put(out, SLICE("\nType:"));
	buf_put_str(out, message_type_name(s->type));
	put_number(out, SLICE("\nTimestamp:"), s->timestamp);
	buf_put(out, SLICE("\nStream:"));
	buf_put_str(out, stream_text(s->stream, stream));
	put_crc(out, SLICE("\nPrev:crc32="), s->prev);
	if (s->has_generation) {
		put_number(out, SLICE("Generation:"), s->generation);
		buf_put_char(out, '\n');
	}
	if (s->has_part) {
		put_number(out, SLICE("Part:"), s->part);
		put_number(out, SLICE("/"), s->parts);
		buf_put_char(out, '\n');
	}
	buf_put(out, s->more);
	put_number(out, SLICE("Length:"), s->body.n);
	if (!buf_put_char(out, '\n'))
		return false;
	crc = crc_add(0, (struct slice){ out->p + begin, out->n - begin });
	crc = crc_add(crc, SLICE("\n"));
	crc = crc_add(crc, s->body);
	s->digest = crc_add(crc, SLICE(".\n"));
	put_crc(out, SLICE("Digest:crc32="), s->digest);
	buf_put_char(out, '\n');
	if (!buf_put(out, s->body) || !buf_put(out, SLICE(".\n")))
		return false;
	s->n = out->n - begin;
	return true;
}
