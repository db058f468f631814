/*
 * Room in staging/ for what a far end has rsync bring: files that wait,
 * temporaries, and what is kept of a file that was cut off, all together.
 */
#ifndef TRANSPORT_RSYNC_RSYNC_ROOM_H
#define TRANSPORT_RSYNC_RSYNC_ROOM_H

#include <stdbool.h>
#include <stdint.h>

/* What lies there, or may. */
struct rsync_room {
	uint64_t bytes, files;
};

/* Of an association with this spool-size: so much, and one more segment, which
 * may be the one that those wait for. */
struct rsync_room rsync_room_most(uint64_t spool_size);
struct rsync_room rsync_room_used(int staging);
/* Too much is there, or more than may be when the disk is full. */
bool rsync_room_is_over(int staging, const struct rsync_room *used,
    const struct rsync_room *most);
/* Make room for one more segment: those that waited longest for others to come
 * before them go; nobody acknowledged them, so they come again.  Returns how
 * many. */
unsigned rsync_room_make(int staging, const struct rsync_room *most);
/* Remove the temporaries of an rsync that was ended; partial: what was cut off,
 * too. */
void rsync_room_sweep(int staging, bool partial);

#endif
