/*
 * Counters that begin anew; see counters.h.  The file is the boot id of the
 * machine and a line `value path` each.
 */
#include "config.h"

#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/durable.h"
#include "common/base/mem.h"
#include "spoke/counters.h"

enum {
	COUNTERS_MAX = 256 << 20 /* bytes of the file */
};

struct counter {
	struct slice path, value; /* in counters.old */
};

struct counters {
	int run_dir;
	char *file;
	struct buf old, new;
	struct counter *counter;
	size_t n;
	void *by_path; /* tsearch(3) of counters */
};

static int
by_path(const void *a, const void *b)
{
	const struct counter *x = a, *y = b;

	return slice_cmp(x->path, y->path);
}

static void
put_boot_id(struct buf *out)
{
	struct err ignored = { 0 }; /* an empty line then: nothing is known */
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	if (io_read_upto(fd, 64, out, &ignored) == -1)
		buf_reset(out);
	close(fd);
}

static size_t
count_lines(struct slice s)
{
	struct slice line;
	size_t n = 0;

	while (slice_cut(&s, '\n', &line))
		n++;
	return n;
}

static void
index_old(struct counters *c, struct slice in)
{
	struct slice line, value;

	c->counter = mem_array(count_lines(in), sizeof(*c->counter));
	while (slice_cut(&in, '\n', &line)) {
		if (!slice_cut(&line, ' ', &value))
			continue;
		c->counter[c->n] = (struct counter){ line, value };
		(void)tsearch(&c->counter[c->n++], &c->by_path, by_path);
	}
}

struct counters *
counters_open(int run_dir, const char *collector)
{
	struct counters *c = mem_alloc(sizeof(*c));
	struct err ignored = { 0 }; /* what cannot be read is not known */
	struct slice in, boot;

	c->run_dir = run_dir;
	c->file = mem_printf("counters-%s", collector);
	put_boot_id(&c->new);
	if (durable_read_file(run_dir, c->file, COUNTERS_MAX, &c->old,
		&ignored) == -1)
		return c;
	in = buf_slice(&c->old);
	boot = buf_slice(&c->new);
	if (boot.n > 0 && slice_skip(&in, boot))
		index_old(c, in);
	return c;
}

/* Plain numbers without a sign, by their text: a COUNTER64 fits no double. */
static bool
is_less(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return a.n < b.n;
	return memcmp(a.p, b.p, a.n) < 0;
}

bool
counters_anew(struct counters *c, const char *path, const char *value)
{
	const struct counter key = { .path = slice_str(path) };
	struct counter *const *found = tfind(&key, &c->by_path, by_path);

	if (*value != 'U')
		buf_printf(&c->new, "%s %s\n", value, path);
	return found == NULL || is_less(slice_str(value), (*found)->value);
}

int
counters_save(struct counters *c, struct err *e)
{
	if (durable_replace(c->run_dir, c->file, buf_slice(&c->new), e) == -1)
		return err_wrap(e, "%s", c->file);
	return 0;
}

static void
not_theirs(void *counter)
{
	(void)counter;
}

void
counters_close(struct counters *c)
{
	if (c == NULL)
		return;
	tdestroy(c->by_path, not_theirs);
	free(c->counter);
	free(c->file);
	buf_clear(&c->old);
	buf_clear(&c->new);
	free(c);
}
