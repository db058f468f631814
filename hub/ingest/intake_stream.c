/*
 * One stream takes the place of another: the old one's books are closed, and
 * nothing of its configuration counts for the new one.  See intake.h.
 */
#include "config.h"

#include <inttypes.h>

#include "common/spool/reader.h"
#include "hub/ingest/intake.h"

bool
intake_has_first_config(struct intake *i)
{
	struct spool_reader *r = NULL;
	struct message m;
	uint32_t part = 0;
	bool whole = false;
	struct err ignored; /* then it is not there yet */

	if (spool_reader_open(i->archive.dir, SPOOL_INBOX, 1, &r, &ignored) ==
	    -1)
		return false;
	while (!whole &&
	    spool_reader_next(r, &m, &ignored) == SPOOL_READ_MESSAGE &&
	    m.type == MESSAGE_CONFIG && m.part == ++part)
		whole = m.part == m.parts;
	spool_reader_close(r);
	return whole;
}

/* The old stream is over: store what still waits of it, and close its books. */
static int
end_stream(struct intake *i, struct err *e)
{
	struct store *store = i->ground->opts.store;
	struct spool_point at = sequencer_cursor(i->sequencer);

	if (i->wait_from != 0 && intake_replay_waiting(i, e) == -1)
		return -1;
	if (store->ops->flush(store, UINT32_MAX, e) == -1 ||
	    store->ops->sync(store, e) == -1)
		return -1;
	intake_left(i, lowwater_replace(&i->low, at));
	i->touched = true;
	if (intake_mark(i, e) == -1)
		return -1;
	return archive_retire(&i->archive, at.stream, e);
}

int
intake_begin_stream(struct intake *i, struct stream_id stream, struct err *e)
{
	struct spool_point old = sequencer_cursor(i->sequencer),
			   at = { .stream = stream };
	char text[STREAM_TEXT_SIZE];

	if (old.msgid > 0) {
		if (end_stream(i, e) == -1)
			return -1;
		intake_raise(i, "stream", "status", NULL,
		    "a new stream %s took the place of the one that ended at "
		    "message %" PRIu64,
		    stream_text(stream, text), old.msgid);
	}
	intake_set_pending(i, NULL, (struct compiled_head){ 0 });
	configset_clear(&i->set);
	glossary_clear(&i->live);
	intake_left(i, lowwater_replace(&i->low, at));
	i->accept_stream = false;
	sequencer_begin(i->sequencer, stream);
	settling_begin(i->settling, i->who);
	return cursor_write(i->ground->opts.node->state_dir, i->a->name, &at,
	    e);
}
