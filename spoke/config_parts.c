/*
 * A configuration as it is spooled; see config_parts.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/spool/reader.h"
#include "spoke/config_parts.h"

#define NEXT_TOKEN "X-Next-Token:"

void
config_parts_clear(struct config_parts *p)
{
	for (size_t i = 0; i < p->n; i++) {
		buf_clear(&p->part[i].extra);
		buf_clear(&p->part[i].body);
	}
	free(p->part);
	*p = (struct config_parts){ 0 };
}

static struct config_part *
add(struct config_parts *p)
{
	p->part = mem_resize(p->part, p->n + 1, sizeof(*p->part));
	p->part[p->n] = (struct config_part){ 0 };
	return &p->part[p->n++];
}

void
config_parts_present(struct config_parts *p, const struct tokens *t,
    size_t part_max)
{
	struct config_part part = { 0 };
	size_t at = 0;

	while (tokens_config_part(t, &at, part_max, &part.body, &part.extra)) {
		buf_printf(&part.extra, NEXT_TOKEN "%" PRIu64 "\n", t->next);
		*add(p) = part;
		part = (struct config_part){ 0 };
	}
	p->generation = t->generation;
	p->timestamp = t->changed_s;
}

int
config_parts_put(const struct config_parts *p, struct outbox *o, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		struct message m = { .type = MESSAGE_CONFIG,
			.timestamp = p->timestamp,
			.generation = p->generation,
			.part = (uint32_t)i + 1,
			.parts = (uint32_t)p->n,
			.extra = buf_slice(&p->part[i].extra),
			.body = buf_slice(&p->part[i].body) };

		if (outbox_put(o, &m, e) == -1)
			return -1;
	}
	return 0;
}

/* Take a message of a CONFIG that is read back; false: it does not go on. */
static bool
take(struct config_parts *p, const struct message *m)
{
	struct config_part *part;

	if (m->part == 1) {
		config_parts_clear(p);
		p->generation = m->generation;
		p->timestamp = m->timestamp;
	} else if (m->generation != p->generation || m->part != p->n + 1) {
		config_parts_clear(p);
		return false;
	}
	part = add(p);
	buf_put(&part->extra, m->extra);
	buf_put(&part->body, m->body);
	return m->part == m->parts;
}

int
config_parts_find(int dir, uint64_t generation, struct config_parts *out,
    struct err *e)
{
	struct config_parts p = { 0 };
	struct spool_reader *r = NULL;
	struct message m;
	enum spool_read got;
	int rc = -1;

	if (spool_reader_open(dir, SPOOL_OUTBOX | SPOOL_SENT, 1, &r, e) == -1)
		goto out;
	while ((got = spool_reader_next(r, &m, e)) != SPOOL_READ_END) {
		if (got == SPOOL_READ_FAILED)
			goto out;
		if (got != SPOOL_READ_MESSAGE || m.type != MESSAGE_CONFIG ||
		    m.generation != generation || !take(&p, &m))
			continue;
		config_parts_clear(out);
		*out = p;
		p = (struct config_parts){ 0 };
	}
	err_clear(e); /* a damaged message is the session's to tell */
	rc = 0;
out:
	config_parts_clear(&p);
	spool_reader_close(r);
	return rc;
}

/* Tokens that were given out before and are not in that CONFIG stay taken. */
static uint64_t
find_next(struct slice extra)
{
	struct slice line;
	uint64_t next;

	while (slice_cut(&extra, '\n', &line))
		if (slice_skip(&line, SLICE(NEXT_TOKEN)) &&
		    slice_u64(line, UINT64_MAX / 2, &next))
			return next;
	return 0;
}

void
config_parts_adopt(const struct config_parts *p, struct tokens *t)
{
	tokens_adopt_begin(t);
	for (size_t i = 0; i < p->n; i++)
		tokens_adopt_part(t, buf_slice(&p->part[i].body),
		    buf_slice(&p->part[i].extra));
	tokens_adopt_end(t, find_next(buf_slice(&p->part[0].extra)));
	t->generation = p->generation;
	t->changed_s = t->written_s = p->timestamp;
}
