/*
 * Frames; see frame.h and doc/protocol.5.  Integers are big-endian; every
 * number is checked against its limit where it is read.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/message/limits.h"
#include "common/message/names.h"
#include "transport/session/frame.h"

static void
put_int(struct buf *out, uint64_t v, unsigned bytes)
{
	while (bytes-- > 0)
		buf_put_char(out, (char)(unsigned char)(v >> 8 * bytes));
}

static void
put_stream(struct buf *out, struct stream_id s)
{
	buf_put(out, (struct slice){ (const char *)s.b, sizeof(s.b) });
}

/* The first `bytes` of *in, which the caller knows to be there. */
static uint64_t
cut_int(struct slice *in, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0) {
		v = v << 8 | (unsigned char)*in->p++;
		in->n--;
	}
	return v;
}

static struct stream_id
cut_stream(struct slice *in)
{
	struct stream_id s;

	memcpy(s.b, in->p, sizeof(s.b));
	in->p += sizeof(s.b);
	in->n -= sizeof(s.b);
	return s;
}

static void
put_head(struct buf *out, enum frame_type t, size_t payload)
{
	put_int(out, payload, 4);
	buf_put_char(out, (char)t);
}

static bool
type_known(int t)
{
	return t != '\0' && strchr("HBCANLPDR", t) != NULL;
}

enum frame_cut
frame_cut(struct slice *in, struct frame *f, struct err *e)
{
	struct slice at = *in;
	uint64_t n;
	int type;

	if (at.n < FRAME_HEADER)
		return FRAME_MORE;
	n = cut_int(&at, 4);
	type = (int)cut_int(&at, 1);
	if (n == 0 || n > FRAME_PAYLOAD_MAX) {
		err_set(e, ERR_PROTOCOL, "a frame of %" PRIu64 " bytes", n);
		return FRAME_BAD;
	}
	if (!type_known(type)) {
		err_set(e, ERR_PROTOCOL, "a frame of type 0x%02x",
		    (unsigned)type);
		return FRAME_BAD;
	}
	if (at.n < n)
		return FRAME_MORE;
	f->type = (enum frame_type)type;
	f->payload = (struct slice){ at.p, (size_t)n };
	in->p = at.p + n;
	in->n = at.n - (size_t)n;
	return FRAME_WHOLE;
}

/* HELLO: lines of name:value, so that a person can read it and a later
 * version can add to it. */

static const char *
yes_no(bool b)
{
	return b ? "yes" : "no";
}

static void
put_point(struct buf *out, const char *name, const struct spool_point *p)
{
	char stream[STREAM_TEXT_SIZE];

	if (stream_is_zero(p->stream) && p->msgid == 0)
		buf_printf(out, "%s:none\n", name);
	else
		buf_printf(out, "%s:%s %" PRIu64 " %08" PRIx32 "\n", name,
		    stream_text(p->stream, stream), p->msgid, p->digest);
}

void
frame_put_hello(struct buf *out, const struct frame_hello *h)
{
	struct buf text = { 0 };

	buf_printf(&text, "version:%" PRIu64 "-%" PRIu64 "\n", h->version_min,
	    h->version_max);
	buf_put_str(&text, "association:");
	buf_put(&text, h->association);
	buf_printf(&text,
	    "\nrole:%s\nmode:%s\nkeep:%s\ncodecs:", h->hub ? "hub" : "spoke",
	    h->push ? "push" : "pull", yes_no(h->keep));
	buf_put(&text, h->codecs);
	buf_put_char(&text, '\n');
	put_point(&text, "out", &h->out);
	put_point(&text, "in", &h->in);
	put_head(out, FRAME_HELLO, text.n);
	buf_put(out, buf_slice(&text));
	buf_clear(&text);
}

static bool
read_point(struct slice v, struct spool_point *p)
{
	struct slice stream, msgid;
	uint64_t digest;

	*p = (struct spool_point){ 0 };
	if (slice_eq_str(v, "none"))
		return true;
	if (!slice_cut(&v, ' ', &stream) || !stream_parse(stream, &p->stream) ||
	    !slice_cut(&v, ' ', &msgid) ||
	    !slice_u64(msgid, LIMIT_MSGID, &p->msgid) ||
	    !slice_hex(v, 8, &digest))
		return false;
	p->digest = (uint32_t)digest;
	return p->msgid > 0 || p->digest == 0;
}

static bool
read_either(struct slice v, const char *yes, const char *no, bool *out)
{
	*out = slice_eq_str(v, yes);
	return *out || slice_eq_str(v, no);
}

static bool
read_versions(struct slice v, uint64_t *min, uint64_t *max)
{
	struct slice first;

	return slice_cut(&v, '-', &first) && slice_u64(first, 9999, min) &&
	    slice_u64(v, 9999, max) && *min > 0 && *min <= *max;
}

static bool
codec_list_ok(struct slice v)
{
	unsigned n = 0;

	for (bool more = true; more; n++) {
		struct slice name;

		more = slice_cut(&v, ',', &name);
		if (!more)
			name = v;
		if (name.n == 0 || name.n > FRAME_CODEC_MAX)
			return false;
		for (size_t i = 0; i < name.n; i++)
			if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-",
				name.p[i]) == NULL ||
			    name.p[i] == '\0')
				return false;
	}
	return n <= FRAME_CODECS_MAX;
}

enum hello_line {
	HELLO_VERSION,
	HELLO_ASSOCIATION,
	HELLO_ROLE,
	HELLO_MODE,
	HELLO_KEEP,
	HELLO_CODECS,
	HELLO_OUT,
	HELLO_IN,
	HELLO_LINES,
};

static const char *const hello_names[HELLO_LINES] = {
	[HELLO_VERSION] = "version",
	[HELLO_ASSOCIATION] = "association",
	[HELLO_ROLE] = "role",
	[HELLO_MODE] = "mode",
	[HELLO_KEEP] = "keep",
	[HELLO_CODECS] = "codecs",
	[HELLO_OUT] = "out",
	[HELLO_IN] = "in",
};

static bool
read_hello_line(enum hello_line line, struct slice v, struct frame_hello *h)
{
	switch (line) {
	case HELLO_VERSION:
		return read_versions(v, &h->version_min, &h->version_max);
	case HELLO_ASSOCIATION:
		h->association = v;
		return name_is_association(v);
	case HELLO_ROLE:
		return read_either(v, "hub", "spoke", &h->hub);
	case HELLO_MODE:
		return read_either(v, "push", "pull", &h->push);
	case HELLO_KEEP:
		return read_either(v, "yes", "no", &h->keep);
	case HELLO_CODECS:
		h->codecs = v;
		return codec_list_ok(v);
	case HELLO_OUT:
		return read_point(v, &h->out);
	case HELLO_IN:
		return read_point(v, &h->in);
	case HELLO_LINES:
		break;
	}
	return false;
}

/* Cut a line of a HELLO.  Lines with other names are for later versions: the
 * answer is HELLO_LINES. */
static int
cut_hello_line(struct slice *in, enum hello_line *line, struct slice *value,
    struct err *e)
{
	struct slice name;

	if (!slice_cut(in, '\n', value) || !slice_cut(value, ':', &name))
		return err_set(e, ERR_PROTOCOL,
		    "HELLO: not lines of name:value");
	for (*line = 0; *line < HELLO_LINES; (*line)++)
		if (slice_eq_str(name, hello_names[*line]))
			break;
	return 0;
}

int
frame_read_hello(struct slice in, struct frame_hello *h, struct err *e)
{
	unsigned seen = 0;

	*h = (struct frame_hello){ 0 };
	if (in.n > FRAME_HELLO_MAX)
		return err_set(e, ERR_PROTOCOL, "HELLO: too long");
	while (in.n > 0) {
		enum hello_line line = HELLO_LINES;
		struct slice value;

		if (cut_hello_line(&in, &line, &value, e) == -1)
			return -1;
		if (line == HELLO_LINES)
			continue;
		if (seen & 1u << line)
			return err_set(e, ERR_PROTOCOL, "HELLO: %s twice",
			    hello_names[line]);
		seen |= 1u << line;
		if (!read_hello_line(line, value, h))
			return err_set(e, ERR_PROTOCOL, "HELLO: bad %s",
			    hello_names[line]);
	}
	for (unsigned i = 0; i < HELLO_LINES; i++)
		if (!(seen & 1u << i))
			return err_set(e, ERR_PROTOCOL, "HELLO: no %s",
			    hello_names[i]);
	return 0;
}

int
frame_read_versions(struct slice in, uint64_t *min, uint64_t *max,
    struct err *e)
{
	enum hello_line line = HELLO_LINES;
	struct slice value;

	if (in.n > FRAME_HELLO_MAX)
		return err_set(e, ERR_PROTOCOL, "HELLO: too long");
	if (cut_hello_line(&in, &line, &value, e) == -1)
		return -1;
	if (line != HELLO_VERSION || !read_versions(value, min, max))
		return err_set(e, ERR_PROTOCOL, "HELLO: no version");
	return 0;
}

/* BATCH */

enum {
	BATCH_FIXED = 16 + 8 + 8 + 4 + 4 + 4 + 4 + 1,
};

void
frame_put_batch(struct buf *out, const struct frame_batch *b)
{
	put_head(out, FRAME_BATCH, BATCH_FIXED + b->codec.n);
	put_stream(out, b->stream);
	put_int(out, b->first, 8);
	put_int(out, b->last, 8);
	put_int(out, b->digest, 4);
	put_int(out, b->base, 4);
	put_int(out, b->size, 4);
	put_int(out, b->encoded, 4);
	put_int(out, b->flags, 1);
	buf_put(out, b->codec);
}

static bool
range_ok(uint64_t first, uint64_t last)
{
	return first > 0 && first <= last && last <= LIMIT_MSGID;
}

int
frame_read_batch(struct slice in, struct frame_batch *b, struct err *e)
{
	if (in.n <= BATCH_FIXED || in.n > BATCH_FIXED + FRAME_CODEC_MAX)
		return err_set(e, ERR_PROTOCOL, "BATCH of %zu bytes", in.n);
	b->stream = cut_stream(&in);
	b->first = cut_int(&in, 8);
	b->last = cut_int(&in, 8);
	b->digest = (uint32_t)cut_int(&in, 4);
	b->base = (uint32_t)cut_int(&in, 4);
	b->size = (uint32_t)cut_int(&in, 4);
	b->encoded = (uint32_t)cut_int(&in, 4);
	b->flags = (unsigned)cut_int(&in, 1);
	b->codec = in;
	if (b->flags > (FRAME_UPON | FRAME_ANEW))
		return err_set(e, ERR_PROTOCOL, "BATCH with flags 0x%02x",
		    b->flags);
	if (!range_ok(b->first, b->last) ||
	    b->last - b->first >= FRAME_BATCH_MESSAGES)
		return err_set(e, ERR_PROTOCOL,
		    "BATCH of the messages %" PRIu64 " to %" PRIu64, b->first,
		    b->last);
	if (b->size == 0 || b->encoded == 0 || b->encoded > b->size ||
	    (b->size > FRAME_BATCH_BYTES && b->first != b->last) ||
	    b->size > LIMIT_MESSAGE_HARD)
		return err_set(e, ERR_PROTOCOL,
		    "BATCH of %" PRIu32 " bytes encoded as %" PRIu32, b->size,
		    b->encoded);
	return 0;
}

void
frame_put_chunk(struct buf *out, struct slice bytes)
{
	put_head(out, FRAME_CHUNK, bytes.n);
	buf_put(out, bytes);
}

/* ACK, NAK, LOST, REFUSE, PING, DONE */

enum {
	ACK_SIZE = 16 + 8 + 4,
	NAK_FIXED = 16 + 8 + 1,
	LOST_SIZE = 16 + 8 + 8,
	REFUSE_FIXED = 1,
};

void
frame_put_ack(struct buf *out, const struct spool_point *at)
{
	put_head(out, FRAME_ACK, ACK_SIZE);
	put_stream(out, at->stream);
	put_int(out, at->msgid, 8);
	put_int(out, at->digest, 4);
}

int
frame_read_ack(struct slice in, struct spool_point *at, struct err *e)
{
	if (in.n != ACK_SIZE)
		return err_set(e, ERR_PROTOCOL, "ACK of %zu bytes", in.n);
	at->stream = cut_stream(&in);
	at->msgid = cut_int(&in, 8);
	at->digest = (uint32_t)cut_int(&in, 4);
	return 0;
}

static struct slice
clipped(struct slice text)
{
	if (text.n > FRAME_TEXT_MAX)
		text.n = FRAME_TEXT_MAX;
	return text;
}

void
frame_put_nak(struct buf *out, const struct frame_nak *n)
{
	struct slice text = clipped(n->text);

	put_head(out, FRAME_NAK, NAK_FIXED + text.n);
	put_stream(out, n->stream);
	put_int(out, n->from, 8);
	put_int(out, (uint64_t)n->why, 1);
	buf_put(out, text);
}

int
frame_read_nak(struct slice in, struct frame_nak *n, struct err *e)
{
	unsigned why;

	if (in.n < NAK_FIXED || in.n > NAK_FIXED + FRAME_TEXT_MAX)
		return err_set(e, ERR_PROTOCOL, "NAK of %zu bytes", in.n);
	n->stream = cut_stream(&in);
	n->from = cut_int(&in, 8);
	why = (unsigned)cut_int(&in, 1);
	if (!range_ok(n->from, n->from) ||
	    (why != FRAME_NAK_DAMAGED && why != FRAME_NAK_STATE))
		return err_set(e, ERR_PROTOCOL,
		    "NAK of message %" PRIu64 ", reason %u", n->from, why);
	n->why = (enum frame_nak_why)why;
	n->text = in;
	return 0;
}

void
frame_put_lost(struct buf *out, const struct frame_lost *l)
{
	put_head(out, FRAME_LOST, LOST_SIZE);
	put_stream(out, l->stream);
	put_int(out, l->first, 8);
	put_int(out, l->last, 8);
}

int
frame_read_lost(struct slice in, struct frame_lost *l, struct err *e)
{
	if (in.n != LOST_SIZE)
		return err_set(e, ERR_PROTOCOL, "LOST of %zu bytes", in.n);
	l->stream = cut_stream(&in);
	l->first = cut_int(&in, 8);
	l->last = cut_int(&in, 8);
	if (!range_ok(l->first, l->last))
		return err_set(e, ERR_PROTOCOL,
		    "LOST of the messages %" PRIu64 " to %" PRIu64, l->first,
		    l->last);
	return 0;
}

void
frame_put_refuse(struct buf *out, const struct frame_refuse *r)
{
	struct slice text = clipped(r->text);

	put_head(out, FRAME_REFUSE, REFUSE_FIXED + text.n);
	put_int(out, r->code, 1);
	buf_put(out, text);
}

int
frame_read_refuse(struct slice in, struct frame_refuse *r, struct err *e)
{
	if (in.n < REFUSE_FIXED || in.n > REFUSE_FIXED + FRAME_TEXT_MAX)
		return err_set(e, ERR_PROTOCOL, "REFUSE of %zu bytes", in.n);
	r->code = (unsigned)cut_int(&in, 1);
	r->text = in;
	return 0;
}

void
frame_put_signal(struct buf *out, enum frame_type t)
{
	put_head(out, t, 1);
	put_int(out, 0, 1);
}
