/*
 * What every verb does before its work; see commands.h.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "hub/commands/commands.h"
#include "hub/control.h"
#include "hub/hub.h"

int
ground_open(struct ground *g, struct err *e)
{
	g->node = (struct node){ -1, -1, -1 };
	g->operands = options_parse(&g->options, g->flags, g->argc, g->argv, e);
	if (g->operands == -1)
		return -1;
	if (g->options.quiet)
		log_set_level(LOG_LEVEL_ERR);
	else if (g->options.verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	if (config_read(g->options.config, &g->config, e) == -1 ||
	    node_enter(g->config, e) == -1)
		return -1;
	return node_open(g->config, &g->node, e);
}

void
ground_close(struct ground *g)
{
	node_close(&g->node);
	config_free(g->config);
}

const struct association *
ground_association(const struct ground *g, const char *name, struct err *e)
{
	const struct association *a = config_association(g->config, name);

	if (a == NULL) {
		err_set(e, ERR_CONFIG, "%s: no association %s", g->config->file,
		    name);
		return NULL;
	}
	if (a->role != CONFIG_HUB) {
		err_set(e, ERR_CONFIG,
		    "%s:%d: this node is the spoke of %s; use spoke", a->file,
		    a->line, name);
		return NULL;
	}
	return a;
}

const struct association *
ground_operand(const struct ground *g, int most, struct err *e)
{
	if (g->operands < 1 || g->operands > most) {
		err_set(e, ERR_USAGE, "%s; see %s %s --help",
		    g->operands < 1 ? "an ASSOCIATION is needed"
				    : "too many words",
		    g->options.program, g->argv[0]);
		return NULL;
	}
	return ground_association(g, g->argv[1], e);
}

const struct association *
ground_next(const struct ground *g, size_t *at, struct err *e)
{
	const struct config *c = g->config;

	if (g->operands > 0)
		return *at == (size_t)g->operands
		    ? NULL
		    : ground_association(g, g->argv[++*at], e);
	while (*at < c->n_association)
		if (c->association[(*at)++].role == CONFIG_HUB)
			return &c->association[*at - 1];
	return NULL;
}

/* No hubd runs: open the hub, do it, and leave all of it done. */
static int
answer_here(const struct ground *g, const char *const *word, struct buf *reply,
    int *status, struct err *e)
{
	struct hub *h = NULL;
	size_t n = 0;
	int rc = -1;

	while (word[n] != NULL)
		n++;
	if (hub_open(&(struct hub_opts){ .config = g->options.config }, &h,
		e) == -1 ||
	    hub_lock(h, 0, e) == -1 || hub_open_ingest(h, e) == -1)
		goto out;
	*status = hub_answer(h, n, word, reply);
	while (ingest_step(h->ingest, clock_mono(), clock_wall()))
		continue;
	rc = hub_sync(h, e);
	notices_flush(h->notices, clock_wall());
out:
	hub_close(h);
	return rc;
}

/* The first line of a reply says what is wrong. */
static int
refused(int status, struct slice reply, struct err *e)
{
	static const enum err_kind kinds[] = { ERR_USAGE, ERR_CONFIG, ERR_INPUT,
		ERR_MISSING, ERR_TEMP };
	struct slice line = SLICE("refused");
	struct err kind = { 0 };

	(void)slice_cut(&reply, '\n', &line);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		kind.kind = kinds[i];
		if (err_exit_code(&kind) == status)
			break;
	}
	return err_set(e, kind.kind, "%.*s", (int)line.n, line.p);
}

int
ground_ask(const struct ground *g, const char *const *word, struct err *e)
{
	struct buf reply = { 0 };
	int status = 0;
	int rc = control_ask(g->config->node.run, word, &reply, &status, e);

	if (rc == -1 && (e->sys == ENOENT || e->sys == ECONNREFUSED))
		rc = answer_here(g, word, &reply, &status, e);
	if (rc == 0 && status != 0)
		rc = refused(status, buf_slice(&reply), e);
	else if (rc == 0 && reply.n > 0)
		(void)fwrite(reply.p, 1, reply.n, stdout);
	buf_clear(&reply);
	return rc;
}

int
command_failed(const struct err *e)
{
	log_err("%s", e->msg);
	return err_exit_code(e);
}
