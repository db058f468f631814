/*
 * Listing segments; see listing.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/spool/carried_name.h"
#include "common/spool/listing.h"

int
listing_dir(int top, const char *name, struct err *e)
{
	if (mkdirat(top, name, 0700) == -1 && errno != EEXIST)
		return err_sys(e, "make directory %s", name);
	return durable_open_dir(top, name, e);
}

void
listing_put(struct listing *l, struct listed s)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? l->cap * 2 : 16;
		l->at = mem_resize(l->at, l->cap, sizeof(l->at[0]));
	}
	l->at[l->n++] = s;
}

void
listing_drop(struct listing *l, size_t at, size_t n)
{
	if (n == 0)
		return;
	memmove(&l->at[at], &l->at[at + n], (l->n - at - n) * sizeof(l->at[0]));
	l->n -= n;
}

static int
compare(const void *a, const void *b)
{
	const struct segment_name *x = &((const struct listed *)a)->name;
	const struct segment_name *y = &((const struct listed *)b)->name;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->last > y->last) - (x->last < y->last);
}

/* Files of ours beside the segments, what is to be carried, and directories of
 * replaced streams. */
static bool
is_ours(const char *name)
{
	struct stream_id stream;

	return strcmp(name, "mark") == 0 || strcmp(name, "lost") == 0 ||
	    strcmp(name, CARRIED_ACK) == 0 ||
	    strcmp(name, CARRIED_ACK ".sig") == 0 ||
	    stream_parse(slice_str(name), &stream);
}

static uint64_t
size_of(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(st.st_mode)
	    ? (uint64_t)st.st_size
	    : 0;
}

int
listing_read(struct listing *l, int dirfd, unsigned dir, struct err *e)
{
	struct names names;

	if (durable_list(dirfd, &names, e) == -1)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		struct listed s = { .dir = dir };
		struct carried_name of;

		if (segment_name_parse(names.name[i], &s.name))
			listing_put(l, s);
		else if (carried_name_parse(names.name[i], &of) &&
		    of.codec != NULL)
			l->carried += size_of(dirfd, names.name[i]);
		else if (!is_ours(names.name[i]))
			l->foreign++;
	}
	names_free(&names);
	if (l->n > 1)
		qsort(l->at, l->n, sizeof(l->at[0]), compare);
	return 0;
}

bool
listing_covers(const struct listing *l, uint64_t msgid)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].name.first <= msgid && msgid <= l->at[i].name.last)
			return true;
	return false;
}

uint64_t
listing_size(int dirfd, struct segment_name s)
{
	char name[SEGMENT_NAME_SIZE];

	return size_of(dirfd, segment_name_text(s, name));
}

void
listing_clear(struct listing *l)
{
	free(l->at);
	*l = (struct listing){ 0 };
}
