/*
 * A second message with a number that is taken, where no Prev would stop the stream:
 * of bare ones.  Its copy in quarantine/ is the mark that nothing more is taken; see
 * inbox.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/durable.h"
#include "common/spool/inbox_impl.h"

static const char mark[] = "fork-", let_go[] = "let-go-", why_ends[] = ".why";

int
inbox_fork(struct inbox *i, const struct message *m, const char *why,
    struct err *e)
{
	char base[QUARANTINE_NAME_SIZE];
	struct quarantine q;
	int rc;

	(void)snprintf(base, sizeof(base), "%s%020" PRIu64 "-%" PRId64, mark,
	    m->msgid, wall_s(clock_wall()));
	/* without a limit: it is the only one until it is let go */
	if (quarantine_open(&q, i->top, e) == -1)
		return -1;
	rc = quarantine_put(&q, base, m->raw, why, e);
	quarantine_close(&q);
	return rc;
}

static bool
is_mark(const char *name)
{
	size_t n = strlen(name), tail = sizeof(why_ends) - 1;

	return strncmp(name, mark, sizeof(mark) - 1) == 0 &&
	    (n < tail || strcmp(name + n - tail, why_ends) != 0);
}

static int
rename_mark(int dir, const char *name, struct err *e)
{
	char to[QUARANTINE_NAME_SIZE * 2];
	int n = snprintf(to, sizeof(to), "%s%s", let_go, name);

	if (n < 0 || (size_t)n >= sizeof(to))
		return err_set(e, ERR_INPUT, "%s is none of our names", name);
	return durable_move(dir, name, dir, to, e);
}

/* 1: there was one.  0: none. */
static int
each_mark(int association_dir, bool end, struct err *e)
{
	struct err why = { 0 };
	struct names l = { 0 };
	int rc = 0, dir = durable_open_dir(association_dir, "quarantine", &why);

	if (dir == -1 && why.sys == ENOENT)
		return 0;
	if (dir == -1) {
		*e = why;
		return -1;
	}
	if (durable_list(dir, &l, e) == -1)
		rc = -1;
	for (size_t k = 0; k < l.n && rc != -1; k++) {
		if (!is_mark(l.name[k]))
			continue;
		rc = end && rename_mark(dir, l.name[k], e) == -1 ? -1 : 1;
	}
	names_free(&l);
	close(dir);
	return rc;
}

int
inbox_forked(int association_dir, struct err *e)
{
	return each_mark(association_dir, false, e);
}

int
inbox_end_fork(int association_dir, struct err *e)
{
	return each_mark(association_dir, true, e);
}
