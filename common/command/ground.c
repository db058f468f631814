/*
 * What every verb does before its work; see ground.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/command/ground.h"

struct notice_mail
ground_mail(const struct config *c, bool elsewhere)
{
	return (struct notice_mail){
		.node = c->node.id,
		.to = c->oper.mail,
		.sendmail = c->oper.sendmail,
		.gather_s = c->oper.gather_s,
		.repeat_s = c->oper.repeat_s,
		.config = strcmp(c->file, CONFIG_DEFAULT) != 0 ? c->file : NULL,
		.elsewhere = elsewhere,
	};
}

/* One of the node: of a collector, or of what there always is. */
static enum notice_fit
fit_node(const struct config *c, const char *key)
{
	struct slice name = slice_str(key);

	if (!slice_skip(&name, SLICE(NOTICE_COLLECTOR)) &&
	    !slice_skip(&name, SLICE(NOTICE_REMARKS)))
		return NOTICE_FITS;
	for (size_t i = 0; i < c->n_collector; i++)
		if (slice_eq_str(name, c->collector[i].name))
			return NOTICE_FITS;
	return NOTICE_GONE;
}

/* arg: the configuration. */
static enum notice_fit
fit(const void *arg, const char *association, const char *key)
{
	const struct association *a = config_association(arg, association);

	if (association[0] == '\0')
		return fit_node(arg, key);
	if (a == NULL)
		return NOTICE_GONE;
	if (strcmp(key, "budget") != 0 && strcmp(key, "budget-spent") != 0)
		return NOTICE_FITS;
	return a->budget > 0 && config_visits(a) ? NOTICE_FITS : NOTICE_ENDS;
}

void
ground_fit_notices(struct notices *n, const struct config *c)
{
	notices_fit(n, fit, c, clock_wall());
}

struct ground
ground_make(enum config_role role, const struct options *o, int argc,
    char **argv)
{
	return (struct ground){ .role = role,
		.options = *o,
		.argc = argc,
		.argv = argv };
}

/* Nobody sits there or asked, and so cron mails what is said. */
static bool
is_mailed(const struct ground *g)
{
	return !g->options.verbose && !log_is_kept() && !isatty(STDERR_FILENO);
}

/* Where hubd runs, its mailer sends what is recorded here. */
static int
open_notices(struct ground *g, struct err *e)
{
	bool mailer = g->role == CONFIG_HUB &&
	    lock_is_held(g->node.state_dir, NODE_HUB_LOCK);

	g->mail = ground_mail(g->config, mailer);
	g->mail.hush = is_mailed(g);
	if (notices_open(g->node.state_dir, &g->mail, &g->notices, e) == -1)
		return -1;
	ground_fit_notices(g->notices, g->config);
	return 0;
}

int
ground_open(struct ground *g, enum ground_for what, struct err *e)
{
	g->node = (struct node){ -1, -1, -1 };
	g->operands = options_parse(&g->options, g->flags, g->argc, g->argv, e);
	if (g->operands == -1)
		return -1;
	if (g->options.quiet)
		log_set_level(LOG_LEVEL_ERR);
	else if (g->options.verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	if ((g->keyless ? config_read_keyless : config_read)(g->options.config,
		&g->config, e) == -1 ||
	    node_enter(g->config, e) == -1 ||
	    node_open(g->config, &g->node, e) == -1)
		return -1;
	if (what != GROUND_CHANGING)
		return 0;
	node_sweep(&g->node);
	return open_notices(g, e);
}

void
ground_close(struct ground *g)
{
	if (g->notices != NULL)
		notices_flush(g->notices, clock_wall());
	notices_close(g->notices);
	free(g->list);
	node_close(&g->node);
	config_free(g->config);
}

int
ground_check_operands(const struct ground *g, int most, struct err *e)
{
	if (g->operands <= most)
		return 0;
	return err_set(e, ERR_USAGE, "too many words; see %s %s --help",
	    g->options.program, g->argv[0]);
}

static const struct association *
find_association(const struct ground *g, const char *name, struct err *e)
{
	const struct association *a = config_association(g->config, name);

	if (a == NULL) {
		err_set(e, ERR_CONFIG, "%s: no association %s", g->config->file,
		    name);
		return NULL;
	}
	if (a->role != g->role) {
		err_set(e, ERR_CONFIG,
		    "%s:%d: this node is the %s of %s; use %s", a->file,
		    a->line, config_role_name(a->role), name,
		    a->role == CONFIG_HUB ? "hubctl" : "spoke");
		return NULL;
	}
	return a;
}

const struct association *
ground_operand(const struct ground *g, int most, struct err *e)
{
	if (g->operands < 1) {
		err_set(e, ERR_USAGE,
		    "an ASSOCIATION is needed; see %s %s --help",
		    g->options.program, g->argv[0]);
		return NULL;
	}
	if (ground_check_operands(g, most, e) == -1)
		return NULL;
	return find_association(g, g->argv[1], e);
}

const struct association *const *
ground_list(struct ground *g, struct err *e)
{
	const struct config *c = g->config;
	size_t n = 0;

	g->list = mem_array(c->n_association + (size_t)g->operands + 1,
	    sizeof(*g->list));
	for (int i = 1; i <= g->operands; i++) {
		g->list[n] = find_association(g, g->argv[i], e);
		if (g->list[n++] == NULL)
			return NULL;
	}
	for (size_t i = 0; i < c->n_association && g->operands == 0; i++)
		if (c->association[i].role == g->role)
			g->list[n++] = &c->association[i];
	return g->list;
}

void
ground_tell_again(const struct ground *g, const char *next, const struct err *e)
{
	char *command;

	if (!isatty(STDERR_FILENO))
		return;
	command = notices_command(g->notices, next);
	log_err("%s; next: %s", e->msg, command);
	free(command);
}

int
ground_trouble(struct ground *g, const char *association, const char *key,
    const char *next, const struct err *e)
{
	const struct notice n = { .association = association,
		.key = key,
		.text = e->msg,
		.next = next };

	if (!notice_raise(g->notices, &n, clock_wall()))
		ground_tell_again(g, next, e);
	return err_exit_code(e);
}

void
ground_over(struct ground *g, const char *association, const char *key)
{
	notice_clear(g->notices, association, key, clock_wall());
}

void
ground_tell(const struct config *c, const char *key, const char *why,
    const char *next)
{
	struct notice_mail mail = ground_mail(c, true);
	struct node node = { -1, -1, -1 };
	struct notices *n = NULL;
	struct err e = { 0 };

	if (node_open(c, &node, &e) == -1 ||
	    notices_open(node.state_dir, &mail, &n, &e) == -1) {
		log_err("%s: %s", key, why != NULL ? why : e.msg);
	} else {
		if (why == NULL)
			(void)notice_clear(n, "", key, clock_wall());
		else
			(void)notice_raise(n,
			    &(struct notice){ "", key, why, next },
			    clock_wall());
		notices_flush(n, clock_wall());
	}
	notices_close(n);
	node_close(&node);
}

int
command_failed(const struct err *e)
{
	log_err("%s", e->msg);
	return err_exit_code(e);
}
