/*
 * From readings to configuration and values; see readings.h.  The states of a leaf
 * are a table of doc/architecture.md, "When a leaf comes and goes".
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/crc.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/message/names.h"
#include "spoke/readings.h"

enum {
	PATH_SHOWN = 120 /* bytes of a path in the log */
};

char *
readings_source(const char *collector)
{
	return mem_printf("collector/%s", collector);
}

static uint32_t
digest_text(uint32_t crc, const char *s)
{
	if (s == NULL)
		s = "";
	return crc_add(crc, (struct slice){ s, strlen(s) + 1 });
}

static uint32_t
digest_list(uint32_t crc, config_list l)
{
	for (; l != NULL && *l != NULL; l++)
		crc = digest_text(crc, *l);
	return digest_text(crc, NULL);
}

/* Of all that the configuration says of a collector; never 0. */
static uint32_t
setup_digest(const struct config_collector *cc)
{
	char *grid =
	    mem_printf("%" PRId64 " %" PRId64, cc->period_s, cc->offset_s);
	uint32_t crc = digest_text(0, cc->type);

	crc = digest_text(crc, grid);
	free(grid);
	crc = digest_text(crc, cc->subtree);
	crc = digest_text(crc, cc->kind);
	crc = digest_list(crc, cc->command);
	crc = digest_list(crc, cc->include);
	crc = digest_list(crc, cc->exclude);
	return crc != 0 ? crc : 1;
}

/* Enter those of the leaves that fit.  A half that does not is tried half by
 * half, down to the one that collides: it costs a line in the log and nothing
 * else. */
static void
enter_all(struct tokens *t, struct leaf *const *leaf, size_t n, unsigned *tries)
{
	char shown[PATH_SHOWN];
	struct err e = { 0 };

	if (n == 0 || *tries == 0)
		return;
	--*tries;
	if (tokens_fit(t, leaf, n, &e) == 0) {
		for (size_t i = 0; i < n; i++)
			tokens_enter(t, leaf[i], (struct slice){ 0 });
		return;
	}
	if (n == 1) {
		log_warn("leaf refused path=%s reason=\"%s\"",
		    log_escape(shown, sizeof(shown), slice_str((*leaf)->path)),
		    e.msg);
		return;
	}
	enter_all(t, leaf, n / 2, tries);
	enter_all(t, leaf + n / 2, n - n / 2, tries);
}

/* One outcome being applied. */
struct pass {
	struct tokens *t;
	const struct readings *r;
	struct source *source;
	bool at_once;       /* the collector is new, or its configuration is */
	struct leaf **leaf; /* of each reading; NULL: refused */
	struct leaf **enter;
	size_t n_enter;
	uint64_t serial;
};

static void
refuse(const struct pass *p, const char *why, const char *path)
{
	char shown[PATH_SHOWN];

	log_warn("%s collector=%s path=%s", why, p->r->cc->name,
	    log_escape(shown, sizeof(shown), slice_str(path)));
}

static void
put_param(struct buf *b, const char *name, const char *value)
{
	message_put_line(b, slice_str(name), slice_str(value));
}

static void
set_params(struct pass *p, struct leaf *l, const struct reading *r)
{
	const struct config_collector *cc = p->r->cc;
	struct buf b = { 0 };

	if (r->param == NULL && *l->params != '\0')
		return; /* unchanged */
	buf_printf(&b, "collector-period:%" PRId64 "\n", cc->period_s);
	if (cc->offset_s != 0)
		buf_printf(&b, "collector-timeoffset:%" PRId64 "\n",
		    cc->offset_s);
	for (const char *const *q = r->param; q != NULL && *q != NULL; q += 2)
		put_param(&b, q[0], q[1]);
	tokens_set_params(p->t, l, buf_slice(&b));
	buf_clear(&b);
}

/* The leaf that a reading speaks of, or NULL: somebody else's, or named
 * before. */
static struct leaf *
claim(struct pass *p, const struct reading *r)
{
	char *path = mem_printf("%s%s", p->r->cc->subtree, r->path);
	const struct source *other;
	struct leaf *l = NULL;

	if (!name_is_path(slice_str(path))) {
		refuse(p, "too deep or too long", path);
	} else if ((l = tokens_claim(p->t, path, p->source, &other)) == NULL) {
		refuse(p, "another source has this leaf", path);
	} else if (l->touched == p->serial) {
		refuse(p, "named twice in one cycle", path);
		l = NULL;
	}
	free(path);
	return l;
}

static void
note_present(struct pass *p, struct leaf *l, const struct reading *r)
{
	l->touched = p->serial;
	set_params(p, l, r);
	if (l->state == LEAF_LIVE) {
		if (l->streak != 0 || l->missing_s != 0)
			p->t->unsaved = true;
		l->streak = 0;
		l->missing_s = 0;
		return;
	}
	l->state = LEAF_NEW;
	l->streak++;
	p->t->unsaved = true;
	if (p->at_once || !p->r->c->complete || l->streak >= READINGS_STREAK)
		p->enter[p->n_enter++] = l;
}

/* For a collector whose lines are no list of devices. */
static bool
missing_for_long(struct tokens *t, struct leaf *l, uint64_t now_s)
{
	if (l->missing_s == 0 || l->missing_s > now_s) {
		l->missing_s = now_s;
		t->unsaved = true;
	}
	return now_s - l->missing_s >= READINGS_MISSING_S;
}

static bool
missing_often(struct pass *p, struct leaf *l)
{
	l->streak++;
	p->t->unsaved = true;
	return l->streak >= READINGS_STREAK;
}

static void
note_missing(struct pass *p, struct leaf *l)
{
	const struct collected *c = p->r->c;

	if (l->state == LEAF_NEW || p->at_once ||
	    (c->complete ? missing_often(p, l)
			 : missing_for_long(p->t, l, c->timestamp_s)))
		tokens_leave(p->t, l);
}

static bool
is_counter(const struct leaf *l)
{
	return strstr(l->params, "rrd-create-dstype:COUNTER\n") != NULL;
}

static void
unknown(struct pass *p, const struct leaf *l, struct values *out)
{
	values_add(out,
	    (struct value){ p->r->c->timestamp_s, l->at, SLICE("U") });
}

/* A leaf that is new in this cycle needs no U where its counter begins. */
static void
add_readings(struct pass *p, struct leaf *const *was_live, struct values *out)
{
	const struct collected *c = p->r->c;

	for (size_t i = 0; i < c->n; i++) {
		const struct leaf *l = p->leaf[i];

		if (l == NULL || l->state != LEAF_LIVE)
			continue;
		if (p->r->anew != NULL && p->r->anew[i] &&
		    was_live[i] != NULL && is_counter(l))
			unknown(p, l, out);
		else
			values_add(out,
			    (struct value){ c->timestamp_s, l->at,
				slice_str(c->reading[i].value) });
	}
}

/* Live leaves that this pass did not touch. */
static void
add_unknown(struct pass *p, struct values *out)
{
	for (size_t i = 0; i < p->t->n; i++) {
		const struct leaf *l = p->t->leaf[i];

		if (l->source == p->source && l->state == LEAF_LIVE &&
		    l->touched != p->serial)
			unknown(p, l, out);
	}
}

static void
apply(struct pass *p, struct values *out)
{
	const struct collected *c = p->r->c;
	struct leaf **was_live = mem_array(c->n, sizeof(*was_live));
	unsigned tries = 1000; /* of fitting leaves that collide */

	p->leaf = mem_array(c->n, sizeof(*p->leaf));
	p->enter = mem_array(c->n, sizeof(*p->enter));
	for (size_t i = 0; i < c->n; i++) {
		struct leaf *l = claim(p, &c->reading[i]);

		p->leaf[i] = l;
		if (l == NULL)
			continue;
		was_live[i] = l->state == LEAF_LIVE ? l : NULL;
		note_present(p, l, &c->reading[i]);
	}
	for (size_t i = 0; i < p->t->n; i++) {
		struct leaf *l = p->t->leaf[i];

		if (l->source == p->source && l->touched != p->serial &&
		    l->state != LEAF_GONE)
			note_missing(p, l);
	}
	enter_all(p->t, p->enter, p->n_enter, &tries);
	add_readings(p, was_live, out);
	add_unknown(p, out);
	free(was_live);
	free(p->leaf);
	free(p->enter);
}

void
readings_apply(struct tokens *t, const struct readings *r, struct values *out)
{
	char *name = readings_source(r->cc->name);
	struct pass p = { .t = t, .r = r, .source = tokens_source(t, name) };
	uint32_t setup = setup_digest(r->cc);

	free(name);
	p.serial = ++t->serial;
	if (r->c->failed) {
		add_unknown(&p, out); /* no readings: all */
		return;
	}
	p.at_once = p.source->setup != setup;
	apply(&p, out);
	if (p.at_once) {
		p.source->setup = setup;
		t->unsaved = true;
	}
}

/* Whether the source is a collector that the file does not name any more. */
static bool
is_dropped(const struct source *s, const struct config *c, const char *tree)
{
	struct slice name = slice_str(s->name);

	if (!slice_skip(&name, SLICE("collector/")))
		return false;
	for (size_t i = 0; i < c->n_collector; i++)
		if (slice_eq_str(name, c->collector[i].name) &&
		    strcmp(c->collector[i].tree, tree) == 0)
			return false;
	return true;
}

void
readings_sweep(struct tokens *t, const struct config *c, const char *tree,
    uint64_t now_s)
{
	for (size_t i = 0; i < t->n; i++) {
		struct leaf *l = t->leaf[i];

		if (l->state == LEAF_GONE)
			continue;
		if (is_dropped(l->source, c, tree) ||
		    (strcmp(l->source->name, SOURCE_UNKNOWN) == 0 &&
			missing_for_long(t, l, now_s)))
			tokens_leave(t, l);
	}
}
