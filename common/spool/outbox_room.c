/*
 * Room in an outbox: the quota and the free space, and what of sent/ may go.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/carried_name.h"
#include "common/spool/outbox_impl.h"
#include "common/spool/recall.h"
#include "common/spool/room.h"
#include "common/spool/walk.h"

enum {
	SWEEP_PART = 10, /* a sweep of more than a tenth is a mistake */
	HEAD_BYTES = 512,
};

static uint64_t
reserve(const struct outbox *o)
{
	return o->opts.size_max / 10 < ROOM_RESERVE ? o->opts.size_max / 10
						    : ROOM_RESERVE;
}

/* Bytes that may wait; the last of them are for CONFIG. */
static uint64_t
quota_of(const struct outbox *o, bool config)
{
	return config ? o->opts.size_max : o->opts.size_max - reserve(o);
}

static bool
has_all_files(const struct outbox *o)
{
	return o->waiting.n + o->app.pieces >= ROOM_FILES;
}

/* How many bytes too many the spool would have; *disk: the file system's. */
static uint64_t
excess(const struct outbox *o, bool config, bool *disk)
{
	uint64_t quota = quota_of(o, config), room = o->disk_room;
	uint64_t want = o->state.waiting_bytes + o->carried + o->app.batch.n;

	if (config)
		room = room > UINT64_MAX - ROOM_RESERVE ? room
							: room + ROOM_RESERVE;
	*disk = o->app.batch.n > room;
	if (*disk)
		return o->app.batch.n - room;
	if (has_all_files(o))
		return 1;
	return want > quota ? want - quota : 0;
}

static int
unlink_segment(int dir, struct segment_name s)
{
	char name[SEGMENT_NAME_SIZE];

	return unlinkat(dir, segment_name_text(s, name), 0);
}

uint64_t
outbox_companions(struct outbox *o, struct segment_name s, bool gone)
{
	uint64_t bytes = 0;

	for (size_t i = 0; o->carried > 0 && codec_all()[i] != NULL; i++) {
		struct carried_name n = { .segment = s,
			.codec = codec_all()[i] };

		for (int k = 0; k < 2; k++, n.signature = true) {
			char name[CARRIED_NAME_SIZE];
			struct stat st;

			carried_name_text(&n, name);
			if ((n.codec == &codec_none && !n.signature) ||
			    fstatat(o->dir, name, &st, AT_SYMLINK_NOFOLLOW) ==
				-1 ||
			    (gone && unlinkat(o->dir, name, 0) == -1))
				continue;
			bytes += (uint64_t)st.st_size;
		}
	}
	if (gone)
		o->carried -= bytes < o->carried ? bytes : o->carried;
	return bytes;
}

static int
refuse(const struct outbox *o, bool config, bool disk, struct err *e)
{
	uint64_t quota = quota_of(o, config);

	if (disk)
		err_set(e, ERR_TEMP, "the disk is full");
	else if (o->app.batch.n > quota ||
	    o->opts.full == SPOOL_FULL_DROP_OLDEST)
		err_set(e, ERR_TEMP,
		    "the spool would be more than full, with %" PRIu64
		    " bytes: give less at a time, or set spool-size larger",
		    quota);
	else if (has_all_files(o))
		err_set(e, ERR_TEMP, "the spool is full: %zu files wait",
		    o->waiting.n);
	else if (o->carried > 0)
		err_set(e, ERR_TEMP,
		    "the spool is full: %" PRIu64 " bytes wait, and %" PRIu64
		    " are made of them to be carried",
		    o->state.waiting_bytes, o->carried);
	else
		err_set(e, ERR_TEMP,
		    "the spool is full: %" PRIu64 " bytes wait",
		    o->state.waiting_bytes);
	e->sys = ENOSPC;
	return -1;
}

int
outbox_check_room(struct outbox *o, bool config, struct err *e)
{
	bool disk;
	uint64_t bytes;

	if (o->app.pieces == 0) {
		o->disk_room = room_on_disk(o->dir);
		o->pruned = false;
	}
	bytes = excess(o, config, &disk);
	if (disk && !o->pruned) {
		outbox_prune(o, true);
		o->pruned = true;
		o->disk_room = room_on_disk(o->dir);
		bytes = excess(o, config, &disk);
	}
	if (bytes == 0 ||
	    (o->opts.full == SPOOL_FULL_DROP_OLDEST &&
		outbox_plan(o, bytes, has_all_files(o))))
		return 0;
	return refuse(o, config, disk, e);
}

/* The segments of sent/, then those of outbox/, then the open one. */
static size_t
segments(const struct outbox *o)
{
	return o->sent.n + o->waiting.n + (o->app.fd != -1);
}

/* A descriptor of segment i; the open one's must not be closed. */
static int
open_segment(const struct outbox *o, size_t i, struct err *e)
{
	const struct listed *l = NULL;
	char name[SEGMENT_NAME_SIZE];

	if (i < o->sent.n)
		l = &o->sent.at[i];
	else if (i - o->sent.n < o->waiting.n)
		l = &o->waiting.at[i - o->sent.n];
	else
		return o->app.fd;
	return durable_open_file(i < o->sent.n ? o->sent_dir : o->dir,
	    segment_name_text(l->name, name), e);
}

static void
close_segment(const struct outbox *o, int fd)
{
	if (fd != o->app.fd)
		close(fd);
}

/* Any coding state can be rebuilt of what was seen. */
static bool
is_enough(const struct recall_seen *seen)
{
	const struct codec_ops *const *c = codec_all();

	for (; *c != NULL; c++)
		if ((*c)->history != NULL &&
		    !recall_is_enough(seen, (*c)->history))
			return false;
	return true;
}

static void
count_segment(const struct outbox *o, size_t i, struct walk *w,
    struct recall_seen *seen)
{
	struct err ignored; /* what cannot be read counts nothing */
	int fd = open_segment(o, i, &ignored);
	enum walk_found found = WALK_MESSAGE;
	struct message m;

	if (fd == -1)
		return;
	walk_begin(w, fd, 0);
	while (found == WALK_MESSAGE || found == WALK_BAD) {
		found = walk_next(w, &m, &ignored);
		if (found != WALK_MESSAGE)
			continue;
		seen->numbers++;
		if (m.type == MESSAGE_DATA)
			recall_add(seen, recall_data(&m));
	}
	close_segment(o, fd);
}

/* The newest segment i such that it and those behind it hold the DATA that
 * must stay. */
static size_t
keep_from(const struct outbox *o)
{
	struct walk *w = walk_new();
	struct recall_seen seen = { 0 };
	size_t i = segments(o);

	while (i > 0 && !is_enough(&seen))
		count_segment(o, --i, w, &seen);
	walk_free(w);
	return i;
}

bool
outbox_begins_with_config(const struct outbox *o, size_t i)
{
	return outbox_config_parts(o, i) > 0;
}

uint32_t
outbox_config_parts(const struct outbox *o, size_t i)
{
	struct walk *w = NULL;
	struct buf head = { 0 };
	struct err ignored; /* what cannot be read does not */
	struct message m;
	uint32_t parts = 1, part = 0;
	int fd = open_segment(o, i, &ignored);

	if (fd == -1)
		return 0;
	if (io_pread_upto(fd, HEAD_BYTES, 0, &head, &ignored) == -1 ||
	    head.n == 0 || strstr(head.p, "\nType:CONFIG\n") == NULL)
		goto out; /* most segments end here, cheaply */
	w = walk_new();
	walk_begin(w, fd, 0);
	while (part < parts && walk_next(w, &m, &ignored) == WALK_MESSAGE &&
	    m.type == MESSAGE_CONFIG && m.part == part + 1) {
		parts = m.parts;
		part++;
	}
out:
	close_segment(o, fd);
	buf_clear(&head);
	walk_free(w);
	return part == parts ? part : 0;
}

/* By the Timestamp of its last message, against the newest of the stream. */
static bool
is_expired(const struct outbox *o, size_t i)
{
	struct buf keep = { 0 };
	struct message m;
	struct err ignored; /* unknown age: it stays */
	bool expired = false;
	int fd = open_segment(o, i, &ignored);

	if (fd == -1)
		return false;
	if (segment_find_last(fd, o->sent.at[i].name, &m, &keep, &ignored) == 0)
		expired = m.timestamp >= PLAUSIBLE_FROM_S &&
		    m.timestamp + (uint64_t)o->opts.retain_s < o->newest_s;
	close_segment(o, fd);
	buf_clear(&keep);
	return expired;
}

/* How many of sent/ are past their time: they are in order. */
static size_t
count_expired(const struct outbox *o)
{
	size_t low = 0, high = o->sent.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (is_expired(o, mid))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* How many segments of sent/ may go at most: what is left begins with a CONFIG
 * and has the DATA that must stay. */
static size_t
shorten(const struct outbox *o, size_t n)
{
	size_t keep;

	if (n == 0 || o->state.generation == 0)
		return n;
	keep = keep_from(o);
	if (n > keep)
		n = keep;
	while (n > 0 && !outbox_begins_with_config(o, n))
		n--;
	return n;
}

/* A clock that jumped makes all look old.  What goes by itself is the oldest
 * run from a CONFIG to the next, and a tenth beside it. */
static bool
is_too_much(const struct outbox *o, size_t n)
{
	size_t run = 1, tenth = segments(o) / SWEEP_PART;

	if (n <= tenth)
		return false;
	while (o->state.generation != 0 && run < n &&
	    !outbox_begins_with_config(o, run))
		run++;
	return n - run > tenth;
}

void
outbox_prune(struct outbox *o, bool for_room)
{
	size_t n = shorten(o, for_room ? o->sent.n : count_expired(o));

	o->state.sweep_held = !for_room && is_too_much(o, n);
	if (o->state.sweep_held)
		return;
	for (size_t i = 0; i < n; i++)
		unlink_segment(o->sent_dir, o->sent.at[i].name);
	listing_drop(&o->sent, 0, n);
}
