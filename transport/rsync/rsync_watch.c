/*
 * Watching a run of rsync; see rsync_watch.h.
 */
#include "config.h"

#include "common/base/proc_io.h"
#include "transport/rsync/rsync_watch.h"

enum {
	LOOK_MS = 15000, /* at all of /proc: many may do so at once */
};

/* A far end may offer any number of files, and of any length, whatever it says
 * of them. */
static bool
is_full(struct rsync_watch *w)
{
	if (w->staging == -1)
		return false;
	w->used = rsync_room_used(w->staging);
	return rsync_room_is_over(w->staging, &w->used, &w->most);
}

/* rsync says nothing of greetings, lists and sums, so the system is asked.  One that
 * reads its own files is at work, too; who ends takes its bytes along. */
static bool
is_slow(struct rsync_watch *w, pid_t rsync)
{
	struct mono now = clock_mono();
	uint64_t bytes;

	if (w->looked.ns != 0 && mono_ms_since(now, w->looked) < LOOK_MS)
		return false;
	w->looked = now;
	if (!proc_group_io(rsync, &bytes))
		return false; /* its deadline ends it */
	if (w->begun.ns != 0 && bytes >= w->bytes &&
	    bytes - w->bytes < RSYNC_SLOW_BYTES)
		return mono_ms_since(now, w->begun) >= RSYNC_SLOW_S * 1000;
	w->begun = now;
	w->bytes = bytes;
	return false;
}

bool
rsync_watch_ends(void *watch, pid_t rsync)
{
	struct rsync_watch *w = watch;

	w->full = is_full(w);
	w->slow = !w->full && is_slow(w, rsync);
	return w->full || w->slow;
}
