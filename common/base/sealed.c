/*
 * Small state files; see sealed.h.
 */
#include "config.h"

#include "common/base/sealed.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "common/base/crc.h"
#include "common/base/durable.h"

bool
sealed_open(struct slice *text, const char *word)
{
	struct slice left = *text, crc = { .n = sizeof("crc32=01234567") - 1 };
	uint32_t sum;

	if (!slice_skip_end(&left, SLICE("\n")) || left.n < crc.n)
		return false;
	left.n -= crc.n;
	crc.p = left.p + left.n;
	if (!slice_crc32(crc, &sum) ||
	    !slice_skip_end(&left, slice_str(word == NULL ? "" : word)) ||
	    sum != crc_add(0, left))
		return false;
	*text = left;
	return true;
}

void
sealed_close(struct buf *text, const char *word)
{
	(void)buf_printf(text, "%scrc32=%08" PRIx32 "\n",
	    word == NULL ? "" : word, crc_add(0, buf_slice(text)));
}

static int
read_in(int dirfd, const struct sealed_place *at, struct buf *keep,
    struct slice *text, struct err *e)
{
	struct err why = { 0 };

	*text = (struct slice){ 0 };
	if (durable_read_file(dirfd, at->name, at->limit, keep, &why) == -1) {
		if (why.sys == ENOENT)
			return 0;
		*e = why;
		return -1;
	}
	*text = buf_slice(keep);
	if (!sealed_open(text, at->word))
		return err_set(e, ERR_INPUT, "%s is damaged", at->name);
	return 0;
}

/* The directory that the file is in; *mine is to be closed. */
static int
enter(const struct sealed_place *at, int *mine, struct err *e)
{
	*mine = -1;
	if (at->folder == NULL)
		return at->dirfd;
	*mine = durable_make_dir(at->dirfd, at->folder, e);
	return *mine;
}

static void
leave(int mine)
{
	if (mine != -1)
		close(mine);
}

/* Returns -1. */
static int
in_folder(const struct sealed_place *at, struct err *e)
{
	return at->folder != NULL ? err_wrap(e, "%s", at->folder) : -1;
}

int
sealed_read(const struct sealed_place *at, struct buf *keep, struct slice *text,
    struct err *e)
{
	int mine, dir = enter(at, &mine, e);
	int rc = dir == -1 ? -1 : read_in(dir, at, keep, text, e);

	leave(mine);
	return rc == -1 ? in_folder(at, e) : 0;
}

int
sealed_each(const struct sealed_place *at, sealed_line *each, void *arg,
    struct err *e)
{
	struct buf keep = { 0 };
	struct slice rest, line;
	int rc = sealed_read(at, &keep, &rest, e);

	while (rc == 0 && slice_cut(&rest, '\n', &line))
		if (!each(arg, line)) {
			(void)err_set(e, ERR_INPUT, "%s has a strange line",
			    at->name);
			rc = in_folder(at, e);
		}
	buf_clear(&keep);
	return rc;
}

int
sealed_write(const struct sealed_place *at, struct buf *text, struct err *e)
{
	int mine, dir = enter(at, &mine, e), rc = -1;

	sealed_close(text, at->word);
	if (dir != -1)
		rc = durable_replace(dir, at->name, buf_slice(text), e);
	leave(mine);
	return rc == -1 ? err_wrap(e, "write %s", at->name) : 0;
}
