/*
 * The output of a Nagios plug-in; see nagios.h.
 */
#include "config.h"

#include "common/operator/nagios.h"

#include <stdio.h>
#include <string.h>

#include "common/base/sandbox.h"

static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

void
nagios_say(struct nagios *n, enum nagios_level level, const char *who,
    const char *what)
{
	if (level > n->worst)
		n->worst = level;
	(void)buf_printf(&n->text, "%s%s: %s", n->text.n > 0 ? ", " : "", who,
	    what);
}

void
nagios_trouble(struct nagios *n, const char *association, const char *state,
    const char *text)
{
	struct buf what = { 0 };

	(void)buf_printf(&what, "trouble with %s%s%s", state,
	    text == NULL ? "" : ": ", text == NULL ? "" : text);
	nagios_say(n, NAGIOS_CRITICAL, association, what.p);
	buf_clear(&what);
}

void
nagios_node(void *arg, const struct notice *what, struct wall since)
{
	(void)since;
	if (what->association[0] == '\0')
		nagios_say(arg,
		    strncmp(what->key, NOTICE_REMARKS,
			sizeof(NOTICE_REMARKS) - 1) == 0
			? NAGIOS_WARNING
			: NAGIOS_CRITICAL,
		    what->key, what->text);
}

/* A bar would begin the performance data. */
static const char *
without_bars(struct buf *text)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->p[i] == '|')
			text->p[i] = '/';
	return text->p;
}

void
nagios_unknown(struct nagios *n, const char *why)
{
	n->worst = NAGIOS_UNKNOWN;
	buf_reset(&n->text);
	(void)buf_put_str(&n->text, why);
}

int
nagios_end(struct nagios *n, const char *service, const char *fine)
{
	char confined[96];

	printf("%s %s - %s%s%s\n", service, names[n->worst],
	    n->text.n > 0 ? without_bars(&n->text) : fine,
	    n->data.n > 0 ? " |" : "", n->data.n > 0 ? n->data.p : "");
	printf("confinement: %s\n",
	    sandbox_text(sandbox_probe(), confined, sizeof(confined)));
	buf_clear(&n->text);
	buf_clear(&n->data);
	return (int)n->worst;
}
