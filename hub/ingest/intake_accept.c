/*
 * What waits for a person, let go: a CONFIG that the brakes held, one of two
 * messages with one number, a stream that does not begin as it should.  See
 * intake.h.
 */
#include "config.h"

#include "hub/ingest/intake.h"

#include <string.h>

#include "common/spool/inbox.h"

/* Each: 1 where nothing waits. */

static int
accept_config(struct intake *i, struct err *e)
{
	struct poison_record *r =
	    poison_config(&i->poison, sequencer_cursor(i->sequencer).stream);
	struct compiled_head head;
	struct tree *t = NULL;

	if (r == NULL || r->state != POISON_WAITS ||
	    r->generation <= settling_newest(i->settling, i->who))
		return 1;
	if (intake_load_config(i, r->msgid, &t, &head, e) == -1)
		return -1;
	r->state = POISON_ACCEPTED;
	if (poison_write(i->ground->opts.node->state_dir, i->a->name,
		&i->poison, e) == -1) {
		r->state = POISON_WAITS;
		tree_free(t);
		return -1;
	}
	intake_set_pending(i, t, head);
	settling_held(i->settling, i->who, head.generation, i->ground->mono);
	intake_clear(i, "config");
	return 0;
}

/* The newest CONFIG is told of, but nobody can let it go. */
static bool
config_is_refused(struct intake *i)
{
	const struct poison_record *r =
	    poison_config(&i->poison, sequencer_cursor(i->sequencer).stream);

	return r != NULL && r->state == POISON_IS &&
	    r->generation > settling_newest(i->settling, i->who);
}

/* The second of two messages goes, the first stays. */
static int
accept_fork(struct intake *i, struct err *e)
{
	const struct archive_segment second = {
		.dir = i->archive.inbox,
		.name = i->offender,
		.fate = ARCHIVE_QUARANTINE,
		.why = "fork, let go by an operator",
	};

	int rc = inbox_end_fork(i->archive.dir, e); /* of bare messages */

	if (rc == -1)
		return -1;
	if (i->trouble == INTAKE_FORK) {
		if (archive_put(&i->archive, &second, e) == -1)
			return -1;
		i->trouble = INTAKE_WELL;
		rc = 1;
	}
	if (rc == 1)
		intake_clear(i, "fork");
	return rc == 1 ? 0 : 1;
}

static int
accept_stream(struct intake *i, struct err *e)
{
	(void)e;
	if (i->trouble != INTAKE_STREAM)
		return 1;
	i->accept_stream = true;
	i->trouble = INTAKE_WELL;
	intake_clear(i, "stream");
	return 0;
}

int
intake_accept(struct intake *i, const char *what, struct err *e)
{
	static const struct {
		const char *what;
		int (*accept)(struct intake *i, struct err *e);
	} table[] = {
		{ "config", accept_config },
		{ "fork", accept_fork },
		{ "stream", accept_stream },
	};
	bool known = what == NULL, done = false;
	int rc;

	for (size_t k = 0; k < sizeof(table) / sizeof(table[0]); k++) {
		if (what != NULL && strcmp(what, table[k].what) != 0)
			continue;
		known = true;
		rc = table[k].accept(i, e);
		if (rc == -1)
			return -1;
		done |= rc == 0;
	}
	if (!known)
		return err_set(e, ERR_USAGE,
		    "%s is none of config, stream, fork", what);
	if (!done && (what == NULL || strcmp(what, "config") == 0) &&
	    config_is_refused(i))
		return err_set(e, ERR_INPUT,
		    "the CONFIG of %s is wrong, not waiting: the spoke has to "
		    "send another",
		    i->a->name);
	return done ? 0 : 1;
}
