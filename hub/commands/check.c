/*
 * hubctl check: whether messages come, and hubd ingests them.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/command/check.h"
#include "hub/commands/view.h"
#include "hub/silence.h"

static void
judge(struct nagios *r, const struct status *s)
{
	int64_t silent_s = wall_s(clock_wall()) - s->last_delivery_s;
	char text[48];

	if (s->last_delivery_s == 0) {
		nagios_say(r, NAGIOS_WARNING, s->a->name, "nothing came yet");
	} else if (silent_s < -s->a->silent_after_s) {
		nagios_say(r, NAGIOS_WARNING, s->a->name,
		    "nothing came since the clock was set back");
	} else if (silent_s > s->a->silent_after_s &&
	    strcmp(s->state, SILENCE_KEY) != 0) { /* else it is said */
		(void)snprintf(text, sizeof(text), "silent for %" PRId64 " s",
		    silent_s);
		nagios_say(r, NAGIOS_CRITICAL, s->a->name, text);
	}
	(void)buf_printf(&r->data, " '%s_waiting'=%" PRIu64 ";;;0", s->a->name,
	    s->waiting_messages);
}

int
command_check(const struct options *opts, int argc, char **argv)
{
	static const struct check_verb check = { .source = &view_source,
		.service = "HUB",
		.fine = "all is ingested",
		.daemon = "hubd",
		.judge = judge };

	return check_command(&check, opts, argc, argv);
}
