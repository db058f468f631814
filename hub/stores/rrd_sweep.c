/*
 * Remains of files that were being made; see rrd_sweep.h.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "hub/stores/rrd_sweep.h"

enum {
	ENDING = 6, /* of mkstemp(3) */
};

void
rrd_sweep_add(struct rrd_sweep *s, const char *name)
{
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 64 : 2 * s->cap;
		s->name = mem_resize(s->name, s->cap, sizeof(*s->name));
	}
	s->name[s->n++] = mem_strdup(name);
}

/* Bytes of the directory in a name, with its slash; 0: it has none. */
static size_t
directory(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ? 0 : (size_t)(slash - name) + 1;
}

/* By directory, then by name. */
static int
compare(const char *a, const char *b)
{
	size_t da = directory(a), db = directory(b);
	int rc = memcmp(a, b, da < db ? da : db);

	if (rc == 0 && da != db)
		rc = da < db ? -1 : 1;
	return rc != 0 ? rc : strcmp(a + da, b + db);
}

static int
compare_names(const void *a, const void *b)
{
	return compare(*(const char *const *)a, *(const char *const *)b);
}

/* The name of the file that this is left of; it loses its ending. */
static bool
cut_ending(char *name)
{
	const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = strlen(name);

	if (n <= ENDING || strspn(name + n - ENDING, letters) != ENDING)
		return false;
	name[n - ENDING] = '\0';
	return true;
}

/* One directory, of which name[0 .. n - 1] are. */
static int
sweep(char **name, size_t n, int dirfd, uint64_t *removed, struct err *e)
{
	size_t prefix = directory(name[0]);
	char *path =
	    prefix == 0 ? mem_strdup(".") : mem_strndup(name[0], prefix - 1);
	int dir = durable_open_dir(dirfd, path, e), rc = 0;
	struct names list = { 0 };

	if (dir == -1 || durable_list(dir, &list, e) == -1) {
		rc = dir == -1 && e->sys == ENOENT ? 0 : -1; /* not made yet */
		goto out;
	}
	for (size_t i = 0; i < list.n; i++) {
		char *whole =
		    mem_printf("%.*s%s", (int)prefix, name[0], list.name[i]);

		if (cut_ending(whole) &&
		    bsearch(&whole, name, n, sizeof(*name), compare_names) !=
			NULL) {
			/* a directory of such a name is none of ours */
			if (unlinkat(dir, list.name[i], 0) == 0)
				(*removed)++;
			else if (errno != EISDIR && errno != ENOENT && rc == 0)
				rc = err_sys(e, "remove %s", list.name[i]);
		}
		free(whole);
	}
out:
	names_free(&list);
	if (dir != -1)
		close(dir);
	free(path);
	return rc;
}

int
rrd_sweep_run(struct rrd_sweep *s, int dirfd, uint64_t *removed, struct err *e)
{
	if (s->n > 0)
		qsort(s->name, s->n, sizeof(*s->name), compare_names);
	for (size_t i = 0, n; i < s->n; i += n) {
		size_t prefix = directory(s->name[i]);

		for (n = 1; i + n < s->n &&
		     directory(s->name[i + n]) == prefix &&
		     memcmp(s->name[i + n], s->name[i], prefix) == 0;)
			n++;
		if (sweep(s->name + i, n, dirfd, removed, e) == -1)
			return -1;
	}
	return 0;
}

void
rrd_sweep_clear(struct rrd_sweep *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->name[i]);
	free(s->name);
	*s = (struct rrd_sweep){ .n = 0 };
}
