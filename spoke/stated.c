/*
 * Leaves that `spoke write` states; see stated.h.
 */
#include "config.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/mem.h"
#include "spoke/stated.h"

char *
stated_source(const char *name)
{
	return mem_printf(SOURCE_STATES "%s", name);
}

struct stated {
	struct tokens *t;
	struct source *source;
	bool indexed;
	void *by_alias; /* tsearch(3) */
};

/* The index only points at leaves. */
static void
not_theirs(void *leaf)
{
	(void)leaf;
}

static void
drop_index(struct stated *s)
{
	tdestroy(s->by_alias, not_theirs);
	s->by_alias = NULL;
	s->indexed = false;
}

struct stated *
stated_new(struct tokens *t, const char *source)
{
	struct stated *s = mem_alloc(sizeof(*s));

	s->t = t;
	s->source = tokens_source(t, source);
	return s;
}

void
stated_free(struct stated *s)
{
	if (s == NULL)
		return;
	drop_index(s);
	free(s);
}

static struct leaf *
claim(struct tokens *t, struct source *s, struct slice path, struct err *e)
{
	char *name = slice_dup(path);
	const struct source *other;
	struct leaf *l = tokens_claim(t, name, s, &other);

	if (l == NULL)
		err_set(e, ERR_INPUT, "%s belongs to %s", name, other->name);
	free(name);
	return l;
}

static int
state_leaf(struct tokens *t, struct source *s, const struct tree_leaf *from,
    struct err *e)
{
	struct slice params = from->params, name, value;
	struct leaf *l = claim(t, s, from->path, e);
	struct buf b = { 0 };

	if (l == NULL)
		return -1;
	while (tree_next_param(&params, &name, &value))
		message_put_line(&b, name, value);
	tokens_set_params(t, l, buf_slice(&b));
	buf_clear(&b);
	tokens_set_alias(t, l, from->token);
	if (l->state != LEAF_LIVE)
		tokens_enter(t, l, from->token);
	l->touched = t->serial;
	return 0;
}

int
stated_config(struct stated *s, const struct tree *tree, struct err *e)
{
	struct tokens *t = s->t;

	drop_index(s);
	t->serial++;
	for (size_t i = 0; i < tree_size(tree); i++) {
		const struct tree_leaf l = tree_leaf(tree, i);

		if (state_leaf(t, s->source, &l, e) == -1)
			return -1;
	}
	for (size_t i = 0; i < t->n; i++) {
		struct leaf *l = t->leaf[i];

		if (l->source == s->source && l->state == LEAF_LIVE &&
		    l->touched != t->serial)
			tokens_leave(t, l);
	}
	return tokens_fit(t, NULL, 0, e);
}

static int
by_alias(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;

	return strcmp(x->alias, y->alias);
}

/* Live leaves of the source by what it calls them. */
static void
make_index(struct stated *s)
{
	if (s->indexed)
		return;
	for (size_t i = 0; i < s->t->n; i++) {
		struct leaf *l = s->t->leaf[i];

		if (l->state == LEAF_LIVE && l->source == s->source &&
		    l->alias != NULL &&
		    tsearch(l, &s->by_alias, by_alias) == NULL)
			exit(EX_OSERR); /* as mem_alloc would */
	}
	s->indexed = true;
}

static struct leaf *
find_alias(void *const *index, struct slice token)
{
	char text[LIMIT_TOKEN + 1];
	const struct leaf key = { .alias = text };
	struct leaf *const *found;

	memcpy(text, token.p, token.n); /* the parser saw to its length */
	text[token.n] = '\0';
	found = tfind(&key, index, by_alias);
	return found != NULL ? *found : NULL;
}

/* Leaves were made anew from the spool, which did not tell what their source
 * calls them: any of them may be meant. */
static bool
names_are_lost(const struct tokens *t, const struct source *s)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct leaf *l = t->leaf[i];

		if (l->state == LEAF_LIVE && l->alias == NULL &&
		    (l->source == s ||
			strcmp(l->source->name, SOURCE_UNKNOWN) == 0))
			return true;
	}
	return false;
}

static int
refuse_token(const struct tokens *t, const struct source *s, struct slice token,
    struct err *e)
{
	return err_set(e, ERR_INPUT, "token %.*s: %s", (int)token.n, token.p,
	    names_are_lost(t, s)
		? "state/tokens was lost, and with it what this source calls "
		  "its leaves: give its CONFIG again"
		: "no CONFIG of this source has it");
}

int
stated_values(struct stated *s, const struct message *m, struct values *out,
    struct err *e)
{
	struct slice body = m->body, token, value;

	make_index(s);
	while (message_next_value(&body, &token, &value)) {
		const struct leaf *l = find_alias(&s->by_alias, token);

		if (l == NULL)
			return refuse_token(s->t, s->source, token, e);
		values_add(out, (struct value){ m->timestamp, l->at, value });
	}
	return 0;
}
