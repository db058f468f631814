/*
 * One end of a session that does what it must not.
 *
 *	hostile_peer spoke|hub push|pull ASSOCIATION WHAT [COMMAND...]
 *
 * is the association's spoke or hub in that mode, on standard input and output;
 * with a command, on that one's, whose status is its own.  It reads all that it
 * is told, and ends when the other does.  On standard error: why it was refused.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/codec/codec.h"
#include "t/message_text.h"
#include "transport/session/frame.h"

enum {
	FLOOD = 256 << 20, /* bytes that are endless enough */
	PINGS = 8 << 20,
	DRIP_MS = 10000,
	TIMES = 100, /* however often it is asked for */
	PING_MS = 1000,
	HELLO_MS = 10000,   /* the other's is there */
	TOLD_MAX = 1 << 20, /* of what it hears is kept */
};

struct peer {
	bool hub, push;
	const char *association, *what;
	int in, out;
	bool deaf; /* it does not read */
	bool keep; /* it wants the session to stay open */
	struct buf told;
};

static const struct stream_id stream = { { 0x22, 0x22, 0x22, 0x22, 0x22, 0x22,
    0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22 } };

/* False: the other end is gone. */
static bool
hear(struct peer *p, int wait_ms)
{
	struct pollfd f = { p->in, POLLIN, 0 };
	char b[65536];
	ssize_t n;

	if (poll(&f, 1, wait_ms) <= 0)
		return true;
	n = read(p->in, b, sizeof(b));
	if (n > 0 && p->told.n + (size_t)n <= TOLD_MAX)
		(void)buf_put(&p->told, (struct slice){ b, (size_t)n });
	return n > 0;
}

/* For so long, listening or not.  False: the other end is gone. */
static bool
rest(struct peer *p, int ms)
{
	struct mono end = mono_add_ms(clock_mono(), ms);
	int64_t left;

	while ((left = mono_ms_since(end, clock_mono())) > 0) {
		struct pollfd f = { p->out, 0, 0 };

		if (!p->deaf && !hear(p, (int)left))
			return false;
		if (p->deaf && poll(&f, 1, (int)left) > 0)
			return false;
	}
	return true;
}

/* It reads as it writes, so that nothing but what it says is amiss. */
static bool
say(struct peer *p, struct slice s)
{
	while (s.n > 0) {
		struct pollfd f[2] = { { p->deaf ? -1 : p->in, POLLIN, 0 },
			{ p->out, POLLOUT, 0 } };
		ssize_t n;

		(void)poll(f, 2, -1);
		if (f[0].revents != 0 && !hear(p, 0))
			return false;
		if (f[1].revents == 0)
			continue;
		n = write(p->out, s.p, s.n < 4096 ? s.n : 4096);
		if (n <= 0)
			return false;
		s.p += n;
		s.n -= (size_t)n;
	}
	return true;
}

static void
say_text(struct peer *p, const char *text)
{
	(void)say(p, slice_str(text));
}

static struct frame_hello
honest(const struct peer *p)
{
	return (struct frame_hello){ .version_min = FRAME_VERSION,
		.version_max = FRAME_VERSION,
		.association = slice_str(p->association),
		.hub = p->hub,
		.push = p->push,
		.keep = p->keep,
		.codecs = SLICE("none") };
}

static void
say_hello(struct peer *p, const struct frame_hello *h)
{
	struct buf b = { 0 };

	(void)buf_put_str(&b, FRAME_OPENING);
	frame_put_hello(&b, h);
	(void)say(p, buf_slice(&b));
	buf_clear(&b);
}

/* An honest hello, and then these frames. */
static void
say_frames(struct peer *p, struct buf *frames)
{
	struct frame_hello h = honest(p);

	say_hello(p, &h);
	(void)say(p, buf_slice(frames));
	buf_clear(frames);
}

/* --- What it may do ---------------------------------------------------------- */

static void
silence(struct peer *p)
{
	(void)p;
}

/* That, and no more. */
static void
hello(struct peer *p)
{
	struct frame_hello h = honest(p);

	say_hello(p, &h);
}

static void
kept_hello(struct peer *p)
{
	p->keep = true;
	hello(p);
}

static void
noise(struct peer *p)
{
	char b[4096];
	uint64_t x = 88172645463325252;

	for (size_t sent = 0; sent < 1 << 20; sent += sizeof(b)) {
		for (size_t i = 0; i < sizeof(b); i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			b[i] = (char)x;
		}
		if (!say(p, (struct slice){ b, sizeof(b) }))
			return;
	}
}

static void
banner(struct peer *p)
{
	static const char line[] = "Welcome to the machine, and stay a while\n";

	for (size_t sent = 0; sent < FLOOD; sent += sizeof(line) - 1)
		if (!say(p, SLICE(line)))
			return;
}

static void
endless_line(struct peer *p)
{
	static char x[4096];

	memset(x, 'x', sizeof(x));
	for (size_t sent = 0; sent < FLOOD; sent += sizeof(x))
		if (!say(p, (struct slice){ x, sizeof(x) }))
			return;
}

static void
http(struct peer *p)
{
	say_text(p, "GET / HTTP/1.1\r\nHost: noc\r\n\r\n");
}

/* As a browser begins over TLS, and then waits. */
static void
tls(struct peer *p)
{
	(void)say(p, SLICE("\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"));
}

static void
version(struct peer *p)
{
	struct frame_hello h = honest(p);

	h.version_min = 7;
	h.version_max = 9;
	say_hello(p, &h);
}

static void
other(struct peer *p)
{
	struct frame_hello h = honest(p);

	h.association = SLICE("andes");
	say_hello(p, &h);
}

static void
same_role(struct peer *p)
{
	struct frame_hello h = honest(p);

	h.hub = !h.hub;
	say_hello(p, &h);
}

static void
other_mode(struct peer *p)
{
	struct frame_hello h = honest(p);

	h.push = !h.push;
	say_hello(p, &h);
}

static void
order(struct peer *p)
{
	struct buf b = { 0 };

	frame_put_chunk(&b, SLICE("MsgID:1\n"));
	say_frames(p, &b);
}

static void
early_ack(struct peer *p)
{
	const struct spool_point at = { stream, 1, 0 };
	struct buf b = { 0 };

	(void)buf_put_str(&b, FRAME_OPENING);
	frame_put_ack(&b, &at);
	(void)say(p, buf_slice(&b));
	buf_clear(&b);
}

static void
length(struct peer *p)
{
	struct buf b = { 0 };

	(void)buf_put(&b,
	    SLICE("\xff\xff\xff\xff"
		  "C"));
	say_frames(p, &b);
}

static void
size(struct peer *p)
{
	const struct frame_batch h = { .stream = stream,
		.first = 1,
		.last = 1,
		.size = UINT32_MAX,
		.encoded = UINT32_MAX,
		.codec = SLICE("none") };
	struct buf b = { 0 };

	frame_put_batch(&b, &h);
	say_frames(p, &b);
}

static struct frame_batch
batch_of(const char *codec, size_t size, size_t encoded)
{
	return (struct frame_batch){ .stream = stream,
		.first = 1,
		.last = 1,
		.size = (uint32_t)size,
		.encoded = (uint32_t)encoded,
		.codec = slice_str(codec) };
}

/* False: it is not wanted any more. */
static bool
say_batch(struct peer *p, const struct frame_batch *h, struct slice bytes)
{
	struct buf b = { 0 };
	bool heard;

	frame_put_batch(&b, h);
	while (bytes.n > 0) {
		struct slice chunk = bytes;

		if (chunk.n > FRAME_PAYLOAD_MAX)
			chunk.n = FRAME_PAYLOAD_MAX;
		frame_put_chunk(&b, chunk);
		bytes.p += chunk.n;
		bytes.n -= chunk.n;
	}
	heard = say(p, buf_slice(&b)) && hear(p, 1000);
	buf_clear(&b);
	return heard;
}

static void
say_hello_with_one(struct peer *p)
{
	struct frame_hello h = honest(p);

	h.out = (struct spool_point){ stream, 1, 0 };
	say_hello(p, &h);
}

/* The same batch, as often as it is wanted. */
static void
say_batches(struct peer *p, const struct frame_batch *h, struct slice bytes)
{
	say_hello_with_one(p);
	for (int i = 0; i < TIMES; i++)
		if (!say_batch(p, h, bytes))
			return;
}

/* A message that is right but for what it says of itself. */
static void
damage(struct peer *p)
{
	static const char text[] = "MsgID:1\nType:DATA\nTimestamp:1085528682\n"
				   "Stream:22222222222222222222222222222222\n"
				   "Prev:crc32=00000000\nGeneration:1\n"
				   "Length:8\nDigest:crc32=00000000\n\n"
				   "T0001:1\n.\n";
	struct frame_batch h =
	    batch_of("none", sizeof(text) - 1, sizeof(text) - 1);

	say_batches(p, &h, SLICE(text));
}

/* A message that is right, in a compression that nobody knows. */
static void
codec(struct peer *p)
{
	struct frame_batch h = batch_of("rot13", 8, 8);

	say_batches(p, &h, SLICE("ZftVQ:1\n"));
}

/* How often it heard such a frame. */
static int
heard(const struct peer *p, enum frame_type type)
{
	struct slice in = buf_slice(&p->told), line;
	struct frame f;
	struct err ignored;
	int n = 0;

	(void)slice_cut(&in, '\n', &line);
	while (frame_cut(&in, &f, &ignored) == FRAME_WHOLE)
		n += f.type == type;
	return n;
}

/* A batch, and until such a frame comes once more.  False: none came. */
static bool
say_until(struct peer *p, const struct frame_batch *h, struct slice bytes,
    enum frame_type type)
{
	int before = heard(p, type);

	if (!say_batch(p, h, bytes))
		return false;
	while (heard(p, type) == before)
		if (!hear(p, -1))
			return false;
	return true;
}

/* A batch of so many bytes, until it is asked for again. */
static void
say_refused(struct peer *p, const char *codec, unsigned flags, size_t size,
    struct slice bytes)
{
	struct frame_batch h = batch_of(codec, size, bytes.n);

	h.flags = flags;
	(void)say_until(p, &h, bytes, FRAME_NAK);
}

/* By itself, or upon a state that is empty, as it is before the first message. */
static void
encode(const struct codec_ops *c, bool upon, struct slice in, struct buf *out)
{
	struct codec_state *s = upon ? c->history->state_new() : NULL;
	struct err e = { 0 };

	if ((upon ? c->history->encode(s, in, c->level_default, out, &e)
		  : c->encode(in, c->level_default, out, &e)) == -1)
		exit(71);
	if (upon)
		c->history->state_free(s);
}

/* One message in the compression that the act is named after, by itself or upon a
 * state: much more than it says that it is, cut off, and with bytes behind it. */
static void
coded(struct peer *p)
{
	static char zeros[1 << 20];
	const char *name = strchr(p->what, '-') + 1;
	const bool upon = strncmp(p->what, "upon-", 5) == 0;
	const unsigned flags = upon ? FRAME_UPON | FRAME_ANEW : 0;
	const struct codec_ops *c = codec_find(slice_str(name));
	struct buf bomb = { 0 }, text = { 0 }, good = { 0 };

	if (c == NULL)
		exit(71);
	memset(zeros, '0', sizeof(zeros));
	for (int i = 0; i < 200; i++)
		(void)buf_printf(&text, "T%04d:%d\n", i, i * i);
	encode(c, upon, (struct slice){ zeros, sizeof(zeros) }, &bomb);
	encode(c, upon, buf_slice(&text), &good);
	say_hello_with_one(p);
	say_refused(p, name, flags, bomb.n * 16, buf_slice(&bomb));
	say_refused(p, name, flags, text.n,
	    (struct slice){ good.p, good.n - 1 });
	(void)buf_put_str(&good, "tail");
	say_refused(p, name, flags, text.n, buf_slice(&good));
	buf_clear(&bomb);
	buf_clear(&text);
	buf_clear(&good);
}

/* As many tokens as a message of columnar may have, and long ones: all is decoded
 * before it shows that it is damaged. */
static void
tokens(struct peer *p)
{
	struct buf body = { 0 }, text = { 0 }, bytes = { 0 };
	struct message m = { .stream = stream,
		.msgid = 1,
		.type = MESSAGE_DATA,
		.timestamp = 1085528682,
		.generation = 1,
		.part = 1,
		.parts = 1 };
	struct frame_batch h;
	struct err e = { 0 };

	for (int i = 0; i < 1 << 17; i++)
		(void)buf_printf(&body, "%055x:%d\n", (unsigned)i, i & 7);
	m.body = buf_slice(&body);
	if (message_write(&text, &m, &e) == -1)
		exit(71);
	encode(codec_find(SLICE("columnar")), false, buf_slice(&text), &bytes);
	bytes.p[1] ^= 1; /* of the CRC */
	h = batch_of("columnar", text.n, bytes.n);
	say_batches(p, &h, buf_slice(&bytes));
	buf_clear(&body);
	buf_clear(&text);
	buf_clear(&bytes);
}

/* Input of gzip without output, a header without end, and what is not compressed. */
static void
odd_gzip(struct peer *p)
{
	static const char text[] = "T0001:1\nT0002:2\n";
	struct buf b = { 0 };

	say_hello_with_one(p);
	(void)buf_put(&b, SLICE("\x1f\x8b\x08\0\0\0\0\0\0\x03"));
	while (b.n < 4 << 20) /* blocks that are empty, none the last */
		(void)buf_put(&b, SLICE("\x00\x00\x00\xff\xff"));
	say_refused(p, "gzip", 0, 8 << 20, buf_slice(&b));
	memset(b.p + 10, 'n', b.n - 10);
	b.p[3] = 1 << 3; /* FNAME */
	say_refused(p, "gzip", 0, 8 << 20, buf_slice(&b));
	say_refused(p, "gzip", 0, sizeof(text) - 1, SLICE(text));
	buf_clear(&b);
}

/* A message whose length and digest are right, but not its grammar: no resend would
 * help. */
static void
put_poison(struct buf *text, uint64_t msgid, struct message *m)
{
	struct message_parser *parser =
	    message_parser_new(MESSAGE_FORM_FULL, 1 << 10);
	struct buf head = { 0 };
	struct err why = { 0 };

	(void)buf_printf(&head,
	    "MsgID:%" PRIu64 "\nType:DATA\nTimestamp:1085528682\n"
	    "Stream:22222222222222222222222222222222\n"
	    "Prev:crc32=%08" PRIx32 "\nGeneration:1\n"
	    "Length:@\nDigest:@\n\nT0001:1e9\n.\n",
	    msgid, m->digest);
	buf_reset(text);
	text_message(text, buf_slice(&head));
	if (message_parse(parser, buf_slice(text), m, &why) != MESSAGE_POISON)
		exit(71);
	message_parser_free(parser);
	buf_clear(&head);
}

/* One in a session that is otherwise in order: the first of all in push, the second
 * in pull. */
static void
poison(struct peer *p)
{
	struct buf text = { 0 }, done = { 0 };
	struct frame_batch h;
	struct message m = { 0 };

	put_poison(&text, 1, &m);
	if (!p->push)
		put_poison(&text, 2, &m);
	h = batch_of("none", text.n, text.n);
	h.first = h.last = p->push ? 1 : 2;
	h.digest = m.digest;
	say_hello_with_one(p);
	frame_put_signal(&done, FRAME_DONE);
	if (say_until(p, &h, buf_slice(&text), FRAME_ACK))
		(void)say(p, buf_slice(&done));
	buf_clear(&text);
	buf_clear(&done);
}

/* As large as may be, and not a message. */
static void
large(struct peer *p)
{
	static char x[FRAME_BATCH_BYTES];
	struct frame_batch h = batch_of("none", sizeof(x), sizeof(x));

	memset(x, 'x', sizeof(x));
	say_batches(p, &h, (struct slice){ x, sizeof(x) });
}

/* It says that it is as large as may be, and is thirty times that. */
static void
bomb(struct peer *p)
{
	static char zeros[1 << 20], coded[1 << 20];
	z_stream z = { .next_out = (Bytef *)coded, .avail_out = sizeof(coded) };
	struct frame_batch h;

	if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		exit(71);
	for (size_t n = 0; n < FLOOD; n += sizeof(zeros)) {
		z.next_in = (Bytef *)zeros;
		z.avail_in = sizeof(zeros);
		(void)deflate(&z, Z_NO_FLUSH);
	}
	(void)deflate(&z, Z_FINISH);
	h = batch_of("gzip", FRAME_BATCH_BYTES, z.total_out);
	say_batches(p, &h, (struct slice){ coded, z.total_out });
	(void)deflateEnd(&z);
}

/* The end of it, for there is no such frame. */
static void
put_unknown(struct buf *b)
{
	(void)buf_put(b, SLICE("\0\0\0\1Z!"));
}

/* What the other end holds, as its HELLO says, which is awaited. */
static struct spool_point
theirs(struct peer *p)
{
	struct mono end = mono_add_ms(clock_mono(), HELLO_MS);
	struct frame_hello h = { 0 };
	struct frame f;
	struct err ignored;

	while (mono_ms_since(end, clock_mono()) > 0 && hear(p, 100)) {
		struct slice in = buf_slice(&p->told), line;

		if (slice_cut(&in, '\n', &line) &&
		    frame_cut(&in, &f, &ignored) == FRAME_WHOLE &&
		    frame_read_hello(f.payload, &h, &ignored) == 0)
			break;
	}
	return h.out;
}

/* Of what was never sent, of another stream, and of other bytes. */
static void
strange_ack(struct peer *p)
{
	struct frame_hello h = honest(p);
	struct spool_point at[4];
	struct buf b = { 0 };

	say_hello(p, &h);
	for (size_t i = 0; i < 4; i++)
		at[i] = theirs(p);
	at[0].msgid += 1000000;
	at[1].msgid = UINT64_MAX;
	at[2].stream = stream;
	at[3].digest ^= 1;
	for (int i = 0; i < 1000; i++)
		frame_put_ack(&b, &at[i % 4]);
	put_unknown(&b);
	(void)say(p, buf_slice(&b));
	buf_clear(&b);
}

/* What was sent, again and again. */
static void
resend(struct peer *p)
{
	struct frame_hello h = honest(p);
	struct frame_nak again = { .from = 1,
		.why = FRAME_NAK_DAMAGED,
		.text = SLICE("once more") };
	struct buf b = { 0 };

	say_hello(p, &h);
	again.stream = theirs(p).stream;
	frame_put_nak(&b, &again);
	for (int sent = 0; sent < TIMES; sent++) {
		while (heard(p, FRAME_BATCH) <= sent)
			if (!hear(p, -1))
				goto out;
		if (!say(p, buf_slice(&b)))
			break;
	}
out:
	buf_clear(&b);
}

static void
unknown_frame(struct peer *p)
{
	struct buf b = { 0 };

	put_unknown(&b);
	say_frames(p, &b);
}

/* A frame that never ends: a byte every ten seconds. */
static void
drip(struct peer *p)
{
	struct frame_hello h = honest(p);

	say_hello(p, &h);
	(void)say(p,
	    SLICE("\0\0\0\x40"
		  "C"));
	while (say(p, SLICE("x")))
		if (!rest(p, DRIP_MS))
			return;
}

/* It is there, and that is all that it ever says. */
static void
ping(struct peer *p)
{
	struct buf b = { 0 };

	frame_put_signal(&b, FRAME_PING);
	say_frames(p, &b);
	frame_put_signal(&b, FRAME_PING);
	while (say(p, buf_slice(&b)))
		if (!rest(p, PING_MS))
			break;
	buf_clear(&b);
}

/* The same, as fast as it can, and more than a victim may grow by. */
static void
ping_flood(struct peer *p)
{
	struct buf b = { 0 };

	say_frames(p, &b);
	for (int i = 0; i < 1000; i++)
		frame_put_signal(&b, FRAME_PING);
	for (size_t sent = 0; sent < PINGS; sent += 1000)
		if (!say(p, buf_slice(&b)))
			break;
	buf_reset(&b);
	put_unknown(&b);
	(void)say(p, buf_slice(&b));
	buf_clear(&b);
}

static void
kept(struct peer *p)
{
	p->keep = true;
	ping(p);
}

/* It is there, and does not read what it is told. */
static void
deaf(struct peer *p)
{
	p->deaf = true;
	ping(p);
}

static const struct {
	const char *name;
	void (*act)(struct peer *p);
} acts[] = {
	{ "silence", silence },
	{ "hello", hello },
	{ "kept-hello", kept_hello },
	{ "noise", noise },
	{ "banner", banner },
	{ "endless-line", endless_line },
	{ "http", http },
	{ "tls", tls },
	{ "version", version },
	{ "other-association", other },
	{ "same-role", same_role },
	{ "other-mode", other_mode },
	{ "order", order },
	{ "early-ack", early_ack },
	{ "length", length },
	{ "size", size },
	{ "damage", damage },
	{ "large", large },
	{ "unknown-codec", codec },
	{ "coded-gzip", coded },
	{ "coded-bzip2", coded },
	{ "coded-xz", coded },
	{ "coded-zstd", coded },
	{ "coded-columnar", coded },
	{ "upon-zstd", coded },
	{ "upon-columnar", coded },
	{ "tokens", tokens },
	{ "bomb", bomb },
	{ "odd-gzip", odd_gzip },
	{ "poison", poison },
	{ "strange-ack", strange_ack },
	{ "resend", resend },
	{ "unknown-frame", unknown_frame },
	{ "drip", drip },
	{ "ping", ping },
	{ "kept", kept },
	{ "ping-flood", ping_flood },
	{ "deaf", deaf },
};

/* The victim, and our ends of its stream. */
static pid_t
begin(char **argv, struct peer *p)
{
	int in[2], out[2];
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		exit(71);
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		(void)dup2(in[0], STDIN_FILENO);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	p->in = out[0];
	p->out = in[1];
	return pid;
}

/* The status and the words of a REFUSE. */
static void
tell_refusal(const struct peer *p)
{
	struct slice in = buf_slice(&p->told), line;
	struct frame_refuse r;
	struct frame f;
	struct err ignored; /* what we are told is right, or nothing is said */

	(void)slice_cut(&in, '\n', &line);
	while (frame_cut(&in, &f, &ignored) == FRAME_WHOLE)
		if (f.type == FRAME_REFUSE &&
		    frame_read_refuse(f.payload, &r, &ignored) == 0)
			(void)fprintf(stderr, "refused %u %.*s\n", r.code,
			    (int)r.text.n, r.text.p);
}

int
main(int argc, char *argv[])
{
	struct peer p = { .in = STDIN_FILENO, .out = STDOUT_FILENO };
	pid_t victim = 0;
	int status = 0;
	size_t act = 0;

	if (argc < 5)
		return 64;
	(void)signal(SIGPIPE, SIG_IGN);
	p.hub = strcmp(argv[1], "hub") == 0;
	p.push = strcmp(argv[2], "push") == 0;
	p.association = argv[3];
	p.what = argv[4];
	while (strcmp(acts[act].name, p.what) != 0)
		if (++act == sizeof(acts) / sizeof(acts[0]))
			return 64;
	if (argc > 5)
		victim = begin(argv + 5, &p);
	acts[act].act(&p);
	while (rest(&p, INT_MAX))
		continue;
	tell_refusal(&p);
	buf_clear(&p.told);
	if (victim == 0)
		return 0;
	(void)waitpid(victim, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
