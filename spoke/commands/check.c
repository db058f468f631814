/*
 * spoke check: a Nagios plug-in.  One line, performance data behind the bar,
 * and then what confines programs of this node.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/operator/nagios.h"
#include "spoke/commands/view.h"

enum {
	FULL_WARNING_PCT = 70,
	FULL_CRITICAL_PCT = 90,
};

/* In words, what is wrong with it. */
static void
judge(struct nagios *r, const struct notices *n, const struct view *v)
{
	char text[96];
	uint64_t full_pct = v->s.waiting_bytes / (v->s.a->spool_size / 100 + 1);

	if (strcmp(v->s.state, "idle") != 0 &&
	    strcmp(v->s.state, "waiting") != 0)
		nagios_trouble(r, v->s.a->name, v->s.state,
		    notice_text(n, v->s.a->name, v->s.state));
	if (full_pct >= FULL_WARNING_PCT) {
		(void)snprintf(text, sizeof(text),
		    "spool is %" PRIu64 " percent full", full_pct);
		nagios_say(r,
		    full_pct >= FULL_CRITICAL_PCT ? NAGIOS_CRITICAL
						  : NAGIOS_WARNING,
		    v->s.a->name, text);
	}
	if (v->s.lag_s > v->s.a->silent_after_s) {
		(void)snprintf(text, sizeof(text),
		    "nothing delivered for %" PRId64 " s", v->s.lag_s);
		nagios_say(r, NAGIOS_WARNING, v->s.a->name, text);
	}
	if (v->s.quarantined > 0) {
		(void)snprintf(text, sizeof(text), "%" PRIu64 " in quarantine",
		    v->s.quarantined);
		nagios_say(r, NAGIOS_WARNING, v->s.a->name, text);
	}
	buf_printf(&r->data,
	    " '%s_waiting'=%" PRIu64 "B;;;0 '%s_lag'=", v->s.a->name,
	    v->s.waiting_bytes, v->s.a->name);
	if (v->s.lag_s >= 0)
		buf_printf(&r->data, "%" PRId64 "s;;;0", v->s.lag_s);
	else
		buf_put_char(&r->data, 'U');
}

static int
judge_all(struct ground *g, struct nagios *r, struct err *e)
{
	const struct association *const *list;
	struct notices *n = NULL;
	int rc = -1;

	if (notices_open(g->node.state_dir, NULL, &n, e) == -1)
		return -1;
	list = ground_list(g, e);
	if (list != NULL)
		rc = 0;
	if (rc == 0)
		notices_each(n, nagios_node, r); /* collectors */
	for (; rc == 0 && *list != NULL; list++) {
		struct view v;

		rc = view_look(g, n, *list, &v, e);
		if (rc == 0)
			judge(r, n, &v);
	}
	notices_close(n);
	return rc;
}

int
command_check(const struct options *opts, int argc, char **argv)
{
	struct nagios r = { 0 };
	struct ground g = { .role = CONFIG_SPOKE,
		.options = *opts,
		.argc = argc,
		.argv = argv };
	struct err e = { 0 };

	if (ground_open(&g, GROUND_READING, &e) == -1 ||
	    judge_all(&g, &r, &e) == -1)
		nagios_unknown(&r, e.msg);
	ground_close(&g);
	return nagios_end(&r, "SPOKE", "all delivers");
}
