/*
 * Compressions: what goes in comes out, and nothing else does.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <zlib.h>

#include "common/codec/codec.h"
#include "common/message/message.h"

enum {
	/* several of any codec's own blocks, but for bzip2 -9, of 900,000: one
	 * and some */
	MUCH = 1000000
};

static void
fill(struct buf *b, size_t n)
{
	uint32_t x = 1;

	while (b->n < n) {
		x = x * 1664525 + 1013904223;
		buf_printf(b, "T%04u:%u\n", (unsigned)(b->n % 977), x >> 20);
	}
	b->n = n;
}

static void
what_goes_in_comes_out(void **state)
{
	static const size_t sizes[] = { 1, 2, 100, 65535, 65536, MUCH };
	const struct codec_ops *const *c = codec_all();

	(void)state;
	for (; *c != NULL; c++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct buf in = { 0 }, mid = { 0 }, out = { 0 };
			struct err e = { 0 };

			fill(&in, sizes[i]);
			buf_put_str(&out, "before");
			assert_int_equal((*c)->encode(buf_slice(&in),
					     (*c)->level_default, &mid, &e),
			    0);
			assert_int_equal(
			    (*c)->decode(buf_slice(&mid), in.n, &out, &e), 0);
			buf_drop(&out, 6);
			assert_true(slice_eq(buf_slice(&in), buf_slice(&out)));
			/* one byte more or less was not promised */
			assert_int_equal(
			    (*c)->decode(buf_slice(&mid), in.n + 1, &out, &e),
			    -1);
			assert_int_equal(
			    (*c)->decode(buf_slice(&mid), in.n - 1, &out, &e),
			    -1);
			assert_int_equal(out.n, in.n);
			buf_clear(&in);
			buf_clear(&mid);
			buf_clear(&out);
		}
}

static void
levels_are_taken(void **state)
{
	struct buf in = { 0 };

	(void)state;
	fill(&in, 100000);
	for (const struct codec_ops *const *c = codec_all() + 1; *c != NULL;
	     c++)
		for (int level = (*c)->level_min; level <= (*c)->level_max;
		     level++) {
			struct buf mid = { 0 };
			struct err e = { 0 };

			assert_int_equal(
			    (*c)->encode(buf_slice(&in), level, &mid, &e), 0);
			assert_in_range(mid.n, 1, in.n / 2);
			buf_clear(&mid);
		}
	buf_clear(&in);
}

static void
refused_by(const struct codec_ops *codec, const char *what, struct slice in,
    size_t size)
{
	struct buf out = { 0 };
	struct err e = { 0 };

	if (codec->decode(in, size, &out, &e) != -1)
		fail_msg("%s was taken", what);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(out.n, 0);
	assert_true(out.cap <= 4 * size + 4096);
	buf_clear(&out);
}

/* Each codec but none, with what ends a stream of its own. */
static const struct {
	const char *name;
	size_t trailer; /* bytes at the end that are checked, to the last bit */
} methods[] = {
	{ "gzip", 8 },
	{ "bzip2", 4 }, /* the last byte's low bits are padding */
	{ "zstd", 0 },
	{ "xz", 20 },
};
enum {
	METHODS = sizeof(methods) / sizeof(methods[0])
};

static const struct codec_ops *
method(size_t i)
{
	return codec_find(slice_str(methods[i].name));
}

static void
encode(const struct codec_ops *c, struct slice in, struct buf *out)
{
	struct err e = { 0 };

	assert_int_equal(c->encode(in, c->level_default, out, &e), 0);
}

static void
put_twice(struct buf *out, struct slice s)
{
	buf_reset(out);
	buf_put(out, s);
	buf_put(out, s);
}

static void
damaged_streams_of(const struct codec_ops *c, size_t trailer)
{
	struct buf in = { 0 }, good = { 0 }, bad = { 0 };

	fill(&in, 2500);
	encode(c, buf_slice(&in), &good);
	for (size_t n = 0; n < good.n; n++)
		refused_by(c, "a cut stream", (struct slice){ good.p, n },
		    in.n);
	buf_put(&bad, buf_slice(&good));
	buf_put_char(&bad, 'x');
	refused_by(c, "a trailing byte", buf_slice(&bad), in.n);
	bad.p[bad.n - 1] = '\0';
	refused_by(c, "a trailing NUL", buf_slice(&bad), in.n);
	put_twice(&bad, buf_slice(&good));
	refused_by(c, "a second member", buf_slice(&bad), in.n);
	refused_by(c, "both members", buf_slice(&bad), 2 * in.n);
	for (size_t i = 1; i <= trailer; i++) {
		buf_reset(&bad);
		buf_put(&bad, buf_slice(&good));
		bad.p[bad.n - i] ^= '\x80';
		refused_by(c, "a wrong trailer", buf_slice(&bad), in.n);
	}
	refused_by(c, "text", buf_slice(&in), in.n);
	refused_by(c, "too small a size", buf_slice(&good), in.n - 1);
	refused_by(c, "too large a size", buf_slice(&good), in.n + 1);
	refused_by(c, "nothing", (struct slice){ 0 }, 0);
	buf_clear(&in);
	buf_clear(&good);
	buf_clear(&bad);
}

static void
damaged_streams_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < METHODS; i++)
		if (method(i) != NULL)
			damaged_streams_of(method(i), methods[i].trailer);
	refused_by(codec_find(SLICE("gzip")), "zlib's format",
	    SLICE("\x78\x9c\x03\x00\x00\x00\x00\x01"), 1);
}

/* What one method made is for no other, and no text is for any. */
static void
only_its_own_method_decodes_it(void **state)
{
	struct buf in = { 0 }, made = { 0 };

	(void)state;
	fill(&in, 3000);
	for (size_t i = 0; i < METHODS; i++) {
		if (method(i) == NULL)
			continue;
		buf_reset(&made);
		encode(method(i), buf_slice(&in), &made);
		for (size_t k = 0; k < METHODS; k++)
			if (k != i && method(k) != NULL)
				refused_by(method(k), methods[i].name,
				    buf_slice(&made), in.n);
	}
	buf_clear(&in);
	buf_clear(&made);
}

static void
bombs_cost_nothing(void **state)
{
	struct buf in = { 0 }, bomb = { 0 }, nested = { 0 };
	size_t n = 8 << 20;

	(void)state;
	memset(buf_room(&in, n), '0', n);
	in.n = n;
	for (size_t i = 0; i < METHODS; i++) {
		const struct codec_ops *c = method(i);

		if (c == NULL)
			continue;
		buf_reset(&bomb);
		buf_reset(&nested);
		encode(c, buf_slice(&in), &bomb);
		assert_true(n / bomb.n > 900);
		refused_by(c, "a smaller size", buf_slice(&bomb), 200 * bomb.n);
		encode(c, buf_slice(&bomb), &nested);
		refused_by(c, "a bomb in a bomb", buf_slice(&nested), n);
		if (c->ratio_max != 0)
			refused_by(c, "900:1", buf_slice(&bomb), n);
	}
	buf_clear(&in);
	buf_clear(&bomb);
	buf_clear(&nested);
}

static void
a_file_says_what_it_decodes_to(void **state)
{
	static const size_t sizes[] = { 1, 2, 100, 65536, MUCH };

	(void)state;
	for (const struct codec_ops *const *c = codec_all(); *c != NULL; c++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct buf in = { 0 }, mid = { 0 };
			struct err e = { 0 };
			size_t size = 0, n = sizes[i];

			fill(&in, n);
			assert_int_equal((*c)->encode(buf_slice(&in),
					     (*c)->level_default, &mid, &e),
			    0);
			assert_int_equal(
			    (*c)->measure(buf_slice(&mid), n, &size, &e), 0);
			assert_int_equal(size, n);
			if (n > 1)
				assert_int_equal((*c)->measure(buf_slice(&mid),
						     n - 1, &size, &e),
				    -1);
			/* cut off: nothing, or what decode refuses */
			mid.n = mid.n > 100 ? mid.n / 2 : 1;
			buf_reset(&in);
			if (*c != &codec_none &&
			    (*c)->measure(buf_slice(&mid), 64 << 20, &size,
				&e) == 0)
				assert_int_equal((*c)->decode(buf_slice(&mid),
						     size, &in, &e),
				    -1);
			buf_clear(&in);
			buf_clear(&mid);
		}
}

/* A gzip member of n bytes; dictionary, header fields and so on as deflate and
 * its header allow them. */
static void
gzip_raw(struct buf *out, struct slice in, gz_header *header)
{
	z_stream z = { 0 };
	union {
		const char *ours;
		Bytef *theirs;
	} p = { .ours = in.p };
	size_t bound;

	assert_int_equal(
	    deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	if (header != NULL)
		deflateSetHeader(&z, header);
	bound =
	    deflateBound(&z, in.n) + (header != NULL ? header->extra_len : 0);
	z.next_in = p.theirs;
	z.avail_in = (uInt)in.n;
	z.next_out = (Bytef *)buf_room(out, bound);
	z.avail_out = (uInt)bound;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n += bound - z.avail_out;
	deflateEnd(&z);
}

static void
gzip_input_without_output_is_bounded(void **state)
{
	static Bytef extra[60000];
	const struct codec_ops *gzip = codec_find(SLICE("gzip"));
	gz_header header = { .extra = extra, .extra_len = sizeof(extra) };
	struct buf b = { 0 };

	(void)state;
	gzip_raw(&b, SLICE("ten bytes."), &header);
	refused_by(gzip, "a long header", buf_slice(&b), 10);
	buf_reset(&b);
	buf_put(&b, SLICE("\x1f\x8b\x08\0\0\0\0\0\0\x03"));
	while (b.n < 1 << 20) /* empty stored blocks, none the last */
		buf_put(&b, SLICE("\x00\x00\x00\xff\xff"));
	refused_by(gzip, "empty blocks", buf_slice(&b), 10);
	refused_by(gzip, "empty blocks", buf_slice(&b), 2 << 20);
	buf_clear(&b);
}

/* The fields of the header that end in a NUL, which need not come soon. */
static void
gzip_names_of_megabytes_are_refused(void **state)
{
	const struct codec_ops *gzip = codec_find(SLICE("gzip"));
	struct buf plain = { 0 }, b = { 0 };

	(void)state;
	gzip_raw(&plain, SLICE("ten bytes."), NULL);
	for (int fields = 1; fields <= 3; fields++) {
		buf_reset(&b);
		buf_put(&b, (struct slice){ plain.p, 10 });
		b.p[3] = (char)(fields << 3); /* FNAME, FCOMMENT */
		for (int i = 0; i < (fields == 3 ? 2 : 1); i++) {
			for (int k = 0; k < 2 << 20; k++)
				buf_put_char(&b, 'n');
			buf_put_char(&b, '\0');
		}
		refused_by(gzip, "never ending", buf_slice(&b), 10);
		buf_put(&b, (struct slice){ plain.p + 10, plain.n - 10 });
		refused_by(gzip, "megabytes", buf_slice(&b), 10);
	}
	buf_clear(&plain);
	buf_clear(&b);
}

#ifdef HAVE_BZIP2
static void
bzip2_input_without_output_is_bounded(void **state)
{
	const struct codec_ops *bzip2 = codec_find(SLICE("bzip2"));
	struct buf b = { 0 };

	(void)state;
	while (b.n < 1 << 20)
		buf_put(&b, SLICE("BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0"));
	refused_by(bzip2, "empty streams", buf_slice(&b), 10);
	refused_by(bzip2, "empty streams", buf_slice(&b), 2 << 20);
	buf_clear(&b);
}
#endif

#ifdef HAVE_LZMA
/* How large the first block's header says that its dictionary is, behind the
 * number and the length of LZMA2, and the header's sum: the .xz format, 3.1. */
static void
set_xz_dictionary(struct buf *b, char size)
{
	enum {
		BLOCK = 12
	};
	size_t n = 4 * (size_t)b->p[BLOCK];
	char *lzma2 = memmem(b->p + BLOCK, n, "\x21\x01", 2);
	uLong crc;

	assert_non_null(lzma2);
	lzma2[2] = size;
	crc = crc32(0, (const Bytef *)b->p + BLOCK, (uInt)n);
	for (unsigned i = 0; i < 4; i++)
		b->p[BLOCK + n + i] = (char)(crc >> 8 * i);
}

static void
xz_memory_is_bounded(void **state)
{
	const struct codec_ops *xz = codec_find(SLICE("xz"));
	struct buf in = { 0 }, b = { 0 }, out = { 0 };
	struct err e = { 0 };

	(void)state;
	fill(&in, 5000);
	encode(xz, buf_slice(&in), &b);
	set_xz_dictionary(&b, 26); /* 32 MiB */
	assert_int_equal(xz->decode(buf_slice(&b), in.n, &out, &e), 0);
	set_xz_dictionary(&b, 28); /* 64 MiB, and what goes with it */
	refused_by(xz, "a dictionary of 64 MiB", buf_slice(&b), in.n);
	set_xz_dictionary(&b, 40); /* 4 GiB */
	refused_by(xz, "a dictionary of 4 GiB", buf_slice(&b), in.n);
	buf_clear(&in);
	buf_clear(&b);
	buf_clear(&out);
}

/* Streams that say they have no check, one that nobody knows. */
static void
xz_streams_have_a_check(void **state)
{
	const struct codec_ops *xz = codec_find(SLICE("xz"));
	struct buf in = { 0 }, good = { 0 }, bad = { 0 };

	(void)state;
	fill(&in, 5000);
	encode(xz, buf_slice(&in), &good);
	for (char check = 0; check <= 15; check++) {
		uLong crc;

		if (check == 1) /* CRC32: as it is */
			continue;
		buf_reset(&bad);
		buf_put(&bad, buf_slice(&good));
		bad.p[7] = check;
		crc = crc32(0, (const Bytef *)bad.p + 6, 2);
		for (unsigned i = 0; i < 4; i++)
			bad.p[8 + i] = (char)(crc >> 8 * i);
		refused_by(xz, "another check", buf_slice(&bad), in.n);
	}
	buf_clear(&in);
	buf_clear(&good);
	buf_clear(&bad);
}
#endif

#ifdef HAVE_ZSTD
static void
zstd_frames_are_what_they_seem(void **state)
{
	const struct codec_ops *zstd = codec_find(SLICE("zstd"));
	struct buf b = { 0 };

	(void)state;
	refused_by(zstd, "a skippable frame", SLICE("\x50\x2a\x4d\x18\0\0\0\0"),
	    0);
	refused_by(zstd, "a frame with a dictionary's number",
	    SLICE("\x28\xb5\x2f\xfd\x21\x07\x01\x09\0\0x"), 1);
	refused_by(zstd, "a frame that does not name its size",
	    SLICE("\x28\xb5\x2f\xfd\0\x50\x09\0\0x"), 1);
	/* 2^27, and twice that */
	buf_put(&b, SLICE("\x28\xb5\x2f\xfd\x40\x88\x00\x00\x03\x08\0"));
	buf_put(&b, SLICE("x"));
	b.p[5] = '\x90';
	refused_by(zstd, "a window of 256 MiB", buf_slice(&b), 256);
	buf_reset(&b);
	buf_put(&b, SLICE("\x28\xb5\x2f\xfd\xa0\0\0\x20\0"));
	while (b.n < 1 << 20) /* empty blocks, none the last */
		buf_put(&b, SLICE("\0\0\0"));
	refused_by(zstd, "empty blocks", buf_slice(&b), 10);
	refused_by(zstd, "empty blocks", buf_slice(&b), 2 << 20);
	buf_clear(&b);
}
#endif

/* Every look at the clock finds a second gone. */
int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
static bool slow;

int
__wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	static time_t now;

	if (!slow)
		return __real_clock_gettime(id, t);
	now += 1;
	*t = (struct timespec){ .tv_sec = now, .tv_nsec = 1 };
	return 0;
}

static void
too_slow(const struct codec_ops *c, const char *what, struct slice in)
{
	struct buf b = { 0 };

	encode(c, in, &b);
	slow = true;
	refused_by(c, what, buf_slice(&b), in.n);
	slow = false;
	buf_clear(&b);
}

/* The same upon a state that has learnt this. */
static void
too_slow_upon(const struct codec_ops *c, const char *what, struct slice learnt,
    struct slice in)
{
	struct codec_state *from = c->history->state_new(),
			   *to = c->history->state_new();
	struct buf b = { 0 }, out = { 0 };
	struct err e = { 0 };

	c->history->learn(from, learnt);
	c->history->learn(to, learnt);
	assert_int_equal(c->history->encode(from, in, c->level_default, &b, &e),
	    0);
	assert_true((uint8_t)b.p[0] >= 0x80); /* it is coded */
	slow = true;
	if (c->history->decode(to, buf_slice(&b), in.n, &out, &e) == 0)
		fail_msg("%s: %s is decoded", c->name, what);
	slow = false;
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(out.n, 0);
	c->history->state_free(from);
	c->history->state_free(to);
	buf_clear(&b);
	buf_clear(&out);
}

/* A message of so many lines that the clock is looked at in its midst. */
static void
put_lines(struct buf *b, enum message_type type, uint32_t factor)
{
	struct message m = { .msgid = 1,
		.type = type,
		.timestamp = 1700000000,
		.generation = 1,
		.part = 1,
		.parts = 1 };
	struct buf body = { 0 };
	struct err e = { 0 };

	for (uint32_t i = 0; i < 20000; i++)
		if (type == MESSAGE_DATA)
			buf_printf(&body, "T%u:%u\n", i, i * factor >> 12);
		else
			buf_printf(&body,
			    "%slevel2-token:T%u\nlevel2-path:/m/%u\n",
			    i > 0 ? ";\n" : "", i, i * factor >> 12);
	m.body = buf_slice(&body);
	buf_reset(b);
	assert_int_equal(message_write(b, &m, &e), 0);
	buf_clear(&body);
}

static void
decoding_has_a_limit_of_time(void **state)
{
	const struct codec_ops *columnar = codec_find(SLICE("columnar"));
	struct buf in = { 0 }, next = { 0 };

	(void)state;
	/* so much that the clock is looked at often enough */
	fill(&in, 3 << 20);
	for (size_t i = 0; i < METHODS; i++)
		/* bounded by its input and output: it has no slow way */
		if (method(i) != NULL && strcmp(methods[i].name, "zstd") != 0)
			too_slow(method(i), "a slow one", buf_slice(&in));
	buf_reset(&in);
	fill(&in, 1 << 20);
	too_slow(columnar, "slow text", buf_slice(&in));
	too_slow_upon(columnar, "slow text", SLICE(""), buf_slice(&in));
	put_lines(&in, MESSAGE_CONFIG, 2654435761U);
	too_slow(columnar, "a slow CONFIG", buf_slice(&in));
	too_slow_upon(columnar, "a slow CONFIG", SLICE(""), buf_slice(&in));
	put_lines(&in, MESSAGE_DATA, 2654435761U);
	put_lines(&next, MESSAGE_DATA, 2246822519U);
	too_slow(columnar, "slow values", buf_slice(&in));
	/* the tokens are known, and in order */
	too_slow_upon(columnar, "slow values", buf_slice(&in),
	    buf_slice(&next));
	buf_clear(&in);
	buf_clear(&next);
}

static void
codecs_are_found_by_name_and_suffix(void **state)
{
	static const struct {
		const char *name, *codec;
	} rows[] = {
		{ "00000000000000000001-00000000000000000002.msgs", "none" },
		{ "1-2.msgs.gz", "gzip" },
#ifdef HAVE_BZIP2
		{ "1-2.msgs.bz2", "bzip2" },
#endif
#ifdef HAVE_LZMA
		{ "1-2.msgs.xz", "xz" },
#endif
		{ ".msgs", "none" },
		{ "1-2.msgs.odd", NULL },
		{ "1-2.gz", NULL },
		{ "msgs.gz", NULL },
		{ "1-2.msgs.gz.gz", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct codec_ops *c =
		    codec_by_suffix(slice_str(rows[i].name));

		if (rows[i].codec == NULL)
			assert_null(c);
		else
			assert_string_equal(c->name, rows[i].codec);
	}
	assert_null(codec_find(SLICE("")));
	assert_null(codec_find(SLICE("gzi")));
	assert_null(codec_find(SLICE("GZIP")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(levels_are_taken),
		cmocka_unit_test(damaged_streams_are_refused),
		cmocka_unit_test(only_its_own_method_decodes_it),
		cmocka_unit_test(bombs_cost_nothing),
		cmocka_unit_test(gzip_input_without_output_is_bounded),
		cmocka_unit_test(gzip_names_of_megabytes_are_refused),
#ifdef HAVE_BZIP2
		cmocka_unit_test(bzip2_input_without_output_is_bounded),
#endif
#ifdef HAVE_LZMA
		cmocka_unit_test(xz_memory_is_bounded),
		cmocka_unit_test(xz_streams_have_a_check),
#endif
#ifdef HAVE_ZSTD
		cmocka_unit_test(zstd_frames_are_what_they_seem),
#endif
		cmocka_unit_test(decoding_has_a_limit_of_time),
		cmocka_unit_test(codecs_are_found_by_name_and_suffix),
		cmocka_unit_test(a_file_says_what_it_decodes_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
