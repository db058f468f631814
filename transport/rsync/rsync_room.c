/*
 * Room in staging/; see rsync_room.h.  Best effort: what cannot be looked at
 * counts nothing, and what cannot be removed counts again the next time.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/carried_name.h"
#include "common/spool/room.h"
#include "transport/carried/staging.h"
#include "transport/carried/underway.h"
#include "transport/rsync/rsync_room.h"

static void
each(int dir, durable_name *f, void *arg)
{
	struct err ignored; /* it counts nothing, and stays */

	(void)durable_each(dir, f, arg, &ignored);
}

static void
each_partial(int staging, durable_name *f, void *arg)
{
	int dir = openat(staging, UNDERWAY_PARTIAL,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir == -1)
		return;
	each(dir, f, arg);
	close(dir);
}

static uint64_t
size_of(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(st.st_mode) && st.st_size > 0
	    ? (uint64_t)st.st_size
	    : 0;
}

static void
count(void *arg, int dir, const char *name)
{
	struct rsync_room *used = arg;

	used->files++;
	used->bytes += size_of(dir, name);
}

struct rsync_room
rsync_room_most(uint64_t spool_size)
{
	return (struct rsync_room){ spool_size + STAGING_FILE_MAX, ROOM_FILES };
}

struct rsync_room
rsync_room_used(int staging)
{
	struct rsync_room used = { 0 };

	each(staging, count, &used);
	each_partial(staging, count, &used);
	return used;
}

bool
rsync_room_is_over(int staging, const struct rsync_room *used,
    const struct rsync_room *most)
{
	/* an acknowledgement gets through, and makes room at our end */
	return used->bytes > most->bytes || used->files > most->files ||
	    (used->bytes > ROOM_RESERVE && room_on_disk(staging) == 0);
}

unsigned
rsync_room_make(int staging, const struct rsync_room *most)
{
	struct rsync_room used = rsync_room_used(staging);
	uint64_t files = most->files - most->files / 10;
	struct names names;
	struct err ignored; /* then there is no room, which is told */
	unsigned n = 0;

	if (used.bytes + STAGING_FILE_MAX <= most->bytes && used.files <= files)
		return 0;
	rsync_room_sweep(staging, true);
	used = rsync_room_used(staging);
	if (durable_list(staging, &names, &ignored) == -1)
		return 0;
	for (size_t i = names.n; i > 0 &&
	     (used.bytes + STAGING_FILE_MAX > most->bytes ||
		 used.files > files);
	     i--) {
		const char *name = names.name[i - 1];
		uint64_t bytes = size_of(staging, name);
		struct carried_name c;

		if (!carried_name_parse(name, &c) || c.codec == NULL ||
		    unlinkat(staging, name, 0) == -1)
			continue;
		used.bytes -= bytes < used.bytes ? bytes : used.bytes;
		used.files--;
		n++;
	}
	names_free(&names);
	return n;
}

static void
remove_any(void *arg, int dir, const char *name)
{
	(void)arg;
	(void)unlinkat(dir, name, 0);
}

static void
remove_written(void *arg, int dir, const char *name)
{
	(void)arg;
	if (underway_is_written(name))
		(void)unlinkat(dir, name, 0);
}

void
rsync_room_sweep(int staging, bool partial)
{
	each(staging, remove_written, NULL);
	if (!partial)
		return;
	each_partial(staging, remove_any, NULL);
	(void)unlinkat(staging, UNDERWAY_PARTIAL, AT_REMOVEDIR);
}
