/*
 * The file <state>/write/<tree>; see unfinished.h.  Lines of text, closed by a
 * CRC-32 of all before it:
 *
 *	input BYTES crc32=DIGEST SOURCE
 *	ASSOCIATION STREAM MSGID crc32=DIGEST
 *	crc32=DIGEST
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "spoke/unfinished.h"

enum {
	UNFINISHED_MAX = 1 << 20,
	CRC_LINE = sizeof("crc32=00000000\n") - 1,
};

struct part {
	char *association;
	struct spool_point at;
};

struct unfinished {
	int dir;
	char *tree;
	char *input; /* the first line */
	struct part *part;
	size_t n;
	bool stands; /* there is a file */
};

static uint32_t
crc_of(struct slice s)
{
	return (uint32_t)crc32_z(crc32(0, NULL, 0), (const Bytef *)s.p, s.n);
}

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

/* Take off the last line, which is right. */
static bool
cut_crc(struct slice *text)
{
	char line[CRC_LINE + 1];

	if (text->n < CRC_LINE)
		return false;
	text->n -= CRC_LINE;
	(void)snprintf(line, sizeof(line), "crc32=%08" PRIx32 "\n",
	    crc_of(*text));
	return memcmp(text->p + text->n, line, CRC_LINE) == 0;
}

/* False: damaged.  Of another input: nothing of it is taken. */
static bool
parse(struct unfinished *u, struct slice text)
{
	struct slice line, name;
	struct spool_point at;

	if (!cut_crc(&text) || !slice_cut(&text, '\n', &line))
		return false;
	if (!slice_eq_str(line, u->input))
		return true;
	while (slice_cut(&text, '\n', &line)) {
		if (!slice_cut(&line, ' ', &name) ||
		    !spool_point_parse(line, &at))
			return false;
		put(u, name, &at);
	}
	return text.n == 0;
}

static int
load(struct unfinished *u, struct err *e)
{
	struct buf text = { 0 };
	int rc = durable_read_file(u->dir, u->tree, UNFINISHED_MAX, &text, e);

	u->stands = rc == 0;
	if (rc == -1 && e->sys == ENOENT) {
		err_clear(e);
		rc = 0;
	} else if (rc == -1) {
		err_wrap(e, "write/%s", u->tree);
	} else if (!parse(u, buf_slice(&text))) {
		log_warn("write/%s is damaged: what it noted is not known",
		    u->tree);
		u->n = 0;
	}
	buf_clear(&text);
	return rc;
}

int
unfinished_open(int state_dir, const char *tree, const char *source,
    struct slice input, struct unfinished **out, struct err *e)
{
	struct unfinished *u = mem_alloc(sizeof(*u));

	u->tree = mem_strdup(tree);
	u->input = mem_printf("input %zu crc32=%08" PRIx32 " %s", input.n,
	    crc_of(input), source);
	u->dir = durable_make_dir(state_dir, "write", e);
	if (u->dir == -1) {
		err_wrap(e, "write");
	} else if (load(u, e) == 0) {
		*out = u;
		return 0;
	}
	unfinished_free(u);
	return -1;
}

int
unfinished_save(struct unfinished *u, struct err *e)
{
	struct buf text = { 0 };
	int rc;

	buf_printf(&text, "%s\n", u->input);
	for (size_t i = 0; i < u->n; i++) {
		buf_printf(&text, "%s ", u->part[i].association);
		spool_point_put(&text, &u->part[i].at);
		buf_put_char(&text, '\n');
	}
	buf_printf(&text, "crc32=%08" PRIx32 "\n", crc_of(buf_slice(&text)));
	rc = durable_replace(u->dir, u->tree, buf_slice(&text), e);
	u->stands |= rc == 0;
	buf_clear(&text);
	return rc == 0 ? 0 : err_wrap(e, "write/%s", u->tree);
}

/* Synced: a note that came back after a power cut would take a later input of
 * the same bytes for written. */
void
unfinished_end(struct unfinished *u)
{
	struct err e = { 0 };

	if (!u->stands)
		return;
	if (unlinkat(u->dir, u->tree, 0) == -1 && errno != ENOENT)
		err_sys(&e, "remove write/%s", u->tree);
	else
		durable_sync(u->dir, &e);
	if (e.kind != ERR_NONE)
		log_warn("%s", e.msg);
}

void
unfinished_free(struct unfinished *u)
{
	if (u == NULL)
		return;
	for (size_t i = 0; i < u->n; i++)
		free(u->part[i].association);
	free(u->part);
	free(u->tree);
	free(u->input);
	if (u->dir != -1)
		close(u->dir);
	free(u);
}
