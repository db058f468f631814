/*
 * Taking carried files; see staging.h.  doc/protocol.5, "CARRIED FILES", says
 * what becomes of each.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/spool/carried_name.h"
#include "common/spool/quarantine.h"
#include "transport/carried/staging.h"
#include "transport/delivery/bare.h"
#include "transport/delivery/take.h"

enum {
	SIGNATURE_WAIT_S = 600, /* for the other one of a pair */
	LOOKS = 3,              /* at an ack that is replaced meanwhile */
};

struct staged {
	struct carried_name name;
	bool signature_there;
	bool done; /* to be removed */
};

struct staging {
	struct staging_opts o;
	struct quarantine quarantine; /* dir -1: not opened yet */
	struct staged *at;            /* segments, by number */
	size_t n;
	struct carried_name *stray; /* signatures of nothing */
	size_t n_stray;
	bool has_ack;
	uint64_t foreign_names;
};

/* What reading a file found. */
enum file_found {
	FILE_READ,
	FILE_GONE,   /* not there any more, or not yet */
	FILE_BAD,    /* not a plain file, too large, ...: e says what */
	FILE_FAILED, /* the kernel said no */
};

/* --- Listing ------------------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
	const struct carried_name *x = &((const struct staged *)a)->name;
	const struct carried_name *y = &((const struct staged *)b)->name;

	if (x->segment.first != y->segment.first)
		return x->segment.first < y->segment.first ? -1 : 1;
	if (x->segment.last != y->segment.last)
		return x->segment.last < y->segment.last ? -1 : 1;
	return strcmp(x->codec->suffix, y->codec->suffix);
}

static struct staged *
find(const struct staging *s, const struct carried_name *name)
{
	const struct staged key = { .name = *name };

	if (s->n == 0)
		return NULL;
	return bsearch(&key, s->at, s->n, sizeof(*s->at), compare);
}

static void
add_name(struct staging *s, const char *text, struct carried_name **signatures,
    size_t *n_signatures)
{
	struct carried_name name;

	if (!carried_name_parse(text, &name)) {
		s->foreign_names++;
	} else if (name.codec == NULL) {
		s->has_ack = s->has_ack || !name.signature;
	} else if (name.signature) {
		*signatures = mem_resize(*signatures, *n_signatures + 1,
		    sizeof(**signatures));
		(*signatures)[(*n_signatures)++] = name;
	} else {
		s->at = mem_resize(s->at, s->n + 1, sizeof(*s->at));
		s->at[s->n++] = (struct staged){ .name = name };
	}
}

/* A carried directory that is not there, or fails, may be there again soon. */
static int
trouble(const struct staging *s, struct err *e)
{
	if (s->o.foreign && e->kind == ERR_SYS)
		e->kind = ERR_TEMP;
	return -1;
}

static int
list(struct staging *s, struct err *e)
{
	struct names names;

	if (durable_list(s->o.dir, &names, e) == -1)
		return trouble(s, e);
	for (size_t i = 0; i < names.n; i++)
		add_name(s, names.name[i], &s->stray, &s->n_stray);
	names_free(&names);
	if (s->n > 1)
		qsort(s->at, s->n, sizeof(*s->at), compare);
	for (size_t i = 0; i < s->n_stray;) {
		struct staged *of = find(s, &s->stray[i]);

		if (of == NULL) {
			i++;
			continue;
		}
		of->signature_there = true;
		s->stray[i] = s->stray[--s->n_stray];
	}
	return 0;
}

int
staging_open(const struct staging_opts *o, struct staging **out, struct err *e)
{
	struct staging *s = mem_alloc(sizeof(*s));

	s->o = *o;
	s->quarantine.dir = -1;
	if (list(s, e) == -1) {
		staging_close(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
staging_close(struct staging *s)
{
	if (s == NULL)
		return;
	quarantine_close(&s->quarantine);
	free(s->at);
	free(s->stray);
	free(s);
}

/* --- Files -------------------------------------------------------------------- */

/* Nothing on the way is a link, and nothing leads out (S7). */
static int
open_beneath(int dir, const char *name)
{
	const struct open_how how = {
		.flags =
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

static int
check_kind(const struct staging *s, const struct stat *st, size_t max,
    struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_INPUT, "not a plain file");
	if (st->st_nlink > 1)
		return err_set(e, ERR_INPUT, "it has several links");
	if ((st->st_mode & (S_ISUID | S_ISGID)) != 0)
		return err_set(e, ERR_INPUT, "it is setuid or setgid");
	if (!s->o.foreign && st->st_uid != geteuid())
		return err_set(e, ERR_INPUT, "it belongs to another account");
	if (st->st_size < 0 || (uint64_t)st->st_size > max)
		return err_set(e, ERR_INPUT, "more than %zu bytes", max);
	return 0;
}

/* Somebody writes it: it comes again, whole. */
static bool
has_changed(int fd, const struct stat *before)
{
	struct stat st;

	return fstat(fd, &st) == -1 || st.st_size != before->st_size ||
	    st.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

/* Append a copy of it: whatever happens to the file from now on. */
static enum file_found
read_copy(const struct staging *s, const char *name, size_t max,
    struct buf *out, struct err *e)
{
	int fd = open_beneath(s->o.dir, name);
	enum file_found found = FILE_READ;
	size_t before = out->n;
	struct stat st;

	if (fd == -1) {
		err_sys(e, "open %s", name);
		if (e->sys == ENOENT)
			return FILE_GONE;
		if (e->sys == ELOOP || e->sys == ENXIO || e->sys == EXDEV)
			return FILE_BAD; /* a link, a socket */
		(void)trouble(s, e);
		return FILE_FAILED;
	}
	if (fstat(fd, &st) == -1) {
		err_sys(e, "look at %s", name);
		found = FILE_FAILED;
	} else if (check_kind(s, &st, max, e) == -1) {
		found = FILE_BAD;
	} else if (io_read_upto(fd, max + 1, out, e) == -1) {
		(void)trouble(s, e);
		found = FILE_FAILED;
	} else if (out->n - before > max) { /* it grew */
		err_set(e, ERR_INPUT, "more than %zu bytes", max);
		found = FILE_BAD;
	} else if (has_changed(fd, &st)) {
		err_set(e, ERR_TEMP, "%s is being written", name);
		found = FILE_GONE;
	}
	if (found != FILE_READ)
		out->n = before;
	close(fd);
	return found;
}

/* Who signed what lies in *copy, prefix and file?  FILE_GONE: not yet known. */
static enum file_found
check_signature(const struct staging *s, struct carried_name name,
    struct slice copy, struct err *e)
{
	char text_name[CARRIED_NAME_SIZE];
	struct buf text = { 0 };
	enum file_found found;

	if (!s->o.keys->verifies)
		return FILE_READ;
	name.signature = true;
	found = read_copy(s, carried_name_text(&name, text_name),
	    SIGNATURE_FILE_MAX, &text, e);
	if (found == FILE_READ &&
	    !signature_is_good(s->o.keys, copy, buf_slice(&text))) {
		err_set(e, ERR_DENIED,
		    "it is not signed by the key that verify-key names, for "
		    "this association and direction");
		found = FILE_BAD;
	}
	buf_clear(&text);
	return found;
}

/* The file's bytes are those of *out behind *from.  Together they are what its
 * signature covers. */
static enum file_found
read_signed(const struct staging *s, struct carried_name name, size_t max,
    struct buf *out, size_t *from, struct err *e)
{
	char text[CARRIED_NAME_SIZE];
	enum file_found found;

	buf_reset(out);
	signature_prefix(out, s->o.association->name, s->o.association->role);
	*from = out->n;
	found = read_copy(s, carried_name_text(&name, text), max, out, e);
	if (found == FILE_READ)
		found = check_signature(s, name, buf_slice(out), e);
	return found;
}

/* --- The acknowledgement ------------------------------------------------------- */

int
staging_ack(struct staging *s, struct carried_ack *out,
    struct delivery_result *r, struct err *e)
{
	const struct carried_name name = { .codec = NULL };
	enum file_found found = FILE_GONE;
	struct buf copy = { 0 };
	struct err why = { 0 };
	size_t from = 0;
	int rc = 0;

	/* it and its signature are two files: one may be newer */
	for (int i = 0; s->has_ack && i < LOOKS && found != FILE_READ &&
	     found != FILE_FAILED;
	     i++)
		found =
		    read_signed(s, name, CARRIED_ACK_MAX, &copy, &from, &why);
	if (found == FILE_FAILED) {
		*e = why;
		rc = -1;
	} else if (found == FILE_READ &&
	    carried_ack_parse((struct slice){ copy.p + from, copy.n - from },
		out, &why) == 0) {
		rc = 1;
	} else if (found == FILE_BAD || found == FILE_READ) {
		log_info("an acknowledgement is not believed association=%s: "
			 "%s",
		    s->o.association->name, why.msg);
		r->counts.strange_acks++;
		r->unbelieved_acks++;
	}
	buf_clear(&copy);
	return rc;
}

/* --- What is not taken ---------------------------------------------------------- */

/* Has it waited for the other one of its pair longer than any transfer takes?
 * By the clock, which decides here only whether somebody is told. */
static bool
waits_long(const struct staging *s, const struct carried_name *name)
{
	char text[CARRIED_NAME_SIZE];
	struct stat st;
	int64_t age_s;

	if (fstatat(s->o.dir, carried_name_text(name, text), &st,
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

static int
decode(const struct codec_ops *codec, struct slice in, struct buf *out,
    struct err *e)
{
	size_t size = 0;

	if (codec->measure == NULL)
		return err_set(e, ERR_INPUT, "%s is not for files",
		    codec->name);
	if (codec->measure(in, STAGING_PLAIN_MAX, &size, e) == -1)
		return -1;
	return codec->decode(in, size, out, e);
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
	int rc;

	if (have > 0 && b.first > have + 1)
		return 1; /* it waits for what is before it */
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

	switch (read_signed(s, f->name, STAGING_FILE_MAX, b, &from, &why)) {
	case FILE_READ:
		break;
	case FILE_GONE:
		log_info("waits association=%s: %s", s->o.association->name,
		    why.msg);
		if (!f->signature_there && waits_long(s, &f->name))
			r->unsigned_files++;
		return 0;
	case FILE_BAD:
		refuse(s, f,
		    (struct slice){ b->p + from,
			b->n > from ? b->n - from : 0 },
		    &why, r);
		return 0;
	case FILE_FAILED:
		*e = why;
		return -1;
	}
	copy = (struct slice){ b->p + from, b->n - from };
	r->counts.in_bytes += copy.n;
	if (f->name.codec == &codec_none)
		rc = take_decoded(s, f, t, copy, copy, e);
	else if (decode(f->name.codec, copy, &plain, &why) == -1)
		refuse(s, f, copy, &why, r);
	else
		rc = take_decoded(s, f, t, buf_slice(&plain), copy, e);
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

	for (size_t i = 0; rc == 0 && i < s->n; i++) {
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

/* A directory may have our name, too. */
static void
put_directory_away(struct staging *s, const char *name)
{
	const struct quarantine_file f = { s->o.dir, "staging", name };
	struct err ignored = { 0 }; /* then it stays, and is told again */

	if (s->quarantine.dir != -1 ||
	    quarantine_open(&s->quarantine, s->o.association_dir, &ignored) ==
		0)
		(void)quarantine_move(&s->quarantine, &f, "it is a directory",
		    &ignored);
}

void
staging_remove(struct staging *s)
{
	char text[CARRIED_NAME_SIZE];

	for (size_t i = 0; i < s->n; i++) {
		struct carried_name name = s->at[i].name;

		if (!s->at[i].done)
			continue;
		carried_name_text(&name, text);
		if (unlinkat(s->o.dir, text, 0) == -1 && errno == EISDIR &&
		    !s->o.foreign)
			put_directory_away(s, text);
		name.signature = true;
		(void)unlinkat(s->o.dir, carried_name_text(&name, text), 0);
	}
}
