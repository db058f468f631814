/*
 * Repairing segments; see repair.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/quarantine.h"
#include "common/spool/repair.h"
#include "common/spool/walk.h"

/* Good messages that follow each other. */
struct run {
	struct segment_name name; /* first 0: empty */
	struct buf bytes;
};

static int
write_run(int dirfd, struct run *r, struct segment_name s, struct listing *made,
    struct err *e)
{
	struct listed done = { .name = r->name, .bytes = r->bytes.n };
	bool whole = r->name.first == s.first && r->name.last == s.last;
	char name[SEGMENT_NAME_SIZE];
	int rc;

	if (r->name.first == 0)
		return 0;
	segment_name_text(r->name, name);
	rc = whole ? durable_replace(dirfd, name, buf_slice(&r->bytes), e)
		   : durable_create(dirfd, name, buf_slice(&r->bytes), e);
	if (rc == -1 && e->sys == EEXIST)
		rc = 0; /* made before a crash */
	if (rc == 0)
		listing_put(made, done);
	r->name = (struct segment_name){ 0 };
	buf_reset(&r->bytes);
	return rc;
}

/* Within the segment's name, and not a number that we had. */
static bool
fits(const struct message *m, struct segment_name s, struct stream_id stream,
    uint64_t last)
{
	return stream_eq(m->stream, stream) && m->msgid > last &&
	    m->msgid >= s.first && (s.last == 0 || m->msgid <= s.last);
}

static int
split(const struct repair_dir *d, int fd, struct segment_name s,
    struct listing *made, struct err *e)
{
	struct stream_id stream = d->stream;
	struct walk *w = walk_new();
	enum walk_found found;
	struct run r = { 0 };
	struct message m;
	uint64_t last = 0;
	int rc = 0;

	walk_begin(w, fd, 0);
	/* what cannot be read is lost, as what is damaged is */
	while (rc == 0 && (found = walk_next(w, &m, e)) != WALK_END &&
	    found != WALK_FAILED) {
		if (found == WALK_MESSAGE && stream_is_zero(stream))
			stream = m.stream;
		if (found != WALK_MESSAGE || !fits(&m, s, stream, last))
			continue;
		if (r.name.first != 0 && m.msgid != last + 1)
			rc = write_run(d->dir, &r, s, made, e);
		if (r.name.first == 0)
			r.name.first = m.msgid;
		r.name.last = last = m.msgid;
		buf_put(&r.bytes, m.raw);
	}
	if (rc == 0)
		rc = write_run(d->dir, &r, s, made, e);
	buf_clear(&r.bytes);
	walk_free(w);
	return rc;
}

static int
to_quarantine(const struct repair_dir *d, struct segment_name s,
    const char *why, struct err *e)
{
	char name[SEGMENT_NAME_SIZE];
	struct quarantine_file f = { d->dir, d->name,
		segment_name_text(s, name) };
	struct quarantine q;
	int rc;

	if (quarantine_open(&q, d->top, e) == -1)
		return -1;
	rc = quarantine_move(&q, &f, why, e);
	quarantine_close(&q);
	return rc;
}

/* No more than this call added is taken for good. */
static bool
took_its_place(const struct listing *made, size_t before, struct segment_name s)
{
	return made->n == before + 1 &&
	    made->at[before].name.first == s.first &&
	    made->at[before].name.last == s.last;
}

int
repair_segment(const struct repair_dir *d, struct segment_name s,
    const char *why, struct listing *made, struct err *e)
{
	char name[SEGMENT_NAME_SIZE];
	size_t before = made->n;
	struct err first = { 0 };
	int fd = durable_open_file(d->dir, segment_name_text(s, name), &first);

	if (fd == -1 && first.sys == ENOENT)
		return 0;
	/* good messages without a new place stay where they are */
	if (fd != -1 && split(d, fd, s, made, &first) == -1) {
		close(fd);
		*e = first;
		return err_wrap(e, "repair %s", name);
	}
	if (fd != -1)
		close(fd);
	if (took_its_place(made, before, s))
		return 0;
	return to_quarantine(d, s, why, e);
}

/* Open and scan; *fd -1 without an error: not a plain file. */
static int
scan_open(const struct repair_dir *d, struct segment_name s, int *fd,
    struct segment_scan *found, struct err *e)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat st;

	*fd = openat(d->dir, segment_name_text(s, name),
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*fd != -1 && fstat(*fd, &st) == 0 && S_ISREG(st.st_mode)) {
		if (segment_scan(*fd, found, e) == 0)
			return 0;
		err_wrap(e, "%s", name);
		close(*fd);
		return -1;
	}
	if (*fd == -1 && errno != ELOOP && errno != EISDIR && errno != ENXIO)
		return err_sys(e, "open %s", name);
	if (*fd != -1)
		close(*fd);
	*fd = -1;
	return 0;
}

/* All of it may stay, but for a torn end. */
static bool
is_good(const struct repair_dir *d, struct segment_name s,
    const struct segment_scan *found, const char **why)
{
	*why = "damaged: what was good is in segments of its own";
	if (found->messages == 0 || found->damaged || found->first != s.first)
		return false;
	*why = "of another stream";
	return stream_is_zero(d->stream) || stream_eq(d->stream, found->stream);
}

/* Cut and sync what is whole; false: a copy must take its place, see *why. */
static bool
take_up(const struct repair_dir *d, int fd, const struct segment_scan *found,
    const char **why)
{
	struct err ignored; /* why says what failed */

	*why = "it could not be cut or synced: a copy takes its place (W7)";
	if (found->torn && ftruncate(fd, (off_t)found->good) == -1)
		return false;
	/* W8: what we see may not be on the disk yet, nor its name */
	return durable_data_sync(fd, &ignored) == 0 &&
	    durable_sync(d->dir, &ignored) == 0;
}

static int
remove_open(const struct repair_dir *d, struct segment_name s, struct err *e)
{
	char name[SEGMENT_NAME_SIZE];

	if (unlinkat(d->dir, segment_name_text(s, name), 0) == -1)
		return err_sys(e, "remove %s", name);
	return 0;
}

/* What is good in it becomes segments of its own. */
static int
put_away(const struct repair_dir *d, struct segment_name s,
    const struct segment_scan *found, const char *why, struct err *e)
{
	struct listing made = { 0 };
	int rc;

	if (found->messages == 0 && !found->damaged)
		return remove_open(d, s, e); /* nothing was said to exist */
	rc = repair_segment(d, s, why, &made, e);
	listing_clear(&made);
	return rc;
}

static bool
is_covered(const struct repair_dir *d, struct segment_name s, const char **why)
{
	*why = "a repair of it was not finished";
	return d->all != NULL && listing_covers(d->all, s.first);
}

int
repair_open(const struct repair_dir *d, struct segment_name s, int *fd,
    struct segment_scan *found, struct err *e)
{
	const char *why = "not a plain file";

	if (scan_open(d, s, fd, found, e) == -1)
		return -1;
	if (*fd == -1)
		return to_quarantine(d, s, why, e);
	if (!is_covered(d, s, &why) && is_good(d, s, found, &why) &&
	    take_up(d, *fd, found, &why))
		return 0;
	close(*fd);
	*fd = -1;
	return put_away(d, s, found, why, e);
}

/* A copy that was made before a crash is found again. */
static bool
is_copied(const struct repair_dir *d, const struct segment_scan *found)
{
	for (size_t i = 0; d->all != NULL && i < d->all->n; i++)
		if (d->all->at[i].name.first == found->first &&
		    d->all->at[i].name.last == found->last)
			return true;
	return false;
}

static int
copy(const struct repair_dir *d, int fd, struct segment_name s, struct err *e)
{
	struct listing made = { 0 };
	int rc = split(d, fd, s, &made, e);

	listing_clear(&made);
	return rc == -1 ? -1 : remove_open(d, s, e);
}

int
repair_seal(const struct repair_dir *d, struct segment_name s,
    struct segment_scan *found, bool *aside, struct err *e)
{
	const char *why = "not a plain file";
	int fd, rc;

	*aside = false;
	if (scan_open(d, s, &fd, found, e) == -1)
		return -1;
	if (fd == -1)
		return to_quarantine(d, s, why, e);
	if (is_good(d, s, found, &why) &&
	    (is_copied(d, found) || !is_covered(d, s, &why))) {
		rc = copy(d, fd, s, e);
	} else {
		*aside = found->messages > 0;
		rc = put_away(d, s, found, why, e);
	}
	close(fd);
	return rc;
}
