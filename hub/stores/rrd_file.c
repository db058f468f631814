/*
 * One RRD file; see rrd_file.h.  The head is in the machine's own layout, as
 * librrd's rrd_format.h declares it: stat_head, ds_def[], rra_def[], and from
 * there on what updates change: live_head, pdp_prep[], cdp_prep[], rra_ptr[].
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RRD_EXPORT_DEPRECATED /* for rrd_format.h */
#include <rrd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "hub/stores/librrd.h"
#include "hub/stores/rrd_file.h"

/* What a change of librrd would show here first. */
_Static_assert(sizeof(stat_head_t) == 128 && sizeof(ds_def_t) == 120 &&
	sizeof(rra_def_t) == 120 && sizeof(live_head_t) == 16 &&
	sizeof(pdp_prep_t) == 112 && sizeof(cdp_prep_t) == 80 &&
	sizeof(rra_ptr_t) == 8 && LAST_DS_LEN == 30,
    "the RRD file format of version 3 to 5 on 64-bit machines");

enum {
	HEAD_FIRST = 4096, /* bytes read at first: enough for 20 archives */
	ASIDE_MAX = 100000,
	START_LEAST = 315360000, /* librrd begins no file before 1980 */
};

static const char *const kinds[] = {
	[RRD_GAUGE] = "GAUGE",
	[RRD_COUNTER] = "COUNTER",
	[RRD_DERIVE] = "DERIVE",
	[RRD_ABSOLUTE] = "ABSOLUTE",
	[RRD_DCOUNTER] = "DCOUNTER",
	[RRD_DDERIVE] = "DDERIVE",
};

const char *
rrd_kind_name(enum rrd_kind k)
{
	return kinds[k];
}

bool
rrd_kind_find(const char *name, enum rrd_kind *out)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], name) == 0) {
			*out = (enum rrd_kind)i;
			return true;
		}
	return false;
}

/* At most 2^64 - 1, with zeros before it or without. */
static bool
is_counter(struct slice s)
{
	uint64_t v;

	for (; s.n > 1 && s.p[0] == '0'; s.n--)
		s.p++;
	return slice_u64(s, UINT64_MAX, &v);
}

/* Differences are taken between texts of at most LAST_DS_LEN - 1 characters,
 * and integers where the kind says so; anything else fails the update. */
bool
rrd_kind_fits(enum rrd_kind k, struct slice value)
{
	if (value.n == 0)
		return false;
	if (value.p[0] == 'U')
		return value.n == 1;
	switch (k) {
	case RRD_GAUGE:
	case RRD_ABSOLUTE:
		return true;
	case RRD_COUNTER:
		return value.n < LAST_DS_LEN && is_counter(value);
	case RRD_DERIVE:
		return value.n < LAST_DS_LEN &&
		    memchr(value.p, '.', value.n) == NULL;
	case RRD_DCOUNTER:
		return value.n < LAST_DS_LEN && value.p[0] != '-';
	case RRD_DDERIVE:
		return value.n < LAST_DS_LEN;
	}
	return false;
}

/* Sizes are bounded before they are multiplied: counts come from the file. */
static bool
static_part(struct slice bytes, stat_head_t *head, size_t *size)
{
	int version;

	if (bytes.n < sizeof(*head))
		return false;
	memcpy(head, bytes.p, sizeof(*head));
	version = head->version[3] - '0';
	if (memcmp(head->cookie, RRD_COOKIE, sizeof(RRD_COOKIE)) != 0 ||
	    memcmp(head->version, "000", 3) != 0 || version < 3 ||
	    version > 5 || head->float_cookie != FLOAT_COOKIE)
		return false;
	if (head->ds_cnt != 1 || head->rra_cnt == 0 || head->rra_cnt > 1000 ||
	    head->pdp_step == 0)
		return false;
	*size = sizeof(*head) + sizeof(ds_def_t) +
	    head->rra_cnt * sizeof(rra_def_t);
	return true;
}

/* Do all rows lie inside the file, and all row pointers inside their rows? */
static bool
rows_are_there(struct slice bytes, const stat_head_t *head, uint64_t left)
{
	const char *def = bytes.p + sizeof(*head) + sizeof(ds_def_t);
	const char *ptr = bytes.p + bytes.n - head->rra_cnt * sizeof(rra_ptr_t);

	for (unsigned long i = 0; i < head->rra_cnt; i++) {
		rra_def_t rra;
		rra_ptr_t row;

		memcpy(&rra, def + i * sizeof(rra), sizeof(rra));
		memcpy(&row, ptr + i * sizeof(row), sizeof(row));
		if (rra.row_cnt == 0 || row.cur_row >= rra.row_cnt ||
		    rra.row_cnt > left / sizeof(rrd_value_t))
			return false;
		left -= rra.row_cnt * sizeof(rrd_value_t);
	}
	return true;
}

bool
rrd_head_parse(struct slice bytes, uint64_t size, size_t *need,
    struct rrd_head *out)
{
	stat_head_t head;
	ds_def_t ds;
	live_head_t live;
	size_t at, end;

	*need = sizeof(head);
	if (!static_part(bytes, &head, &at))
		return false;
	end = at + sizeof(live) + sizeof(pdp_prep_t) +
	    head.rra_cnt * (sizeof(cdp_prep_t) + sizeof(rra_ptr_t));
	*need = end;
	if (end > size || end > bytes.n)
		return false;
	bytes.n = end;
	memcpy(&ds, bytes.p + sizeof(head), sizeof(ds));
	memcpy(&live, bytes.p + at, sizeof(live));
	if (memchr(ds.dst, '\0', sizeof(ds.dst)) == NULL ||
	    !rows_are_there(bytes, &head, size - end))
		return false;
	memcpy(out->dstype, ds.dst, sizeof(ds.dst));
	out->step_s = head.pdp_step;
	out->last_s = live.last_up;
	out->mutable_at = at;
	out->mutable = (struct slice){ bytes.p + at, end - at };
	return true;
}

static int
look_at(int fd, struct buf *bytes, struct rrd_head *head, struct err *e)
{
	struct stat st;
	size_t need;

	if (fstat(fd, &st) == -1)
		return err_sys(e, "stat");
	head->state = RRD_FILE_BLOCKED;
	if (!S_ISREG(st.st_mode))
		return 0;
	head->state = RRD_FILE_DAMAGED;
	buf_reset(bytes);
	if (io_pread_upto(fd, HEAD_FIRST, 0, bytes, e) == -1)
		return -1;
	if (!rrd_head_parse(buf_slice(bytes), (uint64_t)st.st_size, &need,
		head)) {
		if (need <= bytes->n || need > (uint64_t)st.st_size)
			return 0;
		if (io_pread_upto(fd, need - bytes->n, bytes->n, bytes, e) ==
		    -1)
			return -1;
		if (!rrd_head_parse(buf_slice(bytes), (uint64_t)st.st_size,
			&need, head))
			return 0;
	}
	head->state = RRD_FILE_WHOLE;
	return 0;
}

int
rrd_file_look(int dirfd, const char *name, struct buf *bytes,
    struct rrd_head *head, struct err *e)
{
	int fd =
	    openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int rc;

	if (fd == -1 && errno == ENOENT) {
		head->state = RRD_FILE_ABSENT;
		return 0;
	}
	if (fd == -1 && (errno == ENOTDIR || errno == ELOOP)) {
		head->state = RRD_FILE_BLOCKED;
		return 0;
	}
	if (fd == -1)
		return err_sys(e, "open %s", name);
	rc = look_at(fd, bytes, head, e);
	close(fd);
	return rc == -1 ? err_wrap(e, "%s", name) : 0;
}

/* Every directory that leads to name.  Made durable by the store's sync. */
static int
make_parents(int dirfd, const char *name, struct err *e)
{
	char part[PATH_MAX];

	for (size_t i = 0; name[i] != '\0'; i++) {
		if (i == sizeof(part))
			return err_set(e, ERR_INPUT, "%s: too long", name);
		if (name[i] == '/') {
			part[i] = '\0';
			if (mkdirat(dirfd, part, 0700) == -1 && errno != EEXIST)
				return err_sys(e, "create %s", part);
		}
		part[i] = name[i];
	}
	return 0;
}

int
rrd_file_create(const struct rrd_place *at, const struct rrd_def *def,
    config_list rra, int64_t first_s, struct err *e)
{
	struct rra_args args = { .n = 0 };
	const struct librrd *rrd = librrd(e);
	int64_t start_s = first_s - def->period_s;
	const char **argv = NULL;
	char *ds = NULL;
	int rc = -1;

	if (rrd == NULL || rra_expand(rra, def->period_s, &args, e) == -1 ||
	    make_parents(at->dirfd, at->name, e) == -1)
		goto out;
	ds = mem_printf("DS:value:%s:%u:%s:%s", rrd_kind_name(def->kind),
	    (unsigned)def->heartbeat_s, def->min, def->max);
	argv = mem_array(args.n + 1, sizeof(*argv));
	argv[0] = ds;
	for (size_t i = 0; i < args.n; i++)
		argv[i + 1] = args.arg[i];
	/* One step before the first value, so that it is stored whole. */
	if (start_s < START_LEAST)
		start_s = START_LEAST;
	rrd->clear_error();
	if (rrd->create_r2(at->path, def->period_s, (time_t)start_s, 1, NULL,
		NULL, (int)args.n + 1, argv) != 0) {
		librrd_failed("create", e);
		goto out;
	}
	/* librrd lets all read it, whatever the umask (S12) */
	if (fchmodat(at->dirfd, at->name, 0600, 0) == -1) {
		err_sys(e, "change the mode of %s", at->name);
		goto out;
	}
	rc = 0;
out:
	rra_free(&args);
	free(argv);
	free(ds);
	return rc;
}

int
rrd_file_update(const struct rrd_place *at, const char *const *text, size_t n,
    struct err *e)
{
	/* librrd takes them as const char **, and changes neither. */
	union {
		const char *const *in;
		const char **out;
	} argv = { .in = text };
	const struct librrd *rrd = librrd(e);

	if (rrd == NULL)
		return -1;
	rrd->clear_error();
	if (rrd->updatex_r(at->path, NULL, RRD_SKIP_PAST_UPDATES, (int)n,
		argv.out) != 0)
		return librrd_failed("update", e);
	return 0;
}

int
rrd_file_probe(const struct rrd_place *at, const struct rrd_def *def,
    config_list rra, struct err *e)
{
	static const char *const text[] = { "1000000000:0" };
	struct rrd_def plain = *def;
	int rc;

	plain.kind = RRD_GAUGE;
	(void)memcpy(plain.min, "U", sizeof("U"));
	(void)memcpy(plain.max, "U", sizeof("U"));
	(void)unlinkat(at->dirfd, at->name, 0); /* of a run that was killed */
	rc = rrd_file_create(at, &plain, rra, 1000000000, e);
	if (rc == 0)
		rc = rrd_file_update(at, text, 1, e);
	(void)unlinkat(at->dirfd, at->name, 0);
	return rc;
}

/* Move below at->dirfd, without overwriting, and sync the directory. */
static int
rename_aside(const struct rrd_place *at, const char *to, struct err *e)
{
	const char *slash = strrchr(at->name, '/');
	char *parent = slash == NULL
	    ? mem_strdup(".")
	    : mem_strndup(at->name, (size_t)(slash - at->name));
	int dir = -1, rc = -1;

	dir = openat(at->dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1) {
		err_sys(e, "open %s", parent);
		goto out;
	}
	if (renameat2(at->dirfd, at->name, at->dirfd, to, RENAME_NOREPLACE) ==
	    -1) {
		err_sys(e, "rename %s to %s", at->name, to);
		goto out;
	}
	rc = durable_sync(dir, e);
out:
	if (dir != -1)
		close(dir);
	free(parent);
	return rc;
}

int
rrd_file_set_aside(const struct rrd_place *at, bool damaged, struct buf *aside,
    struct err *e)
{
	for (unsigned n = 1; n <= ASIDE_MAX; n++) {
		buf_reset(aside);
		buf_printf(aside, "%s%s.%u", at->name,
		    damaged ? ".damaged" : "", n);
		if (rename_aside(at, aside->p, e) == 0)
			return 0;
		if (e->sys != EEXIST)
			return -1;
	}
	return -1;
}
