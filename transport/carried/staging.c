/*
 * What others placed: listed, its acknowledgement, and what is removed of it in
 * the end; see staging.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "transport/carried/staging_impl.h"

/* --- Listing ------------------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
	const struct carried_name *x = &((const struct staged *)a)->name;
	const struct carried_name *y = &((const struct staged *)b)->name;

	if (x->segment.first != y->segment.first)
		return x->segment.first < y->segment.first ? -1 : 1;
	if (x->segment.last != y->segment.last)
		return x->segment.last < y->segment.last ? -1 : 1;
	return strcmp(x->codec->suffix, y->codec->suffix);
}

static struct staged *
find(const struct staging *s, const struct carried_name *name)
{
	const struct staged key = { .name = *name };

	if (s->n == 0)
		return NULL;
	return bsearch(&key, s->at, s->n, sizeof(*s->at), compare);
}

/* Room for one more; false: there are too many. */
static bool
grow(void **at, size_t n, size_t size)
{
	if (n >= STAGING_FILES)
		return false;
	if ((n & (n - 1)) == 0) /* full at every power of two */
		*at = mem_resize(*at, n > 0 ? n * 2 : 1, size);
	return true;
}

static void
add_name(void *arg, int dir, const char *text)
{
	struct staging *s = arg;
	struct carried_name name;
	void *stray = s->stray, *at = s->at;

	if (durable_is_temporary(text) ||
	    (!s->o.at.foreign &&
		underway_note(&s->underway, dir, text, clock_wall())))
		return;
	if (!carried_file_name(&s->o.at, text, &name)) {
		s->foreign_names++;
	} else if (name.codec == NULL) {
		s->has_ack = true;
	} else if (name.signature) {
		s->more |= !grow(&stray, s->n_stray, sizeof(*s->stray));
		s->stray = stray;
		if (s->n_stray < STAGING_FILES)
			s->stray[s->n_stray++] = name;
	} else {
		s->more |= !grow(&at, s->n, sizeof(*s->at));
		s->at = at;
		if (s->n < STAGING_FILES)
			s->at[s->n++] = (struct staged){ .name = name };
	}
}

static int
list(struct staging *s, struct err *e)
{
	if (durable_each(s->o.at.dir, add_name, s, e) == -1)
		return carried_file_trouble(&s->o.at, e);
	s->foreign_names += underway_end(&s->underway, s->o.at.dir);
	if (s->n > 1)
		qsort(s->at, s->n, sizeof(*s->at), compare);
	for (size_t i = 0; i < s->n_stray;) {
		struct staged *of = find(s, &s->stray[i]);

		if (of == NULL) {
			i++;
			continue;
		}
		of->signature_there = true;
		s->stray[i] = s->stray[--s->n_stray];
	}
	return 0;
}

int
staging_open(const struct staging_opts *o, struct staging **out, struct err *e)
{
	struct staging *s = mem_alloc(sizeof(*s));

	s->o = *o;
	s->underway.own = config_dials(o->association);
	s->quarantine.dir = -1;
	if (list(s, e) == -1) {
		staging_close(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
staging_close(struct staging *s)
{
	if (s == NULL)
		return;
	quarantine_close(&s->quarantine);
	free(s->at);
	free(s->stray);
	free(s);
}

/* --- The acknowledgement ------------------------------------------------------- */

int
staging_ack(struct staging *s, struct carried_ack *out,
    struct delivery_result *r, struct err *e)
{
	const struct carried_name name = { .codec = NULL };
	enum carried_found found = CARRIED_GONE;
	struct buf copy = { 0 };
	struct err why = { 0 };
	size_t from = 0;
	int rc = 0;

	if (s->has_ack)
		found =
		    staging_read(s, name, CARRIED_ACK_MAX, &copy, &from, &why);
	if (found == CARRIED_FAILED) {
		*e = why;
		rc = -1;
	} else if (found == CARRIED_READ &&
	    carried_ack_parse((struct slice){ copy.p + from, copy.n - from },
		out, &why) == 0) {
		rc = 1;
	} else if (found == CARRIED_BAD || found == CARRIED_READ) {
		log_info("an acknowledgement is not believed association=%s: "
			 "%s",
		    s->o.association->name, why.msg);
		r->counts.strange_acks++;
		r->unbelieved_acks++;
	}
	buf_clear(&copy);
	return rc;
}

/* --- The end ------------------------------------------------------------------- */

/* A directory may have our name, too. */
static void
put_directory_away(struct staging *s, const char *name)
{
	const struct quarantine_file f = { s->o.at.dir, "staging", name };
	struct err ignored = { 0 }; /* then it stays, and is told again */

	if (s->quarantine.dir != -1 ||
	    quarantine_open(&s->quarantine, s->o.association_dir, &ignored) ==
		0)
		(void)quarantine_move(&s->quarantine, &f, "it is a directory",
		    &ignored);
}

void
staging_remove(struct staging *s)
{
	char text[CARRIED_NAME_SIZE];

	for (size_t i = 0; i < s->n; i++) {
		struct carried_name name = s->at[i].name;

		if (!s->at[i].done)
			continue;
		carried_name_text(&name, text);
		if (unlinkat(s->o.at.dir, text, 0) == -1 && errno == EISDIR &&
		    !s->o.at.foreign)
			put_directory_away(s, text);
		name.signature = true;
		(void)unlinkat(s->o.at.dir, carried_name_text(&name, text), 0);
	}
}
