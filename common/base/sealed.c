/*
 * Small state files; see sealed.h.  The last line is "crc32=" and 8 hex digits
 * over all lines before it.
 */
#include "config.h"

#include "common/base/sealed.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "common/base/durable.h"

enum {
	SEAL_LINE = 15 /* crc32=xxxxxxxx, LF */
};

static uint32_t
crc_of(struct slice s)
{
	return (uint32_t)crc32_z(0, (const Bytef *)s.p, s.n);
}

static bool
seal_is_right(struct slice body, struct slice line)
{
	const struct slice name = SLICE("crc32=");
	uint64_t crc;

	if (!slice_starts(line, name) || line.p[line.n - 1] != '\n')
		return false;
	line = (struct slice){ line.p + name.n, line.n - name.n - 1 };
	return slice_hex(line, 8, &crc) && crc == crc_of(body);
}

/* Appends the lines before the CRC line to *out. */
static int
read_sealed(int dirfd, const char *name, size_t limit, struct buf *out,
    struct err *e)
{
	struct buf file = { 0 };
	struct slice body, line;
	int rc = -1;

	if (durable_read_file(dirfd, name, limit, &file, e) == -1) {
		if (e->sys == ENOENT)
			rc = 0;
		goto out;
	}
	if (file.n < SEAL_LINE) {
		err_set(e, ERR_INPUT, "%s is cut off", name);
		goto out;
	}
	body = (struct slice){ file.p, file.n - SEAL_LINE };
	line = (struct slice){ file.p + body.n, SEAL_LINE };
	if (!seal_is_right(body, line)) {
		err_set(e, ERR_INPUT, "%s is damaged", name);
		goto out;
	}
	(void)buf_put(out, body); /* it has no limit */
	rc = 0;
out:
	buf_clear(&file);
	return rc;
}

int
sealed_each(const struct sealed_place *at, sealed_line *each, void *arg,
    struct err *e)
{
	struct buf text = { 0 };
	struct slice rest, line;
	int dir = durable_make_dir(at->state_dir, at->folder, e), rc = -1;

	if (dir == -1)
		return -1;
	rc = read_sealed(dir, at->name, at->limit, &text, e);
	rest = buf_slice(&text);
	while (rc == 0 && slice_cut(&rest, '\n', &line))
		if (!each(arg, line))
			rc = err_set(e, ERR_INPUT, "%s/%s: strange line",
			    at->folder, at->name);
	buf_clear(&text);
	close(dir);
	return rc;
}

int
sealed_write(const struct sealed_place *at, struct buf *text, struct err *e)
{
	int dir = durable_make_dir(at->state_dir, at->folder, e), rc;

	if (dir == -1)
		return -1;
	(void)buf_printf(text, "crc32=%08x\n",
	    (unsigned)crc_of(buf_slice(text)));
	rc = durable_replace(dir, at->name, buf_slice(text), e);
	close(dir);
	return rc == -1 ? err_wrap(e, "write %s", at->name) : 0;
}
