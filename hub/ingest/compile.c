/*
 * The real compiler.  <state>/trees/<tree>/ holds <association>.xml and
 * <association>.sqlite, <tree>.xml, which includes the former, and index, which
 * names the latter.  What is
 * new is written and read back under names of its own first; then it is named
 * as it shall be, which cannot fail half way in a manner that matters: after a
 * crash between two names the same CONFIG is compiled again.
 */
#include "config.h"

#include "hub/ingest/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/message/names.h"
#include "xmlconfig/index.h"
#include "xmlconfig/xml.h"

struct files {
	struct compiler base;
	const struct config *config;
	int state_dir;
};

enum {
	FILE_NAME_SIZE = LIMIT_ASSOCIATION + 32
};

/* <name><suffix> */
static const char *
file_name(char out[FILE_NAME_SIZE], const char *name, const char *suffix)
{
	(void)snprintf(out, FILE_NAME_SIZE, "%s%s", name, suffix);
	return out;
}

static int
open_tree_dir(int state_dir, const char *tree, bool make, struct err *e)
{
	int (*open_dir)(int, const char *, struct err *) =
	    make ? durable_make_dir : durable_open_dir;
	int trees = open_dir(state_dir, "trees", e), dir;

	if (trees == -1)
		return -1;
	dir = open_dir(trees, tree, e);
	close(trees);
	return dir;
}

int
compile_read(int state_dir, const struct association *a, struct compiled **out,
    struct err *e)
{
	char name[FILE_NAME_SIZE];
	int rc, dir = open_tree_dir(state_dir, a->hub_tree, false, e);

	if (dir == -1)
		return -1;
	rc = compiled_open(dir, file_name(name, a->name, ".sqlite"), out, e);
	close(dir);
	return rc;
}

/* The index is written last: a part that it does not name is there by half. */
static bool
is_indexed(const struct files *f, const struct association *a)
{
	struct index x = { 0 };
	struct err ignored; /* what cannot be read is compiled again */
	bool found = false;
	int dir = open_tree_dir(f->state_dir, a->hub_tree, false, &ignored);

	if (dir != -1 && index_read(dir, "index", &x, &ignored) == 0)
		for (size_t i = 0; i < x.n && !found; i++)
			found = strcmp(x.entry[i].association, a->name) == 0;
	index_clear(&x);
	if (dir != -1)
		close(dir);
	return found;
}

static bool
files_head(struct compiler *c, const struct association *a,
    struct compiled_head *out)
{
	struct files *f = (struct files *)c;
	struct compiled *live = NULL;
	struct err ignored; /* what cannot be read is compiled again */

	if (!is_indexed(f, a) ||
	    compile_read(f->state_dir, a, &live, &ignored) == -1)
		return false;
	*out = *compiled_head(live);
	compiled_close(live);
	return true;
}

static int
files_each(struct compiler *c, const struct association *a, compile_each *each,
    void *arg, struct err *e)
{
	struct files *f = (struct files *)c;
	struct compiled *live = NULL;
	int rc;

	if (compile_read(f->state_dir, a, &live, e) == -1)
		return -1;
	rc = compiled_each(live, SLICE("/"), each, arg, e);
	compiled_close(live);
	return rc;
}

/* --- Compiling ---------------------------------------------------------- */

static int
prepare(const struct files *f, int dir, const struct compile_part *p,
    struct err *e)
{
	const struct config_store *store = config_store_for(f->config);
	const struct association *a = p->association;
	struct xml_opts opts = {
		.tree = a->hub_tree,
		.directory = store->directory,
	};
	char name[FILE_NAME_SIZE];

	if (xml_make_dirs(p->tree, &opts, e) == -1 ||
	    xml_write_association(dir, file_name(name, a->name, ".xml.new"),
		p->tree, &opts, e) == -1)
		return -1;
	file_name(name, a->name, ".sqlite.new");
	return compiled_write(dir, name, p->tree, &p->head, e);
}

static int
put_in_place(int dir, const char *association, const char *suffix,
    struct err *e)
{
	char from[FILE_NAME_SIZE], to[FILE_NAME_SIZE], new_suffix[16];

	(void)snprintf(new_suffix, sizeof(new_suffix), "%s.new", suffix);
	file_name(from, association, new_suffix);
	file_name(to, association, suffix);
	if (renameat(dir, from, dir, to) == -1)
		return err_sys(e, "name %s", to);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A file of an association that is not, or no longer, in the tree. */
static bool
is_left(const char *file, const char *tree, const struct index_entry *entry,
    size_t n)
{
	struct slice ending = slice_str(file), name;

	if (!slice_cut(&ending, '.', &name) || !name_is_association(name) ||
	    slice_eq_str(name, tree) ||
	    (!slice_eq_str(ending, "xml") && !slice_eq_str(ending, "sqlite")))
		return false;
	for (size_t i = 0; i < n; i++)
		if (slice_eq_str(name, entry[i].association))
			return false;
	return true;
}

/* Torrus, which looks for a file by its name in the directories of all trees,
 * would take it in the place of the tree's to which the association went. */
static void
remove_left(int dir, const char *tree, const struct index_entry *entry,
    size_t n)
{
	struct names all;
	struct err ignored; /* the next compilation looks again */

	if (durable_list(dir, &all, &ignored) == -1)
		return;
	for (size_t i = 0; i < all.n; i++)
		if (is_left(all.name[i], tree, entry, n))
			(void)unlinkat(dir, all.name[i], 0);
	names_free(&all);
}

/* What is live after this: <tree>.xml for Torrus, the index for us. */
static int
write_index(const struct files *f, int dir, const char *tree, struct err *e)
{
	const struct config *c = f->config;
	size_t most = c->n_association + 1, n = 0;
	struct index_entry *entry = mem_array(most, sizeof(*entry));
	char(*xml)[FILE_NAME_SIZE] = mem_array(most, sizeof(*xml));
	char(*sqlite)[FILE_NAME_SIZE] = mem_array(most, sizeof(*sqlite));
	const char **list = mem_array(most, sizeof(*list));
	char name[FILE_NAME_SIZE];
	int rc = -1;

	for (size_t i = 0; i < c->n_association; i++) {
		const struct association *a = c->association + i;

		file_name(xml[n], a->name, ".xml");
		if (a->role != CONFIG_HUB || strcmp(a->hub_tree, tree) != 0 ||
		    faccessat(dir, xml[n], F_OK, 0) == -1)
			continue;
		entry[n] = (struct index_entry){ a->name,
			file_name(sqlite[n], a->name, ".sqlite"),
			a->hub_subtree };
		list[n] = xml[n];
		n++;
	}
	qsort(list, n, sizeof(*list), by_name);
	if (xml_write_tree(dir, file_name(name, tree, ".xml"), list, n, e) == 0)
		rc = index_write(dir, "index", entry, n, e);
	if (rc == 0)
		remove_left(dir, tree, entry, n);
	free(entry);
	free(list);
	free(xml);
	free(sqlite);
	return rc;
}

static int
files_compile(struct compiler *c, const char *tree,
    const struct compile_part *part, size_t n, struct err *e)
{
	struct files *f = (struct files *)c;
	int rc = -1, dir = open_tree_dir(f->state_dir, tree, true, e);

	if (dir == -1 || durable_sweep(dir, e) == -1)
		goto out;
	for (size_t i = 0; i < n; i++) {
		if (prepare(f, dir, part + i, e) == -1) {
			err_wrap(e, "association %s",
			    part[i].association->name);
			goto out;
		}
	}
	for (size_t i = 0; i < n; i++)
		if (put_in_place(dir, part[i].association->name, ".xml", e) ==
			-1 ||
		    put_in_place(dir, part[i].association->name, ".sqlite",
			e) == -1)
			goto out;
	if (durable_sync(dir, e) == -1)
		goto out;
	rc = write_index(f, dir, tree, e);
out:
	if (dir != -1)
		close(dir);
	return rc == 0 ? 0 : err_wrap(e, "compile tree %s", tree);
}

static void
files_close(struct compiler *c)
{
	free(c);
}

static const struct compiler_ops files_ops = {
	.head = files_head,
	.each = files_each,
	.compile = files_compile,
	.close = files_close,
};

struct compiler *
compile_open(const struct config *config, int state_dir)
{
	struct files *f = mem_alloc(sizeof(*f));

	f->base.ops = &files_ops;
	f->config = config;
	f->state_dir = state_dir;
	return &f->base;
}
