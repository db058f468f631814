/*
 * The file <state>/write/<tree>+<source>, as common/base/sealed.h has it:
 *
 *	input BYTES crc32=DIGEST
 *	ASSOCIATION STREAM MSGID crc32=DIGEST
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/crc.h"
#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/sealed.h"
#include "spoke/unfinished.h"

enum {
	UNFINISHED_MAX = 1 << 20
};

struct part {
	char *association;
	struct spool_point at;
};

struct unfinished {
	int state_dir; /* borrowed */
	char *name;
	char *input; /* the first line */
	struct part *part;
	size_t n;
	bool stands; /* there is a file */
	bool other;  /* of another input */
};

static struct part *
find(const struct unfinished *u, struct slice association)
{
	for (size_t i = 0; i < u->n; i++)
		if (slice_eq_str(association, u->part[i].association))
			return &u->part[i];
	return NULL;
}

const struct spool_point *
unfinished_find(const struct unfinished *u, const char *association)
{
	const struct part *p = find(u, slice_str(association));

	return p != NULL ? &p->at : NULL;
}

static void
put(struct unfinished *u, struct slice association,
    const struct spool_point *at)
{
	struct part *p = find(u, association);

	if (p == NULL) {
		u->part = mem_resize(u->part, u->n + 1, sizeof(*u->part));
		p = &u->part[u->n++];
		p->association = slice_dup(association);
	}
	p->at = *at;
}

void
unfinished_put(struct unfinished *u, const char *association,
    const struct spool_point *at)
{
	put(u, slice_str(association), at);
}

static void
forget(struct unfinished *u)
{
	while (u->n > 0)
		free(u->part[--u->n].association);
}

/* The first line says of which input the others are. */
static bool
take_line(void *arg, struct slice line)
{
	struct unfinished *u = arg;
	struct spool_point at;
	struct slice name;

	if (!u->stands) {
		u->stands = true;
		u->other = !slice_eq_str(line, u->input);
		return true;
	}
	if (u->other)
		return true;
	if (!slice_cut(&line, ' ', &name) || !spool_point_parse(line, &at))
		return false;
	put(u, name, &at);
	return true;
}

static struct sealed_place
place(const struct unfinished *u)
{
	return (struct sealed_place){ .dirfd = u->state_dir,
		.folder = "write",
		.name = u->name,
		.limit = UNFINISHED_MAX };
}

static int
load(struct unfinished *u, struct err *e)
{
	const struct sealed_place at = place(u);

	if (sealed_each(&at, take_line, u, e) == 0)
		return 0;
	if (e->kind != ERR_INPUT)
		return -1;
	log_warn("write/%s is damaged: what it noted is not known", u->name);
	err_clear(e);
	forget(u);
	u->stands = true;
	return 0;
}

int
unfinished_open(int state_dir, const char *tree, const char *source,
    struct slice input, struct unfinished **out, struct err *e)
{
	struct unfinished *u = mem_alloc(sizeof(*u));

	u->state_dir = state_dir;
	u->name = mem_printf("%s+%s", tree, source);
	u->input = mem_printf("input %zu crc32=%08" PRIx32, input.n,
	    crc_add(0, input));
	if (load(u, e) == 0) {
		*out = u;
		return 0;
	}
	unfinished_free(u);
	return -1;
}

int
unfinished_save(struct unfinished *u, struct err *e)
{
	const struct sealed_place at = place(u);
	struct buf text = { 0 };
	int rc;

	buf_printf(&text, "%s\n", u->input);
	for (size_t i = 0; i < u->n; i++) {
		buf_printf(&text, "%s ", u->part[i].association);
		spool_point_put(&text, &u->part[i].at);
		buf_put_char(&text, '\n');
	}
	rc = sealed_write(&at, &text, e);
	u->stands |= rc == 0;
	buf_clear(&text);
	return rc;
}

/* Synced: a note that came back after a power cut would take a later input of
 * the same bytes for written. */
void
unfinished_end(struct unfinished *u)
{
	struct err e = { 0 };
	int dir;

	if (!u->stands)
		return;
	dir = durable_open_dir(u->state_dir, "write", &e);
	if (dir == -1)
		goto out;
	if (unlinkat(dir, u->name, 0) == -1 && errno != ENOENT)
		err_sys(&e, "remove write/%s", u->name);
	else
		durable_sync(dir, &e);
	close(dir);
out:
	if (e.kind != ERR_NONE)
		log_warn("%s", e.msg);
}

void
unfinished_free(struct unfinished *u)
{
	if (u == NULL)
		return;
	forget(u);
	free(u->part);
	free(u->name);
	free(u->input);
	free(u);
}
