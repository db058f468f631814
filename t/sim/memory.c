/*
 * Store and compiler in memory; see memory.h.  Like RRD files: a value at or
 * before the last one of its leaf is passed over, what is put waits for a
 * flush, what is flushed outlives the process, what is synced the power.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "t/sim/fiber.h"
#include "t/sim/memory.h"

enum {
	PATH_MAX_LEN = 128,
	VALUE_LEN = 40,
};

struct point {
	uint64_t time_s;
	char value[VALUE_LEN];
};

struct leaf {
	char path[PATH_MAX_LEN];
	struct point *point;
	size_t n, synced;
};

static struct {
	struct leaf *leaf;
	size_t n;
	struct tree *live; /* what is compiled */
	struct compiled_head head;
	bool compiled;
} files;

struct pending {
	uint32_t leaf;
	struct point point;
};

struct memory_store {
	struct store base;
	struct pending *pending;
	size_t n;
	struct store_counts counts;
};

void
memory_reset(void)
{
	for (size_t i = 0; i < files.n; i++)
		free(files.leaf[i].point);
	free(files.leaf);
	tree_free(files.live);
	memset(&files, 0, sizeof(files));
}

void
memory_power_cut(void)
{
	for (size_t i = 0; i < files.n; i++)
		files.leaf[i].n = files.leaf[i].synced;
}

static struct leaf *
find(const char *path)
{
	for (size_t i = 0; i < files.n; i++)
		if (strcmp(files.leaf[i].path, path) == 0)
			return &files.leaf[i];
	return NULL;
}

const char *
memory_value(const char *path, uint64_t time_s)
{
	const struct leaf *l = find(path);

	for (size_t i = 0; l != NULL && i < l->n; i++)
		if (l->point[i].time_s == time_s)
			return l->point[i].value;
	return NULL;
}

void
memory_each(void (*each)(void *, const char *, uint64_t, const char *),
    void *arg)
{
	for (size_t i = 0; i < files.n; i++)
		for (size_t j = 0; j < files.leaf[i].n; j++)
			each(arg, files.leaf[i].path,
			    files.leaf[i].point[j].time_s,
			    files.leaf[i].point[j].value);
}

/* --- The store --- */

static int
memory_series(struct store *s, const struct store_series *x, uint32_t *handle,
    struct err *e)
{
	char path[PATH_MAX_LEN];
	struct leaf *l;

	(void)s, (void)e;
	(void)snprintf(path, sizeof(path), "%.*s", (int)x->path.n, x->path.p);
	l = find(path);
	if (l == NULL) {
		files.leaf = mem_resize(files.leaf, files.n + 1, sizeof(*l));
		l = &files.leaf[files.n++];
		memset(l, 0, sizeof(*l));
		memcpy(l->path, path, sizeof(path));
	}
	*handle = (uint32_t)(l - files.leaf);
	return 0;
}

static void
memory_put(struct store *s, uint32_t handle, uint64_t time_s,
    struct slice value)
{
	struct memory_store *m = (struct memory_store *)s;
	struct pending p = { .leaf = handle, .point.time_s = time_s };

	(void)snprintf(p.point.value, VALUE_LEN, "%.*s", (int)value.n, value.p);
	m->pending = mem_resize(m->pending, m->n + 1, sizeof(p));
	m->pending[m->n++] = p;
	m->counts.put++;
}

static void
write_point(const struct pending *p)
{
	struct leaf *l = &files.leaf[p->leaf];

	if (l->n > 0 && l->point[l->n - 1].time_s >= p->point.time_s)
		return; /* past: the first wins */
	l->point = mem_resize(l->point, l->n + 1, sizeof(p->point));
	l->point[l->n++] = p->point;
}

static int
memory_flush(struct store *s, uint32_t handle, struct err *e)
{
	struct memory_store *m = (struct memory_store *)s;
	size_t left = 0;

	(void)e;
	for (size_t i = 0; i < m->n; i++) {
		if (handle == UINT32_MAX || m->pending[i].leaf == handle) {
			fiber_step(); /* it may be the last value written */
			write_point(&m->pending[i]);
		} else {
			m->pending[left++] = m->pending[i];
		}
	}
	m->n = left;
	return 0;
}

static int
memory_sync(struct store *s, struct err *e)
{
	(void)s, (void)e;
	fiber_step();
	for (size_t i = 0; i < files.n; i++)
		files.leaf[i].synced = files.leaf[i].n;
	return 0;
}

static size_t
memory_waiting(const struct store *s)
{
	return ((const struct memory_store *)s)->n;
}

static const struct store_counts *
memory_counts(const struct store *s)
{
	return &((const struct memory_store *)s)->counts;
}

static void
memory_close(struct store *s)
{
	struct memory_store *m = (struct memory_store *)s;

	free(m->pending);
	free(m);
}

static void
memory_refused(struct store *s, store_each_refusal *each, void *arg)
{
	(void)s;
	(void)each;
	(void)arg;
}

static void
memory_forgive(struct store *s, const char *tree, struct slice subtree)
{
	(void)s;
	(void)tree;
	(void)subtree;
}

struct store *
memory_store_open(void)
{
	static const struct store_ops ops = {
		.type = "memory",
		.series = memory_series,
		.put = memory_put,
		.flush = memory_flush,
		.sync = memory_sync,
		.refused = memory_refused,
		.forgive = memory_forgive,
		.waiting = memory_waiting,
		.counts = memory_counts,
		.close = memory_close,
	};
	struct memory_store *m = mem_alloc(sizeof(*m));

	m->base.ops = &ops;
	return &m->base;
}

/* --- The compiler: a replaced file, so a success is durable --- */

static bool
compiler_head(struct compiler *c, const struct association *a,
    struct compiled_head *out)
{
	(void)c, (void)a;
	*out = files.head;
	return files.compiled;
}

static int
compiler_each(struct compiler *c, const struct association *a,
    compile_each *each, void *arg, struct err *e)
{
	(void)c, (void)a, (void)e;
	for (size_t i = 0; i < tree_size(files.live); i++) {
		struct tree_leaf l = tree_leaf(files.live, i);

		if (!each(arg, &l))
			break;
	}
	return 0;
}

static struct tree *
copy_tree(const struct tree *from)
{
	struct tree *t = tree_new();
	struct err e = { 0 };

	for (size_t i = 0; i < tree_size(from); i++) {
		struct tree_leaf l = tree_leaf(from, i);
		struct slice name, value;

		if (tree_add(t, l.path, l.token, &e) == -1)
			abort();
		while (tree_next_param(&l.params, &name, &value))
			tree_set(t, name, value);
	}
	if (tree_finish(t, &e) == -1)
		abort();
	return t;
}

static int
compiler_compile(struct compiler *c, const char *tree,
    const struct compile_part *part, size_t n, struct err *e)
{
	(void)c, (void)tree, (void)e;
	fiber_step();
	if (n > 0) {
		tree_free(files.live);
		files.live = copy_tree(part[0].tree);
		files.head = part[0].head;
		files.head.leaves = tree_size(files.live);
		files.compiled = true;
	}
	fiber_step();
	return 0;
}

static void
compiler_close(struct compiler *c)
{
	free(c);
}

struct compiler *
memory_compiler_open(void)
{
	static const struct compiler_ops ops = {
		.head = compiler_head,
		.each = compiler_each,
		.compile = compiler_compile,
		.close = compiler_close,
	};
	struct compiler *c = mem_alloc(sizeof(*c));

	c->ops = &ops;
	return c;
}
