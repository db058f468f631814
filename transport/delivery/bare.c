/*
 * Bare messages; see bare.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include "common/spool/reader.h"
#include "transport/delivery/bare.h"

enum {
	READ_SIZE = 64 << 10,
	SILENCE_MS = 30000,
	TOTAL_MS = 600000,
	KEEP_MAX = 1 << 20, /* bytes of what was refused */
};

struct bare {
	const struct bare_opts *o;
	struct message_parser *parser;
	struct spool_point last; /* put, durable or not */
	uint64_t generation;     /* of the last CONFIG or DATA */
	struct buf in, full, acks;
};

bool
bare_begins(struct slice in)
{
	return slice_starts(in, SLICE("M"));
}

/* --- Numbers -------------------------------------------------------------- */

/* A message that we have, from wherever it lies.  1: *m, until the reader is
 * closed. */
static int
find(const struct bare *b, uint64_t msgid, struct spool_reader **reader,
    struct message *m, struct err *e)
{
	if (inbox_seal(b->o->in, e) == -1 ||
	    spool_reader_open(b->o->association_dir,
		SPOOL_INBOX | SPOOL_ARCHIVE, msgid, reader, e) == -1)
		return -1;
	if (spool_reader_next(*reader, m, e) == SPOOL_READ_MESSAGE &&
	    m->msgid == msgid)
		return 1;
	return 0;
}

/* Bare messages do not say their generation: it grows with each CONFIG, also one that
 * nobody can read. */
static int
find_generation(struct bare *b, struct err *e)
{
	uint64_t unread = 0;

	for (uint64_t n = b->last.msgid; n > 0 && b->generation == 0; n--) {
		struct spool_reader *reader = NULL;
		struct message m;
		int rc = find(b, n, &reader, &m, e);

		if (rc == 1)
			b->generation = m.generation;
		else
			unread += inbox_poisoned_config(b->o->in, n);
		spool_reader_close(reader);
		if (rc == -1)
			return -1;
	}
	b->generation += unread;
	return 0;
}

static int
judged(enum inbox_verdict v)
{
	switch (v) {
	case INBOX_DUPLICATE:
		return 1;
	case INBOX_FORK:
		return 0;
	case INBOX_TAKEN:
	case INBOX_HELD:
	case INBOX_BEYOND:
	case INBOX_STRANGE:
	case INBOX_FAILED:
		break;
	}
	return -1;
}

/* A number that we have.  1: the same message.  0: another.  What the inbox does not
 * keep as it came, lost or of the wrong grammar, it judges itself. */
static int
compare(struct bare *b, const struct message *m, struct err *e)
{
	struct spool_reader *reader = NULL;
	struct message ours;
	int rc = find(b, m->msgid, &reader, &ours, e);

	if (rc == 1)
		rc = ours.type == m->type && ours.timestamp == m->timestamp &&
		    slice_eq(ours.body, m->body);
	else if (rc == 0)
		rc = judged(inbox_poison(b->o->in, m, "", e));
	spool_reader_close(reader);
	return rc;
}

/* Both are kept, and nothing more is taken: which of them does what comes next
 * follow? */
static int
forked(struct bare *b, const struct message *m, struct delivery_result *r,
    struct err *e)
{
	struct err late = { 0 };

	err_set(e, ERR_INPUT,
	    "fork: another message %" PRIu64 " was taken before", m->msgid);
	e->sys = EEXIST;
	if (inbox_fork(b->o->in, m, e->msg, &late) == -1)
		*e = late;
	else
		r->quarantined++;
	return -1;
}

/* The first message that ever comes may have any number. */
static int
begin_at(struct bare *b, uint64_t msgid, struct err *e)
{
	if (msgid == 1)
		return 0;
	if (inbox_lost(b->o->in, 1, msgid - 1, LEDGER_LOST, e) == -1)
		return -1;
	b->last = (struct spool_point){ .msgid = msgid - 1 };
	return 0;
}

/* --- Messages ------------------------------------------------------------- */

/* The inbox said v of m, which is the next one: so it is taken, or something failed. */
static int
follows(struct bare *b, const struct message *m, enum inbox_verdict v,
    struct err *e)
{
	switch (v) {
	case INBOX_TAKEN:
		b->last.msgid = m->msgid;
		b->last.digest = m->digest;
		return 0;
	case INBOX_FAILED:
		return -1;
	case INBOX_HELD:
	case INBOX_DUPLICATE:
	case INBOX_FORK:
	case INBOX_BEYOND:
	case INBOX_STRANGE:
		break;
	}
	return err_set(e, ERR_INPUT, "it does not follow what we have");
}

static int
put(struct bare *b, struct message *m, struct err *e)
{
	bool counted = m->type == MESSAGE_CONFIG || m->type == MESSAGE_DATA;

	if (m->type == MESSAGE_CONFIG || (counted && b->generation == 0))
		b->generation++;
	m->bare = false;
	m->stream = (struct stream_id){ { 0 } };
	m->prev = b->last.digest;
	m->generation = counted ? b->generation : 0;
	m->part = m->parts = 1;
	buf_reset(&b->full);
	if (message_write(&b->full, m, e) == -1)
		return -1;
	return follows(b, m, inbox_put(b->o->in, m, e), e);
}

/* Of the wrong grammar, and whole: counted as had, and kept aside.  What comes behind a
 * CONFIG belongs to no leaves that anybody knows: not to those of the one before. */
static int
poison(struct bare *b, struct message *m, const char *why,
    struct delivery_result *r, struct err *e)
{
	m->prev = b->last.digest;
	if (inbox_commit(b->o->in, e) == -1)
		return -1;
	if (follows(b, m, inbox_poison(b->o->in, m, why, e), e) == -1)
		return -1;
	b->generation += m->type == MESSAGE_CONFIG;
	r->quarantined++;
	r->poisonous++;
	return 0;
}

/* why: of one of the wrong grammar, else NULL. */
static int
take(struct bare *b, struct message *m, const char *why,
    struct delivery_result *r, struct err *e)
{
	int rc = 0;

	if (b->last.msgid == 0 && begin_at(b, m->msgid, e) == -1)
		return -1;
	if (m->msgid > b->last.msgid + 1)
		return err_set(e, ERR_INPUT,
		    "message %" PRIu64 " came when %" PRIu64 " was next",
		    m->msgid, b->last.msgid + 1);
	if (m->msgid <= b->last.msgid) {
		rc = inbox_commit(b->o->in, e) == -1 ? -1 : compare(b, m, e);
		if (rc == 0)
			return forked(b, m, r, e);
	} else if (why != NULL) {
		rc = poison(b, m, why, r, e);
	} else {
		rc = put(b, m, e);
		r->counts.taken += rc == 0;
	}
	if (rc == -1)
		return err_wrap(e, "message %" PRIu64, m->msgid);
	buf_printf(&b->acks, "ACK %" PRIu64 "\n", m->msgid);
	return 0;
}

/* Not acknowledged: a copy is kept for a person's eyes, as of what a session
 * refuses. */
static int
refuse(struct bare *b, struct slice bytes, struct delivery_result *r,
    const struct err *why, struct err *e)
{
	struct err ignored = { 0 };

	if (bytes.n > KEEP_MAX)
		bytes.n = KEEP_MAX;
	if (b->o->channel != NULL && /* else the whole file is kept */
	    inbox_quarantine(b->o->in, b->last.msgid + 1, bytes, why->msg,
		&ignored) == 0)
		r->quarantined++;
	*e = *why;
	return err_wrap(e, "behind message %" PRIu64, b->last.msgid);
}

/* All that is whole in what came so far. */
static int
take_all(struct bare *b, struct delivery_result *r, struct err *e)
{
	for (;;) {
		struct slice rest = buf_slice(&b->in);
		struct message m = { .raw = rest };
		struct err why = { 0 };
		const enum message_verdict v =
		    message_parse(b->parser, rest, &m, &why);
		const size_t used = m.raw.n; /* put changes it */
		int rc = -1;

		switch (v) {
		case MESSAGE_MORE:
			return 0;
		case MESSAGE_WHOLE:
			rc = take(b, &m, NULL, r, e);
			break;
		case MESSAGE_POISON:
			rc = take(b, &m, why.msg, r, e);
			break;
		case MESSAGE_DAMAGED:
		case MESSAGE_OVERSIZE:
			rc = refuse(b, rest, r, &why, e);
			break;
		}
		if (rc == -1)
			return -1;
		buf_drop(&b->in, used);
	}
}

/* --- The channel --------------------------------------------------------- */

static int
wait_for(int fd, short events, struct mono end, struct err *e)
{
	struct mono silent = mono_add_ms(clock_mono(), SILENCE_MS);
	struct pollfd p = { fd, events, 0 };
	int n;

	if (silent.ns < end.ns)
		end = silent;
	do {
		int64_t ms = mono_ms_since(end, clock_mono());

		n = poll(&p, 1, ms > 0 ? (int)ms : 0);
	} while (n == -1 && errno == EINTR);
	if (n == 0)
		return err_set(e, ERR_TEMP, "the far end was silent or slow");
	return n == -1 ? err_sys(e, "poll") : 0;
}

static int
write_acks(struct bare *b, struct mono end, struct delivery_result *r,
    struct err *e)
{
	int fd = b->o->channel->write_fd;

	while (b->acks.n > 0) {
		ssize_t n = write(fd, b->acks.p, b->acks.n);

		if (n > 0) {
			r->counts.out_bytes += (uint64_t)n;
			buf_drop(&b->acks, (size_t)n);
		} else if (errno != EAGAIN && errno != EINTR) {
			return err_set(e, ERR_TEMP,
			    "the far end reads no acknowledgements");
		} else if (wait_for(fd, POLLOUT, end, e) == -1) {
			return -1;
		}
	}
	return 0;
}

/* Append what comes to b->in.  1: something, 0: the end. */
static int
read_some(struct bare *b, struct mono end, struct delivery_result *r,
    struct err *e)
{
	int fd = b->o->channel->read_fd;

	for (;;) {
		char *room = buf_room(&b->in, READ_SIZE);
		ssize_t n = read(fd, room, READ_SIZE);

		if (n > 0) {
			b->in.n += (size_t)n;
			r->counts.in_bytes += (uint64_t)n;
		}
		if (n >= 0)
			return n > 0;
		if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, "read");
		if (wait_for(fd, POLLIN, end, e) == -1)
			return -1;
	}
}

static int
run(struct bare *b, struct delivery_result *r, struct err *e)
{
	struct mono end = mono_add_ms(clock_mono(), TOTAL_MS);
	struct err late = { 0 };
	int more = 1;

	if (b->o->deadline.ns != 0 && b->o->deadline.ns < end.ns)
		end = b->o->deadline;
	while (more == 1) {
		int rc = take_all(b, r, e);

		/* What is good is kept and said, whatever came behind it. */
		if (inbox_commit(b->o->in, &late) == -1) {
			*e = late;
			return -1;
		}
		r->durable = b->last;
		if (write_acks(b, end, r, &late) == -1 && rc == 0) {
			*e = late;
			rc = -1;
		}
		if (rc == -1)
			return -1;
		more = read_some(b, end, r, e);
	}
	if (more == 0 && b->in.n > 0)
		return err_set(e, ERR_TEMP,
		    "cut off within a message, behind message %" PRIu64,
		    b->last.msgid);
	return more;
}

/* At the place where the inbox ends. */
static int
begin(struct bare *b, const struct bare_opts *o, struct slice begun,
    struct err *e)
{
	int forked = inbox_forked(o->association_dir, e);

	*b = (struct bare){ .o = o, .last = inbox_durable(o->in) };
	b->parser = message_parser_new(MESSAGE_FORM_BARE, 0);
	buf_put(&b->in, begun);
	if (!stream_is_zero(b->last.stream))
		return err_set(e, ERR_INPUT,
		    "bare messages in the place of a stream: renew or move "
		    "the inbox");
	if (forked == 1) {
		err_set(e, ERR_INPUT,
		    "fork: two messages with one number wait for a person");
		e->sys = EEXIST;
	}
	return forked != 0 ? -1 : find_generation(b, e);
}

static void
clear(struct bare *b)
{
	message_parser_free(b->parser);
	buf_clear(&b->in);
	buf_clear(&b->full);
	buf_clear(&b->acks);
}

int
bare_receive(const struct bare_opts *o, struct delivery_result *r,
    struct err *e)
{
	struct bare b;
	int rc = begin(&b, o, o->begun, e);

	r->counts.in_bytes += o->begun.n;
	if (rc == 0)
		rc = run(&b, r, e);
	clear(&b);
	return rc;
}

/* --- A file --------------------------------------------------------------- */

/* The number of the message that it begins with; 0: none that is bare. */
static uint64_t
first_of(struct slice bytes)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_BARE, 0);
	struct message m = { .msgid = 0 };
	struct err ignored; /* then it is none */
	bool whole = message_parse(p, bytes, &m, &ignored) == MESSAGE_WHOLE;

	message_parser_free(p);
	return whole ? m.msgid : 0;
}

bool
bare_is_file(struct slice bytes)
{
	return first_of(bytes) != 0;
}

int
bare_take(const struct bare_file *f, struct delivery_result *r, struct err *e)
{
	const struct bare_opts o = { .association_dir = f->association_dir,
		.in = f->in };
	struct err late = { 0 };
	struct bare b;
	int rc;

	if (first_of(f->bytes) != f->first)
		return err_set(e, ERR_INPUT,
		    "it does not begin with message %" PRIu64, f->first);
	rc = begin(&b, &o, f->bytes, e);
	if (rc == 0)
		rc = take_all(&b, r, e);
	if (inbox_commit(f->in, &late) == -1) {
		*e = late;
		rc = -1;
	} else if (rc == 0 && (b.in.n > 0 || b.last.msgid < f->last)) {
		rc = err_set(e, ERR_INPUT, "it ends behind message %" PRIu64,
		    b.last.msgid);
	}
	clear(&b);
	return rc;
}
