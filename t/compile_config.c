/*
 * A CONFIG body from standard input, compiled as a hub does it, for
 * t/hub-torrus.t:
 *
 *	compile_config DIRECTORY RRD-DIRECTORY
 *
 * writes alps.xml, alps.sqlite and main.xml, makes the directories that Torrus
 * wants, and prints what the compiled tree says of each leaf, in the form of
 * torrus_accept.sh.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/message/names.h"
#include "xmlconfig/compiled.h"
#include "xmlconfig/translate.h"
#include "xmlconfig/xml.h"

static const struct config_translate rules[] = {
	{ "/Hosts/alps-gw", "/Gateway" },
};

static const struct association alps = {
	.name = "alps",
	.hub_subtree = "/Sites/Alps",
	.translate = rules,
	.n_translate = 1,
};

static int
compile(int dir, const struct tree *t, const char *rrd, struct err *e)
{
	const char *const files[] = { "alps.xml" };
	const struct xml_opts o = { .tree = "main", .directory = rrd };
	const struct compiled_head head = { .generation = 1, .msgid = 1 };

	if (xml_make_dirs(t, &o, e) == -1 ||
	    xml_write_association(dir, "alps.xml", t, &o, e) == -1 ||
	    xml_write_tree(dir, "main.xml", files, 1, e) == -1)
		return -1;
	return compiled_write(dir, "alps.sqlite", t, &head, e);
}

/* As files are named: tree_file_name. */
static void
print_name(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		putchar(name.p[i] == ':' ? ',' : name.p[i]);
}

/* The path's last name names the file, what is before it the directory. */
static bool
print_leaf(void *arg, const struct tree_leaf *l)
{
	const char *rrd = arg;
	struct slice dir = l->path, file, left = l->params, name, value;

	while (dir.p[dir.n - 1] != '/')
		dir.n--;
	file = (struct slice){ dir.p + dir.n, l->path.n - dir.n };
	dir.n--;
	printf("leaf\t%.*s\tdata-dir=%s/main", (int)l->path.n, l->path.p, rrd);
	print_name(dir);
	printf("\tdata-file=");
	print_name(file);
	printf(".rrd\tds-type=rrd-file\tleaf-type=rrd-def\trrd-ds=value"
	       "\trrd-cf=AVERAGE");
	while (tree_next_param(&left, &name, &value))
		printf("\t%s=%s", name.p, value.p);
	printf("\n");
	return true;
}

static int
print_compiled(int dir, const char *rrd, struct err *e)
{
	struct compiled *c;
	int rc;

	if (compiled_open(dir, "alps.sqlite", &c, e) == -1)
		return -1;
	rc =
	    compiled_each(c, SLICE("/"), print_leaf, (void *)(uintptr_t)rrd, e);
	compiled_close(c);
	return rc;
}

int
main(int argc, char *argv[])
{
	struct tree *spoke = tree_new(), *hub = NULL;
	struct buf body = { 0 };
	struct err e = { 0 };
	int dir, rc = -1;

	if (argc != 3)
		return 64;
	dir = durable_open_dir(AT_FDCWD, argv[1], &e);
	if (dir != -1 &&
	    io_read_upto(STDIN_FILENO, LIMIT_MESSAGE, &body, &e) == 0 &&
	    tree_add_config(spoke, buf_slice(&body), &e) == 0 &&
	    translate_tree(&alps, spoke, &hub, &e) == 0 &&
	    compile(dir, hub, argv[2], &e) == 0)
		rc = print_compiled(dir, argv[2], &e);
	if (rc == -1)
		fprintf(stderr, "compile_config: %s\n", e.msg);
	buf_clear(&body);
	tree_free(spoke);
	tree_free(hub);
	return rc == -1 ? err_exit_code(&e) : 0;
}
