/*
 * The verb check; see check.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/command/check.h"

struct check {
	const struct check_verb *verb;
	struct nagios *r;
};

/* What is of no association. */
static void
judge_node(struct check *c, const struct status_look *l)
{
	notices_each(l->notices, nagios_node, c->r);
	if (c->verb->daemon != NULL && l->says == NULL)
		nagios_say(c->r, NAGIOS_CRITICAL, c->verb->daemon,
		    "does not run or answer");
}

static void
judge(void *arg, const struct status_look *l, const struct status *s)
{
	struct check *c = arg;
	char text[48];

	if (s == NULL) {
		judge_node(c, l);
		return;
	}
	if (s->trouble)
		nagios_trouble(c->r, s->a->name, s->state,
		    notice_text(l->notices, s->a->name, s->state));
	c->verb->judge(c->r, s);
	(void)buf_printf(&c->r->data, " '%s_refused'=%" PRIu64 "c", s->a->name,
	    s->refused);
	if (s->quarantined == 0)
		return;
	(void)snprintf(text, sizeof(text), "%" PRIu64 " in quarantine",
	    s->quarantined);
	nagios_say(c->r, NAGIOS_WARNING, s->a->name, text);
}

int
check_command(const struct check_verb *v, const struct options *opts, int argc,
    char **argv)
{
	struct nagios r = { 0 };
	struct check c = { v, &r };
	struct ground g = ground_make(v->source->role, opts, argc, argv);
	struct err e = { 0 };

	if (ground_open(&g, GROUND_READING, &e) == -1 ||
	    status_look_at_all(v->source, &g, judge, &c, &e) == -1)
		nagios_unknown(&r, e.msg);
	ground_close(&g);
	return nagios_end(&r, v->service, v->fine);
}
