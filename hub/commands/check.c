/*
 * hubctl check: a Nagios plug-in.  One line, performance data behind the bar,
 * and then what confines programs of this node.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/sandbox.h"
#include "hub/commands/view.h"

enum nagios {
	NAGIOS_OK,
	NAGIOS_WARNING,
	NAGIOS_CRITICAL,
	NAGIOS_UNKNOWN,
};

static const char *const nagios_names[] = { "OK", "WARNING", "CRITICAL",
	"UNKNOWN" };

struct report {
	enum nagios worst;
	struct buf text, data;
};

static void
say(struct report *r, enum nagios level, const char *who, const char *what)
{
	if (level > r->worst)
		r->worst = level;
	(void)buf_printf(&r->text, "%s%s: %s", r->text.n > 0 ? ", " : "", who,
	    what);
}

/* States of the node itself: its store, its compilations. */
static void
judge_node(void *arg, const struct notice *n, struct wall since)
{
	struct report *r = arg;

	(void)since;
	if (n->association[0] == '\0')
		say(r, NAGIOS_CRITICAL, n->key, n->text);
}

static void
judge(struct report *r, const struct view *v)
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
		say(r, NAGIOS_CRITICAL, v->a->name, text);
	}
	if (v->last_delivery == 0) {
		say(r, NAGIOS_WARNING, v->a->name, "nothing came yet");
	} else if (silent_s > v->a->silent_after_s) {
		(void)snprintf(text, sizeof(text), "silent for %" PRId64 " s",
		    silent_s);
		say(r, NAGIOS_CRITICAL, v->a->name, text);
	}
	if (v->quarantined > 0) {
		(void)snprintf(text, sizeof(text), "%" PRIu64 " in quarantine",
		    v->quarantined);
		say(r, NAGIOS_WARNING, v->a->name, text);
	}
	(void)buf_printf(&r->data, " '%s_waiting'=%" PRIu64 ";;;0", v->a->name,
	    v->waiting_messages);
}

static int
judge_all(const struct ground *g, struct report *r, struct err *e)
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
		say(r, NAGIOS_CRITICAL, "hubd", "does not run");
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
	struct report r = { .worst = NAGIOS_OK };
	char confined[96];
	struct ground g = { .options = *opts, .argc = argc, .argv = argv };
	struct err e = { 0 };

	if (ground_open(&g, &e) == -1 || judge_all(&g, &r, &e) == -1) {
		r.worst = NAGIOS_UNKNOWN;
		buf_reset(&r.text);
		(void)buf_put_str(&r.text, e.msg);
	}
	printf("HUB %s - %s |%s\n", nagios_names[r.worst],
	    r.text.n > 0 ? r.text.p : "all is ingested",
	    r.data.n > 0 ? r.data.p : "");
	printf("confinement: %s\n",
	    sandbox_text(sandbox_probe(), confined, sizeof(confined)));
	buf_clear(&r.text);
	buf_clear(&r.data);
	ground_close(&g);
	return (int)r.worst;
}
