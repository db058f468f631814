/*
 * Recording system calls and building what a power cut may leave of them; see
 * crash_model.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "t/crash_model.h"
#include "t/test_spool_helper.h"
#include "t/wrap_openat.h"

enum {
	OPS_MAX = 2000,
	NODES_MAX = 500,
	NAMES_MAX = 500,    /* in all directories of one state */
	SUBSET_MAX = 7,     /* names that may be kept or lost in any way */
	FILES_MAX = 3,      /* files whose bytes vary by themselves */
	SEEN_MAX = 1 << 18, /* states */
	NAME_SIZE = 128,
};

enum op_kind {
	OP_LINK,   /* a name for a node, or -1: the name is removed */
	OP_RENAME, /* a node from one name to another */
	OP_EXCHANGE,
	OP_WRITE,
	OP_CUT,
	OP_SYNC,
	OP_NOTE,
};

struct op {
	enum op_kind kind;
	int node;  /* file, or what the name is of; OP_SYNC: either */
	int other; /* OP_EXCHANGE: what the other name is of */
	int dir, to_dir;
	char name[NAME_SIZE], to_name[NAME_SIZE];
	uint64_t at; /* offset, size, or note */
	uint64_t value;
	char *bytes;
	size_t n;
};

static struct {
	enum {
		OFF,
		RECORD,
		CHECK
	} mode;
	struct op op[OPS_MAX];
	size_t ops;
	struct {
		dev_t dev;
		ino_t ino;
		bool dir;
	} node[NODES_MAX];
	int nodes;
	unsigned syncs;
	uint64_t skip; /* the syncs that do nothing */
	uint64_t seen[SEEN_MAX];
} model;

/* What is called in place of the system's. */
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __real_write(int fd, const void *p, size_t n);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_ftruncate(int fd, off_t size);
int __real_renameat2(int dir, const char *name, int to_dir, const char *to,
    unsigned flags);
int __real_unlinkat(int dir, const char *name, int flags);
int __real_mkdirat(int dir, const char *name, mode_t mode);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_renameat2(int dir, const char *name, int to_dir, const char *to,
    unsigned flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
int __wrap_mkdirat(int dir, const char *name, mode_t mode);

static struct op *
add_op(enum op_kind kind)
{
	struct op *op = &model.op[model.ops++];

	assert_true(model.ops < OPS_MAX);
	*op = (struct op){ .kind = kind, .node = -1, .dir = -1, .to_dir = -1 };
	return op;
}

static int
add_node(const struct stat *st)
{
	int i = model.nodes++;

	assert_true(model.nodes < NODES_MAX);
	model.node[i].dev = st->st_dev;
	model.node[i].ino = st->st_ino;
	model.node[i].dir = S_ISDIR(st->st_mode);
	return i;
}

/* The newest of that inode: numbers are used again. */
static int
node_of_stat(const struct stat *st)
{
	for (int i = model.nodes - 1; i >= 0; i--)
		if (model.node[i].ino == st->st_ino &&
		    model.node[i].dev == st->st_dev)
			return i;
	return -1; /* outside */
}

static int
node_of_fd(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? node_of_stat(&st) : -1;
}

static int
node_of_name(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return node_of_stat(&st);
}

static void
set_name(char out[NAME_SIZE], const char *name)
{
	assert_true(strlen(name) < NAME_SIZE && strchr(name, '/') == NULL);
	snprintf(out, NAME_SIZE, "%s", name);
}

static void
record_link(int dir, const char *name, int node)
{
	struct op *op = add_op(OP_LINK);

	op->node = node;
	op->dir = dir;
	set_name(op->name, name);
}

static void
record_bytes(int node, uint64_t at, const void *p, size_t n)
{
	struct op *op = add_op(OP_WRITE);

	op->node = node;
	op->at = at;
	op->n = n;
	op->bytes = mem_strndup(p, n);
}

int
wrapped_openat(int dir, const char *name, int flags, mode_t mode)
{
	bool made = false;
	struct stat st;
	int fd;

	if ((flags & O_CREAT) != 0)
		made = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1;
	fd = __real_openat(dir, name, flags, mode);
	if (model.mode == RECORD && fd != -1 && made && node_of_fd(dir) != -1 &&
	    fstat(fd, &st) == 0)
		record_link(node_of_fd(dir), name, add_node(&st));
	return fd;
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t done = __real_pwrite(fd, p, n, at);

	if (model.mode == RECORD && done > 0 && node_of_fd(fd) != -1)
		record_bytes(node_of_fd(fd), (uint64_t)at, p, (size_t)done);
	return done;
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	off_t at = model.mode == RECORD ? lseek(fd, 0, SEEK_CUR) : 0;
	ssize_t done = __real_write(fd, p, n);

	if (model.mode == RECORD && done > 0 && at != -1 &&
	    node_of_fd(fd) != -1)
		record_bytes(node_of_fd(fd), (uint64_t)at, p, (size_t)done);
	return done;
}

static int
sync_fd(int fd)
{
	struct op *op;

	if (model.mode != RECORD || node_of_fd(fd) == -1)
		return 0;
	assert_true(model.syncs < 64);
	if ((model.skip >> model.syncs++ & 1) != 0)
		return 0;
	op = add_op(OP_SYNC);
	op->node = node_of_fd(fd);
	return 0;
}

int
__wrap_fsync(int fd)
{
	return model.mode == OFF ? __real_fsync(fd) : sync_fd(fd);
}

int
__wrap_fdatasync(int fd)
{
	return model.mode == OFF ? __real_fdatasync(fd) : sync_fd(fd);
}

int
__wrap_ftruncate(int fd, off_t size)
{
	int rc = __real_ftruncate(fd, size);

	if (model.mode == RECORD && rc == 0 && node_of_fd(fd) != -1) {
		struct op *op = add_op(OP_CUT);

		op->node = node_of_fd(fd);
		op->at = (uint64_t)size;
	}
	return rc;
}

int
__wrap_renameat2(int dir, const char *name, int to_dir, const char *to,
    unsigned flags)
{
	int node = -1, other = -1, rc;

	if (model.mode == RECORD) {
		node = node_of_name(dir, name);
		other = node_of_name(to_dir, to);
	}
	rc = __real_renameat2(dir, name, to_dir, to, flags);
	if (model.mode == RECORD && rc == 0 && node != -1) {
		struct op *op = add_op(
		    (flags & RENAME_EXCHANGE) != 0 ? OP_EXCHANGE : OP_RENAME);

		op->node = node;
		op->other = other;
		op->dir = node_of_fd(dir);
		op->to_dir = node_of_fd(to_dir);
		set_name(op->name, name);
		set_name(op->to_name, to);
	}
	return rc;
}

int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	int rc = __real_unlinkat(dir, name, flags);

	if (model.mode == RECORD && rc == 0 && node_of_fd(dir) != -1)
		record_link(node_of_fd(dir), name, -1);
	return rc;
}

int
__wrap_mkdirat(int dir, const char *name, mode_t mode)
{
	int rc = __real_mkdirat(dir, name, mode);
	struct stat st;

	if (model.mode == RECORD && rc == 0 && node_of_fd(dir) != -1 &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		record_link(node_of_fd(dir), name, add_node(&st));
	return rc;
}

void
crash_note(unsigned which, uint64_t value)
{
	if (model.mode == RECORD) {
		struct op *op = add_op(OP_NOTE);

		op->at = which;
		op->value = value;
	}
}

/* One state: the names of directories and the bytes of files. */
struct state {
	struct {
		int dir, node;
		char name[NAME_SIZE];
	} link[NAMES_MAX];
	size_t links;
	struct buf file[NODES_MAX];
};

static void
set_link(struct state *s, int dir, const char *name, int node)
{
	size_t i = 0;

	while (i < s->links &&
	    (s->link[i].dir != dir || strcmp(s->link[i].name, name) != 0))
		i++;
	if (node == -1) {
		if (i < s->links)
			s->link[i] = s->link[--s->links];
		return;
	}
	assert_true(i < NAMES_MAX);
	s->links += i == s->links;
	s->link[i].dir = dir;
	s->link[i].node = node;
	set_name(s->link[i].name, name);
}

static void
apply_name(struct state *s, const struct op *op)
{
	if (op->kind == OP_LINK) {
		set_link(s, op->dir, op->name, op->node);
	} else if (op->kind == OP_RENAME) {
		set_link(s, op->dir, op->name, -1);
		set_link(s, op->to_dir, op->to_name, op->node);
	} else {
		set_link(s, op->dir, op->name, op->other);
		set_link(s, op->to_dir, op->to_name, op->node);
	}
}

/* n bytes of op, or zeros in their place. */
static void
apply_bytes(struct state *s, const struct op *op, size_t n, bool zeros)
{
	struct buf *b = &s->file[op->node];

	if (op->kind == OP_CUT) {
		while (b->n < op->at)
			buf_put_char(b, '\0');
		b->n = (size_t)op->at;
		return;
	}
	while (b->n < op->at + n)
		buf_put_char(b, '\0');
	if (zeros)
		memset(b->p + op->at, 0, n);
	else
		memcpy(b->p + op->at, op->bytes, n);
}

static bool
is_name(const struct op *op)
{
	return op->kind == OP_LINK || op->kind == OP_RENAME ||
	    op->kind == OP_EXCHANGE;
}

static bool
is_bytes(const struct op *op)
{
	return op->kind == OP_WRITE || op->kind == OP_CUT;
}

static bool
synced(int node, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++)
		if (model.op[i].kind == OP_SYNC && model.op[i].node == node)
			return true;
	return false;
}

static bool
is_durable(size_t i, size_t end)
{
	const struct op *op = &model.op[i];

	if (is_bytes(op))
		return synced(op->node, i, end);
	return synced(op->dir, i, end) &&
	    (op->to_dir == -1 || synced(op->to_dir, i, end));
}

/* How the bytes that were not synced of one file are left. */
enum kept {
	KEPT_NONE,
	KEPT_ALL,
	KEPT_HALF,
	KEPT_ZEROS,
	KEPT_WAYS
};

/* What may vary at one point. */
struct choice {
	size_t end;           /* the operations before this happened */
	size_t name[OPS_MAX]; /* operations on names that were not synced */
	size_t names;
	int file[NODES_MAX]; /* files with bytes that were not synced */
	size_t files;
	uint64_t mask; /* of the names that are kept */
	unsigned way;  /* enum kept for each file, in base KEPT_WAYS */
};

static enum kept
way_of(const struct choice *c, int node)
{
	unsigned way = c->way;

	for (size_t i = 0; i < c->files; i++) {
		if (c->file[i] == node)
			return (enum kept)(way % KEPT_WAYS);
		if (i + 1 < FILES_MAX) /* the others are left alike */
			way /= KEPT_WAYS;
	}
	return KEPT_ALL;
}

static void
find_choice(struct choice *c, size_t end)
{
	c->end = end;
	c->names = c->files = 0;
	for (size_t i = 0; i < end; i++) {
		const struct op *op = &model.op[i];
		bool known = false;

		if ((!is_name(op) && !is_bytes(op)) || is_durable(i, end))
			continue;
		if (is_name(op)) {
			c->name[c->names++] = i;
			continue;
		}
		for (size_t k = 0; k < c->files; k++)
			known = known || c->file[k] == op->node;
		if (!known)
			c->file[c->files++] = op->node;
	}
}

static bool
name_is_kept(const struct choice *c, size_t op)
{
	for (size_t k = 0; k < c->names; k++)
		if (c->name[k] == op)
			/* the oldest ones are kept when there are many */
			return k + SUBSET_MAX < c->names ||
			    (c->mask >> (c->names - 1 - k) & 1) != 0;
	return true;
}

static bool
is_last_bytes(const struct choice *c, size_t op)
{
	for (size_t i = op + 1; i < c->end; i++)
		if (is_bytes(&model.op[i]) &&
		    model.op[i].node == model.op[op].node)
			return false;
	return true;
}

static void
build(struct state *s, const struct choice *c)
{
	s->links = 0;
	for (int i = 0; i < model.nodes; i++)
		buf_reset(&s->file[i]);
	for (size_t i = 0; i < c->end; i++) {
		const struct op *op = &model.op[i];
		enum kept way;

		if (is_name(op) && name_is_kept(c, i))
			apply_name(s, op);
		if (!is_bytes(op))
			continue;
		way = is_durable(i, c->end) ? KEPT_ALL : way_of(c, op->node);
		if (way == KEPT_HALF && is_last_bytes(c, i))
			apply_bytes(s, op, op->n / 2, false);
		else if (way != KEPT_NONE)
			apply_bytes(s, op, op->n, way == KEPT_ZEROS);
	}
}

/* FNV-1a, of what is there and what was promised. */
static void
hash(uint64_t *h, const void *p, size_t n)
{
	const unsigned char *c = p;

	for (size_t i = 0; i < n; i++)
		*h = (*h ^ c[i]) * UINT64_C(1099511628211);
}

/* Below a directory: made for real (dirfd), or only hashed (-1). */
static void
make(const struct state *s, int dir, int dirfd, uint64_t *h)
{
	for (size_t i = 0; i < s->links; i++) {
		int node = s->link[i].node, fd;

		if (s->link[i].dir != dir)
			continue;
		hash(h, s->link[i].name, strlen(s->link[i].name) + 1);
		if (model.node[node].dir) {
			hash(h, "/", 1);
			if (dirfd != -1)
				assert_int_equal(
				    mkdirat(dirfd, s->link[i].name, 0700), 0);
			fd = dirfd == -1 ? -1
					 : openat(dirfd, s->link[i].name,
					       O_RDONLY | O_DIRECTORY);
			make(s, node, fd, h);
		} else {
			hash(h, s->file[node].p, s->file[node].n);
			fd = dirfd == -1
			    ? -1
			    : openat(dirfd, s->link[i].name,
				  O_WRONLY | O_CREAT | O_TRUNC, 0600);
			if (fd != -1)
				assert_int_equal(
				    write(fd, s->file[node].p, s->file[node].n),
				    s->file[node].n);
		}
		if (fd != -1)
			close(fd);
		hash(h, "", 1);
	}
}

/* False: a state like it was there before. */
static bool
is_new(uint64_t h)
{
	size_t i = h % SEEN_MAX;

	h |= 1;
	while (model.seen[i] != 0 && model.seen[i] != h)
		i = (i + 1) % SEEN_MAX;
	if (model.seen[i] == h)
		return false;
	model.seen[i] = h;
	return true;
}

static void
check_state(const struct crash_scenario *s, struct state *state,
    const struct choice *c, struct crash_result *r)
{
	uint64_t note[CRASH_NOTES] = { 0 }, h = UINT64_C(14695981039346656037);
	char why[CRASH_WHY_SIZE] = "";
	int top;

	for (size_t i = 0; i < c->end; i++)
		if (model.op[i].kind == OP_NOTE)
			note[model.op[i].at] = model.op[i].value;
	build(state, c);
	make(state, 0, -1, &h);
	hash(&h, note, sizeof(note));
	if (!is_new(h))
		return;
	r->states++;
	top = helper_dir_in_memory();
	make(state, 0, top, &h);
	model.mode = CHECK;
	if (!s->check(top, note, why) && r->violations++ == 0)
		snprintf(r->why, sizeof(r->why),
		    "after %zu operations, names %llx, files %u: %s", c->end,
		    (unsigned long long)c->mask, c->way, why);
	model.mode = OFF;
	helper_dir_done(top);
}

static void
check_point(const struct crash_scenario *s, struct state *state,
    struct choice *c, struct crash_result *r)
{
	size_t names = c->names < SUBSET_MAX ? c->names : SUBSET_MAX;
	unsigned ways = 1;

	for (size_t i = 0; i < c->files && i < FILES_MAX; i++)
		ways *= KEPT_WAYS;
	for (c->mask = 0; c->mask < UINT64_C(1) << names; c->mask++)
		for (c->way = 0; c->way < ways; c->way++) {
			if (model.skip != 0 && r->violations > 0)
				return;
			check_state(s, state, c, r);
		}
}

/* What prepare left is there for good. */
static void
snapshot(int dirfd, int dir)
{
	struct buf names = { 0 };
	const char *list = helper_names(dirfd, ".");

	buf_put_str(&names, list);
	for (char *save = NULL, *n = strtok_r(names.p, " ", &save); n != NULL;
	     n = strtok_r(NULL, " ", &save)) {
		int fd = openat(dirfd, n, O_RDONLY | O_NOFOLLOW), node;
		char bytes[65536];
		struct stat st;
		ssize_t got;

		assert_int_equal(fstat(fd, &st), 0);
		node = add_node(&st);
		record_link(dir, n, node);
		if (S_ISDIR(st.st_mode)) {
			snapshot(fd, node);
		} else {
			got = read(fd, bytes, sizeof(bytes));
			assert_true(got >= 0);
			record_bytes(node, 0, bytes, (size_t)got);
		}
		add_op(OP_SYNC)->node = node;
		close(fd);
	}
	buf_clear(&names);
	add_op(OP_SYNC)->node = dir;
}

static size_t
record(const struct crash_scenario *s, uint64_t skip)
{
	int top = helper_dir_in_memory();
	struct stat st;
	size_t start;

	for (size_t i = 0; i < model.ops; i++)
		free(model.op[i].bytes);
	memset(&model, 0, sizeof(model));
	model.skip = skip;
	model.mode = CHECK; /* no sync takes time */
	if (s->prepare != NULL)
		s->prepare(top);
	assert_int_equal(fstat(top, &st), 0);
	add_node(&st);
	snapshot(top, 0);
	start = model.ops;
	model.mode = RECORD;
	s->run(top);
	model.mode = OFF;
	helper_dir_done(top);
	return start;
}

void
crash_model_run(const struct crash_scenario *s, uint64_t skip,
    struct crash_result *r)
{
	struct state *state = mem_alloc(sizeof(*state));
	struct choice *c = mem_alloc(sizeof(*c));
	size_t start = record(s, skip);

	*r = (struct crash_result){ .syncs = model.syncs };
	for (size_t end = start; end <= model.ops; end++) {
		if (skip != 0 && r->violations > 0)
			break;
		find_choice(c, end);
		check_point(s, state, c, r);
	}
	for (int i = 0; i < NODES_MAX; i++)
		buf_clear(&state->file[i]);
	free(state);
	free(c);
}
