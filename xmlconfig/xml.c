/*
 * The XML files of a tree and their directories; see xml.h.  What stands in a
 * file is xml_document.c's.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/message/names.h"
#include "xmlconfig/xml.h"
#include "xmlconfig/xml_document.h"

/* --- Files ------------------------------------------------------------- */

/* Compare what stands in a file with what was meant. */
static int
read_back(int dirfd, const char *name, const struct xml_sum *meant,
    struct err *e)
{
	struct xml_sum found;
	int fd = durable_open_file(dirfd, name, e);
	int rc = -1;

	if (fd == -1)
		return -1;
	rc = xml_check(fd, &found, e);
	close(fd);
	if (rc == 0 && !xml_sum_eq(&found, meant))
		return err_set(e, ERR_INTERNAL, "does not say what was meant");
	return rc;
}

static int
write_file(int dirfd, const char *name, const struct xml_document *d,
    struct err *e)
{
	struct durable_temp tmp;
	struct xml_sum meant;

	if (durable_temp(dirfd, &tmp, e) == -1)
		return err_wrap(e, "%s", name);
	if (xml_document_write(d, tmp.fd, &meant, e) == -1 ||
	    read_back(dirfd, tmp.name, &meant, e) == -1) {
		durable_abandon(dirfd, &tmp);
		return err_wrap(e, "%s", name);
	}
	return durable_commit(dirfd, &tmp, name, true, e);
}

int
xml_write_association(int dirfd, const char *name, const struct tree *t,
    const struct xml_opts *o, struct err *e)
{
	char *dir = mem_printf("%s/%s", o->directory, o->tree);
	struct xml_document d = { .t = t, .directory = dir };
	int rc = -1;

	tree_file_name(dir + strlen(o->directory));
	if (strpbrk(dir, "%$") != NULL || !name_is_text(slice_str(dir)))
		err_set(e, ERR_CONFIG,
		    "%s: Torrus takes no such name of a directory", dir);
	else
		rc = write_file(dirfd, name, &d, e);
	free(dir);
	return rc;
}

int
xml_write_tree(int dirfd, const char *name, const char *const *files, size_t n,
    struct err *e)
{
	struct xml_document d = { .files = files, .n_files = n };

	for (size_t i = 0; i < n; i++)
		if (strcmp(files[i], name) == 0)
			return err_set(e, ERR_CONFIG,
			    "%s would include itself: an association must not "
			    "have the name of its hub-tree",
			    name);
	return write_file(dirfd, name, &d, e);
}

/* --- Directories ------------------------------------------------------- */

/* mkdir -p; path is changed and restored meanwhile.  Where a file that a leaf
 * left has the name of a directory the tree goes live all the same: the store
 * tells of leaves that it cannot store. */
static int
make_dir(char *path, struct err *e)
{
	char *slash;
	int rc;

	if (mkdir(path, 0700) == 0 || errno == EEXIST || errno == ENOTDIR)
		return 0;
	slash = strrchr(path, '/');
	if (errno != ENOENT || slash == NULL || slash == path)
		return err_sys(e, "make directory %s", path);
	*slash = '\0';
	rc = make_dir(path, e);
	*slash = '/';
	if (rc == 0 && mkdir(path, 0700) == -1 && errno != EEXIST &&
	    errno != ENOTDIR)
		rc = err_sys(e, "make directory %s", path);
	return rc;
}

int
xml_make_dirs(const struct tree *t, const struct xml_opts *o, struct err *e)
{
	struct slice last = { NULL, 0 };
	struct buf path = { 0 };
	size_t base;
	int rc = 0;

	buf_printf(&path, "%s/", o->directory);
	base = path.n;
	for (size_t i = 0; i < tree_size(t) && rc == 0; i++) {
		struct slice dir = tree_leaf(t, i).path;

		while (dir.p[dir.n - 1] != '/')
			dir.n--;
		dir.n--;
		if (i > 0 && slice_eq(dir, last))
			continue;
		last = dir;
		path.n = base;
		buf_printf(&path, "%s%.*s", o->tree, (int)dir.n, dir.p);
		tree_file_name(path.p + base);
		rc = make_dir(path.p, e);
	}
	buf_clear(&path);
	return rc;
}
