/*
 * Whose the leaves of a CONFIG are; see owners.h.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/crc.h"
#include "spoke/owners.h"

#define DIGEST_FIELD "X-Sources:"
#define RUNS_FIELD   "X-Sources-"

enum {
	OWNERS_LINES = 16, /* half of what a header may have */
	OWNERS_LINE = 900, /* bytes of runs: a run fits behind it */
};

static void
end_run(struct owners *o)
{
	if (o->n > 0)
		buf_printf(&o->runs, "%s*%" PRIu64 "%s,",
		    o->source != NULL ? o->source->name : SOURCE_UNKNOWN, o->n,
		    o->by_token ? "=" : "");
	o->n = 0;
}

/* Its NUL keeps it apart from the next. */
static void
digest_text(struct owners *o, const char *s)
{
	o->digest = crc_add(o->digest, (struct slice){ s, strlen(s) + 1 });
}

void
owners_add(struct owners *o, const struct leaf *l)
{
	const struct source *s = source_states(l->source) ? l->source : NULL;
	bool by_token =
	    s != NULL && l->alias != NULL && strcmp(l->alias, l->token) == 0;

	if (s != o->source || by_token != o->by_token)
		end_run(o);
	o->source = s;
	o->by_token = by_token;
	o->told |= s != NULL;
	o->n++;
	digest_text(o, s != NULL ? s->name : SOURCE_UNKNOWN);
	digest_text(o, s != NULL && l->alias != NULL ? l->alias : "");
}

void
owners_print(struct owners *o, struct buf *extra)
{
	struct slice runs, run;
	size_t room = 0;

	if (!o->told)
		return;
	end_run(o);
	runs = buf_slice(&o->runs);
	buf_printf(extra, DIGEST_FIELD "crc32=%08" PRIx32, o->digest);
	for (int line = 0; slice_cut(&runs, ',', &run);) {
		if (run.n < room) {
			buf_put_char(extra, ',');
			room -= run.n + 1;
		} else if (line < OWNERS_LINES) {
			buf_printf(extra, "\n" RUNS_FIELD "%d:", ++line);
			room = OWNERS_LINE - run.n;
		} else {
			break;
		}
		buf_put(extra, run);
	}
	buf_put_char(extra, '\n');
}

bool
owners_match(const struct owners *o, struct slice extra)
{
	struct slice line;
	uint32_t digest;

	while (slice_cut(&extra, '\n', &line))
		if (slice_skip(&line, SLICE(DIGEST_FIELD)))
			return slice_crc32(line, &digest) &&
			    digest == o->digest;
	return !o->told;
}

void
owners_clear(struct owners *o)
{
	buf_clear(&o->runs);
	*o = (struct owners){ 0 };
}

/* The runs of the next line of ours. */
static bool
next_line(struct owners_reader *r)
{
	struct slice number;

	while (slice_cut(&r->extra, '\n', &r->line))
		if (slice_skip(&r->line, SLICE(RUNS_FIELD)) &&
		    slice_cut(&r->line, ':', &number))
			return true;
	r->line = (struct slice){ 0 };
	return false;
}

static bool
next_run(struct owners_reader *r)
{
	struct slice run;

	if (r->line.n == 0 && !next_line(r))
		return false;
	if (!slice_cut(&r->line, ',', &run)) {
		run = r->line;
		r->line.n = 0;
	}
	if (!slice_cut(&run, '*', &r->source))
		return false;
	r->by_token = run.n > 0 && run.p[run.n - 1] == '=';
	run.n -= r->by_token;
	return slice_u64(run, LIMIT_DATASOURCES_HARD, &r->left) && r->left > 0;
}

bool
owners_next(struct owners_reader *r, struct slice *source, bool *by_token)
{
	*source = (struct slice){ 0 };
	*by_token = false;
	if (r->left == 0 && !next_run(r)) {
		*r = (struct owners_reader){ 0 }; /* nor are those behind it */
		return false;
	}
	r->left--;
	if (slice_eq_str(r->source, SOURCE_UNKNOWN))
		return false;
	*source = r->source;
	*by_token = r->by_token;
	return true;
}
