/*
 * A long line that loses packets, under real TCP: what a TUN device in the network
 * namespace of one process is given comes out of that in another's.
 *
 *	lossy_link NEAR-PID FAR-PID [RULE N]...
 *
 * The devices are called "line", have no address yet, and live as long as we do,
 * which is not longer than our parent.  Rules:
 *
 *	delay MS    of each packet, one way
 *	loss N      of a thousand packets, each way, after the line carried them
 *	rate KB     a second, each way: the speed of the line
 *	queue KB    wait for it at most; what comes then is dropped
 *	seed N      the same packets, by their number, are lost again
 *
 * Says "ready" on standard output.  At SIGTERM it says there what TCP carried, in
 * each direction that anything went
 *
 *	up N lost N full N ms N
 *
 * which are the bytes of all streams, each counted once; the packets that were lost
 * and dropped; and the time from the first byte until it was known, where they came
 * from, that the last is there.  And each in a line of its own
 *
 *	at up N MS      N bytes had been sent, so long after the first: each 64 KiB
 *	dry up N MS     N bytes had been sent, and were known to be there, where there
 *	                had been many on their way
 *
 * A direction runs dry when a program waits for something.  While TCP waits, for a
 * lost packet or since its window is full, bytes are on their way, or the last
 * packet that went had no room left.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/mem.h"

enum {
	PACKET_MAX = 1500,
	QUEUE = 64 << 10,  /* packets on their way */
	CONNECTIONS = 256, /* in all: a test has some tens */
	NOTES = 4096,
	NOTE_EACH = 64 << 10,
	MANY = 4096, /* bytes on their way */
	FEW = 1000,  /* less than any packet that is full */
};

enum {
	UP,
	DOWN
};

struct packet {
	int64_t due_ns;
	size_t n;
	unsigned char p[PACKET_MAX];
};

/* One end of a connection: sequence numbers of what it sent. */
struct sender {
	uint32_t end;   /* behind the last byte */
	uint32_t acked; /* up to here, as it knows */
	bool known;     /* its first packet came by us */
	bool full;      /* no byte more went into the last */
};

struct connection {
	struct in_addr address[2]; /* near, far */
	in_port_t port[2];
	struct sender from[2];
};

struct note {
	const char *what;
	uint64_t bytes;
	int64_t ms;
};

struct flow {
	int in, out;
	struct packet *queue;
	size_t head, count;
	int64_t free_ns; /* when the line is */
	uint64_t random;
	uint64_t bytes, lost, full;
	int64_t first_ns, last_ns; /* bytes came; was known of the last */
	bool carries;              /* more than a few are on their way */
	struct note note[NOTES];
	size_t notes;
};

static struct {
	int64_t delay_ns;
	uint64_t loss, rate, queue, seed;
} rules = { .seed = 1 };

static struct flow flows[2];
static struct connection connections[CONNECTIONS];
static size_t n_connections;
static volatile sig_atomic_t ended;

static int64_t
now_ns(void)
{
	return clock_mono().ns;
}

/* --- What TCP says ------------------------------------------------------------ */

struct segment {
	struct connection *c;
	uint32_t seq, ack, n;
	bool syn, rst, acks;
};

static bool
is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static struct connection *
connection_of(const struct ip *ip, const struct tcphdr *tcp, int direction)
{
	struct connection c = { 0 };

	c.address[direction] = ip->ip_src;
	c.address[!direction] = ip->ip_dst;
	c.port[direction] = tcp->th_sport;
	c.port[!direction] = tcp->th_dport;
	for (size_t i = 0; i < n_connections; i++)
		if (memcmp(c.address, connections[i].address,
			sizeof(c.address)) == 0 &&
		    memcmp(c.port, connections[i].port, sizeof(c.port)) == 0)
			return &connections[i];
	if (n_connections == CONNECTIONS)
		_exit(70);
	connections[n_connections] = c;
	return &connections[n_connections++];
}

static bool
read_segment(const struct packet *p, int direction, struct segment *s)
{
	struct ip ip;
	struct tcphdr tcp;
	size_t at;

	if (p->n < sizeof(ip))
		return false;
	memcpy(&ip, p->p, sizeof(ip));
	at = (size_t)ip.ip_hl * 4;
	if (ip.ip_v != 4 || ip.ip_p != IPPROTO_TCP || p->n < at + sizeof(tcp))
		return false;
	memcpy(&tcp, p->p + at, sizeof(tcp));
	at += (size_t)tcp.th_off * 4;
	*s = (struct segment){ .c = connection_of(&ip, &tcp, direction),
		.seq = ntohl(tcp.th_seq),
		.ack = ntohl(tcp.th_ack),
		.n = p->n > at ? (uint32_t)(p->n - at) : 0,
		.syn = (tcp.th_flags & TH_SYN) != 0,
		.rst = (tcp.th_flags & TH_RST) != 0,
		.acks = (tcp.th_flags & TH_ACK) != 0 };
	return true;
}

/* Bytes on their way, as far as the senders of that direction know; *full: of a
 * sender that may be about to send more. */
static uint64_t
on_their_way(int direction, bool *full)
{
	uint64_t n = 0;

	*full = false;
	for (size_t i = 0; i < n_connections; i++) {
		const struct sender *s = &connections[i].from[direction];

		if (is_before(s->acked, s->end))
			n += s->end - s->acked;
		*full |= s->full;
	}
	return n;
}

static void
note(struct flow *f, const char *what, int64_t now)
{
	if (f->notes < NOTES)
		f->note[f->notes++] = (struct note){ what, f->bytes,
			(now - f->first_ns) / 1000000 };
}

/* Its sender gave it to us. */
static void
note_sent(const struct packet *p, int direction, int64_t now)
{
	struct flow *f = &flows[direction];
	struct segment g;
	struct sender *s;
	uint64_t before = f->bytes;
	bool full;

	if (!read_segment(p, direction, &g))
		return;
	s = &g.c->from[direction];
	if (g.syn)
		*s = (struct sender){ g.seq + 1, g.seq + 1, true, false };
	if (g.rst) /* who gets it sends no more either */
		for (int i = 0; i < 2; i++)
			g.c->from[i].acked = g.c->from[i].end;
	if (!s->known || g.n == 0 || !is_before(s->end, g.seq + g.n))
		return;
	if (f->bytes == 0)
		f->first_ns = now;
	f->bytes += g.seq + g.n - s->end;
	s->end = g.seq + g.n;
	s->full = p->n == PACKET_MAX;
	if (before / NOTE_EACH != f->bytes / NOTE_EACH)
		note(f, "at", now);
	if (on_their_way(direction, &full) > MANY)
		f->carries = true;
}

/* Whom it acknowledges something hears of it. */
static void
note_heard(const struct packet *p, int direction, int64_t now)
{
	struct flow *f = &flows[!direction];
	struct segment g;
	struct sender *s;
	bool full;

	if (!read_segment(p, direction, &g) || !g.acks)
		return;
	s = &g.c->from[!direction];
	if (!s->known || !is_before(s->acked, g.ack) ||
	    !is_before(s->acked, s->end))
		return;
	s->acked = g.ack;
	f->last_ns = now;
	if (f->carries && on_their_way(!direction, &full) <= FEW && !full) {
		f->carries = false;
		note(f, "dry", now);
	}
}

/* --- The line -------------------------------------------------------------------- */

/* splitmix64: a number a packet. */
static uint64_t
draw(struct flow *f)
{
	uint64_t z = (f->random += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* False: too much waits. */
static bool
enter_line(struct flow *f, size_t n, int64_t now)
{
	uint64_t waits;

	if (f->free_ns < now)
		f->free_ns = now;
	if (rules.rate == 0)
		return true;
	waits = (uint64_t)(f->free_ns - now) * rules.rate / 1000000;
	if (rules.queue > 0 && waits + n > rules.queue * 1000)
		return false;
	f->free_ns += (int64_t)(n * 1000000 / rules.rate);
	return true;
}

static bool
take_packet(int direction)
{
	struct flow *f = &flows[direction];
	struct packet *p = &f->queue[(f->head + f->count) % QUEUE];
	ssize_t n = read(f->in, p->p, sizeof(p->p));
	int64_t now = now_ns();

	if (n <= 0)
		return false;
	p->n = (size_t)n;
	if (!enter_line(f, p->n, now)) {
		f->full++;
		note_sent(p, direction, now);
		return true;
	}
	note_sent(p, direction, now);
	if (draw(f) % 1000 < rules.loss) {
		f->lost++;
		return true;
	}
	if (f->count == QUEUE - 1)
		_exit(70);
	p->due_ns = f->free_ns + rules.delay_ns;
	f->count++;
	return true;
}

static void
give_packets(int direction)
{
	struct flow *f = &flows[direction];
	int64_t now = now_ns();

	while (f->count > 0 && f->queue[f->head].due_ns <= now) {
		const struct packet *p = &f->queue[f->head];

		note_heard(p, direction, now);
		if (write(f->out, p->p, p->n) == -1)
			f->full++; /* the device is down, or has no room */
		f->head = (f->head + 1) % QUEUE;
		f->count--;
	}
}

static void
carry(void)
{
	int64_t wait_ns = 1000000000, now = now_ns();
	struct pollfd p[2];
	struct timespec t;
	sigset_t none;

	for (int i = 0; i < 2; i++) {
		const struct flow *f = &flows[i];
		int64_t left;

		p[i] = (struct pollfd){ f->in, POLLIN, 0 };
		left = f->count > 0 ? f->queue[f->head].due_ns - now : wait_ns;
		if (left < wait_ns)
			wait_ns = left < 0 ? 0 : left;
	}
	t = (struct timespec){ wait_ns / 1000000000, wait_ns % 1000000000 };
	sigemptyset(&none);
	(void)ppoll(p, 2, &t, &none);
	for (int i = 0; i < 2; i++) {
		while (take_packet(i))
			continue;
		give_packets(i);
	}
}

static void
report(void)
{
	static const char *const name[2] = { "up", "down" };

	for (int i = 0; i < 2; i++) {
		const struct flow *f = &flows[i];

		if (f->bytes == 0)
			continue;
		(void)printf("%s %" PRIu64 " lost %" PRIu64 " full %" PRIu64
			     " ms %" PRId64 "\n",
		    name[i], f->bytes, f->lost, f->full,
		    (f->last_ns - f->first_ns) / 1000000);
		for (size_t k = 0; k < f->notes; k++)
			(void)printf("%s %s %" PRIu64 " %" PRId64 "\n",
			    f->note[k].what, name[i], f->note[k].bytes,
			    f->note[k].ms);
	}
}

/* --- Set-up ------------------------------------------------------------------------ */

static void
die(const char *what)
{
	perror(what);
	_exit(71);
}

/* A descriptor of a device in that process's namespace, where we are then. */
static int
open_device(const char *pid)
{
	struct ifreq r = { .ifr_name = "line" };
	char path[64];
	int ns, fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns == -1 || setns(ns, CLONE_NEWNET) == -1)
		die(path);
	close(ns);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	r.ifr_flags = IFF_TUN | IFF_NO_PI;
	if (fd == -1 || ioctl(fd, TUNSETIFF, &r) == -1)
		die("/dev/net/tun");
	return fd;
}

static bool
read_rule(const char *word, const char *text)
{
	uint64_t n;

	if (!slice_u64(slice_str(text), UINT32_MAX, &n))
		return false;
	if (strcmp(word, "delay") == 0)
		rules.delay_ns = (int64_t)n * 1000000;
	else if (strcmp(word, "loss") == 0)
		rules.loss = n;
	else if (strcmp(word, "rate") == 0)
		rules.rate = n;
	else if (strcmp(word, "queue") == 0)
		rules.queue = n;
	else if (strcmp(word, "seed") == 0)
		rules.seed = n;
	else
		return false;
	return true;
}

static void
on_term(int sig)
{
	(void)sig;
	ended = 1;
}

int
main(int argc, char *argv[])
{
	const struct sigaction act = { .sa_handler = on_term };
	sigset_t term;
	int fd[2];

	for (int i = 3; i < argc; i += 2)
		if (i + 1 == argc || !read_rule(argv[i], argv[i + 1]))
			return 64;
	if (argc < 3)
		return 64;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, NULL);
	(void)sigaction(SIGTERM, &act, NULL);
	for (int i = 0; i < 2; i++)
		fd[i] = open_device(argv[1 + i]);
	for (int i = 0; i < 2; i++) {
		flows[i].in = fd[i];
		flows[i].out = fd[!i];
		flows[i].queue = mem_array(QUEUE, sizeof(struct packet));
		flows[i].random = rules.seed * 2 + (uint64_t)i;
	}
	(void)printf("ready\n");
	(void)fflush(stdout);
	while (!ended)
		carry();
	report();
	return 0;
}
