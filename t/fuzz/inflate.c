/*
 * Every decoder on every input: exactly the bytes promised, or none; alone, and
 * upon a state that learnt a message.  The input is the size promised (3 bytes)
 * and what is to be decoded.
 */
#include "config.h"

#include <stdlib.h>

#include "common/codec/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int rc, size_t size, struct buf *out, const struct err *e)
{
	if (out->n != (rc == 0 ? size : 0))
		abort();
	if (rc == -1 && e->kind != ERR_INPUT)
		abort();
	if (out->cap > 2 * size + 1024)
		abort();
	buf_clear(out);
}

static void
decode(const struct codec_ops *c, struct slice in, size_t size)
{
	struct buf out = { 0 };
	struct err e = { 0 };
	int rc = c->decode(in, size, &out, &e);

	check(rc, size, &out, &e);
}

/* A CONFIG and two DATA. */
static const char learnt[] = "MsgID:1\n"
			     "Type:CONFIG\n"
			     "Timestamp:1085528750\n"
			     "Stream:00112233445566778899aabbccddeeff\n"
			     "Prev:crc32=00000000\n"
			     "Generation:1\n"
			     "Length:64\n"
			     "Digest:crc32=5162e4e9\n"
			     "\n"
			     "level2-token:T1\n"
			     "level2-path:/a\n"
			     ";\n"
			     "level2-token:T2\n"
			     "level2-path:/b\n"
			     ".\n"
			     "MsgID:2\n"
			     "Type:DATA\n"
			     "Timestamp:1085528810\n"
			     "Stream:00112233445566778899aabbccddeeff\n"
			     "Prev:crc32=5162e4e9\n"
			     "Generation:1\n"
			     "Length:16\n"
			     "Digest:crc32=b6de7a91\n"
			     "\n"
			     "T1:1000\n"
			     "T2:5.25\n"
			     ".\n"
			     "MsgID:3\n"
			     "Type:DATA\n"
			     "Timestamp:1085528870\n"
			     "Stream:00112233445566778899aabbccddeeff\n"
			     "Prev:crc32=b6de7a91\n"
			     "Generation:1\n"
			     "Length:13\n"
			     "Digest:crc32=d0a59484\n"
			     "\n"
			     "T1:1100\n"
			     "T2:U\n"
			     ".\n";

static void
decode_upon(const struct codec_history *h, struct slice in, size_t size)
{
	struct codec_state *s = h->state_new();
	struct buf out = { 0 };
	struct err e = { 0 };
	int rc;

	h->learn(s, SLICE(learnt));
	rc = h->decode(s, in, size, &out, &e);
	check(rc, size, &out, &e);
	h->state_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t promised;

	if (size < 3)
		return 0;
	promised = (size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2];
	for (size_t i = 0; codec_all()[i] != NULL; i++) {
		const struct codec_ops *c = codec_all()[i];
		struct slice in = { (const char *)data + 3, size - 3 };

		decode(c, in, promised);
		if (c->history != NULL)
			decode_upon(c->history, in, promised);
	}
	return 0;
}
