/*
 * Verbs push and pull; see commands.h.
 *
 * Another delivery of the same association is running: that is enough.  The far
 * end is busy, or turned us away: again, as transport/delivery/redial.h says.  All
 * else that fails is told once and left to the next run.
 *
 * Several are delivered side by side; one alone costs no process.
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "transport/commands/commands.h"
#include "transport/commands/progress.h"
#include "transport/delivery/abreast.h"
#include "transport/delivery/outbound.h"
#include "transport/delivery/outcome.h"
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
	int status;  /* of all */
	struct work *work;
	size_t n;
};

/* An association to deliver for. */
struct work {
	struct dial *d;
	const struct association *a;
};

/* An outage that was told is told again only to who sits at a terminal, or asks:
 * the mail says to run it with -v. */
static void
say_failed(const struct dial *d, const struct association *a,
    const struct err *e, bool told)
{
	char next[128];
	char *command;

	if (told || (!d->g.options.verbose && !isatty(STDERR_FILENO)))
		return;
	outbound_next(a, e, next, sizeof(next));
	command = notices_command(d->g.notices, next);
	log_err("%s; next: %s", e->msg, command);
	free(command);
}

/* *worst: of what failed, by its exit status. */
static void
deliver(struct dial *d, const struct association *a,
    const struct delivery_show *show, struct err *worst)
{
	const struct outbound_opts o = { .config = d->g.config,
		.node = &d->g.node,
		.association = a,
		.deadline = d->deadline,
		.tries = (unsigned)d->tries,
		.notices = d->g.notices,
		.beyond_budget = d->always,
		.took = d->verb->took,
		.show = *show };
	struct outbound_end end;
	int status;

	err_clear(worst);
	if (outbound_run(&o, &end) == -1 && !end.quiet) {
		say_failed(d, a, &end.err, end.told);
		*worst = end.err;
	}
	d->stopped = end.result.stopped;
	if (end.refused.kind == ERR_NONE)
		return;
	say_failed(d, a, &end.refused, end.refused_told);
	status = err_exit_code(&end.refused);
	if (err_worse_exit(err_exit_code(worst), status) == status)
		*worst = end.refused;
}

/* --- One, and several ----------------------------------------------------- */

static void
add_status(struct dial *d, const struct err *e)
{
	d->status = err_worse_exit(d->status, err_exit_code(e));
}

static void
deliver_one(struct dial *d, const struct association *a)
{
	struct progress progress;
	struct delivery_show show;
	struct err worst;

	progress_begin(&progress, &d->g, a);
	show = progress_show(&progress);
	deliver(d, a, &show, &worst);
	add_status(d, &worst);
}

/* In a child.  What is to be told of it is told, or recorded for its parent to
 * mail. */
static int
deliver_beside(void *arg, struct delivery_result *r, struct err *e)
{
	const struct work *w = arg;
	const struct delivery_show nobody_watches = { 0 };
	struct dial own = *w->d;

	own.g.mail.elsewhere = true;
	own.g.notices = NULL;
	if (notices_open(own.g.node.state_dir, &own.g.mail, &own.g.notices,
		e) == -1)
		return -1;
	deliver(&own, w->a, &nobody_watches, e);
	r->stopped = own.stopped;
	notices_flush(own.g.notices, clock_wall());
	notices_close(own.g.notices);
	return 0;
}

/* Of one that could not say so itself: it was killed, or never began. */
static void
over(void *arg, size_t i, int rc, const struct delivery_result *r,
    const struct err *e)
{
	struct dial *d = arg;
	const struct association *a = d->work[i].a;
	char next[128];
	struct err why = *e;

	add_status(d, e);
	if (rc == 0 || r->stopped != 0)
		return;
	err_wrap(&why, "association %s", a->name);
	outbound_next(a, &why, next, sizeof(next));
	say_failed(d, a, &why,
	    outcome_tell_failed(d->g.notices, a, &why, next));
}

static void
deliver_several(struct dial *d)
{
	void **of = mem_array(d->n, sizeof(*of));
	const struct abreast several = { .n = d->n,
		.at_once = d->verb->at_once,
		.most = d->verb->most,
		.of = of,
		.work = deliver_beside,
		.over = over,
		.arg = d };

	for (size_t i = 0; i < d->n; i++)
		of[i] = &d->work[i];
	d->stopped = abreast_run(&several);
	free(of);
	notices_read_again(d->g.notices); /* theirs are to be mailed, too */
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

/* --- All of them ---------------------------------------------------------- */

/* Nothing to send: no delivery, and so nothing tells that an outage is over. */
static bool
is_worth_it(const struct dial *d, const struct association *a)
{
	struct err ignored = { 0 }; /* the delivery will find the same */
	bool waits = true;

	return d->verb->waits == NULL || d->always ||
	    d->verb->waits(&d->g.node, a, &waits, &ignored) == -1 || waits;
}

static bool
is_in_trouble(const struct dial *d, const struct association *a)
{
	return notice_is_raised(d->g.notices, a->name, OUTCOME_FAILED);
}

/* It was named twice. */
static bool
has_work(const struct dial *d, const struct association *a)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->work[i].a == a)
			return true;
	return false;
}

/* Named ones must be ours to dial; of the others those that are. */
static int
find_work(struct dial *d, struct err *e)
{
	const struct association *const *list = ground_list(&d->g, e);
	struct err wrong = { 0 };
	size_t n = 0;

	if (list == NULL)
		return -1;
	while (list[n] != NULL)
		n++;
	d->work = mem_array(n + 1, sizeof(*d->work));
	for (int trouble = 0; trouble <= 1; trouble++)
		for (size_t i = 0; i < n; i++)
			if (config_visits(list[i]) && !has_work(d, list[i]) &&
			    is_in_trouble(d, list[i]) == (trouble == 1) &&
			    is_worth_it(d, list[i]))
				d->work[d->n++] = (struct work){ d, list[i] };
	for (size_t i = 0; i < n && d->g.operands > 0; i++) {
		const struct association *a = list[i];

		if (config_visits(a))
			continue;
		err_set(&wrong, ERR_CONFIG,
		    "%s:%d: %s is mode %s: the %s opens its sessions", a->file,
		    a->line, a->name, config_mode_name(a->mode),
		    a->role == CONFIG_HUB ? "spoke" : "hub");
		d->status = err_worse_exit(d->status, command_failed(&wrong));
	}
	return 0;
}

static int
deliver_all(struct dial *d, struct err *e)
{
	if (find_work(d, e) == -1)
		return -1;
	if (d->n == 1)
		deliver_one(d, d->work[0].a);
	else if (d->n > 1)
		deliver_several(d);
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
	int rc = -1;

	(void)signal(SIGPIPE, SIG_IGN); /* a channel that closed is an error */
	if (ground_open(&d.g, GROUND_CHANGING, &e) == 0) {
		d.always = always != NULL;
		if (parse_times(&d, tries, deadline, splay, &e) == 0)
			rc = deliver_all(&d, &e);
	}
	ground_close(&d.g);
	free(d.work);
	if (d.stopped != 0)
		(void)raise(d.stopped); /* now that all is kept */
	return rc == 0 ? d.status : command_failed(&e);
}
