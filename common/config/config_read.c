/*
 * From the tree of sections to struct config: the tables of config_keys.h say
 * what the words mean, config_check.c whether they fit together.
 */
#include <config.h> /* not the one beside this file */

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/config/config_check.h"
#include "common/config/config_grammar.h"
#include "common/config/config_keys.h"
#include "common/config/config_text.h"
#include "common/config/config_value.h"
#include "common/config/node.h"
#include "common/message/names.h"

enum {
	SETTLE_MAX_S = 300
};

/* Configuration and its memory. */
struct owned {
	struct config config; /* first: what config_free is given */
	struct config_pool pool;
};

struct reading {
	struct owned *o;
	struct config_grammar g;
};

/* --- Keys ---------------------------------------------------------------- */

static int complain_block(struct reading *r, cfg_t *section, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* About a titled block, where it began. */
static int
complain_block(struct reading *r, cfg_t *section, const char *fmt, ...)
{
	char what[ERR_MSG_SIZE];
	size_t source;
	int line;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	config_grammar_began(&r->g, section, &source, &line);
	return config_grammar_complain(&r->g, source, line, "%s \"%s\": %s",
	    section->name, section->title, what);
}

static int
parse_given(struct reading *r, const struct key *k, cfg_opt_t *opt, void *base)
{
	struct config_given given = { .n = opt->nvalues, .pool = &r->o->pool };
	const char **text = mem_array(given.n + 1, sizeof(*text));
	size_t source, i;
	int line, rc;
	struct err e;

	for (i = 0; i < given.n; i++) {
		config_text_restore(opt->values[i]->string);
		text[i] = opt->values[i]->string;
	}
	config_grammar_where(opt, &source, &line);
	given.text = text;
	given.directory = r->g.source[source].directory;
	rc = config_value_parse(k, &given, base, &e);
	free(text);
	if (rc == -1)
		config_grammar_complain(&r->g, source, line, "%s", e.msg);
	return rc;
}

static int
parse_default(struct reading *r, const struct key *k, void *base)
{
	struct config_given given = { .pool = &r->o->pool };
	bool list = k->type == KEY_LIST || k->type == KEY_COMMAND;
	struct err e;

	if (k->def == NULL && !list)
		return 0;
	given.directory = r->g.source[0].directory;
	given.text = list ? k->defs : &k->def;
	given.n = list ? 0 : 1;
	while (list && k->defs != NULL && k->defs[given.n] != NULL)
		given.n++;
	if (config_value_parse(k, &given, base, &e) == -1)
		return config_grammar_complain(&r->g, 0, 0, "default: %s",
		    e.msg);
	return 0;
}

/* The values of one section, by its table, into a struct. */
static int
fill(struct reading *r, cfg_t *section, const struct key *k, void *base)
{
	for (; k->name != NULL; k++) {
		cfg_opt_t *opt = cfg_getopt(section, k->name);
		int rc = 0;

		if ((opt->flags & CFGF_MODIFIED) != 0)
			rc = parse_given(r, k, opt, base);
		else if (k->required)
			rc = complain_block(r, section, "%s is missing",
			    k->name);
		else
			rc = parse_default(r, k, base);
		if (rc == -1)
			return -1;
	}
	return 0;
}

/* --- Blocks -------------------------------------------------------------- */

static const char *
title_of(struct reading *r, const cfg_t *section)
{
	char *title = mem_strdup(section->title);

	config_text_restore(title);
	return config_pool_take(&r->o->pool, title);
}

static void
place_of(struct reading *r, cfg_t *section, const char **file, int *line)
{
	size_t source;

	config_grammar_began(&r->g, section, &source, line);
	*file = r->g.source[source].path;
}

/* An array for all blocks of one name. */
static void *
array_of(struct reading *r, cfg_t *cfg, const char *name, size_t size,
    size_t *n)
{
	*n = cfg_size(cfg, name);
	return config_pool_take(&r->o->pool, mem_array(*n + 1, size));
}

static int
fill_translate(struct reading *r, cfg_t *section, struct association *a)
{
	static const struct key from = { "translate", KEY_PATH,
		.offset = offsetof(struct config_translate, from) };
	struct config_translate *t =
	    array_of(r, section, "translate", sizeof(*t), &a->n_translate);
	struct config_given given = { .n = 1, .pool = &r->o->pool };
	struct err e;
	unsigned i;

	a->translate = t;
	for (i = 0; i < a->n_translate; i++) {
		cfg_t *sub = cfg_getnsec(section, "translate", i);
		const char *title = title_of(r, sub);

		given.text = &title;
		if (config_value_parse(&from, &given, &t[i], &e) == -1)
			return complain_block(r, sub, "a path is like /A/B");
		if (fill(r, sub, config_inner("translate")->key, &t[i]) == -1)
			return -1;
	}
	return 0;
}

static int
fill_association(struct reading *r, cfg_t *section, struct association *a)
{
	const struct block *b = config_block("association");

	a->name = title_of(r, section);
	place_of(r, section, &a->file, &a->line);
	a->level = -1;
	if (fill(r, section, b->key, a) == -1)
		return -1;
	for (b = b->inner; b->name != NULL; b++)
		if (!b->titled &&
		    fill(r, cfg_getsec(section, b->name), b->key, a) == -1)
			return -1;
	return fill_translate(r, section, a);
}

static int
fill_associations(struct reading *r)
{
	struct config *c = &r->o->config;
	unsigned i;

	c->association = array_of(r, r->g.cfg, "association",
	    sizeof(*c->association), &c->n_association);
	for (i = 0; i < c->n_association; i++)
		if (fill_association(r, cfg_getnsec(r->g.cfg, "association", i),
			&c->association[i]) == -1)
			return -1;
	return 0;
}

static int
fill_collectors(struct reading *r)
{
	struct config *c = &r->o->config;
	unsigned i;

	c->collector = array_of(r, r->g.cfg, "collector", sizeof(*c->collector),
	    &c->n_collector);
	for (i = 0; i < c->n_collector; i++) {
		cfg_t *section = cfg_getnsec(r->g.cfg, "collector", i);
		struct config_collector *cc = &c->collector[i];

		cc->name = title_of(r, section);
		place_of(r, section, &cc->file, &cc->line);
		if (fill(r, section, config_block("collector")->key, cc) == -1)
			return -1;
	}
	return 0;
}

static int
fill_stores(struct reading *r)
{
	struct config *c = &r->o->config;
	unsigned i;

	c->store =
	    array_of(r, r->g.cfg, "store", sizeof(*c->store), &c->n_store);
	for (i = 0; i < c->n_store; i++) {
		cfg_t *section = cfg_getnsec(r->g.cfg, "store", i);
		struct config_store *cs = &c->store[i];

		cs->name = title_of(r, section);
		place_of(r, section, &cs->file, &cs->line);
		if (fill(r, section, config_block("store")->key, cs) == -1)
			return -1;
	}
	return 0;
}

static int
fill_node(struct reading *r)
{
	struct config *c = &r->o->config;
	unsigned n = cfg_size(r->g.cfg, "node");
	cfg_t *section;

	if (n == 0)
		return config_grammar_complain(&r->g, 0, 1,
		    "there is no node block: node \"NAME\" { ... }");
	section = cfg_getnsec(r->g.cfg, "node", n - 1);
	if (n > 1)
		return complain_block(r, section, "a file is of one node");
	c->node.id = title_of(r, section);
	if (!name_is_component(slice_str(c->node.id)))
		return complain_block(r, section,
		    "a name is 1 to 64 of A-Z a-z 0-9 _ . : -");
	place_of(r, section, &c->node.file, &c->node.line);
	return fill(r, section, config_block("node")->key, &c->node);
}

/* settle-max follows settle, unless it is said. */
static int
fill_hub(struct reading *r)
{
	struct config_hub *h = &r->o->config.hub;
	cfg_t *section = cfg_getsec(r->g.cfg, "hub");
	size_t source;
	int line;

	h->settle_max_s = -1;
	if (fill(r, section, config_block("hub")->key, h) == -1)
		return -1;
	if (h->settle_max_s == -1)
		h->settle_max_s =
		    h->settle_s > SETTLE_MAX_S ? h->settle_s : SETTLE_MAX_S;
	if (h->settle_s <= h->settle_max_s)
		return 0;
	config_grammar_where(cfg_getopt(section, "settle-max"), &source, &line);
	return config_grammar_complain(&r->g, source, line,
	    "settle-max is shorter than settle");
}

static int
fill_single(struct reading *r, const char *name, void *base)
{
	return fill(r, cfg_getsec(r->g.cfg, name), config_block(name)->key,
	    base);
}

static int
fill_operator(struct reading *r)
{
	struct config_operator *o = &r->o->config.oper;
	size_t source;

	if (fill_single(r, "operator", o) == -1)
		return -1;
	if (config_grammar_where(
		cfg_getopt(cfg_getsec(r->g.cfg, "operator"), "mail"), &source,
		&o->line))
		o->file = r->g.source[source].path;
	return 0;
}

/* --- The whole ----------------------------------------------------------- */

/* What root obeys must not be another's, save the account it becomes. */
static int
check_owner(const struct config *c, uid_t owner, struct err *e)
{
	struct node_account account;

	if (owner == 0)
		return 0;
	if (node_account(c, &account, e) == -1)
		return -1;
	if (account.uid != owner)
		return err_set(e, ERR_CONFIG,
		    "%s: belongs to uid %u: chown it to root or to the node's "
		    "account",
		    c->file, (unsigned)owner);
	return 0;
}

static int
read_all(struct reading *r, struct err *e)
{
	struct config *c = &r->o->config;

	if (config_grammar_read(&r->g) == -1 || fill_node(r) == -1 ||
	    fill_operator(r) == -1 || fill_hub(r) == -1 ||
	    fill_single(r, "web", &c->web) == -1 ||
	    fill_associations(r) == -1 || fill_collectors(r) == -1 ||
	    fill_stores(r) == -1 || config_check(c, e) == -1)
		return -1;
	return check_owner(c, r->g.owner, e);
}

static const char *
absolute(const char *path, struct config_pool *pool)
{
	char here[PATH_MAX];

	if (path[0] == '/' || getcwd(here, sizeof(here)) == NULL)
		return config_pool_take(pool, mem_strdup(path));
	return config_pool_take(pool, mem_printf("%s/%s", here, path));
}

int
config_read_keyless(const char *path, struct config **out, struct err *e)
{
	struct reading *r = mem_alloc(sizeof(*r));
	int rc;

	if (path == NULL)
		path = CONFIG_DEFAULT;
	r->o = mem_alloc(sizeof(*r->o));
	r->g.pool = &r->o->pool;
	r->g.e = e;
	r->g.source[0].path = absolute(path, &r->o->pool);
	r->g.n = 1;
	r->o->config.file = r->g.source[0].path;
	rc = read_all(r, e);
	config_grammar_clear(&r->g);
	if (rc == 0)
		*out = &r->o->config;
	else
		config_free(&r->o->config);
	free(r);
	return rc;
}

int
config_read(const char *path, struct config **out, struct err *e)
{
	struct config *c;

	if (config_read_keyless(path, &c, e) == -1)
		return -1;
	if (config_check_keys(c, e) == -1) {
		config_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

void
config_free(struct config *c)
{
	struct owned *o = (struct owned *)(void *)c;

	if (o == NULL)
		return;
	config_pool_clear(&o->pool);
	free(o);
}
