/*
 * The journal of an RRD store; see rrd_journal.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/crc.h"
#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "hub/stores/rrd_journal.h"
#include "hub/stores/rrd_sweep.h"

#define NAME    ".journal"
#define DAMAGED ".journal.damaged"
#define MAGIC   "RRDH"

static const struct slice banner = { "axletree-rrd-journal-1\n", 23 };

enum {
	RECORD_HEAD = 24,
	NAME_MAX_N = 4096,
	BYTES_MAX = 1 << 20,
	RECORD_MOST = RECORD_HEAD + NAME_MAX_N + BYTES_MAX,
	CHUNK = 4 << 20, /* read at once */
};

struct rrd_journal {
	int dirfd; /* borrowed */
	int fd;
	uint64_t end; /* bytes that are durable */
};

static void
put_le(char *out, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(v >> 8 * i);
}

static uint64_t
get_le(const char *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | (uint8_t)p[n];
	return v;
}

void
rrd_journal_record(struct buf *out, const char *name, uint64_t at,
    struct slice head)
{
	size_t name_n = strlen(name), start = out->n;
	char h[RECORD_HEAD] = MAGIC;

	put_le(h + 8, name_n, 4);
	put_le(h + 12, head.n, 4);
	put_le(h + 16, at, 8);
	buf_put(out, (struct slice){ h, sizeof(h) });
	buf_put(out, (struct slice){ name, name_n });
	buf_put(out, head);
	put_le(out->p + start + 4,
	    crc_add(0,
		(struct slice){ out->p + start + 8, out->n - start - 8 }),
	    4);
}

struct record {
	struct slice name, head;
	uint64_t at;
};

/* Cut the record at the front of *in.  False: there is no whole one. */
static bool
next_record(struct slice *in, struct record *r)
{
	size_t name_n, head_n, all;

	if (in->n < RECORD_HEAD || memcmp(in->p, MAGIC, 4) != 0)
		return false;
	name_n = (size_t)get_le(in->p + 8, 4);
	head_n = (size_t)get_le(in->p + 12, 4);
	if (name_n == 0 || name_n > NAME_MAX_N || head_n > BYTES_MAX)
		return false;
	all = RECORD_HEAD + name_n + head_n;
	if (in->n < all ||
	    crc_add(0, (struct slice){ in->p + 8, all - 8 }) !=
		get_le(in->p + 4, 4))
		return false;
	r->at = get_le(in->p + 16, 8);
	r->name = (struct slice){ in->p + RECORD_HEAD, name_n };
	r->head = (struct slice){ r->name.p + name_n, head_n };
	in->p += all;
	in->n -= all;
	return true;
}

/* A file that is gone is made anew when its values are applied again. */
static int
restore_head(int dirfd, const char *name, const struct record *r, struct err *e)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc;

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1)
		return err_sys(e, "open %s", name);
	rc = io_pwrite_full(fd, r->head, r->at, e);
	if (close(fd) == -1 && rc == 0)
		rc = err_sys(e, "close");
	return rc == -1 ? err_wrap(e, "%s", name) : 0;
}

/* Put one file back, or note that it was to be made. */
static int
restore_one(int dirfd, const struct record *r, struct rrd_sweep *made,
    struct err *e)
{
	char *name = slice_dup(r->name);
	int rc = 0;

	if (r->head.n > 0)
		rc = restore_head(dirfd, name, r, e);
	else if (unlinkat(dirfd, name, 0) == -1 && errno != ENOENT)
		rc = err_sys(e, "remove %s", name);
	else
		rrd_sweep_add(made, name);
	free(name);
	return rc;
}

/* The journal as it is read: it may be larger than memory should hold. */
struct scan {
	int fd;
	struct buf bytes;
	struct slice rest; /* of bytes, not looked at yet */
	bool end;          /* nothing is left in the file */
	struct rrd_sweep made;
};

/* Have a whole record's bytes at hand, where the file has them. */
static int
fill(struct scan *s, struct err *e)
{
	size_t had;

	if (s->end || s->rest.n >= RECORD_MOST)
		return 0;
	buf_drop(&s->bytes, s->bytes.n - s->rest.n);
	had = s->bytes.n;
	if (io_read_upto(s->fd, CHUNK, &s->bytes, e) == -1)
		return -1;
	s->end = s->bytes.n - had < CHUNK;
	s->rest = buf_slice(&s->bytes);
	return 0;
}

/* All records.  What ends the file torn was not durable, so its files were not
 * touched; what is bad with a good record behind it is damage. */
static int
restore_all(int dirfd, struct scan *s, uint64_t *restored, bool *damaged,
    struct err *e)
{
	bool bad = false;
	struct record r;

	for (;;) {
		if (fill(s, e) == -1)
			return -1;
		if (s->rest.n == 0)
			return 0;
		if (!next_record(&s->rest, &r)) {
			bad = true;
			s->rest.p++;
			s->rest.n--;
			continue;
		}
		*damaged = *damaged || bad;
		if (restore_one(dirfd, &r, &s->made, e) == -1)
			return -1;
		(*restored)++;
	}
}

/* Heads first, then all of it durable: only then the records may go. */
static int
restore(int dirfd, uint64_t *restored, struct err *e)
{
	struct scan s = { .fd = durable_open_file(dirfd, NAME, e) };
	bool damaged = false;
	uint64_t swept = 0;
	int rc = -1;

	if (s.fd == -1)
		return e->sys == ENOENT ? 0 : -1;
	if (fill(&s, e) == -1)
		goto out;
	damaged = !slice_skip(&s.rest, banner);
	if (restore_all(dirfd, &s, restored, &damaged, e) == -1 ||
	    rrd_sweep_run(&s.made, dirfd, &swept, e) == -1)
		goto out;
	if (swept > 0)
		log_info("rrd files half made are removed files=%llu",
		    (unsigned long long)swept);
	if (*restored > 0 && syncfs(dirfd) == -1) {
		err_sys(e, "sync the file system");
		goto out;
	}
	if (damaged) {
		log_err("rrd journal damaged restored=%llu kept=%s",
		    (unsigned long long)*restored, DAMAGED);
		if (renameat(dirfd, NAME, dirfd, DAMAGED) == -1) {
			err_sys(e, "rename to %s", DAMAGED);
			goto out;
		}
	}
	rc = 0;
out:
	rrd_sweep_clear(&s.made);
	buf_clear(&s.bytes);
	close(s.fd);
	return rc;
}

/* An empty journal under its name, open for appending. */
static int
begin(struct rrd_journal *j, struct err *e)
{
	int fd;

	if (durable_replace(j->dirfd, NAME, banner, e) == -1)
		return -1;
	fd = openat(j->dirfd, NAME, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return err_sys(e, "open %s", NAME);
	if (j->fd != -1)
		close(j->fd);
	j->fd = fd;
	j->end = banner.n;
	return 0;
}

int
rrd_journal_open(int dirfd, struct rrd_journal **out, uint64_t *restored,
    struct err *e)
{
	struct rrd_journal *j = mem_alloc(sizeof(*j));

	j->dirfd = dirfd;
	j->fd = -1;
	*restored = 0;
	if (durable_sweep(dirfd, e) == -1 ||
	    restore(dirfd, restored, e) == -1 || begin(j, e) == -1) {
		rrd_journal_close(j);
		return err_wrap(e, "journal");
	}
	*out = j;
	return 0;
}

int
rrd_journal_append(struct rrd_journal *j, struct slice records, bool *final,
    struct err *e)
{
	*final = false;
	if (io_pwrite_full(j->fd, records, j->end, e) == -1) {
		/* Not needed for what follows: the next append overwrites. */
		if (ftruncate(j->fd, (off_t)j->end) == -1)
			log_debug("rrd journal not cut: %s", strerror(errno));
		return err_wrap(e, "journal");
	}
	if (durable_data_sync(j->fd, e) == -1) {
		*final = true;
		return err_wrap(e, "journal");
	}
	j->end += records.n;
	return 0;
}

int
rrd_journal_restart(struct rrd_journal *j, struct err *e)
{
	if (j->end == banner.n) /* it is empty */
		return 0;
	return begin(j, e) == -1 ? err_wrap(e, "journal") : 0;
}

void
rrd_journal_close(struct rrd_journal *j)
{
	if (j == NULL)
		return;
	if (j->fd != -1)
		close(j->fd);
	free(j);
}
