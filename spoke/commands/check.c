/*
 * spoke check: whether messages are delivered, and the spool has room.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/command/check.h"
#include "spoke/commands/view.h"

enum {
	FULL_WARNING_PCT = 70,
	FULL_CRITICAL_PCT = 90,
};

static void
judge(struct nagios *r, const struct status *s)
{
	uint64_t full_pct = s->waiting_bytes / (s->a->spool_size / 100 + 1);
	char text[64];

	if (full_pct >= FULL_WARNING_PCT) {
		(void)snprintf(text, sizeof(text),
		    "spool is %" PRIu64 " percent full", full_pct);
		nagios_say(r,
		    full_pct >= FULL_CRITICAL_PCT ? NAGIOS_CRITICAL
						  : NAGIOS_WARNING,
		    s->a->name, text);
	}
	if (s->lag_s > s->a->silent_after_s) {
		(void)snprintf(text, sizeof(text),
		    "nothing delivered for %" PRId64 " s", s->lag_s);
		nagios_say(r, NAGIOS_WARNING, s->a->name, text);
	}
	(void)buf_printf(&r->data,
	    " '%s_waiting'=%" PRIu64 "B;;;0 '%s_lag'=", s->a->name,
	    s->waiting_bytes, s->a->name);
	if (s->lag_s >= 0)
		(void)buf_printf(&r->data, "%" PRId64 "s;;;0", s->lag_s);
	else
		(void)buf_put_char(&r->data, 'U');
}

int
command_check(const struct options *opts, int argc, char **argv)
{
	static const struct check_verb check = { .source = &view_source,
		.service = "SPOKE",
		.fine = "all delivers",
		.judge = judge };

	return check_command(&check, opts, argc, argv);
}
