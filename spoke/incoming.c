/*
 * A spoke's inbox; see incoming.h.
 */
#include "config.h"

#include <inttypes.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/spool/listing.h"
#include "common/spool/reader.h"
#include "spoke/incoming.h"
#include "spoke/outgoing.h"
#include "transport/delivery/outcome.h"

enum {
	INCOMING_WAIT_MS = 60000 /* for the outbox */
};

struct incoming {
	const struct node *node;
	const struct association *association;
	struct notices *told;
};

/* "generation:5"; what cannot be read asks for the present one. */
static uint64_t
asked_generation(struct slice body)
{
	struct slice name, value;
	uint64_t generation = 0;

	while (message_next_field(&body, &name, &value))
		if (slice_eq_str(name, "generation") &&
		    !slice_u64(value, LIMIT_MSGID, &generation))
			generation = 0;
	return generation;
}

static int
resync(const struct incoming *i, const struct message *m, struct err *e)
{
	struct outgoing *o = NULL;
	bool known = false;
	int rc =
	    outgoing_open(i->node, i->association, INCOMING_WAIT_MS, &o, e);

	if (rc == 0)
		rc = outgoing_repeat(o, asked_generation(m->body),
		    (uint64_t)wall_s(clock_wall()), &known, e);
	if (rc == 0 && known)
		rc = outgoing_commit(o, e);
	if (rc == 0)
		outcome_tell_dropped(i->told, i->association,
		    outgoing_state(o)->dropped);
	outgoing_close(o);
	return rc;
}

static int
act(const struct incoming *i, const struct message *m, struct err *e)
{
	const struct association *a = i->association;

	log_info("received association=%s msgid=%" PRIu64 " type=%s", a->name,
	    m->msgid, message_type_name(m->type));
	switch (m->type) {
	case MESSAGE_RESYNC:
		return resync(i, m, e);
	case MESSAGE_TASK:
		return 0; /* kept in the archive */
	case MESSAGE_CONFIG:
	case MESSAGE_DATA:
	case MESSAGE_STATUS:
	case MESSAGE_RESULT:
		log_warn("a hub does not send this association=%s msgid="
			 "%" PRIu64 " type=%s",
		    a->name, m->msgid, message_type_name(m->type));
		return 0;
	}
	return 0;
}

/* One RESYNC answers all of one delivery that ask for the same. */
static int
act_on_all(const struct incoming *i, int dir, struct spool_point *at,
    struct err *e)
{
	struct spool_reader *r = NULL;
	uint64_t answered = UINT64_MAX;
	enum spool_read got;
	struct message m;
	int rc = 0;

	if (spool_reader_open(dir, SPOOL_INBOX | SPOOL_ARCHIVE, at->msgid + 1,
		&r, e) == -1)
		return -1;
	while (
	    rc == 0 && (got = spool_reader_next(r, &m, e)) != SPOOL_READ_END) {
		if (got == SPOOL_READ_FAILED)
			rc = -1;
		if (got != SPOOL_READ_MESSAGE)
			continue;
		if (m.type != MESSAGE_RESYNC ||
		    asked_generation(m.body) != answered)
			rc = act(i, &m, e);
		if (m.type == MESSAGE_RESYNC)
			answered = asked_generation(m.body);
		if (rc == 0)
			*at =
			    (struct spool_point){ m.stream, m.msgid, m.digest };
	}
	spool_reader_close(r);
	return rc;
}

/* Whole segments up to the cursor. */
static int
archive(int dir, uint64_t upto, struct err *e)
{
	int inbox = durable_open_dir(dir, "inbox", e), to = -1, rc = -1;
	struct listing l = { 0 };

	if (inbox != -1)
		to = durable_open_dir(dir, "archive", e);
	if (to != -1)
		rc = listing_read(&l, inbox, 0, e);
	for (size_t i = 0; i < l.n && rc == 0; i++) {
		char name[SEGMENT_NAME_SIZE];

		if (l.at[i].name.last == 0 || l.at[i].name.last > upto)
			continue;
		segment_name_text(l.at[i].name, name);
		rc = durable_move(inbox, name, to, name, e);
	}
	listing_clear(&l);
	if (inbox != -1)
		close(inbox);
	if (to != -1)
		close(to);
	return rc;
}

int
incoming_take(const struct node *n, const struct association *a,
    struct notices *told, struct err *e)
{
	const struct incoming i = { n, a, told };
	struct spool_point at, before;
	struct cursor_place place = { .state_dir = n->state_dir,
		.association = a->name };
	int dir = node_open_association(n, a, e), rc = -1;

	if (dir == -1)
		return -1;
	place.association_dir = dir;
	if (cursor_find(&place, &at, e) == -1)
		goto out;
	before = at;
	if (act_on_all(&i, dir, &at, e) == -1)
		goto out;
	if (at.msgid != before.msgid &&
	    (cursor_write(n->state_dir, a->name, &at, e) == -1 ||
		archive(dir, at.msgid, e) == -1))
		goto out;
	rc = 0;
out:
	close(dir);
	return rc == 0 ? 0 : err_wrap(e, "association %s: inbox", a->name);
}
