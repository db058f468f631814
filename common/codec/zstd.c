/*
 * Zstandard (RFC 8878) through libzstd: one frame that names its size, nothing
 * behind it.  Alone, or upon the newest DATA before it as raw content in front
 * of the window (what `zstd --patch-from` does), so that a cycle costs little
 * more than what changed.  Collectors of several periods write DATA of several
 * kinds in turn: of each kind, told by its first token, the newest is kept.
 *
 * A line of DATA finds its own former value by its token.  Match finders take
 * the newest match of a few bytes instead, which in columns of digits is nearly
 * always one of another token: so what they compare is made as long as a token
 * with its colon, as far as they go, and the table of shorter matches so small
 * that it finds nothing but runs.  10,000 values of mixed counters and gauges a
 * cycle, bytes and ns for a value: level 3 as it is 3.8 and 146, so 1.7 and 38;
 * level 19, 1.7 and 4200; so 1.67 and 700.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "common/base/mem.h"
#include "common/codec/members.h"
#include "common/message/message.h"

enum {
	ZSTD_WINDOW_LOG_MIN = 10,
	ZSTD_WINDOW_LOG = 27,       /* 128 MiB, what zstd -d takes */
	ZSTD_KINDS = 1024,          /* of DATA that are kept */
	ZSTD_DICTIONARY = 16 << 20, /* bytes of them */
	ZSTD_LEVEL_DEEP = 13,       /* from here on it parses optimally */
	ZSTD_ALONE = 1 << 20,       /* bytes that hold more than one message */
	ZSTD_SEED = 64,             /* numbers, of kinds that are rare: */
	ZSTD_SEED_BYTES = 512
	    << 10, /* a cycle in many messages, or a few large */
};

struct kept {
	struct buf raw;    /* a whole DATA */
	struct slice kind; /* its first token, in raw */
};

struct codec_state {
	struct kept kept[ZSTD_KINDS]; /* the newest last */
	size_t n;
	size_t bytes; /* of them all */
};

static int
window_log(size_t n)
{
	int log = ZSTD_WINDOW_LOG_MIN;

	while (log < ZSTD_WINDOW_LOG && (size_t)1 << log < n)
		log++;
	return log;
}

static bool
set_parameters(ZSTD_CCtx *c, int level, size_t before, size_t n)
{
	static const struct parameter {
		ZSTD_cParameter name;
		int value;
	} quick[] = {
		/* two tables: of 8 bytes, and of 7, which is left tiny */
		{ ZSTD_c_strategy, ZSTD_dfast },
		{ ZSTD_c_minMatch, 7 },
		{ ZSTD_c_hashLog, 18 },
		{ ZSTD_c_chainLog, 6 },
	}, deep[] = {
		{ ZSTD_c_strategy, ZSTD_btopt },
		{ ZSTD_c_minMatch, 6 },
		{ ZSTD_c_hashLog, 18 },
		{ ZSTD_c_chainLog, 18 },
		{ ZSTD_c_searchLog, 3 },
		{ ZSTD_c_targetLength, 8 },
	};
	bool is_deep = level >= ZSTD_LEVEL_DEEP;
	const struct parameter *p = is_deep ? deep : quick;
	size_t count = is_deep ? sizeof(deep) / sizeof(*deep)
			       : sizeof(quick) / sizeof(*quick);
	size_t rc = ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);

	if (before == 0 && n < ZSTD_ALONE)
		return !ZSTD_isError(rc);
	for (size_t i = 0; i < count && !ZSTD_isError(rc); i++)
		rc = ZSTD_CCtx_setParameter(c, p[i].name, p[i].value);
	if (!ZSTD_isError(rc))
		rc = ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog,
		    window_log(before + n));
	return !ZSTD_isError(rc);
}

static int
compress(struct slice in, struct slice before, int level, struct buf *out,
    struct err *e)
{
	size_t bound = ZSTD_compressBound(in.n), n = 0;
	char *room = buf_room(out, bound);
	ZSTD_CCtx *c;

	if (room == NULL)
		return err_set(e, ERR_INPUT, "zstd: more than fits");
	c = ZSTD_createCCtx();
	if (c == NULL || !set_parameters(c, level, before.n, in.n)) {
		ZSTD_freeCCtx(c);
		return err_set(e, ERR_TEMP, "zstd: cannot begin");
	}
	if (before.n > 0)
		n = ZSTD_CCtx_refPrefix(c, before.p, before.n);
	if (!ZSTD_isError(n))
		n = ZSTD_compress2(c, room, bound, in.p, in.n);
	ZSTD_freeCCtx(c);
	if (!ZSTD_isError(n))
		out->n += n;
	out->p[out->n] = '\0';
	if (ZSTD_isError(n))
		return err_set(e, ERR_TEMP, "zstd: %s", ZSTD_getErrorName(n));
	return 0;
}

/* RFC 8878, 3.1.1.1: where the frame has a window, the descriptor's exponent is
 * in the byte behind its own. */
static bool
window_too_big(struct slice in)
{
	enum {
		DESCRIPTOR = 4,
		SINGLE_SEGMENT = 1 << 5,
	};

	return in.n > DESCRIPTOR + 1 &&
	    (in.p[DESCRIPTOR] & SINGLE_SEGMENT) == 0 &&
	    ((unsigned char)in.p[DESCRIPTOR + 1] >> 3) + ZSTD_WINDOW_LOG_MIN >=
	    ZSTD_WINDOW_LOG + 1;
}

/* One whole frame of ours, of that size: all of it is known before the first
 * byte is decoded. */
static int
check_frame(struct slice in, size_t size, struct err *e)
{
	static const char magic[] = { '\x28', '\xb5', '\x2f', '\xfd' };
	const struct slice first = { magic, sizeof(magic) };
	size_t frame;

	if (!slice_starts(in, first))
		return err_set(e, ERR_INPUT, "zstd: not a frame");
	if (ZSTD_getDictID_fromFrame(in.p, in.n) != 0)
		return err_set(e, ERR_INPUT, "zstd: wants a dictionary");
	if (ZSTD_getFrameContentSize(in.p, in.n) != size)
		return err_set(e, ERR_INPUT,
		    "zstd: the frame does not name %zu bytes", size);
	if (window_too_big(in))
		return err_set(e, ERR_INPUT,
		    "zstd: a window of more than 128 MiB");
	frame = ZSTD_findFrameCompressedSize(in.p, in.n);
	if (ZSTD_isError(frame))
		return err_set(e, ERR_INPUT, "zstd: %s",
		    ZSTD_getErrorName(frame));
	if (frame != in.n)
		return err_set(e, ERR_INPUT, "zstd: %zu bytes behind the end",
		    in.n - frame);
	return 0;
}

static int
decompress(struct slice in, struct slice before, size_t size, struct buf *out,
    struct err *e)
{
	ZSTD_DCtx *d;
	char *room;
	size_t n = 0;

	if (codec_check_sizes(&codec_zstd, in, size, e) == -1 ||
	    check_frame(in, size, e) == -1)
		return -1;
	room = buf_room(out, size + 1);
	if (room == NULL)
		return err_set(e, ERR_INPUT, "zstd: more than fits");
	d = ZSTD_createDCtx();
	if (d == NULL)
		return err_set(e, ERR_TEMP, "zstd: cannot begin");
	if (before.n > 0)
		n = ZSTD_DCtx_refPrefix(d, before.p, before.n);
	if (!ZSTD_isError(n))
		n = ZSTD_decompressDCtx(d, room, size, in.p, in.n);
	ZSTD_freeDCtx(d);
	if (!ZSTD_isError(n) && n == size)
		out->n += size;
	out->p[out->n] = '\0';
	if (ZSTD_isError(n))
		return err_set(e, ERR_INPUT, "zstd: %s", ZSTD_getErrorName(n));
	if (n != size)
		return err_set(e, ERR_INPUT, "zstd: %zu of %zu bytes", n, size);
	return 0;
}

/* Alone */

static int
zstd_encode(struct slice in, int level, struct buf *out, struct err *e)
{
	return compress(in, (struct slice){ 0 }, level, out, e);
}

static int
zstd_decode(struct slice in, size_t size, struct buf *out, struct err *e)
{
	return decompress(in, (struct slice){ 0 }, size, out, e);
}

/* Upon the newest DATA */

static struct codec_state *
state_new(void)
{
	return mem_alloc(sizeof(struct codec_state));
}

static void
drop(struct codec_state *s, size_t i)
{
	s->bytes -= s->kept[i].raw.n;
	buf_clear(&s->kept[i].raw);
	s->n--;
	memmove(&s->kept[i], &s->kept[i + 1], (s->n - i) * sizeof(s->kept[0]));
	s->kept[s->n] = (struct kept){ 0 };
}

static void
state_free(struct codec_state *s)
{
	while (s != NULL && s->n > 0)
		drop(s, s->n - 1);
	free(s);
}

static struct slice
first_token(struct slice body)
{
	struct slice token = { 0 }, value;

	(void)message_next_value(&body, &token, &value);
	return token;
}

static void
keep(struct codec_state *s, const struct message *m)
{
	struct slice kind = first_token(m->body);
	struct kept *k;

	if (m->raw.n > ZSTD_DICTIONARY)
		return;
	for (size_t i = s->n; i-- > 0;)
		if (slice_eq(s->kept[i].kind, kind))
			drop(s, i);
	while (s->n == ZSTD_KINDS || s->bytes > ZSTD_DICTIONARY - m->raw.n)
		drop(s, 0);
	k = &s->kept[s->n++];
	buf_put(&k->raw, m->raw);
	s->bytes += m->raw.n;
	if (kind.n > 0)
		k->kind =
		    (struct slice){ k->raw.p + (kind.p - m->raw.p), kind.n };
}

static void
learn(struct codec_state *s, struct slice messages)
{
	struct message m;

	while (message_cut(&messages, &m))
		if (m.type == MESSAGE_DATA)
			keep(s, &m);
}

static void
put_dictionary(const struct codec_state *s, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++)
		buf_put(out, buf_slice(&s->kept[i].raw));
}

static int
encode_upon(struct codec_state *s, struct slice in, int level, struct buf *out,
    struct err *e)
{
	struct buf before = { 0 };
	int rc;

	put_dictionary(s, &before);
	rc = compress(in, buf_slice(&before), level, out, e);
	buf_clear(&before);
	if (rc == 0)
		learn(s, in);
	return rc;
}

static int
decode_upon(struct codec_state *s, struct slice in, size_t size,
    struct buf *out, struct err *e)
{
	struct buf before = { 0 };
	size_t from = out->n;
	int rc;

	put_dictionary(s, &before);
	rc = decompress(in, buf_slice(&before), size, out, e);
	buf_clear(&before);
	if (rc == 0)
		learn(s, (struct slice){ out->p + from, size });
	return rc;
}

static const struct codec_history history = {
	.messages = ZSTD_SEED,
	.of_each = 2,
	.enough = ZSTD_SEED_BYTES,
	.state_new = state_new,
	.state_free = state_free,
	.learn = learn,
	.encode = encode_upon,
	.decode = decode_upon,
};

static int
zstd_measure(struct slice in, size_t max, size_t *size, struct err *e)
{
	unsigned long long named = ZSTD_getFrameContentSize(in.p, in.n);

	if (named == ZSTD_CONTENTSIZE_ERROR ||
	    named == ZSTD_CONTENTSIZE_UNKNOWN || named > SIZE_MAX)
		return err_set(e, ERR_INPUT, "zstd: the frame names no size");
	*size = (size_t)named;
	return codec_check_measure(&codec_zstd, *size, max, e);
}

const struct codec_ops codec_zstd = {
	.name = "zstd",
	.suffix = ".zst",
	.level_min = 1,
	.level_max = 19,
	.level_default = 3,
	.encode = zstd_encode,
	.decode = zstd_decode,
	.history = &history,
	.measure = zstd_measure,
};
