/*
 * Compressions: what goes in comes out, and nothing else does.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "common/codec/codec.h"

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
	static const size_t sizes[] = { 1, 2, 100, 65535, 65536, 3 << 20 };
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

static void
refused(const char *what, struct slice in, size_t size)
{
	refused_by(codec_find(SLICE("gzip")), what, in, size);
}

static void
damaged_streams_are_refused(void **state)
{
	struct buf in = { 0 }, good = { 0 }, bad = { 0 };

	(void)state;
	fill(&in, 5000);
	gzip_raw(&good, buf_slice(&in), NULL);
	for (size_t n = 0; n < good.n; n++)
		refused("a cut stream", (struct slice){ good.p, n }, in.n);
	buf_put(&bad, buf_slice(&good));
	buf_put_char(&bad, 'x');
	refused("a trailing byte", buf_slice(&bad), in.n);
	buf_reset(&bad);
	buf_put(&bad, buf_slice(&good));
	buf_put(&bad, buf_slice(&good));
	refused("a second member", buf_slice(&bad), in.n);
	refused("both members", buf_slice(&bad), 2 * in.n);
	for (size_t i = 1; i <= 8; i++) { /* CRC32 and ISIZE */
		buf_reset(&bad);
		buf_put(&bad, buf_slice(&good));
		bad.p[bad.n - i] ^= 1;
		refused("a wrong trailer", buf_slice(&bad), in.n);
	}
	refused("no gzip", buf_slice(&in), in.n);
	refused("zlib's format", SLICE("\x78\x9c\x03\x00\x00\x00\x00\x01"), 1);
	buf_clear(&in);
	buf_clear(&good);
	buf_clear(&bad);
}

static void
bombs_cost_nothing(void **state)
{
	struct buf in = { 0 }, bomb = { 0 };
	size_t n = 8 << 20;

	(void)state;
	memset(buf_room(&in, n), '0', n);
	in.n = n;
	gzip_raw(&bomb, buf_slice(&in), NULL);
	assert_true(n / bomb.n > 900);
	refused("1000:1", buf_slice(&bomb), n);
	refused("1000:1 with a smaller size", buf_slice(&bomb), 200 * bomb.n);
	buf_reset(&in);
	gzip_raw(&in, buf_slice(&bomb), NULL);
	refused("a bomb in a bomb", buf_slice(&in), n);
	buf_clear(&in);
	buf_clear(&bomb);
}

static void
input_without_output_is_bounded(void **state)
{
	static Bytef extra[60000];
	gz_header header = { .extra = extra, .extra_len = sizeof(extra) };
	struct buf b = { 0 };

	(void)state;
	gzip_raw(&b, SLICE("ten bytes."), &header);
	refused("a long header", buf_slice(&b), 10);
	buf_reset(&b);
	buf_put(&b, SLICE("\x1f\x8b\x08\0\0\0\0\0\0\x03"));
	while (b.n < 1 << 20) /* empty stored blocks, none the last */
		buf_put(&b, SLICE("\x00\x00\x00\xff\xff"));
	refused("empty blocks", buf_slice(&b), 10);
	refused("empty blocks", buf_slice(&b), 2 << 20);
	buf_clear(&b);
}

static void
codecs_are_found_by_name_and_suffix(void **state)
{
	static const struct {
		const char *name, *codec;
	} rows[] = {
		{ "00000000000000000001-00000000000000000002.msgs", "none" },
		{ "1-2.msgs.gz", "gzip" },
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

#ifdef HAVE_ZSTD
static void
a_zstd_frame_is_one_whole_and_names_its_size(void **state)
{
	const struct codec_ops *zstd = codec_find(SLICE("zstd"));
	const struct slice skippable = SLICE("\x50\x2a\x4d\x18\0\0\0\0");
	struct buf in = { 0 }, good = { 0 }, bad = { 0 };
	struct err e = { 0 };

	(void)state;
	fill(&in, 10000);
	assert_int_equal(zstd->encode(buf_slice(&in), 3, &good, &e), 0);
	refused_by(zstd, "too small a size", buf_slice(&good), in.n - 1);
	refused_by(zstd, "too large a size", buf_slice(&good), in.n + 1);
	refused_by(zstd, "plain text", buf_slice(&in), in.n);
	refused_by(zstd, "a skippable frame", skippable, 0);
	for (size_t n = 0; n < good.n; n += 1 + n / 8)
		refused_by(zstd, "a cut frame", (struct slice){ good.p, n },
		    in.n);
	buf_put(&bad, buf_slice(&good));
	buf_put_char(&bad, 'x');
	refused_by(zstd, "a byte behind", buf_slice(&bad), in.n);
	buf_reset(&bad);
	buf_put(&bad, buf_slice(&good));
	buf_put(&bad, buf_slice(&good));
	refused_by(zstd, "two frames", buf_slice(&bad), 2 * in.n);
	buf_clear(&in);
	buf_clear(&good);
	buf_clear(&bad);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(levels_are_taken),
#ifdef HAVE_ZSTD
		cmocka_unit_test(a_zstd_frame_is_one_whole_and_names_its_size),
#endif
		cmocka_unit_test(damaged_streams_are_refused),
		cmocka_unit_test(bombs_cost_nothing),
		cmocka_unit_test(input_without_output_is_bounded),
		cmocka_unit_test(codecs_are_found_by_name_and_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
