/*
 * Paths of a spoke as the hub has them; see translate.h.  Rules are prefixes,
 * so no input makes them slow.
 */
#include "config.h"

#include "common/message/names.h"
#include "xmlconfig/translate.h"

/* A path of the configuration without slashes at its end: "/" is "". */
static struct slice
trimmed(const char *path)
{
	struct slice s = slice_str(path);

	while (s.n > 0 && s.p[s.n - 1] == '/')
		s.n--;
	return s;
}

/* "/a" covers "/a" and "/a/b", not "/ab". */
static bool
covers(struct slice prefix, struct slice path)
{
	return slice_starts(path, prefix) &&
	    (path.n == prefix.n || path.p[prefix.n] == '/');
}

/* Cut the longest prefix that a rule has off path; what it becomes. */
static struct slice
apply_rule(const struct association *a, struct slice *path)
{
	const struct config_translate *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < a->n_translate; i++) {
		struct slice from = trimmed(a->translate[i].from);

		if (covers(from, *path) && (best == NULL || from.n > longest)) {
			best = &a->translate[i];
			longest = from.n;
		}
	}
	*path = (struct slice){ path->p + longest, path->n - longest };
	return best != NULL ? trimmed(best->to) : (struct slice){ "", 0 };
}

int
translate_path(const struct association *a, struct slice path, struct buf *out,
    struct err *e)
{
	struct slice subtree = trimmed(a->hub_subtree), whole = path, to, made;
	size_t before = out->n;
	bool fits;

	to = apply_rule(a, &path);
	fits = buf_put(out, subtree) &&
	    (to.n == 0 || to.p[0] == '/' || buf_put_char(out, '/')) &&
	    buf_put(out, to) && buf_put(out, path);
	made = (struct slice){ out->p + before, out->n - before };
	if (fits && name_is_path(made) && made.n > subtree.n)
		return 0;
	out->n = before;
	return err_set(e, ERR_INPUT, "%.*s: no path below %s comes of it",
	    (int)(whole.n < 128 ? whole.n : 128), whole.p, a->hub_subtree);
}

int
translate_tree(const struct association *a, const struct tree *from,
    struct tree **out, struct err *e)
{
	struct tree *t = tree_new();
	struct buf path;
	int rc = 0;

	buf_init(&path, 0);
	for (size_t i = 0; i < tree_size(from) && rc == 0; i++) {
		struct tree_leaf l = tree_leaf(from, i);

		buf_reset(&path);
		rc = translate_path(a, l.path, &path, e);
		if (rc == 0)
			rc = tree_add_like(t, buf_slice(&path), &l, e);
	}
	buf_clear(&path);
	if (rc == 0)
		rc = tree_finish(t, e);
	if (rc == -1) {
		tree_free(t);
		return -1;
	}
	*out = t;
	return 0;
}
