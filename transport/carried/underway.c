/*
 * What rsync has on its way into staging/; see underway.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/carried_name.h"
#include "transport/carried/underway.h"

enum {
	WRITTEN_END = 7, /* ".XXXXXX" */
};

bool
underway_is_written(const char *name)
{
	char of[CARRIED_NAME_SIZE];
	struct carried_name c;
	size_t n = strlen(name);

	if (name[0] != '.' || n <= WRITTEN_END + 1 ||
	    n - WRITTEN_END - 1 >= sizeof(of) || name[n - WRITTEN_END] != '.')
		return false;
	memcpy(of, name + 1, n - WRITTEN_END - 1);
	of[n - WRITTEN_END - 1] = '\0';
	return carried_name_parse(of, &c);
}

/* --- Noted ----------------------------------------------------------------- */

/* By the clock: one that jumps makes rsync begin a file anew. */
static bool
is_new(const struct stat *st, struct wall now)
{
	int64_t age_s = wall_s(now) - (int64_t)st->st_ctim.tv_sec;

	return age_s < UNDERWAY_STILL_S && age_s > -UNDERWAY_STILL_S;
}

bool
underway_note(struct underway *u, int staging, const char *name,
    struct wall now)
{
	bool delayed = !u->own && strcmp(name, UNDERWAY_DELAYED) == 0;
	bool partial = u->own && strcmp(name, UNDERWAY_PARTIAL) == 0;
	bool dir = delayed || partial;
	struct stat st;

	if (!dir && !underway_is_written(name))
		return false;
	if (fstatat(staging, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT; /* it got its name meanwhile */
	if (dir ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return false;
	u->works |= is_new(&st, now);
	u->delayed |= delayed;
	u->written += !dir;
	return true;
}

/* --- Told apart ------------------------------------------------------------- */

struct waiting {
	uint64_t n, strange;
};

static void
look(void *arg, int dir, const char *name)
{
	struct waiting *w = arg;
	struct carried_name c;
	struct stat st;

	if (carried_name_parse(name, &c) &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode))
		w->n++;
	else
		w->strange++;
}

static uint64_t
strange_among(const struct underway *u, int staging)
{
	struct waiting w = { 0, 0 };
	struct err ignored; /* its end came meanwhile, or the next look sees */
	int dir = u->delayed
	    ? durable_open_dir(staging, UNDERWAY_DELAYED, &ignored)
	    : -1;

	if (dir != -1) {
		(void)durable_each(dir, look, &w, &ignored);
		close(dir);
	}
	if (w.n > UNDERWAY_WAITING)
		w.strange += w.n - UNDERWAY_WAITING;
	if (u->written > UNDERWAY_WRITTEN)
		w.strange += u->written - UNDERWAY_WRITTEN;
	return w.strange;
}

/* --- Removed ------------------------------------------------------------------ */

struct sweep {
	bool all;          /* and not only what was being written */
	uint64_t n, stays; /* so many are enough for one look */
};

static void
sweep(void *arg, int dir, const char *name)
{
	struct sweep *s = arg;

	if (!s->all && !underway_is_written(name))
		return;
	if (s->n >= UNDERWAY_WAITING ||
	    (unlinkat(dir, name, 0) == -1 && errno != ENOENT))
		s->stays++;
	else
		s->n++;
}

static uint64_t
remove_left(const struct underway *u, int staging)
{
	struct sweep s = { .all = true };
	struct err ignored; /* the next look removes it */
	int dir = u->delayed
	    ? durable_open_dir(staging, UNDERWAY_DELAYED, &ignored)
	    : -1;

	if (dir != -1) {
		(void)durable_each(dir, sweep, &s, &ignored);
		close(dir);
		(void)unlinkat(staging, UNDERWAY_DELAYED, AT_REMOVEDIR);
	}
	s.all = false;
	if (u->written > 0)
		(void)durable_each(staging, sweep, &s, &ignored);
	return s.stays;
}

uint64_t
underway_end(const struct underway *u, int staging)
{
	if (u->own)
		return 0;
	return u->works ? strange_among(u, staging) : remove_left(u, staging);
}
