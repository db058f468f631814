/*
 * Files in memory with two lives, the one that processes see and the one that
 * a power cut leaves; see disk.h.
 */
#include "config.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* RENAME_* */
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "t/sim/disk.h"
#include "t/sim/fiber.h"
#include "t/sim/rng.h"

enum {
	HOSTS = 4,
	BLOCK = 512, /* what tears */
	PAGE = 4096, /* what a failed sync forgets */
};

struct bytes {
	char *p;
	size_t n;
};

struct entry {
	char *name;
	unsigned inode;
};

/* Names of one directory, in no order. */
struct entries {
	struct entry *entry;
	size_t n;
};

/* A change of names that no sync covers yet. */
struct change {
	uint64_t id;
	uint64_t needs;     /* a change that must have happened, 0: none */
	char *remove, *add; /* either may be NULL */
	unsigned inode;     /* for add */
	char *swap;         /* the other name of an exchange, or NULL */
	unsigned swap_inode;
};

/* One locked range of a file; as far as there is no end, `to` is INT64_MAX. */
struct record_lock {
	int pid;
	int64_t from, to;
};

struct inode {
	int host;
	bool dir;
	struct bytes live, synced; /* a file's */
	bool dirty;
	struct bytes doubtful;      /* dirty when a sync failed: as they were */
	struct entries names, kept; /* a directory's */
	struct change *change;
	size_t n_change;
	int lock_fd;              /* who holds the flock, -1: nobody */
	struct record_lock *lock; /* of processes */
	size_t n_lock;
};

struct file {
	bool used;
	unsigned inode;
	int pid;
	uint64_t at;
	bool append;
};

/* What fdopendir gives out. */
struct listing {
	int fd;
	struct entries names;
	size_t at;
	struct dirent current;
};

static struct {
	struct inode *inode;
	unsigned n_inode; /* number 0 is not used */
	unsigned root[HOSTS];
	struct file file[DISK_FD_MAX];
	uint64_t next_change;
	unsigned fault_percent[HOSTS];
} disk;

/* --- Bytes and names --- */

static void
bytes_copy(struct bytes *to, const struct bytes *from)
{
	free(to->p);
	*to = (struct bytes){ NULL, from->n };
	if (from->n > 0) {
		to->p = mem_alloc(from->n);
		memcpy(to->p, from->p, from->n);
	}
}

static void
bytes_resize(struct bytes *b, size_t n)
{
	b->p = mem_resize(b->p, n, 1);
	if (n > b->n)
		memset(b->p + b->n, 0, n - b->n);
	b->n = n;
}

static struct entry *
entry_find(const struct entries *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->entry[i].name, name) == 0)
			return &l->entry[i];
	return NULL;
}

static void
entry_remove(struct entries *l, const char *name)
{
	struct entry *x = entry_find(l, name);

	if (x == NULL)
		return;
	free(x->name);
	*x = l->entry[--l->n];
}

static void
entry_set(struct entries *l, const char *name, unsigned inode)
{
	entry_remove(l, name);
	l->entry = mem_resize(l->entry, l->n + 1, sizeof(l->entry[0]));
	l->entry[l->n++] = (struct entry){ mem_strdup(name), inode };
}

static void
entries_clear(struct entries *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->entry[i].name);
	free(l->entry);
	*l = (struct entries){ 0 };
}

static void
entries_copy(struct entries *to, const struct entries *from)
{
	entries_clear(to);
	for (size_t i = 0; i < from->n; i++)
		entry_set(to, from->entry[i].name, from->entry[i].inode);
}

static void
changes_clear(struct inode *d)
{
	for (size_t i = 0; i < d->n_change; i++) {
		free(d->change[i].remove);
		free(d->change[i].add);
		free(d->change[i].swap);
	}
	free(d->change);
	d->change = NULL;
	d->n_change = 0;
}

static uint64_t
change_note(struct inode *d, const char *removed, const char *added,
    unsigned inode, uint64_t needs)
{
	struct change c = { .id = ++disk.next_change,
		.needs = needs,
		.inode = inode };

	c.remove = removed != NULL ? mem_strdup(removed) : NULL;
	c.add = added != NULL ? mem_strdup(added) : NULL;
	d->change = mem_resize(d->change, d->n_change + 1, sizeof(c));
	d->change[d->n_change++] = c;
	return c.id;
}

static void
change_apply(struct entries *l, const struct change *c)
{
	if (c->remove != NULL)
		entry_remove(l, c->remove);
	if (c->add != NULL)
		entry_set(l, c->add, c->inode);
	if (c->swap != NULL)
		entry_set(l, c->swap, c->swap_inode);
}

static unsigned
inode_new(int host, bool dir)
{
	unsigned i;

	if (disk.n_inode == 0)
		disk.n_inode = 1;
	i = disk.n_inode++;
	disk.inode =
	    mem_resize(disk.inode, disk.n_inode, sizeof(disk.inode[0]));
	disk.inode[i] =
	    (struct inode){ .host = host, .dir = dir, .lock_fd = -1 };
	return i;
}

/* --- Worlds and power cuts --- */

void
disk_reset(void)
{
	for (unsigned i = 1; i < disk.n_inode; i++) {
		free(disk.inode[i].live.p);
		free(disk.inode[i].synced.p);
		free(disk.inode[i].doubtful.p);
		free(disk.inode[i].lock);
		entries_clear(&disk.inode[i].names);
		entries_clear(&disk.inode[i].kept);
		changes_clear(&disk.inode[i]);
	}
	free(disk.inode);
	memset(&disk, 0, sizeof(disk));
	for (int h = 0; h < HOSTS; h++)
		disk.root[h] = inode_new(h, true);
}

void
disk_replace_disk(int host)
{
	disk.root[host] = inode_new(host, true);
}

void
disk_set_faults(int host, unsigned percent)
{
	disk.fault_percent[host] = percent;
}

/* Unsynced bytes: all, none, or block by block the new, the old, or zeros. */
static void
tear_file(struct inode *f)
{
	uint64_t how = rng_below(3);
	size_t n;

	if (!f->dirty)
		return;
	f->dirty = false;
	if (how == 0) {
		bytes_copy(&f->live, &f->synced);
	} else if (how == 1) {
		n = f->synced.n +
		    rng_below(f->live.n > f->synced.n
			    ? f->live.n - f->synced.n + 1
			    : 1);
		for (size_t at = 0; at < n; at += BLOCK) {
			size_t len = n - at < BLOCK ? n - at : BLOCK;

			if (at + len <= f->synced.n && rng_chance(50))
				memcpy(f->live.p + at, f->synced.p + at, len);
			else if (at >= f->synced.n && rng_chance(30))
				memset(f->live.p + at, 0, len);
		}
		if (n < f->live.n)
			bytes_resize(&f->live, n);
	}
	bytes_resize(&f->doubtful, 0);
	bytes_copy(&f->synced, &f->live);
}

static bool
is_pending(uint64_t id)
{
	for (unsigned i = 1; i < disk.n_inode; i++)
		for (size_t j = 0; j < disk.inode[i].n_change; j++)
			if (disk.inode[i].change[j].id == id)
				return true;
	return false;
}

static bool
is_among(uint64_t id, const uint64_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == id)
			return true;
	return false;
}

/* Names without a sync: each change happened or not. */
static void
tear_names(int host)
{
	uint64_t happened[1024];
	size_t n = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (unsigned i = 1; i < disk.n_inode; i++) {
			struct inode *d = &disk.inode[i];

			for (size_t j = 0; d->host == host && j < d->n_change;
			     j++) {
				struct change *c = &d->change[j];

				if ((c->needs != 0) != (pass == 1) ||
				    rng_chance(50))
					continue;
				if (c->needs != 0 && is_pending(c->needs) &&
				    !is_among(c->needs, happened, n))
					continue;
				change_apply(&d->kept, c);
				if (n < 1024)
					happened[n++] = c->id;
			}
		}
	}
}

void
disk_power_cut(int host)
{
	tear_names(host);
	for (unsigned i = 1; i < disk.n_inode; i++) {
		struct inode *x = &disk.inode[i];

		if (x->host != host)
			continue;
		if (!x->dir) {
			tear_file(x);
			continue;
		}
		changes_clear(x);
		entries_copy(&x->names, &x->kept);
	}
}

/* --- Descriptors --- */

bool
disk_has_fd(int fd)
{
	return fd >= DISK_FD_FIRST && fd < DISK_FD_FIRST + DISK_FD_MAX &&
	    disk.file[fd - DISK_FD_FIRST].used;
}

static struct file *
file_of(int fd)
{
	return &disk.file[fd - DISK_FD_FIRST];
}

static struct inode *
inode_of(int fd)
{
	return &disk.inode[file_of(fd)->inode];
}

static int
fd_new(unsigned inode)
{
	for (int i = 0; i < DISK_FD_MAX; i++) {
		if (disk.file[i].used)
			continue;
		disk.file[i] = (struct file){ .used = true,
			.inode = inode,
			.pid = fiber_self() };
		return DISK_FD_FIRST + i;
	}
	errno = EMFILE;
	return -1;
}

/* Any descriptor of a file that a process closes ends all its locks there. */
static void
record_unlock_all(struct inode *x, int pid)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n_lock; i++)
		if (x->lock[i].pid != pid)
			x->lock[n++] = x->lock[i];
	x->n_lock = n;
}

static void
fd_close(int fd)
{
	if (inode_of(fd)->lock_fd == fd)
		inode_of(fd)->lock_fd = -1;
	record_unlock_all(inode_of(fd), file_of(fd)->pid);
	file_of(fd)->used = false;
}

int
disk_open_root(int host)
{
	return fd_new(disk.root[host]);
}

void
disk_end_process(int pid)
{
	for (int i = 0; i < DISK_FD_MAX; i++)
		if (disk.file[i].used && disk.file[i].pid == pid)
			fd_close(DISK_FD_FIRST + i);
}

/* One call on the write path: may be the last, may fail. */
static bool
fails(int fd, int error)
{
	int host = inode_of(fd)->host;

	fiber_step();
	if (!rng_chance(disk.fault_percent[host]))
		return false;
	errno = error;
	return true;
}

/* --- The calls: as the system's of that name --- */

static unsigned
lookup(int dirfd, const char *name)
{
	const struct entry *x;

	if (strcmp(name, ".") == 0)
		return file_of(dirfd)->inode;
	x = entry_find(&inode_of(dirfd)->names, name);
	return x != NULL ? x->inode : 0;
}

int
disk_openat(int dirfd, const char *name, int flags)
{
	unsigned i;
	int fd;

	/* another process may run in here: look only behind it */
	if ((flags & O_CREAT) != 0 && fails(dirfd, ENOSPC))
		return -1;
	i = lookup(dirfd, name);
	if (i == 0 && (flags & O_CREAT) == 0) {
		errno = ENOENT;
		return -1;
	}
	if (i != 0 && (flags & O_EXCL) != 0) {
		errno = EEXIST;
		return -1;
	}
	if (i == 0) {
		i = inode_new(inode_of(dirfd)->host, false);
		entry_set(&inode_of(dirfd)->names, name, i);
		change_note(inode_of(dirfd), NULL, name, i, 0);
	}
	if ((flags & O_DIRECTORY) != 0 && !disk.inode[i].dir) {
		errno = ENOTDIR;
		return -1;
	}
	if ((flags & O_TRUNC) != 0) {
		bytes_resize(&disk.inode[i].live, 0);
		disk.inode[i].dirty = true;
	}
	fd = fd_new(i);
	if (fd != -1)
		file_of(fd)->append = (flags & O_APPEND) != 0;
	return fd;
}

int
disk_close(int fd)
{
	fd_close(fd);
	return 0;
}

long
disk_read(int fd, void *p, size_t n, int64_t off)
{
	struct bytes *b = &inode_of(fd)->live;
	uint64_t at = off < 0 ? file_of(fd)->at : (uint64_t)off;

	if (at >= b->n)
		return 0;
	if (n > b->n - at)
		n = b->n - at;
	if (n > 1 && rng_chance(10))
		n = 1 + rng_below(n); /* short counts are normal */
	memcpy(p, b->p + at, n);
	if (off < 0)
		file_of(fd)->at += n;
	return (long)n;
}

long
disk_write(int fd, const void *p, size_t n, int64_t off)
{
	struct inode *f;
	uint64_t at;

	if (fails(fd, rng_chance(50) ? ENOSPC : EIO))
		return -1;
	f = inode_of(fd);
	if (n > 1 && rng_chance(10))
		n = 1 + rng_below(n);
	at = off < 0 ? file_of(fd)->at : (uint64_t)off;
	if (off < 0 && file_of(fd)->append)
		at = f->live.n;
	if (at + n > f->live.n)
		bytes_resize(&f->live, at + n);
	if (n > 0)
		memcpy(f->live.p + at, p, n);
	f->dirty = true;
	if (off < 0)
		file_of(fd)->at = at + n;
	return (long)n;
}

/* A sync that failed has marked its pages clean: the next one says yes and
 * keeps only those that were written to since. */
static void
sync_file(struct inode *x)
{
	struct bytes was = x->synced;

	x->synced = (struct bytes){ 0 };
	bytes_copy(&x->synced, &x->live);
	x->dirty = false;
	for (size_t at = 0; at < x->doubtful.n && at < x->live.n; at += PAGE) {
		size_t end = at + PAGE < x->live.n ? at + PAGE : x->live.n;

		if (end > x->doubtful.n ||
		    memcmp(x->live.p + at, x->doubtful.p + at, end - at) != 0)
			continue;
		for (size_t k = at; k < end; k++)
			x->synced.p[k] = k < was.n ? was.p[k] : 0;
		x->dirty = true; /* a power cut still tears it */
	}
	free(was.p);
}

int
disk_fsync(int fd)
{
	bool failed = fails(fd, EIO);
	struct inode *x = inode_of(fd);

	if (failed && !x->dir)
		bytes_copy(&x->doubtful, &x->live);
	if (failed)
		return -1;
	if (x->dir) {
		changes_clear(x);
		entries_copy(&x->kept, &x->names);
	} else {
		sync_file(x);
	}
	return 0;
}

int
disk_ftruncate(int fd, uint64_t n)
{
	if (fails(fd, EIO))
		return -1;
	bytes_resize(&inode_of(fd)->live, n);
	inode_of(fd)->dirty = true;
	return 0;
}

static void
fill_stat(unsigned i, struct stat *st)
{
	const struct inode *x = &disk.inode[i];

	memset(st, 0, sizeof(*st));
	st->st_ino = i;
	st->st_dev = (dev_t)(x->host + 1);
	st->st_mode = x->dir ? S_IFDIR | 0700 : S_IFREG | 0600;
	st->st_nlink = 1;
	st->st_uid = geteuid();
	st->st_size = (off_t)x->live.n;
}

int
disk_fstat(int fd, struct stat *st)
{
	fill_stat(file_of(fd)->inode, st);
	return 0;
}

int
disk_fstatat(int dirfd, const char *name, struct stat *st)
{
	unsigned i = lookup(dirfd, name);

	if (i == 0) {
		errno = ENOENT;
		return -1;
	}
	fill_stat(i, st);
	return 0;
}

int
disk_mkdirat(int dirfd, const char *name)
{
	unsigned i;

	if (fails(dirfd, ENOSPC))
		return -1;
	if (lookup(dirfd, name) != 0) {
		errno = EEXIST;
		return -1;
	}
	i = inode_new(inode_of(dirfd)->host, true);
	entry_set(&inode_of(dirfd)->names, name, i);
	change_note(inode_of(dirfd), NULL, name, i, 0);
	return 0;
}

int
disk_unlinkat(int dirfd, const char *name, int flags)
{
	unsigned i;

	if (fails(dirfd, EIO))
		return -1;
	i = lookup(dirfd, name);
	if (i == 0) {
		errno = ENOENT;
		return -1;
	}
	if ((flags & AT_REMOVEDIR) != 0 && disk.inode[i].names.n > 0) {
		errno = ENOTEMPTY;
		return -1;
	}
	entry_remove(&inode_of(dirfd)->names, name);
	change_note(inode_of(dirfd), name, NULL, 0, 0);
	return 0;
}

/* Within one directory, as the spool does it: one change, whole or not. */
static void
exchange(int dir, const char *from, const char *to)
{
	struct inode *d = inode_of(dir);
	unsigned a = lookup(dir, from), b = lookup(dir, to);

	entry_set(&d->names, from, b);
	entry_set(&d->names, to, a);
	change_note(d, NULL, to, a, 0);
	d->change[d->n_change - 1].swap = mem_strdup(from);
	d->change[d->n_change - 1].swap_inode = b;
}

int
disk_renameat2(int from_dir, const char *from, int to_dir, const char *to,
    unsigned flags)
{
	uint64_t added;
	unsigned i;

	if (fails(to_dir, rng_chance(50) ? EDQUOT : EIO))
		return -1;
	i = lookup(from_dir, from);
	if (i == 0 ||
	    ((flags & RENAME_EXCHANGE) != 0 && lookup(to_dir, to) == 0)) {
		errno = ENOENT;
		return -1;
	}
	if ((flags & RENAME_NOREPLACE) != 0 && lookup(to_dir, to) != 0) {
		errno = EEXIST;
		return -1;
	}
	if ((flags & RENAME_EXCHANGE) != 0) {
		exchange(to_dir, from, to);
		return 0;
	}
	entry_remove(&inode_of(from_dir)->names, from);
	entry_set(&inode_of(to_dir)->names, to, i);
	if (file_of(from_dir)->inode == file_of(to_dir)->inode) {
		change_note(inode_of(to_dir), from, to, i, 0);
		return 0;
	}
	added = change_note(inode_of(to_dir), NULL, to, i, 0);
	change_note(inode_of(from_dir), from, NULL, 0, added);
	return 0;
}

int
disk_flock(int fd, int operation)
{
	struct inode *x = inode_of(fd);

	if ((operation & LOCK_UN) != 0) {
		if (x->lock_fd == fd)
			x->lock_fd = -1;
		return 0;
	}
	if (x->lock_fd != -1 && x->lock_fd != fd) {
		errno = EWOULDBLOCK; /* nobody here waits inside flock */
		return -1;
	}
	x->lock_fd = fd;
	return 0;
}

/* Ranges are locked as the code locks them, each once and as a whole. */
int
disk_record_lock(int fd, bool set, struct flock *l)
{
	struct inode *x = inode_of(fd);
	struct record_lock new = { fiber_self(), l->l_start,
		l->l_len == 0 ? INT64_MAX : l->l_start + l->l_len - 1 };
	struct record_lock *other = NULL;

	for (size_t i = 0; i < x->n_lock && other == NULL; i++)
		if (x->lock[i].pid != new.pid && x->lock[i].from <= new.to &&
		    x->lock[i].to >= new.from)
			other = &x->lock[i];
	if (!set) {
		l->l_type = other != NULL ? F_WRLCK : F_UNLCK;
		l->l_pid = other != NULL ? other->pid : 0;
		return 0;
	}
	if (other != NULL) {
		errno = EAGAIN;
		return -1;
	}
	assert(l->l_type == F_WRLCK && l->l_whence == SEEK_SET);
	x->lock = mem_resize(x->lock, x->n_lock + 1, sizeof(new));
	x->lock[x->n_lock++] = new;
	return 0;
}

int
disk_dup(int fd)
{
	return fd_new(file_of(fd)->inode);
}

void *
disk_fdopendir(int fd)
{
	struct listing *l = mem_alloc(sizeof(*l));

	l->fd = fd;
	entries_copy(&l->names, &inode_of(fd)->names);
	return l;
}

struct dirent *
disk_readdir(void *listing)
{
	struct listing *l = listing;
	const char *name;
	size_t n;

	if (l->at == l->names.n)
		return NULL;
	name = l->names.entry[l->at++].name;
	n = strlen(name);
	memcpy(l->current.d_name, name, n + 1);
	return &l->current;
}

void
disk_closedir(void *listing)
{
	struct listing *l = listing;

	fd_close(l->fd);
	entries_clear(&l->names);
	free(l);
}

static void
dump(unsigned i, const char *path)
{
	char sub[512];

	for (size_t k = 0; k < disk.inode[i].names.n; k++) {
		struct entry *x = &disk.inode[i].names.entry[k];

		(void)snprintf(sub, sizeof(sub), "%s/%s", path, x->name);
		printf("# %s %zu\n", sub, disk.inode[x->inode].live.n);
		if (disk.inode[x->inode].dir)
			dump(x->inode, sub);
	}
}

void
disk_dump(int host)
{
	dump(disk.root[host], host == 0 ? "hub:" : "spoke:");
}
