/*
 * One end of a session, in memory; see peer.h.
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/spool/recall.h"
#include "t/peer.h"

struct stream_id
peer_stream(uint8_t seed)
{
	struct stream_id s;

	memset(s.b, seed, sizeof(s.b));
	return s;
}

void
peer_init(struct peer *p, enum session_role role, bool opener)
{
	*p = (struct peer){ .opts = { .association = "alps",
				.role = role,
				.opener = opener,
				.ahead = opener,
				.codec = codec_find(SLICE("gzip")),
				.level = 6 } };
	p->out.stream = peer_stream(role == SESSION_HUB ? 0x11 : 0x22);
}

void
peer_choose(struct peer *p, const char *codec)
{
	p->opts.codec = codec_find(slice_str(codec));
	if (p->opts.codec == NULL)
		p->opts.codec = &codec_none;
	p->opts.level = p->opts.codec->level_default;
}

static void
spool_clear(struct peer_spool *s)
{
	for (size_t i = 0; i <= PEER_MESSAGES; i++)
		buf_clear(&s->raw[i]);
	memset(s, 0, sizeof(*s));
}

void
peer_clear(struct peer *p)
{
	peer_close(p);
	buf_clear(&p->wire);
	spool_clear(&p->out);
	spool_clear(&p->in);
}

static void
write_one(struct peer_spool *s, enum message_type type, struct buf *body)
{
	uint64_t n = s->last + 1;
	struct message m = { .msgid = n,
		.type = type,
		.timestamp = 1100000000 + n,
		.stream = s->stream,
		.prev = s->digest[n - 1],
		.generation = type == MESSAGE_DATA ? 1 : 0,
		.parts = 1,
		.part = 1,
		.body = buf_slice(body) };
	struct err e = { 0 };

	assert(n <= PEER_MESSAGES);
	if (message_write(&s->raw[n], &m, &e) == -1)
		abort();
	s->digest[n] = m.digest;
	s->last = n;
}

void
peer_write(struct peer *p, unsigned messages, size_t size)
{
	struct buf body = { 0 };
	uint32_t x = 12345;

	while (messages-- > 0) {
		buf_reset(&body);
		for (unsigned i = 1; body.n < size || i == 1; i++) {
			x = x * 1664525 + 1013904223;
			buf_printf(&body, "T%u:%u\n", i, (unsigned)x);
		}
		write_one(&p->out, MESSAGE_DATA, &body);
	}
	buf_clear(&body);
}

void
peer_write_status(struct peer *p)
{
	struct buf body = { 0 };

	buf_put_str(&body, "load:1\n");
	write_one(&p->out, MESSAGE_STATUS, &body);
	buf_clear(&body);
}

void
peer_put(struct peer *p, struct slice raw)
{
	struct message m;

	if (!message_cut(&raw, &m))
		abort();
	if (p->out.last == 0)
		p->out.stream = m.stream;
	assert(m.msgid == p->out.last + 1 && m.msgid <= PEER_MESSAGES);
	buf_put(&p->out.raw[m.msgid], m.raw);
	p->out.digest[m.msgid] = m.digest;
	p->out.last = m.msgid;
}

void
peer_write_lost(struct peer *p, unsigned messages)
{
	p->out.last += messages;
	assert(p->out.last <= PEER_MESSAGES);
}

static struct spool_point
newest(const struct peer_spool *s)
{
	return (struct spool_point){ s->stream, s->last, s->digest[s->last] };
}

void
peer_open(struct peer *p, struct mono now)
{
	peer_close(p);
	p->opts.out = newest(&p->out);
	p->opts.out_acked = p->acked;
	if (stream_is_zero(p->acked.stream))
		p->opts.out_acked.stream = p->out.stream;
	p->opts.in = newest(&p->in);
	p->session = session_new(&p->opts, now);
	p->end = SESSION_NOTHING;
	p->cut = false;
	p->why = (struct err){ 0 };
	p->warning[0] = '\0';
}

void
peer_close(struct peer *p)
{
	session_free(p->session);
	p->session = NULL;
	buf_reset(&p->wire);
}

/* Number everything anew, as outbox_renew does. */
static void
renew(struct peer *p)
{
	struct peer_spool old = p->out;

	memset(&p->out, 0, sizeof(p->out));
	p->out.stream = peer_stream((uint8_t)(old.stream.b[0] + 1));
	for (uint64_t i = 1; i <= old.last; i++) {
		struct message_parser *parser =
		    message_parser_new(MESSAGE_FORM_FULL, 0);
		struct message m;
		struct err e = { 0 };
		struct buf body = { 0 };

		if (old.raw[i].n > 0 &&
		    message_parse(parser, buf_slice(&old.raw[i]), &m, &e) ==
			MESSAGE_WHOLE) {
			buf_put(&body, m.body);
			write_one(&p->out, m.type, &body);
		}
		buf_clear(&body);
		message_parser_free(parser);
	}
	spool_clear(&old);
	p->renewals++;
	p->acked = (struct spool_point){ .stream = p->out.stream };
	session_renewed(p->session,
	    &(struct spool_point){ p->out.stream, p->out.last,
		p->out.digest[p->out.last] });
}

static void
on_start(struct peer *p, const struct spool_point *at)
{
	p->starts++;
	if (at->msgid > 0 && at->digest != 0 &&
	    p->out.digest[at->msgid] != at->digest) {
		renew(p);
		return;
	}
	if (at->msgid > p->acked.msgid)
		p->acked = *at;
	p->next = at->msgid + 1;
}

static void
feed(struct peer *p)
{
	while (p->next <= p->out.last && session_room(p->session) > 0) {
		struct message m = { .msgid = p->next,
			.stream = p->out.stream,
			.digest = p->out.digest[p->next],
			.raw = buf_slice(&p->out.raw[p->next]) };
		uint64_t end = p->next;

		if (m.raw.n > 0) {
			session_feed(p->session, &m);
			p->next++;
			continue;
		}
		while (end < p->out.last && p->out.raw[end + 1].n == 0)
			end++;
		session_feed_lost(p->session, p->next, end);
		p->next = end + 1;
	}
	if (p->next > p->out.last && !p->endless)
		session_feed_end(p->session);
}

static void
begin_stream(struct peer *p, struct stream_id stream)
{
	if (stream_eq(stream, p->in.stream))
		return;
	spool_clear(&p->in);
	p->in.stream = stream;
}

/* What it took is durable. */
static void
settle(struct peer *p)
{
	if (p->taken.msgid == 0)
		return;
	session_durable(p->session, &p->taken);
	p->durable = p->taken.msgid;
	p->taken.msgid = 0;
}

static void
on_take(struct peer *p, const struct session_action *a)
{
	struct message_parser *parser =
	    message_parser_new(MESSAGE_FORM_FULL, LIMIT_MESSAGE_HARD);
	struct slice in = a->bytes;
	uint64_t refused = 0;
	struct message m;
	struct err e = { 0 };

	if (in.n > p->largest)
		p->largest = in.n;
	begin_stream(p, a->at.stream);
	for (uint64_t n = a->first; n <= a->last && refused == 0; n++) {
		if ((n == p->damage && p->damages > 0 && p->damages--) ||
		    message_parse(parser, in, &m, &e) != MESSAGE_WHOLE ||
		    m.msgid != n || m.prev != p->in.digest[n - 1]) {
			refused = n;
			break;
		}
		assert(p->in.last == n - 1 && n <= PEER_MESSAGES);
		buf_put(&p->in.raw[n], m.raw);
		p->in.digest[n] = m.digest;
		p->in.last = n;
		in.p += m.raw.n;
		in.n -= m.raw.n;
	}
	message_parser_free(parser);
	if (refused == 0 || refused > a->first) {
		p->taken = (struct spool_point){ p->in.stream, p->in.last,
			p->in.digest[p->in.last] };
		session_took(p->session, &p->taken);
	}
	if (refused != 0 || !p->lazy)
		settle(p);
	if (refused != 0)
		session_refused(p->session, refused, "damaged for the test");
}

static void
on_record(struct peer *p, const struct session_action *a)
{
	settle(p);
	p->records++;
	begin_stream(p, a->at.stream);
	assert(a->first == p->in.last + 1 && a->last <= PEER_MESSAGES);
	p->in.last = p->durable = a->last;
	session_recorded(p->session, &a->at);
}

static struct message
cut(const struct peer_spool *s, uint64_t n)
{
	struct slice raw = buf_slice(&s->raw[n]);
	struct message m = { 0 };

	if (!message_cut(&raw, &m))
		m.type = MESSAGE_RESYNC; /* lost */
	return m;
}

/* As spool_recall does, for CONFIGs of one part, which may be missing. */
static void
put_seed(const struct peer_spool *s, uint64_t at, const struct codec_history *h,
    struct buf *out)
{
	struct recall_seen seen = { 0 };
	uint64_t from;
	struct message m = { .type = MESSAGE_DATA };

	for (uint64_t n = at; n > 0 && h->config && m.type != MESSAGE_CONFIG;
	     n--) {
		m = cut(s, n);
		if (m.type == MESSAGE_CONFIG)
			buf_put(out, m.raw);
	}
	for (from = at; from > 0 && !recall_is_enough(&seen, h); from--) {
		m = cut(s, from);
		seen.numbers++;
		if (m.type == MESSAGE_DATA)
			recall_add(&seen, recall_data(&m));
	}
	while (++from <= at) {
		m = cut(s, from);
		if (m.type == MESSAGE_DATA)
			buf_put(out, m.raw);
	}
}

static void
on_seed(struct peer *p, const struct session_action *a)
{
	bool in = a->kind == SESSION_SEED_IN;
	const struct peer_spool *s = in ? &p->in : &p->out;
	struct buf seed = { 0 };
	struct slice found;

	p->seeds++;
	if (a->at.msgid > p->stale)
		put_seed(s, a->at.msgid - p->stale, a->seed, &seed);
	found = buf_slice(&seed);
	session_seed(p->session,
	    stream_eq(s->stream, a->at.stream) && p->unseeded == 0 ? &found
								   : NULL);
	p->unseeded -= p->unseeded > 0;
	buf_clear(&seed);
}

/* Into the pipe to the other end; false when it is full. */
static bool
on_send(struct peer *p, struct peer *to, struct slice bytes, struct mono now)
{
	size_t room = to->wire_max == 0 ? bytes.n : to->wire_max - to->wire.n;

	if (bytes.n > room)
		bytes.n = room;
	if (bytes.n == 0)
		return false;
	if (!to->cut)
		buf_put(&to->wire, bytes);
	session_sent(p->session, bytes.n, now);
	return true;
}

bool
peer_run(struct peer *p, struct peer *to, struct mono now)
{
	struct session_action a;
	bool moved = false;

	for (; p->end == SESSION_NOTHING; moved = true) {
		feed(p);
		session_next(p->session, now, &a);
		switch (a.kind) {
		case SESSION_NOTHING:
			if (p->taken.msgid == 0 || p->wire.n > 0)
				return moved;
			settle(p);
			break;
		case SESSION_AHEAD:
			return true;
		case SESSION_SEND:
			if (!on_send(p, to, a.bytes, now))
				return moved;
			break;
		case SESSION_START:
			on_start(p, &a.at);
			break;
		case SESSION_RENEW:
			renew(p);
			break;
		case SESSION_SEED_OUT:
		case SESSION_SEED_IN:
			on_seed(p, &a);
			break;
		case SESSION_TAKE:
			on_take(p, &a);
			break;
		case SESSION_RECORD:
			on_record(p, &a);
			break;
		case SESSION_ACKED:
			p->acked = a.at;
			break;
		case SESSION_SEEK:
			p->seeks++;
			p->next = a.first;
			break;
		case SESSION_WARN:
			snprintf(p->warning, sizeof(p->warning), "%s", a.text);
			break;
		case SESSION_END:
		case SESSION_FAILED:
			p->end = a.kind;
			p->why = a.err;
			to->cut = true;
			break;
		}
	}
	return moved;
}

bool
peer_read(struct peer *p, size_t n, struct mono now)
{
	if (p->end != SESSION_NOTHING)
		return false;
	if (n > p->wire.n)
		n = p->wire.n;
	if (n > 0 && n > session_read_most(p->session)) {
		n = session_read_most(p->session);
		if (n == 0)
			return false;
	}
	if (n > 0) {
		session_input(p->session, (struct slice){ p->wire.p, n }, now);
		buf_drop(&p->wire, n);
		return true;
	}
	if (!p->cut)
		return false;
	session_input_end(p->session, now);
	return true;
}

bool
peer_turns(struct peer *a, struct peer *b, size_t n, struct mono now)
{
	bool moved = peer_run(a, b, now);

	moved = peer_run(b, a, now) || moved;
	moved = peer_read(a, n, now) || moved;
	return peer_read(b, n, now) || moved;
}

static size_t
draw(uint64_t *seed, size_t most)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (size_t)((*seed >> 33) % most) + 1;
}

void
peer_join(struct peer *a, struct peer *b, size_t chunk, uint64_t seed)
{
	struct mono now = { 1000000000 };

	while (a->end == SESSION_NOTHING || b->end == SESSION_NOTHING) {
		bool moved = peer_run(a, b, now);

		moved |= peer_run(b, a, now);
		moved |= peer_read(a, draw(&seed, chunk), now);
		moved |= peer_read(b, draw(&seed, chunk), now);
		if (!moved) {
			struct mono wa = session_wake(a->session),
				    wb = session_wake(b->session);

			assert(wa.ns > now.ns && wb.ns > now.ns);
			now = wa.ns < wb.ns ? wa : wb;
		}
	}
}

bool
peer_same(const struct peer_spool *a, const struct peer_spool *b)
{
	if (a->last == 0 && b->last == 0)
		return true;
	if (!stream_eq(a->stream, b->stream) || a->last != b->last)
		return false;
	for (uint64_t i = 1; i <= a->last; i++)
		if (!slice_eq(buf_slice(&a->raw[i]), buf_slice(&b->raw[i])))
			return false;
	return true;
}
