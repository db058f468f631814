/*
 * The check of what came; see take.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>

#include "common/message/message.h"
#include "transport/delivery/take.h"

enum {
	KEEP_MAX = 1 << 20,   /* bytes of what was refused */
	COMMIT_MAX = 8 << 20, /* bytes with one sync: a batch has no more */
};

struct take {
	struct inbox *in;
	struct delivery_batch *b;
	struct delivery_result *r;
	uint64_t next;
	uint32_t digest; /* of next - 1 */
	size_t put;      /* bytes since the last commit */
};

/* Not what was spooled: it moves nothing and is asked for again. */
static int
refuse(struct take *t, struct slice bytes, const struct err *why)
{
	struct err ignored = { 0 }; /* the copy is for a person's eyes only */

	t->b->refused = t->next;
	t->b->why = *why;
	if (bytes.n > KEEP_MAX)
		bytes.n = KEEP_MAX;
	if (inbox_quarantine(t->in, t->next, bytes, why->msg, &ignored) == 0)
		t->r->quarantined++;
	return 0;
}

static int
judge(struct take *t, enum inbox_verdict v, struct err *e)
{
	t->b->stopped = v;
	switch (v) {
	case INBOX_TAKEN:
	case INBOX_HELD:
	case INBOX_DUPLICATE:
		t->b->stopped = INBOX_TAKEN;
		return 1;
	case INBOX_FORK:
		err_set(e, ERR_INPUT,
		    "fork: another message %" PRIu64
		    " was taken before, or Prev is not its predecessor's digest",
		    t->next);
		e->sys = ENOTUNIQ;
		return -1;
	case INBOX_BEYOND:
		return err_set(e, ERR_INPUT,
		    "message %" PRIu64 " is too far ahead of a gap", t->next);
	case INBOX_STRANGE:
		return err_set(e, ERR_INPUT,
		    "message %" PRIu64 " is of another stream", t->next);
	case INBOX_FAILED:
		break;
	}
	return err_wrap(e, "message %" PRIu64, t->next);
}

/* Is it the one that the batch promised in this place? */
static bool
expected(const struct take *t, const struct message *m, struct err *e)
{
	if (m->msgid != t->next)
		err_set(e, ERR_INPUT, "it is message %" PRIu64, m->msgid);
	else if (!stream_eq(m->stream, t->b->stream))
		err_set(e, ERR_INPUT, "it is of another stream");
	else if (!t->b->carried && t->next == t->b->last &&
	    m->digest != t->b->digest)
		err_set(e, ERR_INPUT, "it is not the one that was named");
	else
		return true;
	return false;
}

/* Put one.  1: go on.  0: refused. */
static int
take_one(struct take *t, struct message_parser *p, struct slice *in,
    struct err *e)
{
	enum message_verdict found;
	struct message m;
	struct err why = { 0 };
	int rc;

	found = message_parse(p, *in, &m, &why);
	message_parser_reset(p);
	if (found == MESSAGE_MORE)
		err_set(&why, ERR_INPUT, "it is cut off");
	if (found != MESSAGE_WHOLE && found != MESSAGE_POISON)
		return refuse(t, *in, &why);
	if (!expected(t, &m, &why))
		return refuse(t, m.raw, &why);
	if (found == MESSAGE_POISON) {
		rc = judge(t, inbox_poison(t->in, &m, why.msg, e), e);
		t->r->quarantined += rc == 1;
		t->r->poisonous += rc == 1;
	} else {
		rc = judge(t, inbox_put(t->in, &m, e), e);
	}
	if (rc != 1)
		return -1;
	in->p += m.raw.n;
	in->n -= m.raw.n;
	t->put += m.raw.n;
	t->digest = m.digest;
	t->next++;
	return 1;
}

/* A stream that takes the place of another begins with its CONFIG. */
static int
begin_stream(struct take *t, struct slice first, struct err *e)
{
	struct stream_id old = inbox_durable(t->in).stream;
	struct slice line, rest = first;

	if (stream_eq(old, t->b->stream))
		return 0;
	if (!stream_is_zero(old) && t->b->config_first &&
	    (!slice_cut(&rest, '\n', &line) ||
		!slice_starts(rest, SLICE("Type:CONFIG\n"))))
		return err_set(e, ERR_INPUT,
		    "a new stream that does not begin with a CONFIG");
	if (inbox_begin_stream(t->in, t->b->stream, e) == -1)
		return -1;
	t->r->replaced = !stream_is_zero(old);
	return 0;
}

static struct spool_point
point(const struct take *t)
{
	return (struct spool_point){ t->b->stream, t->next - 1, t->digest };
}

/* What is good is kept, whatever comes behind it. */
static int
commit(struct take *t, struct err *e)
{
	struct err failed = { 0 };

	if (inbox_commit(t->in, &failed) == -1) {
		*e = failed;
		t->b->stopped = INBOX_FAILED;
		t->b->undone = true;
		return -1;
	}
	t->b->durable = t->b->taken = point(t);
	t->put = 0;
	return 1;
}

int
delivery_take(struct inbox *in, struct delivery_batch *b,
    struct delivery_result *r, struct err *e)
{
	struct take t = { .in = in, .b = b, .r = r, .next = b->first };
	struct slice rest = b->bytes;
	struct message_parser *p;
	int rc = 1;

	b->refused = 0;
	b->durable = b->taken = (struct spool_point){ 0 };
	b->stopped = INBOX_TAKEN;
	b->undone = false;
	if (b->first == 1 && begin_stream(&t, rest, e) == -1) {
		b->stopped =
		    e->kind == ERR_INPUT ? INBOX_STRANGE : INBOX_FAILED;
		b->undone = b->stopped == INBOX_FAILED; /* or nobody knows */
		return -1;
	}
	p = message_parser_new(MESSAGE_FORM_FULL, b->message_max);
	while (rc == 1 && t.next <= b->last) {
		rc = take_one(&t, p, &rest, e);
		if (rc == 1 && t.put >= COMMIT_MAX)
			rc = commit(&t, e);
	}
	message_parser_free(p);
	if (rc == 1 && rest.n > 0 && !b->carried)
		rc = err_set(e, ERR_PROTOCOL,
		    "a batch that holds more messages than it names");
	if (t.next == b->first || b->undone)
		return rc == -1 ? -1 : 0;
	if (rc == 1 && b->waits)
		b->taken = point(&t);
	else if (commit(&t, e) == -1)
		return -1;
	return rc == -1 ? -1 : 0;
}
