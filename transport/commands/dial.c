/*
 * Verbs push and pull; see commands.h.
 *
 * Another delivery of the same association is running: that is enough.  The far
 * end is busy, or turned us away: again, as transport/delivery/redial.h says.  All else that fails is told once and left to
 * the next run.
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "transport/commands/commands.h"
#include "transport/commands/progress.h"
#include "transport/delivery/outbound.h"
#include "transport/delivery/redial.h"

enum {
	TRIES_MOST = 100,
};

struct dial {
	const struct dial_verb *verb;
	struct ground g;
	struct mono deadline;
	uint64_t tries;
	bool always;
	int stopped; /* the signal; 0: none */
};

/* An outage that was told is told again only to who sits at a terminal, or asks:
 * the mail says to run it with -v. */
static int
failed(const struct dial *d, const struct association *a, const struct err *e,
    bool told)
{
	if (!told && (d->g.options.verbose || isatty(STDERR_FILENO))) {
		char next[128];
		char *command;

		outbound_next(a, e, next, sizeof(next));
		command = notices_command(d->g.notices, next);
		log_err("%s; next: %s", e->msg, command);
		free(command);
	}
	return err_exit_code(e);
}

/* Returns the exit status. */
static int
deliver(struct dial *d, const struct association *a)
{
	struct progress progress;
	struct outbound_opts o = { .config = d->g.config,
		.node = &d->g.node,
		.association = a,
		.deadline = d->deadline,
		.tries = (unsigned)d->tries,
		.notices = d->g.notices,
		.beyond_budget = d->always,
		.took = d->verb->took };
	struct outbound_end end;
	struct err ignored = { 0 }; /* the delivery will find the same */
	bool waits = true;
	int status = 0;

	if (d->verb->waits != NULL && !d->always &&
	    d->verb->waits(&d->g.node, a, &waits, &ignored) == 0 && !waits)
		return 0; /* only a delivery tells that an outage is over */
	progress_begin(&progress, &d->g, a);
	o.show = progress_show(&progress);
	if (outbound_run(&o, &end) == -1 && !end.quiet)
		status = failed(d, a, &end.err, end.told);
	d->stopped = end.result.stopped;
	if (end.refused.kind != ERR_NONE)
		status = err_worse_exit(status,
		    failed(d, a, &end.refused, end.refused_told));
	return status;
}

static int
parse_times(struct dial *d, const char *tries, const char *deadline,
    const char *splay, struct err *e)
{
	int64_t deadline_s, splay_s = 0;

	if (!slice_u64(slice_str(tries), TRIES_MOST, &d->tries) ||
	    d->tries == 0)
		return err_set(e, ERR_USAGE, "--tries: a number from 1 to %d",
		    TRIES_MOST);
	if (options_duration(deadline, &deadline_s, e) == -1 ||
	    (splay != NULL && options_duration(splay, &splay_s, e) == -1))
		return -1;
	outbound_sleep_ms(outbound_spread_ms(splay_s * 1000));
	d->deadline = mono_add_ms(clock_mono(), deadline_s * 1000);
	return 0;
}

/* Named ones must be ours to dial; of the others those that are. */
static int
deliver_all(struct dial *d, int *status, struct err *e)
{
	const struct association *const *list = ground_list(&d->g, e);

	if (list == NULL)
		return -1;
	for (; *list != NULL && d->stopped == 0; list++) {
		const struct association *a = *list;
		struct err wrong = { 0 };

		if (config_visits(a)) {
			*status = err_worse_exit(*status, deliver(d, a));
		} else if (d->g.operands > 0) {
			err_set(&wrong, ERR_CONFIG,
			    "%s:%d: %s is mode %s: the %s opens its sessions",
			    a->file, a->line, a->name,
			    config_mode_name(a->mode),
			    a->role == CONFIG_HUB ? "spoke" : "hub");
			*status =
			    err_worse_exit(*status, command_failed(&wrong));
		}
	}
	return 0;
}

int
dial_command(const struct dial_verb *v, const struct options *opts, int argc,
    char **argv)
{
	const char *always = NULL, *deadline = "10m", *splay = NULL,
		   *tries = "3";
	const struct options_flag flags[] = {
		{ "always", 0, false, &always },
		{ "deadline", 0, true, &deadline },
		{ "splay", 0, true, &splay },
		{ "tries", 0, true, &tries },
		{ 0 },
	};
	struct dial d = { .verb = v,
		.g = { .role = v->role,
		    .options = *opts,
		    .flags = flags,
		    .argc = argc,
		    .argv = argv } };
	struct err e = { 0 };
	int status = 0, rc = -1;

	(void)signal(SIGPIPE, SIG_IGN); /* a channel that closed is an error */
	if (ground_open(&d.g, GROUND_CHANGING, &e) == 0) {
		d.always = always != NULL;
		if (parse_times(&d, tries, deadline, splay, &e) == 0)
			rc = deliver_all(&d, &status, &e);
	}
	ground_close(&d.g);
	if (d.stopped != 0)
		(void)raise(d.stopped); /* now that all is kept */
	return rc == 0 ? status : command_failed(&e);
}
