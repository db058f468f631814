/*
 * Every decoder on every input: exactly the bytes promised, or none.  The input
 * is the size promised (3 bytes) and what is to be decoded.
 */
#include "config.h"

#include <stdlib.h>

#include "common/codec/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
decode(const struct codec_ops *c, struct slice in, size_t size)
{
	struct buf out = { 0 };
	struct err e = { 0 };
	int rc = c->decode(in, size, &out, &e);

	if (out.n != (rc == 0 ? size : 0))
		abort();
	if (rc == -1 && e.kind != ERR_INPUT)
		abort();
	if (out.cap > 2 * size + 1024)
		abort();
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t promised;

	if (size < 3)
		return 0;
	promised = (size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2];
	for (size_t i = 0; codec_all()[i] != NULL; i++)
		decode(codec_all()[i],
		    (struct slice){ (const char *)data + 3, size - 3 },
		    promised);
	return 0;
}
