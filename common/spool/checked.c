/*
 * Text files with a closing line; see checked.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <zlib.h>

#include "common/base/durable.h"
#include "common/spool/checked.h"

enum {
	CHECKED_MAX = 16 << 20
};

static const struct slice end_word = { "end crc32=", 10 };

static uint32_t
checksum(struct slice s)
{
	return (uint32_t)crc32(0, (const Bytef *)s.p, (uInt)s.n);
}

bool
checked_open(struct slice *in)
{
	struct slice tail = { .n = end_word.n + 8 }, text;
	uint64_t crc;

	if (in->n < tail.n + 1 || in->p[in->n - 1] != '\n')
		return false;
	text = (struct slice){ in->p, in->n - tail.n - 1 };
	tail.p = in->p + text.n;
	if (!slice_starts(tail, end_word))
		return false;
	tail.p += end_word.n;
	tail.n = 8;
	if (!slice_hex(tail, 8, &crc) || checksum(text) != crc)
		return false;
	*in = text;
	return true;
}

void
checked_close(struct buf *out)
{
	buf_printf(out, "end crc32=%08" PRIx32 "\n", checksum(buf_slice(out)));
}

int
checked_read(int dirfd, const char *name, struct buf *keep, struct slice *text,
    struct err *e)
{
	struct err why = { 0 };

	if (durable_read_file(dirfd, name, CHECKED_MAX, keep, &why) == -1) {
		*text = (struct slice){ 0 };
		if (why.sys == ENOENT)
			return 0;
		*e = why;
		return -1;
	}
	*text = buf_slice(keep);
	if (!checked_open(text))
		return err_set(e, ERR_INPUT, "%s is damaged", name);
	return 0;
}

int
checked_write(int dirfd, const char *name, struct buf *out, struct err *e)
{
	checked_close(out);
	return durable_replace(dirfd, name, buf_slice(out), e);
}
