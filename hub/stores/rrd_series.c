/*
 * What an RRD store holds in memory; see rrd_series.h.
 */
#include "config.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/message/limits.h"
#include "common/message/names.h"
#include "hub/stores/rrd_series.h"

enum {
	CHUNK = 1024, /* series allocated together */
	RRD_NAME_SIZE = 1024,
	TEXTS_FIRST = 64,                     /* bytes */
	TEXT_MOST = 20 + 1 + LIMIT_VALUE + 1, /* "time:value" and its NUL */
	TRIM_FROM = 64 << 20, /* bytes freed at once: give them back */
};

struct rrd_series *
rrd_table_at(const struct rrd_table *t, uint32_t handle)
{
	return &t->chunk[handle / CHUNK][handle % CHUNK];
}

const struct rrd_def *
rrd_table_def(const struct rrd_table *t, const struct rrd_series *l)
{
	return &t->def[l->def];
}

/* "<tree><path>.rrd": a leaf's file below the store's directory, without colons
 * (tree_file_name).  False: it does not fit, or is no such leaf. */
static bool
file_name(const char *tree, struct slice path, char out[RRD_NAME_SIZE])
{
	int n;

	if (!name_is_component(slice_str(tree)) || !name_is_path(path))
		return false;
	n = snprintf(out, RRD_NAME_SIZE, "%s%.*s.rrd", tree, (int)path.n,
	    path.p);
	tree_file_name(out);
	return n > 0 && n < RRD_NAME_SIZE;
}

static uint32_t
hash(const char *name)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h;
}

static void
link_series(struct rrd_table *t, uint32_t handle)
{
	struct rrd_series *l = rrd_table_at(t, handle);
	uint32_t *first = &t->bucket[hash(l->name) & (t->n_buckets - 1)];

	l->next = *first;
	*first = handle + 1;
}

static void
grow_buckets(struct rrd_table *t)
{
	t->n_buckets = t->n_buckets == 0 ? CHUNK : t->n_buckets * 2;
	free(t->bucket);
	t->bucket = mem_array(t->n_buckets, sizeof(*t->bucket));
	for (uint32_t i = 0; i < t->n; i++)
		link_series(t, i);
}

static uint32_t
add_series(struct rrd_table *t, const char *name)
{
	uint32_t handle = t->n;

	if (handle % CHUNK == 0) {
		t->chunk = mem_resize(t->chunk, handle / CHUNK + 1,
		    sizeof(struct rrd_series *));
		t->chunk[handle / CHUNK] =
		    mem_array(CHUNK, sizeof(struct rrd_series));
	}
	if (handle == t->n_buckets)
		grow_buckets(t);
	rrd_table_at(t, handle)->name = mem_strdup(name);
	link_series(t, handle);
	t->n++;
	return handle;
}

/* UINT32_MAX: there is none. */
static uint32_t
find_series(const struct rrd_table *t, const char *name)
{
	uint32_t i =
	    t->n_buckets == 0 ? 0 : t->bucket[hash(name) & (t->n_buckets - 1)];

	while (i != 0 && strcmp(rrd_table_at(t, i - 1)->name, name) != 0)
		i = rrd_table_at(t, i - 1)->next;
	return i == 0 ? UINT32_MAX : i - 1;
}

static bool
same_def(const struct rrd_def *a, const struct rrd_def *b)
{
	return a->period_s == b->period_s && a->heartbeat_s == b->heartbeat_s &&
	    a->kind == b->kind && strcmp(a->min, b->min) == 0 &&
	    strcmp(a->max, b->max) == 0;
}

/* Leaves differ little in how they are stored: few definitions. */
static uint32_t
intern_def(struct rrd_table *t, const struct rrd_def *def)
{
	for (uint32_t i = t->n_defs; i > 0; i--)
		if (same_def(&t->def[i - 1], def))
			return i - 1;
	t->def = mem_resize(t->def, t->n_defs + 1, sizeof(*t->def));
	t->def[t->n_defs] = *def;
	return t->n_defs++;
}

/* In 18 letters, and not narrower than it was. */
static void
round_bound(double v, bool up, char out[RRD_BOUND_SIZE])
{
	double r;

	(void)snprintf(out, RRD_BOUND_SIZE, "%.11e", v);
	r = strtod(out, NULL);
	if (up ? r < v : r > v)
		(void)snprintf(out, RRD_BOUND_SIZE, "%.11e",
		    up ? v + fabs(v) * 1e-11 : v - fabs(v) * 1e-11);
}

/* "U" or a number, as the definition of a data source has it. */
static bool
copy_bound(char out[RRD_BOUND_SIZE], struct slice s, bool max)
{
	char text[LIMIT_VALUE + 1] = "", *end;
	double v;

	if (s.n == 0 || s.n > LIMIT_VALUE)
		return false;
	memcpy(text, s.p, s.n);
	v = strtod(text, &end);
	if (!slice_eq_str(s, "U") &&
	    (strspn(text, "0123456789.+-eE") != s.n || end != text + s.n))
		return false;
	if (s.n < RRD_BOUND_SIZE)
		memcpy(out, text, s.n + 1);
	else
		round_bound(v, max, out);
	return true;
}

static int
read_def(const struct store_series *leaf, struct rrd_def *out, struct err *e)
{
	*out = (struct rrd_def){ .period_s = leaf->period_s,
		.heartbeat_s = leaf->heartbeat_s };
	if (!rrd_kind_find(leaf->dstype, &out->kind))
		return err_set(e, ERR_INPUT, "%s is no kind of data source",
		    leaf->dstype);
	if (leaf->period_s == 0 || leaf->heartbeat_s == 0 ||
	    !copy_bound(out->min, leaf->min, false) ||
	    !copy_bound(out->max, leaf->max, true))
		return err_set(e, ERR_INPUT,
		    "period, heartbeat, minimum or maximum is not a number");
	return 0;
}

int
rrd_table_find(struct rrd_table *t, const struct store_series *leaf,
    uint32_t *handle, uint32_t *def, struct err *e)
{
	char name[RRD_NAME_SIZE];
	struct rrd_def d;

	if (!file_name(leaf->tree, leaf->path, name))
		return err_set(e, ERR_INPUT, "not a path of a tree");
	if (read_def(leaf, &d, e) == -1)
		return err_wrap(e, "%s", name);
	*def = intern_def(t, &d);
	*handle = find_series(t, name);
	if (*handle == UINT32_MAX) {
		*handle = add_series(t, name);
		rrd_table_at(t, *handle)->def = *def;
	}
	return 0;
}

static void
note_waiting(struct rrd_table *t, uint32_t handle)
{
	if (t->n_waiting == t->cap_waiting) {
		t->cap_waiting =
		    t->cap_waiting == 0 ? CHUNK : t->cap_waiting * 2;
		t->waiting =
		    mem_resize(t->waiting, t->cap_waiting, sizeof(*t->waiting));
	}
	t->waiting[t->n_waiting++] = handle;
}

/* Room for one more text. */
static char *
text_room(struct rrd_table *t, struct rrd_series *l, uint32_t handle)
{
	uint32_t cap = l->cap == 0 ? TEXTS_FIRST : l->cap * 2;

	if (l->cap - l->used >= TEXT_MOST)
		return l->texts + l->used;
	if (l->texts == NULL)
		note_waiting(t, handle);
	l->texts = mem_resize(l->texts, cap, 1);
	t->bytes += cap - l->cap;
	l->cap = cap;
	return l->texts + l->used;
}

void
rrd_table_note(struct rrd_table *t, uint32_t handle, uint64_t time_s,
    struct slice value)
{
	struct rrd_series *l = rrd_table_at(t, handle);
	char *out = text_room(t, l, handle);
	char digits[20];
	uint64_t left = time_s;
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	memcpy(out, digits + n, sizeof(digits) - n);
	out += sizeof(digits) - n;
	*out++ = ':';
	memcpy(out, value.p, value.n);
	out += value.n;
	*out++ = '\0';
	l->used = (uint32_t)(out - l->texts);
	l->values++;
	l->last_s = time_s;
	t->values++;
}

uint64_t
rrd_text_time(const char *text)
{
	uint64_t t = 0;

	for (; *text != ':'; text++)
		t = t * 10 + (uint64_t)(*text - '0');
	return t;
}

const char *
rrd_text_next(const char *text)
{
	return text + strlen(text) + 1;
}

uint32_t
rrd_series_drop_past(struct rrd_series *l, uint64_t last_s)
{
	const char *text = l->texts, *end = l->texts + l->used;
	uint32_t dropped = 0;

	while (text < end && rrd_text_time(text) <= last_s) {
		text = rrd_text_next(text);
		dropped++;
	}
	if (dropped > 0) {
		l->used = (uint32_t)(end - text);
		l->values -= dropped;
		memmove(l->texts, text, l->used);
	}
	if (l->last_s < last_s)
		l->last_s = last_s;
	return dropped;
}

static void
release(struct rrd_table *t, struct rrd_series *l)
{
	t->bytes -= l->cap;
	free(l->texts);
	l->texts = NULL;
	l->used = l->cap = 0;
}

void
rrd_table_settle(struct rrd_table *t, const uint32_t *handle, size_t n)
{
	size_t kept = 0, before = t->bytes;

	for (size_t i = 0; i < n; i++)
		if (rrd_table_at(t, handle[i])->values == 0)
			release(t, rrd_table_at(t, handle[i]));
	t->values = 0;
	for (size_t i = 0; i < t->n_waiting; i++) {
		const struct rrd_series *l = rrd_table_at(t, t->waiting[i]);

		if (l->texts == NULL)
			continue;
		t->values += l->values;
		t->waiting[kept++] = t->waiting[i];
	}
	t->n_waiting = kept;
	if (before - t->bytes >= TRIM_FROM)
		malloc_trim(0);
}

/* --- Series that are refused ---------------------------------------------- */

uint32_t
rrd_table_refuse(struct rrd_table *t, uint32_t handle, const char *why)
{
	struct rrd_series *l = rrd_table_at(t, handle);
	uint32_t dropped = l->values;

	l->values = 0;
	l->look = true;
	if (l->refused)
		return dropped;
	log_err("rrd leaf not stored file=%s: %s", l->name, why);
	l->refused = true;
	if (t->n_refused == t->cap_refused) {
		t->cap_refused = t->cap_refused == 0 ? 16 : t->cap_refused * 2;
		t->refused =
		    mem_resize(t->refused, t->cap_refused, sizeof(*t->refused));
	}
	t->refused[t->n_refused].handle = handle;
	(void)snprintf(t->refused[t->n_refused].why,
	    sizeof(t->refused[t->n_refused].why), "%s", why);
	t->n_refused++;
	return dropped;
}

/* The reverse of file_name; a path has no comma of its own. */
static void
leaf_of(const char *file, char tree[RRD_NAME_SIZE], char path[RRD_NAME_SIZE])
{
	size_t cut = strcspn(file, "/");

	(void)snprintf(tree, RRD_NAME_SIZE, "%.*s", (int)cut, file);
	(void)snprintf(path, RRD_NAME_SIZE, "%.*s",
	    (int)(strlen(file + cut) - strlen(".rrd")), file + cut);
	for (char *p = path; *p != '\0'; p++)
		if (*p == ',')
			*p = ':';
}

static bool
is_below(const char *file, const char *tree, struct slice subtree)
{
	char has[RRD_NAME_SIZE], path[RRD_NAME_SIZE];
	struct slice left;

	leaf_of(file, has, path);
	left = slice_str(path);
	while (subtree.n > 0 && subtree.p[subtree.n - 1] == '/')
		subtree.n--;
	return strcmp(has, tree) == 0 && slice_skip(&left, subtree) &&
	    left.n > 0 && left.p[0] == '/';
}

void
rrd_table_forgive(struct rrd_table *t, const char *tree, struct slice subtree)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n_refused; i++) {
		struct rrd_series *l = rrd_table_at(t, t->refused[i].handle);

		if (tree != NULL && is_below(l->name, tree, subtree))
			l->refused = false;
		if (l->refused)
			t->refused[kept++] = t->refused[i];
	}
	t->n_refused = kept;
}

void
rrd_table_each_refused(const struct rrd_table *t, store_each_refusal *each,
    void *arg)
{
	char tree[RRD_NAME_SIZE], path[RRD_NAME_SIZE];

	for (size_t i = 0; i < t->n_refused; i++) {
		leaf_of(rrd_table_at(t, t->refused[i].handle)->name, tree,
		    path);
		each(arg,
		    &(struct store_refusal){ tree, slice_str(path),
			t->refused[i].why });
	}
}

void
rrd_table_clear(struct rrd_table *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		free(rrd_table_at(t, i)->name);
		free(rrd_table_at(t, i)->texts);
	}
	for (uint32_t i = 0; i < t->n; i += CHUNK)
		free(t->chunk[i / CHUNK]);
	free(t->chunk);
	free(t->bucket);
	free(t->def);
	free(t->waiting);
	free(t->refused);
	*t = (struct rrd_table){ .n = 0 };
}
