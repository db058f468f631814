/*
 * The durable-write protocol; see durable.h.  The rule tags are those of
 * doc/architecture.md.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"

#define TMP_PREFIX ".tmp-"

enum {
	GROUP_FEW =
	    8, /* files: others' dirty pages are not worth waiting for */
	TMP_NAME_SIZE = 64,
	IO_FIRST = 16 << 10,
	IO_CHUNK = 256 << 10,
};

int
io_write_full(int fd, struct slice s, struct err *e)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, "write");
		s.p += n;
		s.n -= (size_t)n;
	}
	return 0;
}

int
io_pwrite_full(int fd, struct slice s, uint64_t off, struct err *e)
{
	while (s.n > 0) {
		ssize_t n = pwrite(fd, s.p, s.n, (off_t)off);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, "write");
		s.p += n;
		s.n -= (size_t)n;
		off += (uint64_t)n;
	}
	return 0;
}

/* One read into *out, of at most n bytes: 0 at the end of the file.  *chunk is
 * how many at once; more when there were so many: most files are small. */
static ssize_t
read_some(int fd, size_t n, int64_t off, size_t *chunk, struct buf *out,
    struct err *e)
{
	size_t want = n < *chunk ? n : *chunk;
	char *at = buf_room(out, want);
	ssize_t got;

	if (at == NULL)
		return err_set(e, ERR_INPUT, "more than %zu bytes", out->limit);
	do
		got = off < 0 ? read(fd, at, want)
			      : pread(fd, at, want, (off_t)off);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		return err_sys(e, "read");
	if ((size_t)got == want)
		*chunk = IO_CHUNK;
	out->n += (size_t)got;
	out->p[out->n] = '\0';
	return got;
}

int
io_read_upto(int fd, size_t n, struct buf *out, struct err *e)
{
	size_t chunk = IO_FIRST;
	ssize_t got = 1;

	for (; n > 0 && got > 0; n -= (size_t)got)
		if ((got = read_some(fd, n, -1, &chunk, out, e)) == -1)
			return -1;
	return 0;
}

int
io_pread_upto(int fd, size_t n, uint64_t off, struct buf *out, struct err *e)
{
	size_t chunk = IO_FIRST;
	ssize_t got = 1;

	for (; n > 0 && got > 0; n -= (size_t)got, off += (uint64_t)got)
		if ((got = read_some(fd, n, (int64_t)off, &chunk, out, e)) ==
		    -1)
			return -1;
	return 0;
}

int
durable_open_dir(int dirfd, const char *name, struct err *e)
{
	int fd = openat(dirfd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return err_sys(e, "open directory %s", name);
	return fd;
}

int
durable_make_dir(int dirfd, const char *name, struct err *e)
{
	int fd = -1;

	if (mkdirat(dirfd, name, 0700) == -1 && errno != EEXIST)
		return err_sys(e, "make directory %s", name);
	fd = durable_open_dir(dirfd, name, e);
	if (fd == -1)
		return -1;
	/* W5, W8: one that was there may be as new as ours */
	if (durable_sync(fd, e) == -1 ||
	    (dirfd != AT_FDCWD && durable_sync(dirfd, e) == -1)) {
		close(fd);
		return err_wrap(e, "make directory %s", name);
	}
	return fd;
}

int
durable_open_file(int dirfd, const char *name, struct err *e)
{
	struct stat st;
	int fd =
	    openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1 && (errno == ELOOP || errno == ENXIO)) /* link, socket */
		return err_set(e, ERR_INPUT, "%s is not a plain file", name);
	if (fd == -1)
		return err_sys(e, "open %s", name);
	if (fstat(fd, &st) == -1) {
		err_sys(e, "look at %s", name);
	} else if (!S_ISREG(st.st_mode) || st.st_nlink > 1) {
		err_set(e, ERR_INPUT, "%s is not a plain file", name);
	} else if (st.st_uid != geteuid() && st.st_uid != 0) {
		err_set(e, ERR_DENIED, "%s belongs to another account", name);
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

int
durable_read_file(int dirfd, const char *name, size_t limit, struct buf *out,
    struct err *e)
{
	size_t before = out->n;
	int rc = -1;
	int fd = durable_open_file(dirfd, name, e);

	if (fd == -1)
		return -1;
	rc = io_read_upto(fd, limit + 1, out, e);
	if (rc == 0 && out->n - before > limit)
		rc = err_set(e, ERR_INPUT, "more than %zu bytes", limit);
	if (rc == -1) {
		err_wrap(e, "read %s", name);
		out->n = before;
	}
	close(fd);
	return rc;
}

int
durable_sync(int fd, struct err *e)
{
	if (fsync(fd) == -1)
		return err_sys(e, "fsync");
	return 0;
}

int
durable_data_sync(int fd, struct err *e)
{
	if (fdatasync(fd) == -1)
		return err_sys(e, "fdatasync");
	return 0;
}

static void
tmp_name(char out[TMP_NAME_SIZE])
{
	static unsigned counter; /* two writers in one process never meet */

	(void)snprintf(out, TMP_NAME_SIZE, TMP_PREFIX "%ld-%u", (long)getpid(),
	    counter++);
}

int
durable_temp(int dirfd, struct durable_temp *t, struct err *e)
{
	_Static_assert(sizeof(t->name) == TMP_NAME_SIZE, "names of one size");
	do {
		tmp_name(t->name);
		t->fd = openat(dirfd, t->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (t->fd == -1 && errno == EEXIST); /* left by a dead namesake */
	if (t->fd == -1)
		return err_sys(e, "create a temporary file");
	return 0;
}

/* Close t, whose bytes are out or lost.  A close that fails is a write that
 * failed (W3). */
static int
temp_close(struct durable_temp *t, struct err *e)
{
	int rc = close(t->fd);

	t->fd = -1;
	if (rc == -1)
		return err_sys(e, "close");
	return 0;
}

int
durable_commit(int dirfd, struct durable_temp *t, const char *name,
    bool replace, struct err *e)
{
	if (durable_sync(t->fd, e) == -1 || temp_close(t, e) == -1)
		goto fail;
	if (renameat2(dirfd, t->name, dirfd, name,
		replace ? 0 : RENAME_NOREPLACE) == -1) {
		err_sys(e, "name");
		goto fail;
	}
	t->name[0] = '\0';
	if (durable_sync(dirfd, e) == -1) /* the name may stay: W8 */
		goto fail;
	return 0;
fail:
	durable_abandon(dirfd, t);
	return err_wrap(e, "%s", name);
}

void
durable_abandon(int dirfd, struct durable_temp *t)
{
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
	if (t->name[0] != '\0')
		unlinkat(dirfd, t->name, 0);
	t->name[0] = '\0';
}

static int
write_named(int dirfd, const char *name, struct slice body, bool replace,
    struct err *e)
{
	struct durable_temp t;

	if (durable_temp(dirfd, &t, e) == -1)
		return err_wrap(e, "%s", name);
	if (io_write_full(t.fd, body, e) == -1) {
		durable_abandon(dirfd, &t);
		return err_wrap(e, "%s", name);
	}
	return durable_commit(dirfd, &t, name, replace, e);
}

int
durable_create(int dirfd, const char *name, struct slice body, struct err *e)
{
	return write_named(dirfd, name, body, false, e);
}

int
durable_replace(int dirfd, const char *name, struct slice body, struct err *e)
{
	return write_named(dirfd, name, body, true, e);
}

struct durable_grouped {
	struct durable_temp temp; /* closed */
	char *name;
};

int
durable_group_put(struct durable_group *g, const char *name, struct slice body,
    struct err *e)
{
	struct durable_grouped f;

	if (durable_temp(g->dirfd, &f.temp, e) == -1)
		return err_wrap(e, "%s", name);
	if (io_write_full(f.temp.fd, body, e) == -1 ||
	    (g->n < GROUP_FEW && durable_sync(f.temp.fd, e) == -1) ||
	    temp_close(&f.temp, e) == -1) {
		durable_abandon(g->dirfd, &f.temp);
		return err_wrap(e, "%s", name);
	}
	f.name = mem_strdup(name);
	g->at = mem_resize(g->at, g->n + 1, sizeof(*g->at));
	g->at[g->n++] = f;
	g->bytes += body.n;
	return 0;
}

void
durable_group_abandon(struct durable_group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		durable_abandon(g->dirfd, &g->at[i].temp);
		free(g->at[i].name);
	}
	free(g->at);
	*g = (struct durable_group){ .dirfd = g->dirfd };
}

int
durable_group_commit(struct durable_group *g, struct err *e)
{
	int rc = 0;

	if (g->n > GROUP_FEW && syncfs(g->dirfd) == -1)
		rc = err_sys(e, "syncfs");
	for (size_t i = 0; rc == 0 && i < g->n; i++) {
		struct durable_grouped *f = &g->at[i];

		if (renameat2(g->dirfd, f->temp.name, g->dirfd, f->name, 0) ==
		    -1)
			rc = err_sys(e, "name %s", f->name);
		else
			f->temp.name[0] = '\0';
	}
	if (rc == 0 && g->n > 0)
		rc = durable_sync(g->dirfd, e);
	durable_group_abandon(g);
	return rc;
}

int
durable_move(int from_dir, const char *from, int to_dir, const char *to,
    struct err *e)
{
	if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == -1)
		return err_sys(e, "rename %s to %s", from, to);
	if (durable_sync(to_dir, e) == -1 ||
	    (from_dir != to_dir && durable_sync(from_dir, e) == -1))
		return err_wrap(e, "rename %s to %s", from, to);
	return 0;
}

bool
durable_is_temporary(const char *name)
{
	return strncmp(name, TMP_PREFIX, sizeof(TMP_PREFIX) - 1) == 0;
}

/* True unless the process that made this temporary may still be writing it. */
static bool
writer_is_dead(const char *name)
{
	struct slice in = slice_str(name + sizeof(TMP_PREFIX) - 1), pid;
	uint64_t v;

	if (!slice_cut(&in, '-', &pid) || !slice_u64(pid, INT32_MAX, &v))
		return true; /* not one of ours: nobody finishes it */
	return v != (uint64_t)getpid() && kill((pid_t)v, 0) == -1 &&
	    errno == ESRCH;
}

static void
names_add(struct names *l, const char *name)
{
	if ((l->n & (l->n - 1)) == 0) /* full at every power of two */
		l->name = mem_resize(l->name, l->n > 0 ? l->n * 2 : 1,
		    sizeof(l->name[0]));
	l->name[l->n++] = mem_strdup(name);
}

int
durable_each(int dirfd, durable_name *f, void *arg, struct err *e)
{
	const struct dirent *d;
	DIR *dir;
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd == -1)
		return err_sys(e, "list directory");
	dir = fdopendir(fd);
	if (dir == NULL) {
		err_sys(e, "list directory");
		close(fd);
		return -1;
	}
	while (errno = 0, (d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			f(arg, dirfd, d->d_name);
	if (errno != 0)
		rc = err_sys(e, "list directory");
	closedir(dir);
	return rc;
}

/* The temporaries of a directory, or all that is not one. */
struct wanted_names {
	bool temporaries;
	struct names found;
};

static void
add_wanted(void *arg, int dirfd, const char *name)
{
	struct wanted_names *w = arg;

	(void)dirfd;
	if (durable_is_temporary(name) == w->temporaries)
		names_add(&w->found, name);
}

static int
list_names(int dirfd, bool temporaries, struct names *out, struct err *e)
{
	struct wanted_names w = { .temporaries = temporaries };

	if (durable_each(dirfd, add_wanted, &w, e) == -1) {
		names_free(&w.found);
		return -1;
	}
	*out = w.found;
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
durable_list(int dirfd, struct names *out, struct err *e)
{
	if (list_names(dirfd, false, out, e) == -1)
		return -1;
	if (out->n > 1)
		qsort(out->name, out->n, sizeof(out->name[0]), compare_names);
	return 0;
}

int
durable_sweep(int dirfd, struct err *e)
{
	struct names l = { 0 };

	if (list_names(dirfd, true, &l, e) == -1)
		return -1;
	for (size_t i = 0; i < l.n; i++)
		if (writer_is_dead(l.name[i]))
			unlinkat(dirfd, l.name[i],
			    0); /* or at the next start */
	names_free(&l);
	return 0;
}

void
names_free(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->name[i]);
	free(l->name);
	*l = (struct names){ 0 };
}
