/*
 * What a session says first, and what it makes of what the peer says first:
 * noise, a HELLO, a refusal.  See session_impl.h and doc/protocol.5.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "common/base/log.h"
#include "transport/session/session_impl.h"
#include "transport/session/start.h"

enum {
	NOISE_MAX = 80, /* bytes that are shown */
};

static void
put_codecs(struct buf *list)
{
	const struct codec_ops *const *c = codec_all();

	for (size_t i = 0; c[i] != NULL; i++) {
		if (i > 0)
			buf_put_char(list, ',');
		buf_put_str(list, c[i]->name);
	}
}

void
session_put_opening(struct session *s)
{
	bool hub = s->opts.role == SESSION_HUB;
	struct buf codecs = { 0 };
	struct frame_hello h = {
		.version_min = FRAME_VERSION,
		.version_max = FRAME_VERSION,
		.association = slice_str(s->association),
		.hub = hub,
		.push = hub != s->opts.opener,
		.keep = s->opts.keep,
		.out = s->opts.out,
		.in = s->opts.in,
	};

	put_codecs(&codecs);
	h.codecs = buf_slice(&codecs);
	buf_put_str(&s->out, FRAME_OPENING);
	frame_put_hello(&s->out, &h);
	buf_clear(&codecs);
}

/* Something else than our opening: the log of whoever opened the channel shows
 * what it was (a shell's greeting, an HTTP error, ...), so wait for its line. */
static int
read_noise(const struct session *s, struct slice in, struct err *e)
{
	char text[4 * NOISE_MAX + 8];
	struct slice line;

	if (slice_cut(&in, '\n', &line))
		in = line;
	else if (in.n < NOISE_MAX && !s->closed &&
	    !session_since(s, s->part_at, SESSION_NOISE_MS))
		return 0;
	if (in.n > NOISE_MAX)
		in.n = NOISE_MAX;
	return err_set(e, ERR_PROTOCOL, "noise before hello: %s",
	    log_escape(text, sizeof(text), in));
}

int
session_read_line(const struct session *s, struct err *e)
{
	struct slice in = session_unused(s), want = SLICE(FRAME_OPENING);

	if (slice_starts(in, want))
		return 1;
	if (slice_starts(want, in))
		return 0; /* more comes, or it was cut off there */
	return read_noise(s, in, e);
}

static int
check_version(struct slice payload, struct err *e)
{
	uint64_t min = 0, max = 0;

	if (frame_read_versions(payload, &min, &max, e) == -1)
		return -1;
	if (min > FRAME_VERSION || max < FRAME_VERSION)
		return err_set(e, ERR_PROTOCOL,
		    "the far end speaks the versions %" PRIu64 " to %" PRIu64
		    " of the protocol, this end only %d: update the older one",
		    min, max, FRAME_VERSION);
	return 0;
}

static int
check_peer(const struct session *s, const struct frame_hello *h, struct err *e)
{
	bool hub = s->opts.role == SESSION_HUB;
	char name[64];

	if (!slice_eq_str(h->association, s->association))
		return err_set(e, ERR_CONFIG,
		    "the far end speaks for association %s, this channel is of %s",
		    log_escape(name, sizeof(name), h->association),
		    s->association);
	if (h->hub == hub)
		return err_set(e, ERR_CONFIG,
		    "both ends take themselves for the %s of association %s",
		    hub ? "hub" : "spoke", s->association);
	if (h->push != (hub != s->opts.opener))
		return err_set(e, ERR_CONFIG,
		    "both ends say that they %s this session of association %s",
		    s->opts.opener ? "opened" : "did not open", s->association);
	return 0;
}

static bool
list_has(struct slice list, const char *name)
{
	struct slice item;

	while (slice_cut(&list, ',', &item))
		if (slice_eq_str(item, name))
			return true;
	return slice_eq_str(list, name);
}

static void
choose_codec(struct session *s, struct slice theirs)
{
	const struct codec_ops *wanted = s->sender.codec;
	const struct codec_ops *gzip = codec_find(SLICE("gzip"));

	if (wanted == &codec_none || list_has(theirs, wanted->name))
		return;
	s->sender.codec = &codec_none;
	s->sender.level = 0;
	if (gzip != NULL && list_has(theirs, gzip->name)) {
		s->sender.codec = gzip;
		s->sender.level = gzip->level_default;
	}
	(void)snprintf(s->warning, sizeof(s->warning),
	    "the far end does not know compression %s: sending %s",
	    wanted->name, s->sender.codec->name);
}

int
session_judge_hello(struct session *s, struct slice payload,
    struct spool_point *at, struct err *e)
{
	struct frame_hello h;

	if (check_version(payload, e) == -1 ||
	    frame_read_hello(payload, &h, e) == -1 ||
	    check_peer(s, &h, e) == -1)
		return -1;
	s->keep = s->opts.keep && h.keep;
	choose_codec(s, h.codecs);
	s->begins = start_find(&s->opts.out, &s->opts.out_acked, &h.in, at);
	return s->begins == START_ON ? 1 : 0;
}

/* What a person at the other end can use of it: not our files' names.  75 means
 * busy, and that it is worth to come again at once: a disk that is full, or any
 * other trouble of ours, is not that. */
void
session_put_refuse(struct buf *out, const struct err *why)
{
	bool full = why->kind == ERR_TEMP && why->sys == ENOSPC;
	bool ours = why->kind == ERR_SYS || why->kind == ERR_INTERNAL;
	struct frame_refuse r = {
		.code = full || ours ? EX_IOERR : (unsigned)err_exit_code(why),
		.text = ours ? SLICE("trouble at this end; its log says more")
			     : slice_str(why->msg),
	};

	frame_put_refuse(out, &r);
}

void
session_refusal(struct buf *out, const struct err *why)
{
	buf_put_str(out, FRAME_OPENING);
	session_put_refuse(out, why);
}

void
session_read_refuse(const struct frame_refuse *r, struct err *e)
{
	static const struct {
		unsigned code;
		enum err_kind kind;
	} kinds[] = {
		{ EX_DATAERR, ERR_INPUT },
		{ EX_TEMPFAIL, ERR_TEMP },
		{ EX_IOERR, ERR_TEMP },
		{ EX_NOPERM, ERR_DENIED },
		{ EX_CONFIG, ERR_CONFIG },
	};
	enum err_kind kind = ERR_PROTOCOL;
	struct slice rest = r->text;
	char text[ERR_MSG_SIZE];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].code == r->code)
			kind = kinds[i].kind;
	log_escape(text, sizeof(text), r->text);
	err_set(e, kind, "the far end refused: %s", text);
	if (r->code == EX_TEMPFAIL)
		e->sys = EAGAIN;
	else if (r->code == EX_IOERR)
		e->sys = EIO;
	if (r->code == EX_DATAERR && slice_skip(&rest, SLICE("fork:")))
		e->sys = EREMCHG;
}
