/*
 * libconfuse and what it gets wrong; see config_grammar.h.
 */
#include <config.h> /* not the one beside this file */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/config/config_grammar.h"
#include "common/config/config_text.h"

/* A section whose only use is that libconfuse notes in it the line on which the
 * block around it began; no file can name it. */
#define BLOCK_BEGAN "\001began"

enum {
	LINE_BITS = 20, /* a file has at most 2^20 bytes, so lines */
};

/* libconfuse's callbacks carry no pointer of ours. */
static struct config_grammar *now;

/* --- Complaints ---------------------------------------------------------- */

/* The first complaint is the one that is told. */
int
config_grammar_complain(struct config_grammar *g, size_t source, int line,
    const char *fmt, ...)
{
	char what[ERR_MSG_SIZE], shown[ERR_MSG_SIZE];
	va_list ap;

	if (g->failed)
		return -1;
	g->failed = true;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	config_text_restore(what);
	log_escape(shown, sizeof(shown), slice_str(what));
	return err_set(g->e, ERR_CONFIG, "%s:%d: %s", g->source[source].path,
	    line, shown);
}

static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char what[ERR_MSG_SIZE];

	(void)vsnprintf(what, sizeof(what), fmt, ap);
	config_grammar_complain(now, now->current, cfg->line, "%s", what);
}

/* --- Marks: where an option was set --------------------------------------- */

/* No text has a numeric default, so that field of an option is free for us. */
static void
mark(cfg_opt_t *opt, int line)
{
	opt->def.number = (long)now->current << LINE_BITS | line;
}

static bool
is_marked(const cfg_opt_t *opt)
{
	return opt->def.number != 0;
}

static size_t
mark_source(const cfg_opt_t *opt)
{
	return (size_t)(opt->def.number >> LINE_BITS);
}

static int
mark_line(const cfg_opt_t *opt)
{
	return (int)(opt->def.number & ((1 << LINE_BITS) - 1));
}

static int
complain_twice(cfg_t *cfg, const cfg_opt_t *opt)
{
	return config_grammar_complain(now, now->current, cfg->line,
	    "%s is given twice: it stands in %s, line %d, already", opt->name,
	    now->source[mark_source(opt)].path, mark_line(opt));
}

/* --- What libconfuse calls ----------------------------------------------- */

static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	bool appended = (opt->flags & CFGF_LIST) != 0 && opt->nvalues > 1;

	/* It takes "block|key" for the key of another block. */
	if (cfg_getopt(cfg, opt->name) != opt)
		return config_grammar_complain(now, now->current, cfg->line,
		    "%s does not belong here", opt->name);
	if (is_marked(opt) && !appended)
		return complain_twice(cfg, opt);
	if (!is_marked(opt))
		mark(opt, cfg->line);
	*(const char **)result = value;
	return 0;
}

/* The end of a block that may stand once. */
static int
on_block(cfg_t *cfg, cfg_opt_t *opt)
{
	if (is_marked(opt))
		return complain_twice(cfg, opt);
	mark(opt, cfg->line);
	return 0;
}

/* The file is read when this one has ended: the order of blocks says nothing,
 * and libconfuse never closes a file in which it found an error. */
static int
on_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	struct config_grammar *g = now;
	const struct config_source *here = &g->source[g->current];
	struct config_given given = { argv, 1, here->directory, g->pool };
	static const struct key key = { "include", KEY_FILE, .offset = 0 };
	struct config_source *s = &g->source[g->n];
	struct err e;
	char *name;

	(void)opt;
	if (argc != 1)
		return config_grammar_complain(g, g->current, cfg->line,
		    "include takes one file: include(\"FILE\")");
	if (here->depth == CONFIG_INCLUDE_DEPTH || g->n == CONFIG_FILES_MAX)
		return config_grammar_complain(g, g->current, cfg->line,
		    "too many files include each other: at most %d deep",
		    CONFIG_INCLUDE_DEPTH);
	name = config_pool_take(g->pool, mem_strdup(argv[0]));
	config_text_restore(name);
	given.text = (const char *const[]){ name };
	if (config_value_parse(&key, &given, &s->path, &e) == -1)
		return config_grammar_complain(g, g->current, cfg->line, "%s",
		    e.msg);
	s->from = g->current;
	s->line = cfg->line;
	s->depth = here->depth + 1;
	g->n++;
	return 0;
}

/* --- The grammar --------------------------------------------------------- */

static size_t
count_keys(const struct key *k)
{
	size_t n = 0;

	while (k != NULL && k[n].name != NULL)
		n++;
	return n;
}

static size_t
count_blocks(const struct block *b)
{
	size_t n = 0;

	while (b != NULL && b[n].name != NULL)
		n++;
	return n;
}

static cfg_opt_t *options_of(const struct key *keys, const struct block *blocks,
    struct config_pool *pool);

static cfg_opt_t
block_option(const struct block *b, struct config_pool *pool)
{
	cfg_flag_t flags =
	    b->titled ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES : 0;
	cfg_opt_t o =
	    CFG_SEC(b->name, options_of(b->key, b->inner, pool), flags);

	if (!b->titled)
		o.validcb = on_block;
	return o;
}

/* libconfuse copies them. */
static cfg_opt_t *
options_of(const struct key *keys, const struct block *blocks,
    struct config_pool *pool)
{
	static cfg_opt_t nothing[] = { CFG_END() };
	const cfg_opt_t began = CFG_SEC(BLOCK_BEGAN, nothing, CFGF_NONE);
	const cfg_opt_t include = CFG_FUNC("include", on_include);
	const cfg_opt_t end = CFG_END();
	size_t n = count_keys(keys), m = count_blocks(blocks), i;
	cfg_opt_t *o = config_pool_take(pool, mem_array(n + m + 2, sizeof(*o)));

	for (i = 0; i < n; i++) {
		cfg_flag_t flags = CFGF_NODEFAULT;

		if (keys[i].type == KEY_LIST || keys[i].type == KEY_COMMAND)
			flags |= CFGF_LIST;
		o[i] =
		    (cfg_opt_t)CFG_STR_CB(keys[i].name, NULL, flags, on_value);
	}
	for (i = 0; i < m; i++)
		o[n + i] = block_option(&blocks[i], pool);
	o[n + m] = blocks == config_blocks ? include : began;
	o[n + m + 1] = end;
	return o;
}

/* --- Files --------------------------------------------------------------- */

static const char *
directory_of(const char *path, struct config_pool *pool)
{
	const char *slash = strrchr(path, '/');

	return config_pool_take(pool,
	    mem_strndup(path, slash == path ? 1 : (size_t)(slash - path)));
}

/* Ours or root's; to root, who becomes the node's account, one that is checked
 * when that account is known. */
static int
check_owner(struct config_grammar *g, const char *path, uid_t owner)
{
	uid_t *foreign = &g->owner;

	if (owner == 0 || owner == geteuid())
		return 0;
	if (geteuid() == 0 && (*foreign == 0 || *foreign == owner)) {
		*foreign = owner;
		return 0;
	}
	g->failed = true;
	return err_set(g->e, ERR_CONFIG,
	    "%s: belongs to another account: chown it to root or the node's",
	    path);
}

static int
check_new(struct config_grammar *g, size_t i)
{
	const struct config_source *s = &g->source[i];
	size_t j;

	for (j = 0; j < i; j++)
		if (g->source[j].device == s->device &&
		    g->source[j].inode == s->inode)
			return config_grammar_complain(g, s->from, s->line,
			    "%s is included already", s->path);
	return 0;
}

static int
parse(struct config_grammar *g, const struct config_source *s,
    const struct buf *text)
{
	FILE *f;
	int rc;

	if (text->n == 0)
		return 0;
	free(g->cfg->filename);
	g->cfg->filename = mem_strdup(s->path);
	f = fmemopen(text->p, text->n, "r");
	if (f == NULL) {
		g->failed = true;
		return err_sys(g->e, "%s", s->path);
	}
	rc = cfg_parse_fp(g->cfg, f);
	(void)fclose(f);
	if (rc != CFG_SUCCESS)
		return config_grammar_complain(g, g->current, g->cfg->line,
		    "cannot be read");
	return 0;
}

static int
read_source(struct config_grammar *g, size_t i)
{
	struct config_source *s = &g->source[i];
	struct config_text t;
	int rc = -1;

	if (config_text_read(s->path, &t, g->e) == -1) {
		g->failed = true;
		if (i > 0) {
			if (g->e->kind != ERR_MISSING)
				g->e->kind = ERR_CONFIG;
			err_wrap(g->e, "%s:%d: include",
			    g->source[s->from].path, s->line);
		}
		return -1;
	}
	s->directory = directory_of(s->path, g->pool);
	s->device = t.device;
	s->inode = t.inode;
	g->current = i;
	if (check_owner(g, s->path, t.owner) == 0 && check_new(g, i) == 0)
		rc = parse(g, s, &t.text);
	config_text_clear(&t);
	return rc;
}

/* --- For the caller ------------------------------------------------------ */

bool
config_grammar_where(const cfg_opt_t *opt, size_t *source, int *line)
{
	*source = mark_source(opt);
	*line = mark_line(opt);
	return is_marked(opt);
}

void
config_grammar_began(const struct config_grammar *g, cfg_t *section,
    size_t *source, int *line)
{
	size_t i = g->n - 1;

	while (i > 0 && strcmp(g->source[i].path, section->filename) != 0)
		i--;
	*source = i;
	*line = cfg_getsec(section, BLOCK_BEGAN)->line;
}

int
config_grammar_read(struct config_grammar *g)
{
	size_t i;
	int rc = 0;

	g->cfg = cfg_init(options_of(NULL, config_blocks, g->pool), CFGF_NONE);
	if (g->cfg == NULL)
		return err_set(g->e, ERR_TEMP, "no memory for libconfuse");
	cfg_set_error_function(g->cfg, on_error);
	now = g;
	for (i = 0; i < g->n && rc == 0; i++)
		rc = read_source(g, i);
	now = NULL;
	return rc;
}

void
config_grammar_clear(struct config_grammar *g)
{
	if (g->cfg != NULL)
		cfg_free(g->cfg);
	g->cfg = NULL;
}
