/*
 * Leaves that `spoke write` states; see stated.h.
 */
#include "config.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "spoke/stated.h"

char *
stated_source(const char *name)
{
	return mem_printf(SOURCE_STATES "%s", name);
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
stated_config(struct tokens *t, const char *source, const struct tree *tree,
    struct err *e)
{
	struct source *s = tokens_source(t, source);

	t->serial++;
	for (size_t i = 0; i < tree_size(tree); i++) {
		const struct tree_leaf l = tree_leaf(tree, i);

		if (state_leaf(t, s, &l, e) == -1)
			return -1;
	}
	for (size_t i = 0; i < t->n; i++)
		if (t->leaf[i]->source == s && t->leaf[i]->state == LEAF_LIVE &&
		    t->leaf[i]->touched != t->serial)
			tokens_leave(t, t->leaf[i]);
	return tokens_fit(t, NULL, 0, e);
}

static int
by_alias(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;

	return strcmp(x->alias, y->alias);
}

static void
not_theirs(void *leaf)
{
	(void)leaf;
}

/* Live leaves of a source by what it calls them. */
static void *
index_aliases(const struct tokens *t, const struct source *s)
{
	void *index = NULL;

	for (size_t i = 0; i < t->n; i++) {
		struct leaf *l = t->leaf[i];

		if (l->state == LEAF_LIVE && l->source == s && l->alias != NULL)
			(void)tsearch(l, &index, by_alias);
	}
	return index;
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
stated_values(struct tokens *t, const char *source, const struct message *m,
    struct values *out, struct err *e)
{
	struct source *s = tokens_source(t, source);
	void *index = index_aliases(t, s);
	struct slice body = m->body, token, value;
	int rc = 0;

	while (rc == 0 && message_next_value(&body, &token, &value)) {
		struct leaf *l = find_alias(&index, token);

		if (l == NULL)
			rc = refuse_token(t, s, token, e);
		else
			values_add(out,
			    (struct value){ m->timestamp, l->at, value });
	}
	tdestroy(index, not_theirs);
	return rc;
}
