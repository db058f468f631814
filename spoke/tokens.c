/*
 * Leaves and tokens in memory; see tokens.h.  The file is in tokens_file.c.
 */
#include "config.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/crc.h"
#include "common/base/mem.h"
#include "spoke/owners.h"
#include "spoke/tokens.h"
#include "xmlconfig/tree.h"

static int
by_path(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int
by_token(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;

	return strcmp(x->token, y->token);
}

struct tokens *
tokens_new(void)
{
	struct tokens *t = mem_alloc(sizeof(*t));

	t->next = 1;
	return t;
}

static void
leaf_free(struct leaf *l)
{
	free(l->path);
	free(l->token);
	free(l->alias);
	free(l->params);
	free(l);
}

/* The trees only point at leaves. */
static void
not_theirs(void *leaf)
{
	(void)leaf;
}

void
tokens_free(struct tokens *t)
{
	if (t == NULL)
		return;
	tdestroy(t->by_path, not_theirs);
	tdestroy(t->by_token, not_theirs);
	for (size_t i = 0; i < t->n; i++)
		leaf_free(t->leaf[i]);
	for (size_t i = 0; i < t->n_source; i++) {
		free(t->source[i]->name);
		free(t->source[i]);
	}
	free(t->leaf);
	free(t->source);
	free(t);
}

struct source *
tokens_source(struct tokens *t, const char *name)
{
	struct source *s;

	for (size_t i = 0; i < t->n_source; i++)
		if (strcmp(t->source[i]->name, name) == 0)
			return t->source[i];
	s = mem_alloc(sizeof(*s));
	s->name = mem_strdup(name);
	t->source = mem_resize(t->source, t->n_source + 1, sizeof(*t->source));
	t->source[t->n_source++] = s;
	return s;
}

bool
source_states(const struct source *s)
{
	return slice_starts(slice_str(s->name), SLICE(SOURCE_STATES));
}

/* The leaf that a tree of tsearch(3) holds for a key. */
static struct leaf *
found(void *const *node)
{
	return node != NULL ? *node : NULL;
}

struct leaf *
tokens_find(const struct tokens *t, const char *path)
{
	union {
		const char *lent;
		char *ours;
	} u = { .lent = path };
	const struct leaf key = { .path = u.ours };

	return found(tfind(&key, &t->by_path, by_path));
}

struct leaf *
tokens_by_token(const struct tokens *t, struct slice token)
{
	char text[LIMIT_TOKEN + 1];
	const struct leaf key = { .token = text };

	if (token.n == 0 || token.n > LIMIT_TOKEN)
		return NULL;
	memcpy(text, token.p, token.n);
	text[token.n] = '\0';
	return found(tfind(&key, &t->by_token, by_token));
}

static void
keep(void **tree, struct leaf *l, int (*order)(const void *, const void *))
{
	if (tsearch(l, tree, order) == NULL)
		exit(EX_OSERR); /* as mem_alloc would */
}

struct leaf *
tokens_add(struct tokens *t, const char *path, const struct source *source)
{
	struct leaf *l = mem_alloc(sizeof(*l));

	if (t->n == t->cap) {
		t->cap = t->cap > 0 ? 2 * t->cap : 256;
		t->leaf = mem_resize(t->leaf, t->cap, sizeof(*t->leaf));
	}
	l->at = t->n;
	l->path = mem_strdup(path);
	l->params = mem_strdup("");
	l->source = source;
	t->leaf[t->n++] = l;
	keep(&t->by_path, l, by_path);
	t->unsaved = true;
	return l;
}

struct leaf *
tokens_claim(struct tokens *t, const char *path, const struct source *source,
    const struct source **other)
{
	struct leaf *l = tokens_find(t, path);

	if (l == NULL)
		return tokens_add(t, path, source);
	if (l->source == source)
		return l;
	if (l->state == LEAF_LIVE &&
	    strcmp(l->source->name, SOURCE_UNKNOWN) != 0) {
		*other = l->source;
		return NULL;
	}
	free(l->alias); /* the former source's */
	l->alias = NULL;
	l->source = source;
	t->unsaved = true;
	return l;
}

static bool
token_number(struct slice token, uint64_t *n)
{
	if (!slice_skip(&token, SLICE("T")))
		return false;
	while (token.n > 1 && slice_skip(&token, SLICE("0")))
		;
	return slice_u64(token, UINT64_MAX / 2, n);
}

/* The next number is behind all that were given out as T<n>, whoever chose
 * them. */
static void
set_token(struct tokens *t, struct leaf *l, struct slice token)
{
	uint64_t n;

	l->token = slice_dup(token);
	if (token_number(token, &n) && n >= t->next)
		t->next = n + 1;
	keep(&t->by_token, l, by_token);
}

static bool
is_free(const struct tokens *t, struct slice token)
{
	uint64_t n;

	if (t->forgot > 0 && (!token_number(token, &n) || n < t->forgot))
		return false;
	return token.n > 0 && tokens_by_token(t, token) == NULL;
}

static void
give_token(struct tokens *t, struct leaf *l, struct slice wanted)
{
	char *made;

	if (is_free(t, wanted)) {
		set_token(t, l, wanted);
		return;
	}
	made = mem_printf("T%04" PRIu64, t->next);
	set_token(t, l, slice_str(made));
	free(made);
}

void
tokens_enter(struct tokens *t, struct leaf *l, struct slice wanted)
{
	if (l->token == NULL)
		give_token(t, l, wanted);
	tokens_enter_as(t, l, slice_str(l->token));
}

void
tokens_enter_as(struct tokens *t, struct leaf *l, struct slice token)
{
	if (l->token == NULL)
		set_token(t, l, token);
	l->state = LEAF_LIVE;
	l->streak = 0;
	l->missing_s = 0;
	t->changed = t->unsaved = true;
}

void
tokens_leave(struct tokens *t, struct leaf *l)
{
	t->changed |= l->state == LEAF_LIVE;
	t->unsaved = true;
	l->state = LEAF_GONE;
	l->streak = 0;
	l->missing_s = 0;
}

int
tokens_fit(const struct tokens *t, struct leaf *const *more, size_t n,
    struct err *e)
{
	struct tree *tree = tree_new();
	int rc = 0;

	for (size_t i = 0; i < t->n && rc == 0; i++)
		if (t->leaf[i]->state == LEAF_LIVE)
			rc = tree_add(tree, slice_str(t->leaf[i]->path),
			    (struct slice){ 0 }, e);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = tree_add(tree, slice_str(more[i]->path),
		    (struct slice){ 0 }, e);
	if (rc == 0)
		rc = tree_finish(tree, e);
	tree_free(tree);
	return rc;
}

static bool
replace_text(char **text, struct slice s)
{
	if (*text != NULL && slice_eq_str(s, *text))
		return false;
	free(*text);
	*text = slice_dup(s);
	return true;
}

void
tokens_set_params(struct tokens *t, struct leaf *l, struct slice params)
{
	if (!replace_text(&l->params, params))
		return;
	t->unsaved = true;
	t->changed |= l->state == LEAF_LIVE;
}

void
tokens_set_alias(struct tokens *t, struct leaf *l, struct slice alias)
{
	if (replace_text(&l->alias, alias))
		t->renamed = t->unsaved = true;
}

void
tokens_forget_aliases(struct tokens *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->leaf[i]->alias);
		t->leaf[i]->alias = NULL;
	}
	t->unsaved = true;
}

size_t
tokens_live(const struct tokens *t, const struct source *source)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += (source == NULL || t->leaf[i]->source == source) &&
		    t->leaf[i]->state == LEAF_LIVE;
	return n;
}

bool
tokens_config_part(const struct tokens *t, size_t *at, size_t max,
    struct buf *body, struct buf *extra)
{
	struct owners owners = { 0 };

	if (*at > t->n)
		return false;
	buf_reset(body);
	for (; *at < t->n; ++*at) {
		const struct leaf *l = t->leaf[*at];

		if (l->state != LEAF_LIVE)
			continue;
		if (body->n > 0 &&
		    body->n + strlen(l->path) + strlen(l->params) + 128 > max)
			break;
		if (body->n > 0)
			buf_put_str(body, ";\n");
		buf_printf(body, "level2-token:%s\nlevel2-path:%s\n", l->token,
		    l->path);
		buf_put_str(body, l->params);
		owners_add(&owners, l);
	}
	owners_print(&owners, extra);
	owners_clear(&owners);
	*at += *at == t->n; /* past the end: this was the last */
	return true;
}

/* Its NUL keeps it apart from the next. */
static struct slice
with_end(const char *s)
{
	return (struct slice){ s, strlen(s) + 1 };
}

uint32_t
tokens_config_digest(const struct tokens *t)
{
	uint32_t crc = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct leaf *l = t->leaf[i];

		if (l->state != LEAF_LIVE)
			continue;
		crc = crc_add(crc, with_end(l->token));
		crc = crc_add(crc, with_end(l->path));
		crc = crc_add(crc, with_end(l->params));
	}
	return crc;
}

void
tokens_adopt_begin(struct tokens *t)
{
	for (size_t i = 0; i < t->n; i++)
		t->leaf[i]->state = LEAF_GONE;
	t->unsaved = true;
}

/* Whose it is, by what the CONFIG tells of it next; one of a collector is known
 * by its path and stays. */
static void
adopt_owner(struct tokens *t, struct leaf *l, struct owners_reader *owners)
{
	struct slice source;
	bool by_token, told = owners_next(owners, &source, &by_token);
	char *name;

	free(l->alias);
	l->alias = NULL;
	if (told) {
		name = slice_dup(source);
		l->source = tokens_source(t, name);
		free(name);
	} else if (source_states(l->source)) {
		l->source = tokens_source(t, SOURCE_UNKNOWN);
	}
	if (by_token)
		l->alias = mem_strdup(l->token);
}

/* A leaf as the spool has it: its token counts, not the one that we knew. */
static struct leaf *
adopt_leaf(struct tokens *t, struct slice token, struct slice path,
    struct slice params)
{
	char *name = slice_dup(path);
	struct leaf *l = tokens_find(t, name), *other;

	if (l == NULL)
		l = tokens_add(t, name, tokens_source(t, SOURCE_UNKNOWN));
	free(name);
	other = tokens_by_token(t, token);
	if (other != l && other != NULL) {
		tdelete(other, &t->by_token, by_token);
		free(other->token);
		other->token = NULL;
	}
	if (other != l && l->token != NULL) {
		tdelete(l, &t->by_token, by_token);
		free(l->token);
		l->token = NULL;
	}
	tokens_enter_as(t, l, token);
	tokens_set_params(t, l, params);
	return l;
}

/* What the file says of sources and aliases holds where the header's digest is of
 * the same. */
static void
adopt_owners(struct tokens *t, struct leaf *const *leaf, size_t n,
    struct slice extra)
{
	struct owners_reader reader = { .extra = extra };
	struct owners known = { 0 };

	for (size_t i = 0; i < n; i++)
		owners_add(&known, leaf[i]);
	if (!owners_match(&known, extra))
		for (size_t i = 0; i < n; i++)
			adopt_owner(t, leaf[i], &reader);
	owners_clear(&known);
}

void
tokens_adopt_part(struct tokens *t, struct slice body, struct slice extra)
{
	struct slice token = { 0 }, path = { 0 }, name, value;
	struct leaf **leaf = NULL;
	struct buf params = { 0 };
	size_t n = 0, cap = 0;
	bool block_end;

	while (message_next_param(&body, &name, &value, &block_end)) {
		if (block_end) {
			if (n == cap) {
				cap = cap > 0 ? 2 * cap : 256;
				leaf = mem_resize(leaf, cap, sizeof(*leaf));
			}
			leaf[n++] =
			    adopt_leaf(t, token, path, buf_slice(&params));
			buf_reset(&params);
		} else if (slice_eq_str(name, "level2-token")) {
			token = value;
		} else if (slice_eq_str(name, "level2-path")) {
			path = value;
		} else {
			message_put_line(&params, name, value);
		}
	}
	buf_clear(&params);
	adopt_owners(t, leaf, n, extra);
	free(leaf);
}

void
tokens_adopt_end(struct tokens *t, uint64_t next)
{
	if (next > t->next)
		t->next = next;
	t->forgot = t->next;
	t->changed = false;
	t->digest = tokens_config_digest(t);
}
