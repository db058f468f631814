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

static void
judge(struct nagios *r, const struct notices *n, const struct view *v)
{
	static const char *const fine[] = { "ok", "settling", "draining",
		"compiling", "down" };
	int64_t silent_s = wall_s(clock_wall()) - v->s.last_delivery_s;
	bool trouble = true;
	char text[96];

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		trouble = trouble && strcmp(v->s.state, fine[i]) != 0;
	if (trouble)
		nagios_trouble(r, v->s.a->name, v->s.state,
		    notice_text(n, v->s.a->name, v->s.state));
	if (v->s.last_delivery_s == 0) {
		nagios_say(r, NAGIOS_WARNING, v->s.a->name, "nothing came yet");
	} else if (silent_s > v->s.a->silent_after_s) {
		(void)snprintf(text, sizeof(text), "silent for %" PRId64 " s",
		    silent_s);
		nagios_say(r, NAGIOS_CRITICAL, v->s.a->name, text);
	}
	if (v->s.quarantined > 0) {
		(void)snprintf(text, sizeof(text), "%" PRIu64 " in quarantine",
		    v->s.quarantined);
		nagios_say(r, NAGIOS_WARNING, v->s.a->name, text);
	}
	(void)buf_printf(&r->data, " '%s_waiting'=%" PRIu64 ";;;0",
	    v->s.a->name, v->s.waiting_messages);
}

static int
judge_all(struct ground *g, struct nagios *r, struct err *e)
{
	char *hubd_says = view_ask_hubd(g);
	const struct association *const *list = ground_list(g, e);
	struct notices *n = NULL;
	struct view v;
	int rc =
	    list == NULL ? -1 : notices_open(g->node.state_dir, NULL, &n, e);

	if (rc == 0)
		notices_each(n, nagios_node, r); /* store, compilations */
	if (rc == 0 && hubd_says == NULL)
		nagios_say(r, NAGIOS_CRITICAL, "hubd",
		    "does not run or answer");
	for (; rc == 0 && *list != NULL; list++) {
		rc = view_look(g, n, hubd_says, *list, &v, e);
		if (rc == 0)
			judge(r, n, &v);
	}
	notices_close(n);
	free(hubd_says);
	return rc;
}

int
command_check(const struct options *opts, int argc, char **argv)
{
	struct nagios r = { 0 };
	struct ground g = { .role = CONFIG_HUB,
		.options = *opts,
		.argc = argc,
		.argv = argv };
	struct err e = { 0 };

	if (ground_open(&g, GROUND_READING, &e) == -1 ||
	    judge_all(&g, &r, &e) == -1)
		nagios_unknown(&r, e.msg);
	ground_close(&g);
	return nagios_end(&r, "HUB", "all is ingested");
}
