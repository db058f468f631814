/*
 * The file <state>/tokens/<association>: lines of text, closed by a CRC-32 of
 * all before it.  A leaf's parameters follow it, each behind a blank.
 *
 *	axletree-tokens 1
 *	stream 32-hex
 *	config GENERATION crc32=DIGEST CHANGED WRITTEN
 *	next NUMBER
 *	forgot NUMBER
 *	source SETUP NAME
 *	leaf STATE SOURCE TOKEN ALIAS STREAK MISSING PATH
 *	 rrd-create-dstype:COUNTER
 *	crc32=DIGEST
 *
 * SOURCE counts the lines above from 0; "*" stands for no token or alias.  The
 * line forgot is there where tokens are not known any more.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/mem.h"
#include "common/base/sealed.h"
#include "common/message/names.h"
#include "spoke/tokens.h"

enum {
	TOKENS_FILE_MAX = 1 << 30,
};
#define TOKENS_MAGIC "axletree-tokens 1"

static const char *const state_names[] = {
	[LEAF_NEW] = "new",
	[LEAF_LIVE] = "live",
	[LEAF_GONE] = "gone",
};

static size_t
source_index(const struct tokens *t, const struct source *s)
{
	size_t i = 0;

	while (t->source[i] != s)
		i++;
	return i;
}

static void
print_params(const char *params, struct buf *out)
{
	struct slice in = slice_str(params), line;

	while (slice_cut(&in, '\n', &line)) {
		buf_put_char(out, ' ');
		buf_put(out, line);
		buf_put_char(out, '\n');
	}
}

static void
print_leaf(const struct tokens *t, const struct leaf *l, struct buf *out)
{
	/* a name that was seen once and never had a token is forgotten */
	if (l->token == NULL && l->streak == 0)
		return;
	buf_printf(out, "leaf %s %zu %s %s %u %" PRIu64 " %s\n",
	    state_names[l->state], source_index(t, l->source),
	    l->token != NULL ? l->token : "*",
	    l->alias != NULL ? l->alias : "*", l->streak, l->missing_s,
	    l->path);
	print_params(l->params, out);
}

void
tokens_print(const struct tokens *t, struct buf *out)
{
	char stream[STREAM_TEXT_SIZE];

	buf_printf(out, TOKENS_MAGIC "\nstream %s\n",
	    stream_text(t->stream, stream));
	buf_printf(out,
	    "config %" PRIu64 " crc32=%08" PRIx32 " %" PRIu64 " %" PRIu64 "\n",
	    t->generation, t->digest, t->changed_s, t->written_s);
	buf_printf(out, "next %" PRIu64 "\n", t->next);
	if (t->forgot > 0)
		buf_printf(out, "forgot %" PRIu64 "\n", t->forgot);
	for (size_t i = 0; i < t->n_source; i++)
		buf_printf(out, "source %08" PRIx32 " %s\n",
		    t->source[i]->setup, t->source[i]->name);
	for (size_t i = 0; i < t->n; i++)
		print_leaf(t, t->leaf[i], out);
	sealed_close(out, NULL);
}

static bool
word_u64(struct slice *line, uint64_t *v)
{
	struct slice word;

	if (!slice_cut(line, ' ', &word)) {
		word = *line;
		line->n = 0;
	}
	return slice_u64(word, UINT64_MAX, v);
}

static bool
word_crc(struct slice *line, uint32_t *v)
{
	struct slice word;

	return slice_cut(line, ' ', &word) && slice_crc32(word, v);
}

static bool
parse_state(struct slice word, enum leaf_state *out)
{
	for (int i = LEAF_NEW; i <= LEAF_GONE; i++)
		if (slice_eq_str(word, state_names[i])) {
			*out = (enum leaf_state)i;
			return true;
		}
	return false;
}

/* Token or alias; "*" is none. */
static bool
word_token(struct slice *line, struct slice *out)
{
	if (!slice_cut(line, ' ', out))
		return false;
	if (slice_eq_str(*out, "*"))
		out->n = 0;
	else if (!name_is_token(*out))
		return false;
	return true;
}

static bool
parse_leaf(struct tokens *t, struct slice line)
{
	struct slice word, token, alias;
	enum leaf_state state;
	uint64_t source, streak, missing;
	struct leaf *l;
	char *path;

	if (!slice_cut(&line, ' ', &word) || !parse_state(word, &state) ||
	    !word_u64(&line, &source) || source >= t->n_source ||
	    !word_token(&line, &token) || !word_token(&line, &alias) ||
	    !word_u64(&line, &streak) || !word_u64(&line, &missing) ||
	    !name_is_path(line) || (token.n == 0 && state == LEAF_LIVE) ||
	    (token.n > 0 && tokens_by_token(t, token) != NULL))
		return false;
	path = slice_dup(line);
	l = tokens_find(t, path) == NULL
	    ? tokens_add(t, path, t->source[source])
	    : NULL;
	free(path);
	if (l == NULL)
		return false;
	if (token.n > 0)
		tokens_enter_as(t, l, token);
	if (alias.n > 0)
		tokens_set_alias(t, l, alias);
	l->state = state;
	l->streak = (unsigned)streak;
	l->missing_s = missing;
	return true;
}

static bool
parse_source(struct tokens *t, struct slice line)
{
	struct slice word;
	uint64_t setup;
	size_t before = t->n_source;
	char *name;

	if (!slice_cut(&line, ' ', &word) || !slice_hex(word, 8, &setup) ||
	    line.n == 0)
		return false;
	name = slice_dup(line);
	tokens_source(t, name)->setup = (uint32_t)setup;
	free(name);
	return t->n_source > before;
}

static bool
parse_line(struct tokens *t, struct slice line, struct buf *params)
{
	struct slice word;

	if (slice_skip(&line, SLICE(" "))) {
		buf_put(params, line);
		buf_put_char(params, '\n');
		return t->n > 0;
	}
	if (!slice_cut(&line, ' ', &word))
		return false;
	if (slice_eq_str(word, "leaf"))
		return parse_leaf(t, line);
	if (slice_eq_str(word, "source"))
		return parse_source(t, line);
	if (slice_eq_str(word, "next"))
		return word_u64(&line, &t->next) && line.n == 0;
	if (slice_eq_str(word, "forgot"))
		return word_u64(&line, &t->forgot) && line.n == 0;
	if (slice_eq_str(word, "stream"))
		return stream_parse(line, &t->stream);
	return slice_eq_str(word, "config") &&
	    word_u64(&line, &t->generation) && word_crc(&line, &t->digest) &&
	    word_u64(&line, &t->changed_s) && word_u64(&line, &t->written_s);
}

/* The parameters seen since the last leaf are that leaf's. */
static void
end_params(struct tokens *t, struct buf *params)
{
	if (params->n > 0)
		tokens_set_params(t, t->leaf[t->n - 1], buf_slice(params));
	buf_reset(params);
}

static bool
parse_lines(struct tokens *t, struct slice in)
{
	struct buf params = { 0 };
	struct slice line;
	bool ok =
	    slice_cut(&in, '\n', &line) && slice_eq_str(line, TOKENS_MAGIC);

	while (ok && slice_cut(&in, '\n', &line)) {
		if (!slice_starts(line, SLICE(" ")))
			end_params(t, &params);
		ok = parse_line(t, line, &params);
	}
	end_params(t, &params);
	buf_clear(&params);
	return ok && in.n == 0;
}

int
tokens_parse(struct slice text, struct tokens **out, struct err *e)
{
	struct tokens *t;

	if (!sealed_open(&text, NULL))
		return err_set(e, ERR_INPUT,
		    "cut short, or its checksum is wrong");
	t = tokens_new();
	if (!parse_lines(t, text)) {
		tokens_free(t);
		return err_set(e, ERR_INPUT, "not written by this program");
	}
	t->changed = t->renamed = t->unsaved = false;
	*out = t;
	return 0;
}

int
tokens_load(int state_dir, const char *association, struct tokens **out,
    struct err *e)
{
	struct buf text = { 0 };
	int dir, rc = -1;

	*out = NULL;
	dir = durable_make_dir(state_dir, "tokens", e);
	if (dir == -1)
		return err_wrap(e, "tokens");
	if (durable_read_file(dir, association, TOKENS_FILE_MAX, &text, e) ==
	    0) {
		if (tokens_parse(buf_slice(&text), out, e) == 0)
			rc = 0;
	} else if (e->sys == ENOENT) {
		err_clear(e);
		rc = 0;
	}
	if (rc == -1)
		err_wrap(e, "tokens/%s", association);
	buf_clear(&text);
	close(dir);
	return rc;
}

int
tokens_save(struct tokens *t, int state_dir, const char *association,
    struct err *e)
{
	struct buf text = { 0 };
	int dir, rc;

	if (!t->unsaved)
		return 0;
	dir = durable_make_dir(state_dir, "tokens", e);
	if (dir == -1)
		return err_wrap(e, "tokens");
	tokens_print(t, &text);
	rc = durable_replace(dir, association, buf_slice(&text), e);
	if (rc == 0)
		t->unsaved = false;
	else
		err_wrap(e, "tokens/%s", association);
	buf_clear(&text);
	close(dir);
	return rc;
}
