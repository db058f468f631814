/*
 * A look at the names in a carried directory; see carried_peek.h.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "transport/carried/carried_file.h"
#include "transport/carried/carried_peek.h"

/* Takes dir. */
static bool
has_ours(int dir)
{
	const struct carried_place at = { dir, true };
	struct carried_name name;
	DIR *list = fdopendir(dir);
	const struct dirent *d;
	bool has = false;

	if (list == NULL) {
		close(dir);
		return false;
	}
	while (!has && (d = readdir(list)) != NULL)
		has = carried_file_name(&at, d->d_name, &name);
	closedir(list);
	return has;
}

bool
carried_peek(const struct association *a)
{
	struct err ignored = { 0 }; /* nothing is there */
	int path, dir = -1, in = -1;

	if (a->transport != CONFIG_DIR)
		return false;
	path = open(a->dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (path != -1)
		dir = durable_open_dir(path, a->name, &ignored);
	if (dir != -1)
		in = durable_open_dir(dir,
		    a->role == CONFIG_HUB ? "to-hub" : "to-spoke", &ignored);
	if (path != -1)
		close(path);
	if (dir != -1)
		close(dir);
	return in != -1 && has_ours(in);
}
