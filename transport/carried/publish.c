/*
 * What is to be carried; see publish.h.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/spool/listing.h"
#include "transport/carried/publish.h"
#include "transport/carried/staging.h"

enum {
	LEVEL_STORED = 0,      /* gzip without compression */
	OUR_ACK_MAX = 2 << 20, /* bytes */
	GROUP_FILES = 512,     /* with one sync */
	GROUP_BYTES = 64 << 20,
	REPAIRS = 100, /* in one run */
};

struct publisher {
	const struct publish_opts *p;
	struct delivery_result *r;
	struct listing
	    wanted; /* what outbox_each_after named; all of it is there */
	struct durable_group group;
	uint64_t damaged; /* the number to repair; 0: none */
};

static bool
is_there(const struct publish_opts *p, struct carried_name name)
{
	char text[CARRIED_NAME_SIZE];
	struct stat st;

	if (fstatat(p->at.dir, carried_name_text(&name, text), &st,
		AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode) || st.st_size == 0)
		return false;
	if (name.signature || name.codec == NULL || !p->keys->signs)
		return true;
	name.signature = true;
	return is_there(p, name);
}

static enum config_role
other_end(const struct publish_opts *p)
{
	return p->association->role == CONFIG_HUB ? CONFIG_SPOKE : CONFIG_HUB;
}

/* False: then it is made anew. */
static bool
read_ours(const struct publish_opts *p, struct carried_name name, size_t max,
    struct buf *out)
{
	struct err ignored = { 0 };

	return carried_file_read(&p->at, name, max, out, &ignored) ==
	    CARRIED_READ;
}

static void
sign(const struct publish_opts *p, struct slice bytes, struct buf *out)
{
	struct buf covered = { 0 };

	signature_prefix(&covered, p->association->name, other_end(p));
	buf_put(&covered, bytes);
	signature_put(p->keys, buf_slice(&covered), out);
	buf_clear(&covered);
}

/* The signature goes first: who sees the file sees it, too. */
static int
put_signature(struct publisher *u, struct carried_name name, struct slice bytes,
    struct err *e)
{
	char text[CARRIED_NAME_SIZE];
	struct buf signature = { 0 };
	int rc;

	if (name.codec == NULL || !u->p->keys->signs)
		return 0;
	sign(u->p, bytes, &signature);
	name.signature = true;
	rc = durable_group_put(&u->group, carried_name_text(&name, text),
	    buf_slice(&signature), e);
	if (rc == 0 && u->p->at.foreign)
		u->r->counts.out_bytes += signature.n;
	buf_clear(&signature);
	return rc;
}

static int
put_file(struct publisher *u, const struct carried_name *name,
    struct slice bytes, struct err *e)
{
	char text[CARRIED_NAME_SIZE];
	bool lies_there = !u->p->at.foreign && name->codec == &codec_none;

	if (put_signature(u, *name, bytes, e) == -1 ||
	    (!lies_there &&
		durable_group_put(&u->group, carried_name_text(name, text),
		    bytes, e) == -1))
		return carried_file_trouble(&u->p->at, e);
	if (u->p->at.foreign)
		u->r->counts.out_bytes += bytes.n;
	return 0;
}

static int
commit(struct publisher *u, struct err *e)
{
	return durable_group_commit(&u->group, e) == -1
	    ? carried_file_trouble(&u->p->at, e)
	    : 0;
}

/* --- Segments ------------------------------------------------------------------- */

/* What an association's segments are compressed with; the second choice is for
 * what the first would make too small to be believed. */
static const struct codec_ops *
choose_codec(const struct association *a, int *level)
{
	const struct codec_ops *c = codec_find(slice_str(a->compression));

	*level = a->level;
	if (c == NULL || c->measure == NULL) { /* not in this build */
		c = codec_find(SLICE("gzip"));
		*level = -1;
	}
	if (*level == -1)
		*level = c->level_default;
	return c;
}

/* Its bytes up to the last whole message; *damaged: one that is not. */
static int
read_segment(int dirfd, struct segment_name name, struct buf *out,
    uint64_t *damaged, struct err *e)
{
	char text[SEGMENT_NAME_SIZE];
	struct segment_scan found = { 0 };
	int fd = durable_open_file(dirfd, segment_name_text(name, text), e);
	int rc = -1;

	if (fd != -1 && segment_scan(fd, &found, e) == 0) {
		if (found.damaged || found.first != name.first ||
		    found.last < name.last) {
			*damaged = found.first == name.first && !found.damaged
			    ? found.last + 1
			    : name.first;
			err_set(e, ERR_INPUT, "%s is damaged", text);
		} else {
			rc = io_pread_upto(fd, found.good, 0, out, e);
		}
	}
	if (fd != -1)
		close(fd);
	return rc;
}

static int
encode(struct carried_name *name, int level, struct slice plain,
    struct buf *out, struct err *e)
{
	const struct codec_ops *c = name->codec;

	if (c->encode(plain, level, out, e) == -1)
		return -1;
	if (c->ratio_max == 0 || plain.n / c->ratio_max <= out->n)
		return 0;
	buf_reset(out);
	name->codec = codec_find(SLICE("gzip"));
	return name->codec->encode(plain, LEVEL_STORED, out, e);
}

/* Under the name that it will have, or the other one. */
static bool
has_segment(const struct publish_opts *p, struct carried_name *name)
{
	if (is_there(p, *name))
		return true;
	if (name->codec->ratio_max == 0)
		return false;
	name->codec = codec_find(SLICE("gzip"));
	return is_there(p, *name);
}

/* The receiver stands before it, or misses it: did it refuse what lies here? */
static bool
is_doubtful(const struct publish_opts *p, struct segment_name s)
{
	return (s.first <= p->after + 1 && p->after < s.last) ||
	    carried_ranges_touch(p->missing, s.first, s.last);
}

static bool
is_own(const struct publish_opts *p, struct slice bytes, struct slice signature)
{
	struct buf covered = { 0 };
	bool own;

	signature_prefix(&covered, p->association->name, other_end(p));
	buf_put(&covered, bytes);
	own = signature_is_own(p->keys, buf_slice(&covered), signature);
	buf_clear(&covered);
	return own;
}

static bool
is_signed(const struct publish_opts *p, struct carried_name name,
    struct slice bytes)
{
	struct buf text = { 0 };
	bool good;

	if (!p->keys->signs)
		return true;
	name.signature = true;
	good = read_ours(p, name, SIGNATURE_FILE_MAX, &text) &&
	    is_own(p, bytes, buf_slice(&text));
	buf_clear(&text);
	return good;
}

/* Is it what the segment holds, and signed? */
static bool
is_sound(const struct publisher *u, int dirfd, struct carried_name name)
{
	const struct publish_opts *p = u->p;
	struct buf plain = { 0 }, there = { 0 }, decoded = { 0 };
	struct err ignored = { 0 }; /* then it is made anew */
	uint64_t damaged;
	bool good = read_segment(dirfd, name.segment, &plain, &damaged,
			&ignored) == 0 &&
	    read_ours(p, name, STAGING_FILE_MAX, &there) &&
	    is_signed(p, name, buf_slice(&there));

	if (good && name.codec == &codec_none)
		good = plain.n <= there.n &&
		    memcmp(plain.p, there.p, plain.n) == 0;
	else if (good)
		good = carried_file_decode(name.codec, buf_slice(&there),
			   STAGING_PLAIN_MAX, &decoded, &ignored) == 0 &&
		    slice_eq(buf_slice(&decoded), buf_slice(&plain));
	buf_clear(&plain);
	buf_clear(&there);
	buf_clear(&decoded);
	return good;
}

static int
publish_one(void *arg, int dirfd, struct segment_name segment, struct err *e)
{
	struct publisher *u = arg;
	struct carried_name name = { .segment = segment }, there;
	struct buf plain = { 0 }, encoded = { 0 };
	int level, rc;

	name.codec = choose_codec(u->p->association, &level);
	listing_put(&u->wanted, (struct listed){ .name = segment });
	there = name;
	if (has_segment(u->p, &there) &&
	    (!is_doubtful(u->p, segment) || is_sound(u, dirfd, there)))
		return 0;
	rc = read_segment(dirfd, segment, &plain, &u->damaged, e);
	if (rc == 0)
		rc = encode(&name, level, buf_slice(&plain), &encoded, e);
	if (rc == 0)
		rc = put_file(u, &name, buf_slice(&encoded), e);
	if (rc == 0)
		u->r->counts.sent += segment.last - segment.first + 1;
	buf_clear(&plain);
	buf_clear(&encoded);
	if (rc == 0 &&
	    (u->group.n >= GROUP_FILES || u->group.bytes >= GROUP_BYTES))
		rc = commit(u, e);
	return rc;
}

static bool
is_wanted(const struct publisher *u, struct segment_name s)
{
	size_t low = 0, high = u->wanted.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (u->wanted.at[mid].name.first < s.first)
			low = mid + 1;
		else
			high = mid;
	}
	return low < u->wanted.n && u->wanted.at[low].name.first == s.first &&
	    u->wanted.at[low].name.last == s.last;
}

static bool
is_of_no_use(const struct publisher *u, struct segment_name s)
{
	return !is_wanted(u, s);
}

static bool
is_acknowledged(const struct publisher *u, struct segment_name s)
{
	return s.last <= u->p->after;
}

/* What was ready to be fetched, and is acknowledged, was fetched: who is called
 * by rsync does not see it go. */
static void
count_fetched(const struct publisher *u, struct segment_name s,
    const char *name)
{
	struct stat st;

	if (u->r != NULL && !u->p->at.foreign && is_acknowledged(u, s) &&
	    fstatat(u->p->at.dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		u->r->counts.out_bytes += (uint64_t)st.st_size;
}

/* What is removed of a directory that may hold anything. */
struct pruning {
	const struct publisher *u;
	bool (*which)(const struct publisher *, struct segment_name);
};

static void
prune_one(void *arg, int dir, const char *shown)
{
	const struct pruning *g = arg;
	const struct carried_place *at = &g->u->p->at;
	char text[CARRIED_NAME_SIZE];
	struct carried_name n;

	if (!carried_file_name(at, shown, &n) || n.codec == NULL ||
	    !g->which(g->u, n.segment) ||
	    (!at->foreign && !n.signature && n.codec == &codec_none))
		return;
	count_fetched(g->u, n.segment, carried_name_text(&n, text));
	(void)unlinkat(dir, text, 0);
}

/* Remove those, but never a segment of outbox/ itself. */
static int
prune(const struct publisher *u,
    bool (*which)(const struct publisher *, struct segment_name), struct err *e)
{
	struct pruning g = { u, which };

	if (durable_each(u->p->at.dir, prune_one, &g, e) == -1)
		return carried_file_trouble(&u->p->at, e);
	return 0;
}

int
publish_segments(const struct publish_opts *p, struct outbox *o,
    struct delivery_result *r, struct err *e)
{
	struct publisher u = { .p = p,
		.r = r,
		.group = { .dirfd = p->at.dir } };
	struct err late = { 0 };
	int rc = -1;

	/* first of all: a stick may be full of them */
	if (p->at.foreign && prune(&u, is_acknowledged, e) == -1)
		return err_wrap(e, "remove what was carried");
	for (int i = 0; rc == -1 && i < REPAIRS; i++) {
		u.damaged = 0;
		listing_clear(&u.wanted);
		rc = outbox_each_after(o, p->after, publish_one, &u, e);
		/* on a full stick, too, what fits is there */
		if (commit(&u, &late) == -1 && rc == 0) {
			*e = late;
			rc = -1;
			break;
		}
		if (rc == -1 &&
		    (u.damaged == 0 || outbox_repair(o, u.damaged, e) == -1))
			break;
	}
	if (rc == 0)
		rc = prune(&u, is_of_no_use, e);
	listing_clear(&u.wanted);
	return rc == 0 ? 0 : err_wrap(e, "make ready what is to be carried");
}

bool
publish_is_ours(const struct publish_opts *p)
{
	const struct carried_name name = { .codec = NULL };
	struct buf file = { 0 };
	struct slice text, signature;
	bool ours = !p->keys->signs || !is_there(p, name);

	if (!ours && read_ours(p, name, OUR_ACK_MAX, &file)) {
		text = buf_slice(&file);
		carried_ack_cut(&text, &signature);
		ours = is_own(p, text, signature);
	}
	buf_clear(&file);
	return ours;
}

int
publish_clear(const struct publish_opts *p, struct err *e)
{
	const struct publisher none = { .p = p };

	return prune(&none, is_of_no_use, e);
}

int
publish_ack(const struct publish_opts *p, struct slice text,
    struct delivery_result *r, struct err *e)
{
	struct publisher u = { .p = p,
		.r = r,
		.group = { .dirfd = p->at.dir } };
	const struct carried_name name = { .codec = NULL };
	struct buf there = { 0 }, file = { 0 };
	int rc = 0;

	buf_put(&file, text);
	if (p->keys->signs) {
		buf_put_str(&file, CARRIED_ACK_SIGNED);
		sign(p, text, &file);
	}
	if (!read_ours(p, name, OUR_ACK_MAX, &there) ||
	    !slice_eq(buf_slice(&there), buf_slice(&file)))
		rc = put_file(&u, &name, buf_slice(&file), e) == -1
		    ? -1
		    : commit(&u, e);
	buf_clear(&there);
	buf_clear(&file);
	if (rc == 0)
		return 0;
	durable_group_abandon(&u.group);
	return err_wrap(e, "write the acknowledgement");
}
