/*
 * columnar: our own compression for measurements; axletree-columnar(5) is the
 * specification.  This file cuts bytes into messages and others, and codes
 * headers; values, texts and bits have files of their own.
 *
 * Why not a library: they see letters where there are numbers that hardly
 * surprise.  A value in a message of 10,000, every 5 minutes, takes (t/bench,
 * columnar; what nobody can foresee is 0.94 bytes of it)
 *
 *	gzip -9 5.8, zstd -3 5.3, xz 4.2, zstd upon the message before 1.7
 *	columnar 0.97, in 42 ns each way; zstd -3 takes 90
 *
 * and numbers of /proc, every second, 0.10; zstd upon the message before 0.37.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/crc.h"
#include "common/base/mem.h"
#include "common/codec/columnar/columnar_shape.h"
#include "common/codec/columnar/columnar_text.h"
#include "common/codec/columnar/columnar_values.h"
#include "common/codec/members.h"

enum {
	FORMAT_STORED = 0xc0, /* the first byte of what stands alone */
	FORMAT_CODED = 0xc2,  /* 0xc1 predicted in another way */
	FORMAT_AS_IS =
	    0x00, /* and upon a state; what is coded has its top bit */
	HEAD_STORED = 1,
	HEAD_CODED = 1 + 4 + 4, /* and CRC-32 and size of the output */
	TYPES = MESSAGE_RESYNC + 1,
	RECENT = 8, /* texts of further header lines that are remembered */
	LIMIT_HEADER = 60,
	UNIT = 8 << 20,         /* output bytes that may cost a second */
	LOOK = 16 << 10,        /* of them between looks at the clock */
	UNIT_LETTERS = 4 << 20, /* and letters that surely cost less */
};

/* What the headers of one type were last. */
struct recent {
	uint64_t timestamp, step;
	struct buf more[RECENT]; /* the last one first */
	coder_slot type, regular, has_generation, has_part;
	coder_slot same_generation, next_generation;
	coder_slot same_more[RECENT];
	coder_slot values;
	coder_slot timestamp_off[128];
	uint64_t generation;
};

struct codec_state {
	struct coder_tables tables;
	struct columns columns;
	struct values *values;
	struct text *config; /* bodies of CONFIG */
	struct text *text;   /* all else */
	uint64_t msgid;      /* of the last message */
	enum message_type type;
	struct stream_id stream;
	uint32_t digest;
	struct recent recent[TYPES];
	coder_slot message, next_msgid, same_stream, chained;
	coder_slot type_bit[TYPES][8];
	coder_slot length[128];
	struct buf body; /* of the message at hand, while it is decoded */
};

static struct codec_state *
columnar_state_new(void)
{
	struct codec_state *s = mem_alloc(sizeof(*s));

	coder_tables_init(&s->tables);
	columns_init(&s->columns);
	s->values = values_new(&s->columns, &s->tables);
	s->config = text_new(&s->tables);
	s->text = text_new(&s->tables);
	return s;
}

static void
columnar_state_free(struct codec_state *s)
{
	if (s == NULL)
		return;
	for (int t = 0; t < TYPES; t++)
		for (int i = 0; i < RECENT; i++)
			buf_clear(&s->recent[t].more[i]);
	values_free(s->values);
	text_free(s->config);
	text_free(s->text);
	columns_clear(&s->columns);
	buf_clear(&s->body);
	free(s);
}

/* -- headers ---------------------------------------------------------------- */

CODER_INLINE bool
flag_code(struct coder *c, enum coder_mode mode, bool v, coder_slot *s)
{
	return coder_slot_bit(c, mode, v, s, LIMIT_HEADER) != 0;
}

CODER_INLINE void
numbers_code(struct codec_state *s, struct coder *c, enum coder_mode mode,
    struct shape *m)
{
	unsigned type = 1;

	if (flag_code(c, mode, m->msgid == s->msgid + 1, &s->next_msgid))
		m->msgid = s->msgid + 1;
	else
		m->msgid = coder_raw(c, mode, m->msgid, 64);
	for (int i = 2; i >= 0; i--)
		type = type << 1 |
		    flag_code(c, mode, (unsigned)m->type >> i & 1,
			&s->type_bit[s->type][type]);
	type &= 7;
	m->type = type < TYPES ? (enum message_type)type : MESSAGE_DATA;
	if (mode == CODER_DECODE && type >= TYPES)
		c->wrong = true;
	if (flag_code(c, mode, stream_eq(m->stream, s->stream),
		&s->same_stream))
		m->stream = s->stream;
	else
		for (int i = 0; i < 16; i++)
			m->stream.b[i] =
			    (uint8_t)coder_raw(c, mode, m->stream.b[i], 8);
	if (flag_code(c, mode, m->prev == s->digest, &s->chained))
		m->prev = s->digest;
	else
		m->prev = (uint32_t)coder_raw(c, mode, m->prev, 32);
}

CODER_INLINE void
timestamp_code(struct recent *r, struct coder *c, enum coder_mode mode,
    struct shape *m)
{
	uint64_t expect = r->timestamp + r->step;

	if (flag_code(c, mode, m->timestamp == expect, &r->regular))
		m->timestamp = expect;
	else
		m->timestamp = expect +
		    (uint64_t)coder_unfold(coder_number(c, mode,
			coder_fold((int64_t)(m->timestamp - expect)),
			r->timestamp_off));
	r->step = m->timestamp - r->timestamp;
	r->timestamp = m->timestamp;
}

CODER_INLINE void
generation_code(struct recent *r, struct coder *c, enum coder_mode mode,
    struct shape *m)
{
	m->has_generation =
	    flag_code(c, mode, m->has_generation, &r->has_generation);
	if (m->has_generation) {
		if (flag_code(c, mode, m->generation == r->generation,
			&r->same_generation))
			m->generation = r->generation;
		else if (flag_code(c, mode, m->generation == r->generation + 1,
			     &r->next_generation))
			m->generation = r->generation + 1;
		else
			m->generation = coder_raw(c, mode, m->generation, 64);
		r->generation = m->generation;
	}
	m->has_part = flag_code(c, mode, m->has_part, &r->has_part);
	if (!m->has_part) {
		m->part = m->parts = 1;
		return;
	}
	m->part = (uint32_t)coder_raw(c, mode, m->part, 32);
	m->parts = (uint32_t)coder_raw(c, mode, m->parts, 32);
}

/* Move entry i to the front. */
static void
bring_forward(struct recent *r, int i)
{
	struct buf b = r->more[i];

	memmove(r->more + 1, r->more, (size_t)i * sizeof(b));
	r->more[0] = b;
}

/* Where the further lines are remembered; RECENT: nowhere. */
CODER_INLINE int
remembered_code(struct recent *r, struct coder *c, enum coder_mode mode,
    struct slice more)
{
	int i;

	for (i = 0; i < RECENT; i++)
		if (flag_code(c, mode,
			mode != CODER_DECODE &&
			    slice_eq(more, buf_slice(&r->more[i])),
			&r->same_more[i]))
			break;
	return i;
}

CODER_INLINE size_t
length_code(struct codec_state *s, struct coder *c, enum coder_mode mode,
    size_t n)
{
	return (size_t)coder_number(c, mode, n, s->length);
}

/* Text into `in` or, decoding, at the end of out; at most `most`. */
CODER_INLINE int
text_code(struct codec_state *s, struct coder *c, enum coder_mode mode,
    struct text *text, struct slice in, size_t most, struct buf *out,
    const struct codec_budget *budget)
{
	size_t n = length_code(s, c, mode, in.n);

	if (mode == CODER_LEARN) {
		text_learn(text, in);
		return 0;
	}
	if (mode == CODER_ENCODE) {
		text_encode(text, c, in);
		return 0;
	}
	if (n > most || buf_room(out, n) == NULL)
		return -1;
	return text_decode(text, c, n, out, budget);
}

CODER_INLINE int
more_code(struct codec_state *s, struct coder *c, enum coder_mode mode,
    struct shape *m, const struct codec_budget *budget)
{
	struct recent *r = &s->recent[m->type];
	int at = remembered_code(r, c, mode, m->more);

	if (at < RECENT) {
		bring_forward(r, at);
	} else {
		bring_forward(r, RECENT - 1);
		buf_reset(&r->more[0]);
		if (mode != CODER_DECODE)
			buf_put(&r->more[0], m->more);
		if (text_code(s, c, mode, s->text, m->more, SHAPE_MORE_MAX,
			&r->more[0], budget) == -1)
			return -1;
	}
	m->more = buf_slice(&r->more[0]);
	return 0;
}

/* -- messages --------------------------------------------------------------- */

/* What all modes do behind a message. */
static void
learn_message(struct codec_state *s, const struct shape *m)
{
	s->msgid = m->msgid;
	s->type = m->type;
	s->stream = m->stream;
	s->digest = m->digest;
	if (m->type != MESSAGE_CONFIG)
		return;
	columns_config(&s->columns, m->generation, m->part, m->parts, m->body);
	values_begin(s->values);
}

CODER_INLINE int
body_code(struct codec_state *s, struct coder *c, enum coder_mode mode,
    struct shape *m, size_t most, const struct codec_budget *budget)
{
	bool values = mode != CODER_DECODE && m->type == MESSAGE_DATA &&
	    values_read(s->values, m->body);

	buf_reset(&s->body);
	if (!flag_code(c, mode, values, &s->recent[m->type].values))
		return text_code(s, c, mode,
		    m->type == MESSAGE_CONFIG ? s->config : s->text, m->body,
		    most, &s->body, budget);
	if (mode == CODER_LEARN)
		values_learn(s->values, m->timestamp);
	else if (mode == CODER_ENCODE)
		values_encode(s->values, c, m->timestamp);
	else if (buf_room(&s->body, most) == NULL) /* at once: it is large */
		return -1;
	else
		return values_decode(s->values, c, m->timestamp, most, &s->body,
		    budget);
	return 0;
}

/* One message; decoding, at most `most` bytes behind out. */
CODER_INLINE int
message_code(struct codec_state *s, struct coder *c, enum coder_mode mode,
    struct shape *m, size_t most, struct buf *out,
    const struct codec_budget *budget)
{
	struct recent *r;

	numbers_code(s, c, mode, m);
	r = &s->recent[m->type];
	timestamp_code(r, c, mode, m);
	generation_code(r, c, mode, m);
	if (more_code(s, c, mode, m, budget) == -1 ||
	    body_code(s, c, mode, m, most, budget) == -1)
		return -1;
	if (mode == CODER_DECODE) {
		size_t before = out->n;

		m->body = buf_slice(&s->body);
		if (m->more.n + m->body.n > most || !shape_write(out, m) ||
		    out->n - before > most)
			return -1;
	}
	learn_message(s, m);
	return 0;
}

/* Bytes that are no message of ours: up to where one may begin. */
static struct slice
cut_other(struct slice in)
{
	const char *end = memmem(in.p, in.n, "\n.\n", 3);

	if (end != NULL)
		in.n = (size_t)(end + 3 - in.p);
	return in;
}

static void
encode_all(struct codec_state *s, struct coder *c, struct slice in)
{
	while (in.n > 0) {
		struct shape m;
		size_t n;
		bool message = shape_read(in, &m);

		flag_code(c, CODER_ENCODE, message, &s->message);
		if (message) {
			n = m.n;
			message_code(s, c, CODER_ENCODE, &m, 0, NULL, NULL);
		} else {
			struct slice other = cut_other(in);

			n = other.n;
			text_code(s, c, CODER_ENCODE, s->text, other, 0, NULL,
			    NULL);
		}
		in.p += n;
		in.n -= n;
	}
}

static void
columnar_learn(struct codec_state *s, struct slice in)
{
	while (in.n > 0) {
		struct shape m;
		size_t n;
		bool message = shape_read(in, &m);

		flag_code(NULL, CODER_LEARN, message, &s->message);
		if (message) {
			n = m.n;
			message_code(s, NULL, CODER_LEARN, &m, 0, NULL, NULL);
		} else {
			struct slice other = cut_other(in);

			n = other.n;
			text_code(s, NULL, CODER_LEARN, s->text, other, 0, NULL,
			    NULL);
		}
		in.p += n;
		in.n -= n;
	}
}

static int
decode_all(struct codec_state *s, struct coder *c, size_t size, struct buf *out,
    struct err *e)
{
	struct codec_budget budget = codec_budget(size);
	size_t end = out->n + size, look = out->n + LOOK;

	while (out->n < end) {
		size_t most = end - out->n, before = out->n;
		struct shape m = { 0 };
		int rc;

		if (flag_code(c, CODER_DECODE, 0, &s->message))
			rc = message_code(s, c, CODER_DECODE, &m, most, out,
			    &budget);
		else
			rc = text_code(s, c, CODER_DECODE, s->text, m.body,
			    most, out, &budget);
		if (rc == -1 || out->n == before)
			return err_set(e, ERR_INPUT,
			    "columnar: the bytes do not decode to %zu", size);
		if (out->n >= look) {
			look = out->n + LOOK;
			if (codec_budget_over(&budget))
				return err_set(e, ERR_INPUT,
				    "columnar: decoding takes too long");
		}
		if (coder_is_cut_off(c))
			return err_set(e, ERR_INPUT,
			    "columnar: the bytes are cut off");
	}
	if (!coder_ended_well(c))
		return err_set(e, ERR_INPUT,
		    "columnar: bytes behind the end, or none");
	return 0;
}

/* -- the codec -------------------------------------------------------------- */

static bool
put_stored(struct buf *out, char format, struct slice in)
{
	char *p = buf_room(out, HEAD_STORED + in.n);

	if (p == NULL)
		return false;
	*p = format;
	memcpy(p + HEAD_STORED, in.p, in.n);
	out->n += HEAD_STORED + in.n;
	out->p[out->n] = '\0';
	return true;
}

static uint64_t
letters_of(const struct codec_state *s)
{
	return text_letters(s->config) + text_letters(s->text);
}

/* Code into coded.  False: it is better stored, for it would be no smaller, or
 * take the other end too long. */
static bool
encode_coded(struct codec_state *s, struct slice in, struct buf *coded)
{
	uint64_t letters = letters_of(s);
	size_t before = coded->n;
	struct coder c;

	coder_begin_encode(&c, coded);
	coder_bit(&c, CODER_ENCODE, 0, CODER_ONE / 2);
	encode_all(s, &c, in);
	coder_end_encode(&c);
	letters = letters_of(s) - letters;
	return coded->n - before < in.n &&
	    letters <= (in.n / UNIT + 1) * UNIT_LETTERS;
}

/* The first bit of a code is a 0, of two halves the upper: so the first byte is
 * none of a message. */
static int
state_encode(struct codec_state *s, struct slice in, int level, struct buf *out,
    struct err *e)
{
	struct buf coded = { 0 };
	bool good;

	(void)level;
	if (encode_coded(s, in, &coded))
		good = buf_put(out, buf_slice(&coded));
	else
		good = put_stored(out, FORMAT_AS_IS, in);
	buf_clear(&coded);
	return good ? 0 : err_set(e, ERR_INPUT, "columnar: more than fits");
}

static int
decode_stored(struct slice in, size_t size, struct buf *out, struct err *e)
{
	in.p += HEAD_STORED;
	in.n -= HEAD_STORED;
	if (in.n != size)
		return err_set(e, ERR_INPUT,
		    "columnar: %zu bytes for an output of %zu", in.n, size);
	if (!buf_put(out, in))
		return err_set(e, ERR_INPUT, "columnar: more than fits");
	return 0;
}

static int
state_decode(struct codec_state *s, struct slice in, size_t size,
    struct buf *out, struct err *e)
{
	size_t before = out->n;
	struct coder c;
	int rc;

	if (codec_check_sizes(&codec_columnar, in, size, e) == -1)
		return -1;
	if (in.p[0] == FORMAT_AS_IS) {
		rc = decode_stored(in, size, out, e);
		if (rc == 0)
			columnar_learn(s,
			    (struct slice){ in.p + HEAD_STORED, size });
		return rc;
	}
	if (buf_room(out, size + 1) == NULL)
		return err_set(e, ERR_INPUT, "columnar: more than fits");
	coder_begin_decode(&c, in);
	if (coder_bit(&c, CODER_DECODE, 0, CODER_ONE / 2) != 0)
		return err_set(e, ERR_INPUT, "columnar: not of this version");
	rc = decode_all(s, &c, size, out, e);
	if (rc == -1) {
		out->n = before;
		out->p[out->n] = '\0';
	}
	return rc;
}

/* Big-endian. */
static void
put_u32(struct buf *out, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		buf_put_char(out, (char)(uint8_t)(v >> (24 - 8 * i)));
}

static uint32_t
read_u32(const char *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 8 | (uint8_t)p[i];
	return v;
}

static int
columnar_encode(struct slice in, int level, struct buf *out, struct err *e)
{
	uint32_t crc = crc_add(0, in);
	struct codec_state *s = columnar_state_new();
	struct buf coded = { 0 };
	bool good;

	(void)level;
	buf_put_char(&coded, (char)FORMAT_CODED);
	put_u32(&coded, crc);
	put_u32(&coded, (uint32_t)in.n);
	if (encode_coded(s, in, &coded) && coded.n <= in.n)
		good = buf_put(out, buf_slice(&coded));
	else
		good = put_stored(out, (char)FORMAT_STORED, in);
	buf_clear(&coded);
	columnar_state_free(s);
	return good ? 0 : err_set(e, ERR_INPUT, "columnar: more than fits");
}

static int
decode_coded(struct slice in, size_t size, struct buf *out, struct err *e)
{
	struct codec_state *s;
	size_t before = out->n;
	uint32_t crc;
	int rc;

	if (in.n < HEAD_CODED)
		return err_set(e, ERR_INPUT, "columnar: cut off");
	crc = read_u32(in.p + 1);
	if (read_u32(in.p + 5) != size)
		return err_set(e, ERR_INPUT,
		    "columnar: it does not name %zu bytes", size);
	in.p += HEAD_CODED;
	in.n -= HEAD_CODED;
	s = columnar_state_new();
	if (in.n > 0 && in.p[0] == FORMAT_AS_IS)
		rc = err_set(e, ERR_INPUT, "columnar: not its format");
	else
		rc = state_decode(s, in, size, out, e);
	columnar_state_free(s);
	if (rc == -1)
		return -1;
	if (crc_add(0, (struct slice){ out->p + before, size }) == crc)
		return 0;
	out->n = before;
	out->p[out->n] = '\0';
	return err_set(e, ERR_INPUT, "columnar: damaged");
}

static int
columnar_decode(struct slice in, size_t size, struct buf *out, struct err *e)
{
	if (codec_check_sizes(&codec_columnar, in, size, e) == -1)
		return -1;
	if ((uint8_t)in.p[0] == FORMAT_CODED)
		return decode_coded(in, size, out, e);
	if ((uint8_t)in.p[0] != FORMAT_STORED)
		return err_set(e, ERR_INPUT, "columnar: not its format");
	return decode_stored(in, size, out, e);
}

static int
columnar_measure(struct slice in, size_t max, size_t *size, struct err *e)
{
	*size = 0;
	if (in.n > HEAD_STORED && (uint8_t)in.p[0] == FORMAT_STORED)
		*size = in.n - HEAD_STORED;
	else if (in.n > HEAD_CODED && (uint8_t)in.p[0] == FORMAT_CODED)
		*size = read_u32(in.p + 5);
	return codec_check_measure(&codec_columnar, *size, max, e);
}

static const struct codec_history history = {
	.config = true,
	.messages = 64,
	.of_each = 32,
	.enough = 2 << 20, /* 16 messages of 10,000 values */
	.state_new = columnar_state_new,
	.state_free = columnar_state_free,
	.learn = columnar_learn,
	.encode = state_encode,
	.decode = state_decode,
};

const struct codec_ops codec_columnar = {
	.name = "columnar",
	.suffix = ".col",
	.level_min = 1,
	.level_max = 9,
	.level_default = 6,
	.encode = columnar_encode,
	.decode = columnar_decode,
	.measure = columnar_measure,
	.history = &history,
};
