/*
 * Quarantine; see quarantine.h.  The ".why" is made first: it claims the name.
 * A power cut may leave either of the two without the other.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/spool/quarantine.h"

enum {
	NAMESAKES = 100000
};

int
quarantine_open(struct quarantine *q, int association_dir, struct err *e)
{
	*q = (struct quarantine){ .dir = -1 };
	q->dir = durable_make_dir(association_dir, "quarantine", e);
	return q->dir == -1 ? -1 : 0;
}

static int
count(struct quarantine *q, struct err *e)
{
	struct names names;

	if (q->counted)
		return 0;
	if (durable_sweep(q->dir, e) == -1 ||
	    durable_list(q->dir, &names, e) == -1)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		struct stat st;

		if (fstatat(q->dir, names.name[i], &st, AT_SYMLINK_NOFOLLOW) ==
		    0)
			q->bytes += (uint64_t)st.st_size;
	}
	q->files = names.n;
	q->counted = true;
	names_free(&names);
	return 0;
}

static bool
is_there(const struct quarantine *q, const char *name)
{
	struct stat st;

	return fstatat(q->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Write the first free <base>[.N].why, and tell the name without ".why". */
static int
claim(struct quarantine *q, const char *base, const char *why,
    char name[QUARANTINE_NAME_SIZE], struct err *e)
{
	char claimed[QUARANTINE_NAME_SIZE + 8];
	struct buf text = { 0 };
	int rc = -1;

	buf_printf(&text, "%s\n", why);
	for (unsigned i = 1; rc == -1 && i < NAMESAKES; i++) {
		int n = i == 1
		    ? snprintf(name, QUARANTINE_NAME_SIZE, "%s", base)
		    : snprintf(name, QUARANTINE_NAME_SIZE, "%s.%u", base, i);

		if (n < 0 || n >= QUARANTINE_NAME_SIZE) {
			err_set(e, ERR_INTERNAL, "name too long");
			break;
		}
		if (is_there(q, name)) {
			err_set(e, ERR_TEMP, "%s is there", name);
			continue;
		}
		(void)snprintf(claimed, sizeof(claimed), "%s.why", name);
		rc = durable_create(q->dir, claimed, buf_slice(&text), e);
		if (rc == -1 && e->sys != EEXIST)
			break;
	}
	q->files += rc == 0;
	buf_clear(&text);
	return rc;
}

/* What was to be put under a claimed name could not be; what is there in spite
 * of the error keeps it. */
static void
unclaim(struct quarantine *q, const char *name)
{
	char claimed[QUARANTINE_NAME_SIZE + sizeof(".why")];

	if (is_there(q, name))
		return;
	(void)snprintf(claimed, sizeof(claimed), "%s.why", name);
	q->files -= unlinkat(q->dir, claimed, 0) == 0;
}

int
quarantine_put(struct quarantine *q, const char *base, struct slice bytes,
    const char *why, struct err *e)
{
	char name[QUARANTINE_NAME_SIZE];

	if (count(q, e) == -1)
		return err_wrap(e, "quarantine");
	if (q->files >= QUARANTINE_FILES ||
	    (q->bytes_max > 0 &&
		(q->bytes >= q->bytes_max ||
		    bytes.n > q->bytes_max - q->bytes))) {
		err_set(e, ERR_TEMP, "quarantine is full");
		e->sys = ENOSPC;
		return -1;
	}
	if (claim(q, base, why, name, e) == -1)
		return err_wrap(e, "quarantine");
	if (durable_create(q->dir, name, bytes, e) == -1) {
		unclaim(q, name);
		return err_wrap(e, "quarantine");
	}
	q->bytes += bytes.n;
	q->files++;
	return 0;
}

int
quarantine_move(struct quarantine *q, const struct quarantine_file *f,
    const char *why, struct err *e)
{
	char base[QUARANTINE_NAME_SIZE], kept[QUARANTINE_NAME_SIZE];

	(void)snprintf(base, sizeof(base), "%s-%s", f->where, f->name);
	if (claim(q, base, why, kept, e) == -1)
		return err_wrap(e, "quarantine");
	if (durable_move(f->dirfd, f->name, q->dir, kept, e) == 0)
		return 0;
	unclaim(q, kept);
	return err_wrap(e, "quarantine");
}

void
quarantine_close(struct quarantine *q)
{
	if (q->dir != -1)
		close(q->dir);
	q->dir = -1;
}
