/*
 * The columnar codec.  The first byte says what the rest is: an encoding to be
 * decoded, alone or upon a state; or bytes to be encoded, which must come back.
 */
#include "config.h"

#include <stdlib.h>

#include "common/codec/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char seed[] =
    "MsgID:1\nType:CONFIG\nTimestamp:1000000000\n"
    "Stream:00112233445566778899aabbccddeeff\nPrev:crc32=00000000\n"
    "Generation:1\nLength:71\nDigest:crc32=4a386e3e\n\n"
    "level2-token:T1\nlevel2-path:/a/in\n;\n"
    "level2-token:T2\nlevel2-path:/a/out\n.\n";

static void
must(bool v)
{
	if (!v)
		abort();
}

static void
check_output(int rc, const struct buf *out, size_t size, const struct err *e)
{
	must(out->n == (rc == 0 ? size : 0));
	must(rc == 0 || e->kind == ERR_INPUT);
	must(out->cap <= 4 * size + 4096);
}

static void
decode(const struct codec_ops *c, struct slice in, size_t promised, bool upon)
{
	struct codec_state *s = c->history->state_new();
	struct buf out = { 0 };
	struct err e = { 0 };
	int rc;

	c->history->learn(s, slice_str(seed));
	rc = upon ? c->history->decode(s, in, promised, &out, &e)
		  : c->decode(in, promised, &out, &e);
	check_output(rc, &out, promised, &e);
	c->history->state_free(s);
	buf_clear(&out);
}

static void
there_and_back(const struct codec_ops *c, struct slice in)
{
	struct codec_state *a = c->history->state_new(),
			   *b = c->history->state_new();
	struct buf mid = { 0 }, out = { 0 };
	struct err e = { 0 };

	c->history->learn(a, slice_str(seed));
	c->history->learn(b, slice_str(seed));
	must(c->encode(in, 6, &mid, &e) == 0);
	must(c->decode(buf_slice(&mid), in.n, &out, &e) == 0);
	must(slice_eq(buf_slice(&out), in));
	for (int i = 0; i < 2; i++) { /* also upon itself */
		buf_reset(&mid);
		buf_reset(&out);
		must(c->history->encode(a, in, 6, &mid, &e) == 0);
		must(c->history->decode(b, buf_slice(&mid), in.n, &out, &e) ==
		    0);
		must(slice_eq(buf_slice(&out), in));
	}
	c->history->state_free(a);
	c->history->state_free(b);
	buf_clear(&mid);
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct codec_ops *c = codec_find(SLICE("columnar"));
	struct slice rest = { (const char *)data + 1, size - 1 };

	if (size < 2)
		return 0;
	if (data[0] < 128)
		there_and_back(c, rest);
	else
		decode(c, rest, (size_t)(data[0] & 63) << 6,
		    (data[0] & 64) != 0);
	return 0;
}
