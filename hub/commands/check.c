/*
 * hubctl check: a Nagios plug-in.  One line, performance data behind the bar,
 * and then what confines programs of this node.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/operator/nagios.h"
#include "hub/commands/view.h"

/* States of the node itself: its store, its compilations. */
static void
judge_node(void *arg, const struct notice *n, struct wall since)
{
	struct nagios *r = arg;

	(void)since;
	if (n->association[0] == '\0')
		nagios_say(r, NAGIOS_CRITICAL, n->key, n->text);
}

static void
judge(struct nagios *r, const struct view *v)
{
	static const char *const fine[] = { "ok", "settling", "draining",
		"compiling", "down" };
	int64_t silent_s = wall_s(clock_wall()) - v->last_delivery;
	bool trouble = true;
	char text[96];

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		trouble = trouble && strcmp(v->state, fine[i]) != 0;
	if (trouble) {
		(void)snprintf(text, sizeof(text), "trouble with %s", v->state);
		nagios_say(r, NAGIOS_CRITICAL, v->a->name, text);
	}
	if (v->last_delivery == 0) {
		nagios_say(r, NAGIOS_WARNING, v->a->name, "nothing came yet");
	} else if (silent_s > v->a->silent_after_s) {
		(void)snprintf(text, sizeof(text), "silent for %" PRId64 " s",
		    silent_s);
		nagios_say(r, NAGIOS_CRITICAL, v->a->name, text);
	}
	if (v->quarantined > 0) {
		(void)snprintf(text, sizeof(text), "%" PRIu64 " in quarantine",
		    v->quarantined);
		nagios_say(r, NAGIOS_WARNING, v->a->name, text);
	}
	(void)buf_printf(&r->data, " '%s_waiting'=%" PRIu64 ";;;0", v->a->name,
	    v->waiting_messages);
}

static int
judge_all(const struct ground *g, struct nagios *r, struct err *e)
{
	char *hubd_says = view_ask_hubd(g);
	const struct association *a;
	struct notices *n = NULL;
	size_t at = 0;
	struct view v;
	int rc = notices_open(g->node.state_dir, NULL, &n, e);

	if (rc == 0)
		notices_each(n, judge_node, r);
	if (rc == 0 && hubd_says == NULL)
		nagios_say(r, NAGIOS_CRITICAL, "hubd", "does not run");
	while (rc == 0 && (a = ground_next(g, &at, e)) != NULL) {
		rc = view_look(g, n, hubd_says, a, &v, e);
		if (rc == 0)
			judge(r, &v);
	}
	notices_close(n);
	free(hubd_says);
	return e->kind == ERR_NONE ? rc : -1;
}

int
command_check(const struct options *opts, int argc, char **argv)
{
	struct nagios r = { 0 };
	struct ground g = { .options = *opts, .argc = argc, .argv = argv };
	struct err e = { 0 };

	if (ground_open(&g, &e) == -1 || judge_all(&g, &r, &e) == -1)
		nagios_unknown(&r, e.msg);
	ground_close(&g);
	return nagios_end(&r, "HUB", "all is ingested");
}
