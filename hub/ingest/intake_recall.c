/*
 * The configuration that the archive has, where nothing is compiled: another
 * hub-tree was given, or the compiled tree was lost.  See intake.h.
 */
#include "config.h"

#include <inttypes.h>

#include "common/base/log.h"
#include "common/spool/reader.h"
#include "hub/ingest/archived.h"
#include "hub/ingest/intake.h"

/* What a complete set of parts says, unless it is poison, or waits for a person:
 * that was told when it came. */
static void
take_set(struct intake *i, struct configset *set, const struct message *m)
{
	const struct poison_record *p =
	    poison_find(&i->poison, m->stream, m->msgid);
	struct tree *t = NULL;
	struct err why;

	if (p != NULL && p->state != POISON_ACCEPTED) {
		configset_clear(set);
		return;
	}
	if (configset_finish(set, i->a, &t, &why) == -1)
		return;
	intake_set_pending(i, t, intake_head(m));
}

/* The last one of the messages from..before - 1. */
static int
take_last(struct intake *i, uint64_t from, uint64_t before, struct err *e)
{
	struct spool_reader *r = NULL;
	struct configset set = { .tree = NULL };
	enum spool_read got = SPOOL_READ_MESSAGE;
	struct message m = { .msgid = 0 };

	if (spool_reader_open_stream(i->archive.dir,
		SPOOL_INBOX | SPOOL_ARCHIVE,
		sequencer_cursor(i->sequencer).stream, from, &r, e) == -1)
		return -1;
	while (m.msgid < before - 1 && got != SPOOL_READ_END &&
	    got != SPOOL_READ_FAILED) {
		got = spool_reader_next(r, &m, e);
		if (got == SPOOL_READ_MESSAGE && m.msgid < before &&
		    configset_put(&set, &m))
			take_set(i, &set, &m);
	}
	configset_clear(&set);
	spool_reader_close(r);
	return got == SPOOL_READ_FAILED ? -1 : 0;
}

/* What the store may lack is of older configurations, too: it is read again from
 * the CONFIG that it stands under, when this one is live. */
static int
wait_for_it(struct intake *i, struct err *e)
{
	uint64_t low = i->low.at.msgid, from = 0;

	if (low >= i->pending_head.msgid)
		return 0;
	if (archived_config(i->archive.dir, low + 2, &from, e) == -1)
		return -1;
	i->wait_from = from != 0 ? from : low + 1;
	return 0;
}

int
intake_recall(struct intake *i, struct err *e)
{
	uint64_t before = sequencer_cursor(i->sequencer).msgid + 1, from;

	if (i->live.generation != 0)
		return 0;
	while (i->pending == NULL && before > 1) {
		if (archived_config(i->archive.dir, before, &from, e) == -1)
			return -1;
		if (from == 0)
			return 0;
		if (take_last(i, from, before, e) == -1)
			return -1;
		before = from;
	}
	if (i->pending == NULL)
		return 0;
	if (wait_for_it(i, e) == -1)
		return -1;
	settling_held(i->settling, i->who, i->pending_head.generation,
	    i->ground->mono);
	log_info("configuration is taken from the archive association=%s "
		 "msgid=%" PRIu64 " generation=%" PRIu64 " datasources=%zu",
	    i->a->name, i->pending_head.msgid, i->pending_head.generation,
	    tree_size(i->pending));
	return 0;
}
