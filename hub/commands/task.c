/*
 * hubctl task: one TASK for a spoke, into the outbox of its association.
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "hub/commands/commands.h"
#include "hub/ingest/return_path.h"

enum {
	TASK_WAIT_MS = 60000 /* for the outbox */
};

/* The words behind the association. */
static int
read_words(const struct ground *g, struct buf *body, struct err *e)
{
	for (int i = 2; i <= g->operands; i++) {
		if (strchr(g->argv[i], '\n') != NULL)
			return err_set(e, ERR_INPUT,
			    "a word with a line feed: give a word for each "
			    "line");
		(void)buf_put_str(body, g->argv[i]);
		(void)buf_put_char(body, '\n');
	}
	return 0;
}

static int
read_input(struct buf *body, struct err *e)
{
	if (io_read_upto(STDIN_FILENO, LIMIT_MESSAGE + 1, body, e) == -1)
		return err_wrap(e, "standard input");
	if (body->n > LIMIT_MESSAGE)
		return err_set(e, ERR_INPUT,
		    "standard input has more than %d bytes", LIMIT_MESSAGE);
	if (body->n > 0 && body->p[body->n - 1] != '\n')
		(void)buf_put_char(body, '\n');
	return 0;
}

static int
read_body(const struct ground *g, struct buf *body, struct err *e)
{
	bool words = g->operands > 1;
	struct err why = { 0 };
	int rc = words ? read_words(g, body, &why) : read_input(body, &why);

	if (rc == 0 && body->n == 0)
		rc = err_set(&why, ERR_INPUT, "nothing on standard input");
	else if (rc == 0)
		rc = message_check_body(MESSAGE_TASK, buf_slice(body), &why);
	if (rc == 0)
		return 0;
	*e = why;
	return why.kind != ERR_INPUT
	    ? -1
	    : err_set(e, ERR_INPUT,
		  "no TASK is sent: %s; a TASK is lines of NAME:VALUE",
		  why.msg);
}

static int
spool(const struct ground *g, const struct association *a, struct slice body,
    uint64_t *msgid, struct err *e)
{
	struct outbox *o = NULL;
	int dir = node_open_association(&g->node, a, e), rc = -1;

	if (dir != -1 && return_path_open(dir, a, TASK_WAIT_MS, &o, e) == 0)
		rc = return_path_put(o, MESSAGE_TASK, body, e);
	if (rc == 0)
		*msgid = outbox_state(o)->last.msgid;
	else
		err_wrap(e, "association %s: no TASK is sent", a->name);
	outbox_close(o);
	if (dir != -1)
		close(dir);
	return rc;
}

int
command_task(const struct options *opts, int argc, char **argv)
{
	const struct association *a = NULL;
	struct ground g = ground_make(CONFIG_HUB, opts, argc, argv);
	struct buf body = { 0 };
	uint64_t msgid = 0;
	struct err e = { 0 };
	int rc = -1;

	if (ground_open(&g, GROUND_CHANGING, &e) == 0)
		a = ground_operand(&g, INT_MAX, &e);
	if (a != NULL && read_body(&g, &body, &e) == 0)
		rc = spool(&g, a, buf_slice(&body), &msgid, &e);
	if (rc == 0)
		log_info("spooled association=%s msgid=%" PRIu64 " type=TASK",
		    a->name, msgid);
	if (rc == 0 && g.options.json)
		printf("{\"association\":\"%s\",\"msgid\":%" PRIu64 "}\n",
		    a->name, msgid);
	buf_clear(&body);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
