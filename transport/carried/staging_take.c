/*
 * Taking carried segments; see staging.h.  doc/protocol.5, "CARRIED FILES", says
 * what becomes of each.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "transport/carried/staging_impl.h"
#include "transport/delivery/bare.h"
#include "transport/delivery/take.h"

enum {
	SIGNATURE_WAIT_S = 600, /* for the other one of a pair */
};

/* --- What is not taken ---------------------------------------------------------- */

/* Has it waited for the other one of its pair longer than any transfer takes?
 * By the clock, which decides here only whether somebody is told. */
static bool
waits_long(const struct staging *s, const struct carried_name *name)
{
	char text[CARRIED_NAME_SIZE];
	struct stat st;
	int64_t age_s;

	if (fstatat(s->o.at.dir, carried_name_text(name, text), &st,
		AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	age_s = wall_s(clock_wall()) - (int64_t)st.st_ctim.tv_sec;
	return age_s > SIGNATURE_WAIT_S || age_s < -SIGNATURE_WAIT_S;
}

static void
count_refused(const char *name, const struct err *why,
    struct delivery_result *r)
{
	if (r->refused_files++ > 0)
		return;
	r->refused = *why;
	err_wrap(&r->refused, "%s", name);
}

/* It is not what it says: its copy is for a person, as far as there is room. */
static void
refuse(struct staging *s, struct staged *f, struct slice copy,
    const struct err *why, struct delivery_result *r)
{
	char text[CARRIED_NAME_SIZE], base[QUARANTINE_NAME_SIZE];
	struct err ignored = { 0 }; /* it is counted and told nevertheless */

	carried_name_text(&f->name, text);
	log_err("refused association=%s file=%s: %s", s->o.association->name,
	    text, why->msg);
	(void)snprintf(base, sizeof(base), "staging-%s", text);
	if (copy.n > 0 &&
	    (s->quarantine.dir != -1 ||
		quarantine_open(&s->quarantine, s->o.association_dir,
		    &ignored) == 0)) {
		s->quarantine.bytes_max = s->o.association->spool_size;
		(void)quarantine_put(&s->quarantine, base, copy, why->msg,
		    &ignored);
	}
	r->quarantined++;
	count_refused(text, why, r);
	f->done = true;
}

/* --- Segments ------------------------------------------------------------------- */

/* Where segments go. */
struct taking {
	struct inbox *in;
	const struct carried_ack *ack; /* or NULL */
	struct delivery_result *r;
};

/* Its stream is its first message's, which must be the one that it names. */
static int
peek_stream(struct slice plain, const struct segment_name *name,
    struct stream_id *out, struct err *e)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, 0);
	enum message_verdict found;
	struct message m = { 0 };
	int rc = 0;

	found = message_parse(p, plain, &m, e);
	if (found == MESSAGE_MORE)
		err_set(e, ERR_INPUT, "it is cut off");
	if (found != MESSAGE_WHOLE && found != MESSAGE_POISON)
		rc = -1;
	else if (m.msgid != name->first)
		rc = err_set(e, ERR_INPUT, "it begins with message %" PRIu64,
		    m.msgid);
	*out = m.stream;
	message_parser_free(p);
	return rc;
}

/* Put a verified copy into the inbox.  0: it is settled, or waits; -1: nothing
 * behind it may be taken now. */
static int
take_plain(struct staging *s, struct staged *f, const struct taking *t,
    struct slice plain, struct slice copy, struct err *e)
{
	struct inbox *in = t->in;
	struct delivery_result *r = t->r;
	struct delivery_batch b = { .bytes = plain,
		.first = f->name.segment.first,
		.last = f->name.segment.last,
		.carried = true,
		.config_first = s->o.association->role == CONFIG_HUB };
	char name[CARRIED_NAME_SIZE];
	struct err why = { 0 };
	int rc;

	if (peek_stream(plain, &f->name.segment, &b.stream, &why) == -1) {
		refuse(s, f, copy, &why, r);
		return 0;
	}
	rc = delivery_take(in, &b, r, &why);
	if (b.durable.msgid != 0) {
		r->counts.taken += b.durable.msgid - b.first + 1;
		r->durable = inbox_durable(in);
	}
	if (b.refused != 0) { /* the message is in quarantine already */
		log_err("refused association=%s msgid=%" PRIu64 ": %s",
		    s->o.association->name, b.refused, b.why.msg);
		r->counts.refused++;
		count_refused(carried_name_text(&f->name, name), &b.why, r);
		f->done = true;
	}
	if (rc == 0) {
		f->done = true;
		return 0;
	}
	if (b.stopped == INBOX_BEYOND ||
	    (b.stopped == INBOX_STRANGE && b.first > 1 && t->ack != NULL &&
		stream_eq(b.stream, t->ack->send.stream)))
		return 1; /* it waits for what is missing before it */
	if (b.stopped == INBOX_STRANGE || b.stopped == INBOX_FORK)
		refuse(s, f, copy, &why, r);
	if (b.stopped == INBOX_STRANGE)
		return 0; /* an old one that was carried again */
	*e = why;
	return err_wrap(e, "%020" PRIu64 "-%020" PRIu64 ".msgs", b.first,
	    b.last);
}

/* The draft's fields alone, where the association lets them: numbers follow
 * each other. */
static int
take_bare(struct staging *s, struct staged *f, const struct taking *t,
    struct slice plain, struct slice copy, struct err *e)
{
	const struct bare_file b = { .association_dir = s->o.association_dir,
		.in = t->in,
		.bytes = plain,
		.first = f->name.segment.first,
		.last = f->name.segment.last };
	struct err why = { 0 };
	uint64_t have = inbox_durable(t->in).msgid;
	int rc = inbox_forked(s->o.association_dir, e);

	if (rc == -1)
		return -1;
	if (rc == 1 || (have > 0 && b.first > have + 1))
		return 1; /* it waits for a person, or what is before it */
	rc = bare_take(&b, t->r, &why);
	t->r->durable = inbox_durable(t->in);
	if (rc == -1 && why.kind != ERR_INPUT) {
		*e = why;
		return -1;
	}
	if (rc == -1)
		refuse(s, f, copy, &why, t->r);
	f->done = true;
	return 0;
}

static int
take_decoded(struct staging *s, struct staged *f, const struct taking *t,
    struct slice plain, struct slice copy, struct err *e)
{
	return s->o.association->bare && bare_is_file(plain)
	    ? take_bare(s, f, t, plain, copy, e)
	    : take_plain(s, f, t, plain, copy, e);
}

static int
take_file(struct staging *s, struct staged *f, const struct taking *t,
    struct buf *b, struct err *e)
{
	struct delivery_result *r = t->r;
	struct buf plain = { 0 };
	struct slice copy;
	struct err why = { 0 };
	size_t from = 0;
	int rc = 0;

	switch (staging_read(s, f->name, STAGING_FILE_MAX, b, &from, &why)) {
	case CARRIED_READ:
		break;
	case CARRIED_GONE:
		log_info("waits association=%s: %s", s->o.association->name,
		    why.msg);
		if (!f->signature_there && waits_long(s, &f->name))
			r->unsigned_files++;
		return 0;
	case CARRIED_BAD:
		refuse(s, f,
		    (struct slice){ b->p + from,
			b->n > from ? b->n - from : 0 },
		    &why, r);
		return 0;
	case CARRIED_FAILED:
		*e = why;
		return -1;
	}
	copy = (struct slice){ b->p + from, b->n - from };
	if (f->name.codec == &codec_none)
		rc = take_decoded(s, f, t, copy, copy, e);
	else if (carried_file_decode(f->name.codec, copy, STAGING_PLAIN_MAX,
		     &plain, &why) == -1)
		refuse(s, f, copy, &why, r);
	else
		rc = take_decoded(s, f, t, buf_slice(&plain), copy, e);
	if (f->done) /* what stays is looked at again */
		r->counts.in_bytes += copy.n;
	buf_clear(&plain);
	return rc;
}

/* Known to be had by its name: the other end's ack says of which stream. */
static bool
is_had(const struct staged *f, const struct inbox *in,
    const struct carried_ack *ack)
{
	struct spool_point have = inbox_durable(in);

	return ack != NULL && !stream_is_zero(have.stream) &&
	    stream_eq(ack->send.stream, have.stream) &&
	    f->name.segment.last <= have.msgid;
}

int
staging_take(struct staging *s, struct inbox *in, const struct carried_ack *ack,
    struct delivery_result *r, struct err *e)
{
	const struct taking t = { in, ack, r };
	struct buf b = { 0 };
	int rc = 0;

	r->more = s->more;
	for (size_t i = 0; rc == 0 && i < s->n; i++) {
		if (r->refused_files >= STAGING_REFUSED) {
			r->more = true;
			break;
		}
		if (is_had(&s->at[i], in, ack))
			s->at[i].done = true;
		else
			rc = take_file(s, &s->at[i], &t, &b, e);
	}
	buf_clear(&b);
	for (size_t i = 0; i < s->n_stray; i++)
		r->unsigned_files += waits_long(s, &s->stray[i]);
	r->ignored += s->foreign_names;
	return rc == -1 ? -1 : 0;
}
