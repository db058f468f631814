/*
 * The datasource tree; see tree.h.  All text lies in one block, each leaf's
 * path, token and parameters one behind the other; a leaf is where it begins
 * and how long these are.  A parameter is its rank in names_param(), a byte;
 * the length of its value, two bytes, the lower one first; the value; a NUL.
 * What CONFIG may say is tree_config.c's.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/message/names.h"
#include "xmlconfig/tree.h"

struct leaf {
	uint32_t at;       /* of the path in text */
	uint32_t n_params; /* bytes, like the next two */
	uint16_t n_path;
	uint16_t n_token;
};

struct tree {
	struct leaf *leaf;
	size_t n, cap;
	char *text;
	size_t used, room;
	int rank; /* of the last leaf's last parameter, -1: none */
};

/* A leaf is begun only below this; it cannot grow past 2^32 from there. */
#define TEXT_MAX ((size_t)1 << 30)

struct tree *
tree_new(void)
{
	return mem_alloc(sizeof(struct tree));
}

void
tree_free(struct tree *t)
{
	if (t == NULL)
		return;
	free(t->leaf);
	free(t->text);
	free(t);
}

size_t
tree_size(const struct tree *t)
{
	return t->n;
}

/* Room for n bytes at `at`, what stands there moves up. */
static char *
text_open(struct tree *t, size_t at, size_t n)
{
	if (n > t->room - t->used) {
		t->room = (t->used + n) * 3 / 2 + 4096;
		t->text = mem_resize(t->text, t->room, 1);
	}
	memmove(t->text + at + n, t->text + at, t->used - at);
	t->used += n;
	return t->text + at;
}

static void
text_put(struct tree *t, struct slice s)
{
	char *p = text_open(t, t->used, s.n);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
}

int
tree_add(struct tree *t, struct slice path, struct slice token, struct err *e)
{
	if (!name_is_path(path))
		return err_set(e, ERR_INPUT, "not a path: %.*s",
		    (int)(path.n < 80 ? path.n : 80), path.p);
	if (token.n > 0 && !name_is_token(token))
		return err_set(e, ERR_INPUT, "%.*s: not a token", (int)path.n,
		    path.p);
	if (t->n >= LIMIT_DATASOURCES_HARD)
		return err_set(e, ERR_INPUT, "more than %d leaves",
		    LIMIT_DATASOURCES_HARD);
	if (t->used > TEXT_MAX)
		return err_set(e, ERR_INPUT, "more than 1 GiB of parameters");
	if (t->n == t->cap) {
		t->cap = t->cap * 3 / 2 + 64;
		t->leaf = mem_resize(t->leaf, t->cap, sizeof(t->leaf[0]));
	}
	t->leaf[t->n++] = (struct leaf){
		.at = (uint32_t)t->used,
		.n_path = (uint16_t)path.n,
		.n_token = (uint16_t)token.n,
	};
	t->rank = -1;
	text_put(t, path);
	text_put(t, token);
	return 0;
}

int
tree_add_like(struct tree *t, struct slice path, const struct tree_leaf *l,
    struct err *e)
{
	if (tree_add(t, path, l->token, e) == -1)
		return -1;
	text_put(t, l->params);
	t->leaf[t->n - 1].n_params = (uint32_t)l->params.n;
	t->rank = INT32_MAX; /* not known: tree_set looks */
	return 0;
}

enum {
	PARAM_HEAD = 3, /* bytes before a value */
	PARAM_ROOM = PARAM_HEAD + 1,
};

/* Where in the last leaf's parameters, from byte `from` of the text, one of
 * this rank belongs, and how many bytes of the same rank stand there. */
static size_t
param_place(const struct tree *t, size_t from, int rank, size_t *same)
{
	struct slice left = { t->text + from, t->used - from }, value;
	size_t at = from;
	int r;

	*same = 0;
	while (tree_next_ranked(&left, &r, &value)) {
		if (r == rank)
			*same = value.n + PARAM_ROOM;
		if (r >= rank)
			break;
		at = (size_t)(left.p - t->text);
	}
	return at;
}

void
tree_set_ranked(struct tree *t, int rank, struct slice value)
{
	struct leaf *l;
	size_t at, same = 0;
	char *p;

	assert(names_param(rank) != NULL && t->n > 0 &&
	    value.n <= LIMIT_CONFIG_VALUE);
	l = &t->leaf[t->n - 1];
	at = t->used;
	if (rank <= t->rank) /* not simply the next one */
		at = param_place(t, l->at + l->n_path + (size_t)l->n_token,
		    rank, &same);
	else
		t->rank = rank;
	memmove(t->text + at, t->text + at + same, t->used - at - same);
	t->used -= same;
	p = text_open(t, at, value.n + PARAM_ROOM);
	p[0] = (char)rank;
	p[1] = (char)(value.n & 0xff);
	p[2] = (char)(value.n >> 8);
	if (value.n > 0)
		memcpy(p + PARAM_HEAD, value.p, value.n);
	p[PARAM_HEAD + value.n] = '\0';
	l->n_params += (uint32_t)(value.n + PARAM_ROOM - same);
}

void
tree_set(struct tree *t, struct slice name, struct slice value)
{
	tree_set_ranked(t, names_param_rank(name), value);
}

static struct slice
path_of(const struct tree *t, const struct leaf *l)
{
	return (struct slice){ t->text + l->at, l->n_path };
}

struct tree_leaf
tree_leaf(const struct tree *t, size_t i)
{
	const struct leaf *l = &t->leaf[i];
	const char *token = t->text + l->at + l->n_path;

	assert(i < t->n);
	return (struct tree_leaf){
		.path = path_of(t, l),
		.token = { token, l->n_token },
		.params = { token + l->n_token, l->n_params },
	};
}

size_t
tree_find(const struct tree *t, struct slice path)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (slice_cmp(path_of(t, &t->leaf[mid]), path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < t->n && slice_eq(path_of(t, &t->leaf[lo]), path))
		return lo;
	return SIZE_MAX;
}

/* Whether leaf l, with the same path up to byte `at` as a leaf of the subtree
 * `name`, is in that subtree. */
static bool
is_below(const struct tree *t, const struct leaf *l, size_t at,
    struct slice name)
{
	const char *p = t->text + l->at + at;

	/* "/a/" is not in "/ab", and the last bytes differ first */
	return l->n_path > at + name.n && p[name.n] == '/' &&
	    memcmp(p, name.p, name.n) == 0;
}

bool
tree_next_child(const struct tree *t, struct tree_span *left,
    struct tree_child *out)
{
	size_t i = left->first, at = left->at;
	struct slice path, name;
	const char *slash;

	if (i >= left->end)
		return false;
	path = path_of(t, &t->leaf[i++]);
	name = (struct slice){ path.p + at, path.n - at };
	slash = memchr(name.p, '/', name.n);
	if (slash != NULL) {
		name.n = (size_t)(slash - name.p);
		while (i < left->end && is_below(t, &t->leaf[i], at, name))
			i++;
	}
	*out = (struct tree_child){
		.name = name,
		.is_leaf = slash == NULL,
		.span = { left->first, i, at + name.n + 1 },
	};
	left->first = i;
	return true;
}

bool
tree_next_ranked(struct slice *params, int *rank, struct slice *value)
{
	const unsigned char *p = (const unsigned char *)params->p;
	size_t n;

	if (params->n < PARAM_ROOM || names_param(p[0]) == NULL)
		return false;
	n = p[1] | (size_t)p[2] << 8;
	if (n > params->n - PARAM_ROOM || p[PARAM_HEAD + n] != '\0')
		return false;
	*rank = p[0];
	*value = (struct slice){ params->p + PARAM_HEAD, n };
	params->p += n + PARAM_ROOM;
	params->n -= n + PARAM_ROOM;
	return true;
}

bool
tree_next_param(struct slice *params, struct slice *name, struct slice *value)
{
	int rank;

	if (!tree_next_ranked(params, &rank, value))
		return false;
	*name = slice_str(names_param(rank));
	return true;
}

struct slice
tree_param(const struct tree_leaf *l, struct slice name, struct slice fallback)
{
	struct slice left = l->params, value;
	int rank = names_param_rank(name), r;

	while (tree_next_ranked(&left, &r, &value))
		if (r == rank)
			return value;
	return fallback;
}

void
tree_file_name(char *path)
{
	for (; *path != '\0'; path++)
		if (*path == ':')
			*path = ',';
}

/* --- Order and collisions ---------------------------------------------- */

static int
compare_paths(const void *a, const void *b, void *tree)
{
	return slice_cmp(path_of(tree, a), path_of(tree, b));
}

/* Leaves mostly come in order: then there is nothing to do. */
static void
sort_leaves(struct tree *t)
{
	for (size_t i = 1; i < t->n; i++)
		if (compare_paths(&t->leaf[i - 1], &t->leaf[i], t) > 0) {
			qsort_r(t->leaf, t->n, sizeof(t->leaf[0]),
			    compare_paths, t);
			return;
		}
}

static int
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* One name of a subtree, and the first leaf that has it. */
struct child {
	struct slice name;
	size_t leaf;
	bool is_leaf;
};

static int
compare_folded(const void *a, const void *b)
{
	const struct slice x = ((const struct child *)a)->name;
	const struct slice y = ((const struct child *)b)->name;
	size_t i = 0;

	while (i < x.n && i < y.n && fold(x.p[i]) == fold(y.p[i]))
		i++;
	if (i < x.n && i < y.n)
		return fold(x.p[i]) < fold(y.p[i]) ? -1 : 1;
	return (x.n > y.n) - (x.n < y.n);
}

/* Two long paths do not both fit into an error, and differ in their ends. */
static struct slice
tail(struct slice path)
{
	const size_t most = 100;

	if (path.n <= most)
		return path;
	return (struct slice){ path.p + path.n - most, most };
}

static int
collision(const struct tree *t, size_t a, size_t b, struct err *e)
{
	struct slice x = tail(path_of(t, &t->leaf[a]));
	struct slice y = tail(path_of(t, &t->leaf[b]));

	return err_set(e, ERR_INPUT, "%.*s and %.*s collide", (int)x.n, x.p,
	    (int)y.n, y.p);
}

/* A subtree's directory in the store must not have the name of the file of a
 * leaf beside it.  The names are in their order, each once. */
static int
check_file_names(const struct tree *t, const struct child *c, size_t n,
    struct err *e)
{
	const struct slice ending = SLICE(".rrd");

	for (size_t i = 0; i < n; i++) {
		struct child leaf = { .name = c[i].name };
		const struct child *found;

		if (c[i].is_leaf || leaf.name.n <= ending.n)
			continue;
		leaf.name.n -= ending.n;
		if (memcmp(leaf.name.p + leaf.name.n, ending.p, ending.n) != 0)
			continue;
		found = bsearch(&leaf, c, n, sizeof(leaf), compare_folded);
		if (found != NULL && found->is_leaf)
			return collision(t, found->leaf, c[i].leaf, e);
	}
	return 0;
}

static int
check_children(const struct tree *t, struct child *c, size_t n, struct err *e)
{
	size_t i = 1;

	while (i < n && compare_folded(&c[i - 1], &c[i]) < 0)
		i++;
	if (i >= n)
		return check_file_names(t, c, n, e); /* in order, different */
	qsort(c, n, sizeof(c[0]), compare_folded);
	for (i = 1; i < n; i++)
		if (compare_folded(&c[i - 1], &c[i]) == 0)
			return collision(t, c[i - 1].leaf, c[i].leaf, e);
	return check_file_names(t, c, n, e);
}

/* c has room for as many as the span has leaves; deeper levels use it again.
 * Paths are at most LIMIT_PATH_DEPTH deep, and so is this. */
static int
check_subtree(const struct tree *t, struct tree_span span, struct child *c,
    struct err *e)
{
	struct tree_span left = span;
	struct tree_child child;
	size_t n = 0;

	while (tree_next_child(t, &left, &child))
		c[n++] = (struct child){ child.name, child.span.first,
			child.is_leaf };
	if (check_children(t, c, n, e) == -1)
		return -1;
	while (tree_next_child(t, &span, &child))
		if (!child.is_leaf && check_subtree(t, child.span, c, e) == -1)
			return -1;
	return 0;
}

static int
compare_tokens(const void *a, const void *b, void *tree)
{
	struct tree_leaf x = tree_leaf(tree, *(const uint32_t *)a);
	struct tree_leaf y = tree_leaf(tree, *(const uint32_t *)b);

	return slice_cmp(x.token, y.token);
}

static int
check_tokens(struct tree *t, uint32_t *order, struct err *e)
{
	size_t n = 0;

	for (uint32_t i = 0; i < t->n; i++)
		if (t->leaf[i].n_token > 0)
			order[n++] = i;
	qsort_r(order, n, sizeof(order[0]), compare_tokens, t);
	for (size_t i = 1; i < n; i++)
		if (compare_tokens(&order[i - 1], &order[i], t) == 0) {
			struct slice s = tree_leaf(t, order[i]).token;

			collision(t, order[i - 1], order[i], e);
			return err_wrap(e, "token %.*s", (int)s.n, s.p);
		}
	return 0;
}

int
tree_finish(struct tree *t, struct err *e)
{
	struct child *c = mem_array(t->n, sizeof(c[0]));
	uint32_t *order = mem_array(t->n, sizeof(order[0]));
	struct tree_span all = { 0, t->n, 1 };
	int rc = -1;

	sort_leaves(t);
	if (check_subtree(t, all, c, e) == 0 && check_tokens(t, order, e) == 0)
		rc = 0;
	free(c);
	free(order);
	return rc;
}
