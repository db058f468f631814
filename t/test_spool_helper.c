/*
 * What the tests of the spool share; see test_spool_helper.h.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/segment.h"
#include "t/test_spool_helper.h"

enum {
	TIME_BASE = 1700000000
};

static int
make_dir(const char *base)
{
	char name[64];
	int top;

	snprintf(name, sizeof(name), "%s/axletree-spool-XXXXXX", base);
	if (mkdtemp(name) == NULL)
		fail_msg("mkdtemp %s", name);
	top = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(top != -1);
	return top;
}

int
helper_dir(void)
{
	return make_dir("/tmp");
}

int
helper_dir_in_memory(void)
{
	return make_dir(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
}

/* All of it, also what the spool would not list: files that a writer left. */
static void
empty(int dir)
{
	DIR *d = fdopendir(dup(dir));
	struct dirent *entry;

	assert_non_null(d);
	rewinddir(d);
	while ((entry = readdir(d)) != NULL) {
		const char *name = entry->d_name;
		int sub;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		sub = openat(dir, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub != -1) {
			empty(sub);
			close(sub);
		}
		unlinkat(dir, name, sub != -1 ? AT_REMOVEDIR : 0);
	}
	closedir(d);
}

void
helper_dir_done(int top)
{
	char link[64], path[256];
	ssize_t n;

	empty(top);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", top);
	n = readlink(link, path, sizeof(path) - 1);
	close(top);
	assert_true(n > 0);
	path[n] = '\0';
	rmdir(path);
}

int
helper_setup(void **top)
{
	*(int *)*top = helper_dir();
	return 0;
}

int
helper_teardown(void **top)
{
	helper_dir_done(*(int *)*top);
	return 0;
}

int
helper_put_data(struct outbox *o, unsigned n, struct err *e)
{
	struct message m = { .type = MESSAGE_DATA,
		.timestamp = TIME_BASE + n,
		.generation = 1,
		.body = SLICE("T1:42\nT2:U\n") };

	return outbox_put(o, &m, e);
}

int
helper_put_config(struct outbox *o, uint64_t generation, uint32_t part,
    uint32_t parts, struct err *e)
{
	struct buf body = { 0 };
	struct message m = { .type = MESSAGE_CONFIG,
		.timestamp = TIME_BASE,
		.generation = generation,
		.part = part,
		.parts = parts };
	int rc;

	buf_printf(&body, "level2-token:T%u\nlevel2-path:/A/B%u\n",
	    (unsigned)part, (unsigned)part);
	m.body = buf_slice(&body);
	rc = outbox_put(o, &m, e);
	buf_clear(&body);
	return rc;
}

struct outbox *
helper_outbox(int top, const struct outbox_opts *opts)
{
	struct outbox *o = NULL;
	struct err e = { 0 };

	if (outbox_open(top, opts, &o, &e) == -1)
		fail_msg("%s", e.msg);
	return o;
}

struct outbox *
helper_filled(int top, unsigned n)
{
	struct outbox *o = helper_outbox(top, NULL);
	struct err e = { 0 };

	assert_int_equal(helper_put_config(o, 1, 1, 1, &e), 0);
	for (unsigned i = 1; i <= n; i++)
		assert_int_equal(helper_put_data(o, i, &e), 0);
	if (outbox_commit(o, &e) == -1 || outbox_seal(o, &e) == -1)
		fail_msg("%s", e.msg);
	return o;
}

struct inbox *
helper_inbox(int top, const struct spool_point *cursor)
{
	struct inbox_opts opts = { 0 };
	struct inbox *i = NULL;
	struct err e = { 0 };

	if (cursor != NULL)
		opts.cursor = *cursor;
	if (inbox_open(top, &opts, &i, &e) == -1)
		fail_msg("%s", e.msg);
	return i;
}

struct inbox *
helper_inbox_upto(int top, uint64_t msgid)
{
	struct inbox *i = helper_inbox(top, NULL);

	assert_int_equal(inbox_durable(i).msgid, msgid);
	return i;
}

struct stream_id
helper_stream(uint8_t b)
{
	struct stream_id s;

	memset(s.b, b, sizeof(s.b));
	return s;
}

uint32_t
helper_write(struct buf *out, struct stream_id stream, uint64_t msgid,
    uint32_t prev)
{
	struct message m = { .msgid = msgid,
		.stream = stream,
		.prev = prev,
		.type = MESSAGE_DATA,
		.timestamp = TIME_BASE + msgid % 1000000,
		.generation = 1,
		.body = SLICE("T1:42\nT2:U\n") };
	struct err e;

	if (message_write(out, &m, &e) == -1)
		fail_msg("%s", e.msg);
	return m.digest;
}

uint32_t
helper_segments(int top, const char *dir, uint64_t n)
{
	char path[128];
	struct buf b = { 0 };
	uint32_t digest = 0;

	assert_int_equal(mkdirat(top, dir, 0700), 0);
	for (uint64_t k = 1; k <= n; k++) {
		buf_reset(&b);
		if (k == 1 || k == n)
			digest = helper_write(&b, helper_stream(1), k, 0);
		(void)snprintf(path, sizeof(path), "%s/%020llu-%020llu.msgs",
		    dir, (unsigned long long)k, (unsigned long long)k);
		helper_file(top, path, buf_slice(&b));
	}
	buf_clear(&b);
	return digest;
}

struct message
helper_message(struct buf *keep, struct stream_id stream, uint64_t msgid,
    uint32_t prev)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, 0);
	struct message m;
	struct err e;

	buf_reset(keep);
	helper_write(keep, stream, msgid, prev);
	if (message_parse(p, buf_slice(keep), &m, &e) != MESSAGE_WHOLE)
		fail_msg("%s", e.msg);
	message_parser_free(p);
	return m;
}

const char *
helper_read(int top, unsigned dirs, uint64_t from)
{
	static struct buf out;
	struct spool_reader *r = NULL;
	struct message m = { 0 };
	struct err e = { 0 };
	enum spool_read found;

	buf_clear(&out);
	buf_put_str(&out, "");
	if (spool_reader_open(top, dirs, from, &r, &e) == -1)
		fail_msg("%s", e.msg);
	while ((found = spool_reader_next(r, &m, &e)) != SPOOL_READ_END) {
		if (found == SPOOL_READ_FAILED)
			fail_msg("%s", e.msg);
		buf_printf(&out, "%s%s%" PRIu64, out.n > 0 ? " " : "",
		    found == SPOOL_READ_GAP       ? "gap:"
			: found == SPOOL_READ_BAD ? "bad:"
						  : "",
		    m.msgid);
	}
	spool_reader_close(r);
	return out.p;
}

const char *
helper_names(int top, const char *dir)
{
	static struct buf out;
	struct names l;
	struct err e;
	int fd = openat(top, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	buf_clear(&out);
	buf_put_str(&out, "");
	if (fd == -1)
		return out.p;
	assert_int_equal(durable_list(fd, &l, &e), 0);
	for (size_t i = 0; i < l.n; i++)
		buf_printf(&out, "%s%s", i > 0 ? " " : "", l.name[i]);
	names_free(&l);
	close(fd);
	return out.p;
}

uint32_t
helper_digest(int top, unsigned dirs, uint64_t msgid)
{
	struct spool_reader *r = NULL;
	struct message m = { 0 };
	struct err e;
	uint32_t digest = 0;

	if (spool_reader_open(top, dirs, msgid, &r, &e) == -1)
		fail_msg("%s", e.msg);
	if (spool_reader_next(r, &m, &e) == SPOOL_READ_MESSAGE)
		digest = m.digest;
	spool_reader_close(r);
	return digest;
}

static int
open_file(int top, const char *path)
{
	int fd = openat(top, path, O_RDWR | O_CLOEXEC);

	if (fd == -1)
		fail_msg("there is no %s", path);
	return fd;
}

void
helper_spoil(int top, const char *path, int64_t offset, const char *bytes)
{
	int fd = open_file(top, path);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pwrite(fd, bytes, strlen(bytes),
			     offset < 0 ? st.st_size + offset : offset),
	    strlen(bytes));
	close(fd);
}

void
helper_cut(int top, const char *path, int64_t size)
{
	int fd = open_file(top, path);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(ftruncate(fd, size < 0 ? st.st_size + size : size), 0);
	close(fd);
}

void
helper_file(int top, const char *path, struct slice bytes)
{
	struct err e;
	int fd =
	    openat(top, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd != -1);
	assert_int_equal(io_write_full(fd, bytes, &e), 0);
	close(fd);
}

int64_t
helper_offset(int top, const char *path, uint64_t msgid)
{
	struct buf keep = { 0 };
	struct message m;
	struct err e;
	int fd = open_file(top, path);
	int64_t at = segment_find(fd, msgid, &m, &keep, &e);

	if (at == -1)
		fail_msg("%s", e.msg);
	buf_clear(&keep);
	close(fd);
	return at;
}
