/*
 * Finding a leaf to read; see leaf.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "hub/commands/leaf.h"
#include "hub/control.h"
#include "hub/stores/stores.h"
#include "xmlconfig/index.h"

/* The tree that was named, or the only one of which this node is the hub. */
static int
choose_tree(const struct config *c, const char *named, const char **out,
    struct err *e)
{
	const char *found = NULL;

	for (size_t i = 0; i < c->n_association; i++) {
		const struct association *a = &c->association[i];

		if (a->role != CONFIG_HUB)
			continue;
		if (named != NULL && strcmp(named, a->hub_tree) != 0)
			continue;
		if (found != NULL && strcmp(found, a->hub_tree) != 0)
			return err_set(e, ERR_USAGE,
			    "there is more than one tree: say --tree %s or "
			    "--tree %s",
			    found, a->hub_tree);
		found = a->hub_tree;
	}
	if (found == NULL)
		return named != NULL
		    ? err_set(e, ERR_MISSING, "there is no tree %s", named)
		    : err_set(e, ERR_CONFIG,
			  "this node is hub of no association");
	*out = found;
	return 0;
}

static bool
is_below(const char *path, const char *subtree)
{
	size_t n = strlen(subtree);

	while (n > 0 && subtree[n - 1] == '/')
		n--;
	return strncmp(path, subtree, n) == 0 && path[n] == '/';
}

/* Try one association's part of the tree: 1 found, 0 not, -1 error. */
static int
find_in(struct leaf *l, int dir, const struct index_entry *entry, struct err *e)
{
	int rc;

	if (!is_below(l->path, entry->subtree))
		return 0;
	if (compiled_open(dir, entry->file, &l->compiled, e) == -1)
		return e->sys == ENOENT ? 0 : -1;
	rc = compiled_find(l->compiled, slice_str(l->path), &l->leaf, e);
	if (rc == 1)
		l->association =
		    config_association(l->config, entry->association);
	if (rc == 1 && l->association != NULL)
		return 1;
	compiled_close(l->compiled);
	l->compiled = NULL;
	return rc == -1 ? -1 : 0;
}

static int
find_leaf(struct leaf *l, struct err *e)
{
	char *name = mem_printf("trees/%s", l->tree);
	struct index index = { .n = 0 };
	int dir = durable_open_dir(l->node.state_dir, name, e);
	int rc = 0;

	free(name);
	if (dir == -1 || index_read(dir, "index", &index, e) == -1)
		rc = e->sys == ENOENT ? 0 : -1;
	for (size_t i = 0; i < index.n && rc == 0; i++)
		rc = find_in(l, dir, &index.entry[i], e);
	if (rc == 0)
		err_set(e, ERR_MISSING,
		    "no leaf %s in tree %s; `hubctl tree` lists what there is",
		    l->path, l->tree);
	index_clear(&index);
	if (dir != -1)
		close(dir);
	return rc == 1 ? 0 : -1;
}

/* Reading a leaf first brings it up to date.  No hubd: nothing waits. */
static int
bring_up_to_date(const struct leaf *l, struct err *e)
{
	const char *const word[] = { "flush", l->tree, l->path, NULL };
	struct buf reply = { .limit = 0 };
	int status = 0;
	int rc = control_ask(l->config->node.run, word, CONTROL_WORK_S, &reply,
	    &status, e);

	if (rc == -1 && (e->sys == ENOENT || e->sys == ECONNREFUSED))
		rc = 0;
	else if (rc == 0 && status != 0)
		log_warn("values may be late: hubd did not flush %s: %.*s",
		    l->path, (int)reply.n, reply.p);
	buf_clear(&reply);
	return rc;
}

int
leaf_open(const struct options *o, const char *tree, const char *path,
    struct leaf *out, struct err *e)
{
	const struct config_store *store;

	*out = (struct leaf){ .path = path,
		.node = { .state_dir = -1, .spool_dir = -1, .run_dir = -1 } };
	if (config_read(o->config, &out->config, e) == -1 ||
	    choose_tree(out->config, tree, &out->tree, e) == -1 ||
	    node_enter(out->config, e) == -1 ||
	    node_open(out->config, &out->node, e) == -1 ||
	    find_leaf(out, e) == -1 || bring_up_to_date(out, e) == -1)
		return -1;
	store = config_store_for(out->config);
	if (store != NULL && strcmp(store->type, "rrd") == 0) {
		out->file = mem_printf("%s/%s%s.rrd", store->directory,
		    out->tree, path);
		tree_file_name(out->file + strlen(store->directory));
	}
	return 0;
}

char *
leaf_param(const struct leaf *l, const char *name)
{
	static const struct slice none = { NULL, 0 };
	struct slice v = tree_param(&l->leaf, slice_str(name), none);

	return v.p == NULL ? NULL : slice_dup(v);
}

void
leaf_close(struct leaf *l)
{
	free(l->file);
	compiled_close(l->compiled);
	node_close(&l->node);
	config_free(l->config);
	*l = (struct leaf){
		.node = { .state_dir = -1, .spool_dir = -1, .run_dir = -1 }
	};
}

int
leaf_window(const char *from, const char *to, int64_t *from_s, int64_t *to_s,
    struct err *e)
{
	int64_t now_s = wall_s(clock_wall());

	*to_s = now_s;
	if (to != NULL && options_time(to, now_s, to_s, e) == -1)
		return err_wrap(e, "--to");
	*from_s = *to_s - 3600;
	if (from != NULL && options_time(from, now_s, from_s, e) == -1)
		return err_wrap(e, "--from");
	if (*from_s < 0)
		*from_s = 0;
	if (*from_s > *to_s)
		return err_set(e, ERR_USAGE, "--from lies behind --to");
	return 0;
}
