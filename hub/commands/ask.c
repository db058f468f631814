/*
 * Requests that change the hub's state: hubd answers them where one runs.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "hub/commands/commands.h"
#include "hub/control.h"
#include "hub/hub.h"

static void
take_in(struct hub *h)
{
	while (ingest_step(h->ingest, clock_mono(), clock_wall()))
		continue;
}

/* No hubd runs: open the hub, take in what has come meanwhile, which the
 * request may be about, do it, and leave all of it done. */
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
	    hub_lock(h, e) == -1 || hub_open_store(h, e) == -1)
		goto out;
	hub_open_ingest(h);
	take_in(h);
	*status = hub_answer(h, n, word, reply);
	take_in(h);
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

static bool
is_watched(const struct ground *g)
{
	return g->options.verbose || isatty(STDOUT_FILENO) == 1;
}

int
ask_hub(const struct ground *g, const char *const *word, struct err *e)
{
	struct buf reply = { 0 };
	int status = 0;
	int rc = control_ask(g->config->node.run, word, CONTROL_WORK_S, &reply,
	    &status, e);

	if (rc == -1 && (e->sys == ENOENT || e->sys == ECONNREFUSED))
		rc = answer_here(g, word, &reply, &status, e);
	if (rc == 0 && status != 0)
		rc = refused(status, buf_slice(&reply), e);
	else if (rc == 0 && reply.n > 0 && is_watched(g))
		(void)fwrite(reply.p, 1, reply.n, stdout);
	buf_clear(&reply);
	return rc;
}
