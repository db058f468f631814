/*
 * hubctl tree: the leaves of the compiled tree, one a line.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/command/json.h"
#include "hub/commands/commands.h"
#include "hub/ingest/compile.h"

struct printing {
	bool params, json;
	uint64_t leaves;
};

static void
print_json(const struct tree_leaf *l, bool with_params)
{
	struct slice params = l->params, name, value;
	struct buf b = { 0 };
	const char *comma = "";

	(void)buf_put_str(&b, "{\"path\":");
	json_put_text(&b, l->path);
	(void)buf_put_str(&b, ",\"token\":");
	json_put_text(&b, l->token);
	if (with_params)
		(void)buf_put_str(&b, ",\"params\":{");
	while (with_params && tree_next_param(&params, &name, &value)) {
		(void)buf_put_str(&b, comma);
		json_put_text(&b, name);
		(void)buf_put_char(&b, ':');
		json_put_text(&b, value);
		comma = ",";
	}
	(void)buf_put_str(&b, with_params ? "}}" : "}");
	puts(b.p);
	buf_clear(&b);
}

static bool
print_leaf(void *arg, const struct tree_leaf *l)
{
	struct printing *p = arg;
	struct slice params = l->params, name, value;

	p->leaves++;
	if (p->json) {
		print_json(l, p->params);
		return true;
	}
	printf("%.*s\n", (int)l->path.n, l->path.p);
	while (p->params && tree_next_param(&params, &name, &value))
		printf("\t%.*s: %.*s\n", (int)name.n, name.p, (int)value.n,
		    value.p);
	return true;
}

static int
by_subtree(const void *a, const void *b)
{
	const struct association *const *x = a, *const *y = b;

	return strcmp((*x)->hub_subtree, (*y)->hub_subtree);
}

/* Those of the named tree, or of the only one, in path order. */
static int
choose(const struct ground *g, const char *tree,
    const struct association **list, size_t *n, struct err *e)
{
	*n = 0;
	for (size_t i = 0; i < g->config->n_association; i++) {
		const struct association *a = &g->config->association[i];

		if (a->role != CONFIG_HUB ||
		    (tree != NULL && strcmp(a->hub_tree, tree) != 0))
			continue;
		if (*n > 0 && strcmp(a->hub_tree, list[0]->hub_tree) != 0)
			return err_set(e, ERR_USAGE,
			    "there is more than one tree: say --tree %s or "
			    "--tree %s",
			    list[0]->hub_tree, a->hub_tree);
		list[(*n)++] = a;
	}
	if (*n == 0 && tree == NULL)
		return err_set(e, ERR_CONFIG,
		    "this node is hub of no association");
	if (*n == 0)
		return err_set(e, ERR_MISSING, "there is no tree %s", tree);
	qsort(list, *n, sizeof(*list), by_subtree);
	return 0;
}

static int
print_all(const struct ground *g, const char *tree, const char *path,
    struct printing *p, struct err *e)
{
	const struct association **list =
	    mem_array(g->config->n_association + 1, sizeof(*list));
	struct compiled *live = NULL;
	size_t n = 0;
	int rc = choose(g, tree, list, &n, e);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct err ignored; /* nothing came of it yet */

		if (compile_read(g->node.state_dir, list[i], &live, &ignored) ==
		    -1)
			continue;
		rc = compiled_each(live, slice_str(path), print_leaf, p, e);
		compiled_close(live);
	}
	free(list);
	if (rc == 0 && p->leaves == 0 && strcmp(path, "/") != 0)
		rc = err_set(e, ERR_MISSING, "there is nothing at %s", path);
	return rc;
}

int
command_tree(const struct options *opts, int argc, char **argv)
{
	const char *tree = NULL, *params = NULL;
	const struct options_flag flags[] = {
		{ "params", 0, false, &params },
		{ "tree", 0, true, &tree },
		{ .name = NULL },
	};
	struct printing p = { .leaves = 0 };
	struct ground g = ground_make(CONFIG_HUB, opts, argc, argv);
	struct err e = { 0 };
	int rc = -1;

	g.flags = flags;
	if (ground_open(&g, GROUND_READING, &e) == -1 ||
	    ground_check_operands(&g, 1, &e) == -1)
		goto out;
	p.params = params != NULL;
	p.json = g.options.json;
	rc = print_all(&g, tree, g.operands == 1 ? argv[1] : "/", &p, &e);
out:
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
