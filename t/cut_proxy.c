/*
 * A link between two ends, that a test can cut, delay and make stumble.
 *
 *	cut_proxy RULES COMMAND...            its stdin and stdout to the command's
 *	cut_proxy RULES -l PORT TARGET-PORT   connections on 127.0.0.1 to another
 *
 * RULES is a file, read at each connection (to the command: once), with any of
 *
 *	up N        cut after N bytes of who connects
 *	down N      cut after N bytes of the other end
 *	delay MS    of each byte, one way
 *	rate KB     a second, each way: the speed of the line
 *	once        no more than this connection: the file is emptied
 *	stall P MS  each P-th chunk of 1460 bytes comes that much later, and all
 *	            behind it: what the loss of a segment does to a stream, since
 *	            nothing can be lost between two sockets
 *
 * and RULES.log gets a line "up N down N turns N idle MS" of each connection's end,
 * with " cut" behind it where it was: its bytes; how often the direction changed
 * after the link had been silent for half a delay, which is the number of round
 * trips that were waited for; and how long the line upwards, between its first byte
 * and its last, had nothing to carry.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/durable.h"
#include "common/base/mem.h"

enum {
	CHUNK = 1460,
	QUEUE = 256,            /* chunks on their way */
	QUEUE_DELAY = 64 << 10, /* the same, of a long link: 90 MB */
};

enum {
	UP,
	DOWN
};

struct rules {
	int64_t cut[2]; /* by direction: bytes, or -1 */
	int64_t delay_ms, stall_ms;
	uint64_t rate;       /* KB a second; 0: any */
	uint64_t stall_each; /* 0: never */
	bool once;
};

struct chunk {
	int64_t due_ms;
	size_t at, n;
	char p[CHUNK];
};

struct flow {
	int in, out;
	struct chunk *queue;
	size_t size, head, count;
	uint64_t bytes, chunks;
	int64_t last_due_ms;
	int64_t free_ns, idle_ns; /* when the line is; how long it was */
	bool ended, told;
};

struct link {
	struct rules r;
	struct flow flow[2];
	const char *file;
	int last; /* the direction that moved last */
	int64_t moved_ms;
	uint64_t turns;
};

static int64_t
now_ms(void)
{
	return clock_mono().ns / 1000000;
}

static struct rules
read_rules(const char *file)
{
	struct rules r = { .cut = { -1, -1 } };
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct slice text, line, word;
	struct buf b = { 0 };
	struct err e = { 0 };

	if (fd == -1 || io_read_upto(fd, 4096, &b, &e) == -1)
		_exit(74);
	close(fd);
	text = buf_slice(&b);
	while (text.n > 0) {
		uint64_t number[2] = { 0, 0 };

		if (!slice_cut(&text, '\n', &line))
			break;
		word = line;
		if (!slice_cut(&line, ' ', &word))
			line.n = 0;
		for (int i = 0; i < 2 && line.n > 0; i++) {
			struct slice n = line;

			if (slice_cut(&line, ' ', &n))
				(void)slice_u64(n, UINT32_MAX, &number[i]);
			else
				(void)slice_u64(line, UINT32_MAX, &number[i]);
		}
		if (slice_eq_str(word, "up"))
			r.cut[UP] = (int64_t)number[0];
		else if (slice_eq_str(word, "down"))
			r.cut[DOWN] = (int64_t)number[0];
		else if (slice_eq_str(word, "rate"))
			r.rate = number[0];
		else if (slice_eq_str(word, "delay"))
			r.delay_ms = (int64_t)number[0];
		else if (slice_eq_str(word, "stall")) {
			r.stall_each = number[0];
			r.stall_ms = (int64_t)number[1];
		} else if (slice_eq_str(word, "once"))
			r.once = true;
	}
	buf_clear(&b);
	if (r.once && truncate(file, 0) == -1)
		_exit(74);
	return r;
}

static void
write_log(const struct link *l, const char *how)
{
	char name[4096];
	FILE *f;

	(void)snprintf(name, sizeof(name), "%s.log", l->file);
	f = fopen(name, "ae");
	if (f == NULL)
		return;
	(void)fprintf(f,
	    "up %" PRIu64 " down %" PRIu64 " turns %" PRIu64 " idle %" PRId64
	    "%s\n",
	    l->flow[UP].bytes, l->flow[DOWN].bytes, l->turns,
	    l->flow[UP].idle_ns / 1000000, how);
	(void)fclose(f);
}

/* Sockets are reset: what was on its way is lost. */
static void
cut(struct link *l)
{
	const struct linger now = { 1, 0 };

	write_log(l, " cut");
	for (int i = 0; i < 2; i++) {
		(void)setsockopt(l->flow[i].in, SOL_SOCKET, SO_LINGER, &now,
		    sizeof(now));
		(void)setsockopt(l->flow[i].out, SOL_SOCKET, SO_LINGER, &now,
		    sizeof(now));
	}
	_exit(0);
}

static void
count_turn(struct link *l, int direction, int64_t now)
{
	if (direction != l->last && now - l->moved_ms >= l->r.delay_ms / 2 &&
	    l->r.delay_ms > 0)
		l->turns++;
	l->last = direction;
	l->moved_ms = now;
}

/* When so many bytes that come now have gone onto the line. */
static int64_t
line_sent(const struct rules *r, struct flow *f, size_t n)
{
	int64_t now = clock_mono().ns;

	if (f->bytes == 0)
		f->free_ns = now;
	if (f->free_ns < now) {
		f->idle_ns += now - f->free_ns;
		f->free_ns = now;
	}
	if (r->rate > 0)
		f->free_ns += (int64_t)(n * 1000000 / r->rate);
	return f->free_ns / 1000000;
}

static void
read_flow(struct link *l, int direction)
{
	struct flow *f = &l->flow[direction];
	struct chunk *c = &f->queue[(f->head + f->count) % f->size];
	int64_t left = l->r.cut[direction], now = now_ms();
	size_t most = CHUNK;
	ssize_t n;

	if (left >= 0 && (uint64_t)left - f->bytes < most)
		most = (size_t)((uint64_t)left - f->bytes);
	n = most > 0 ? read(f->in, c->p, most) : 0;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		f->ended = true;
		return;
	}
	count_turn(l, direction, now);
	c->due_ms = line_sent(&l->r, f, (size_t)n) + l->r.delay_ms;
	f->bytes += (uint64_t)n;
	f->chunks++;
	c->at = 0;
	c->n = (size_t)n;
	if (l->r.stall_each > 0 && f->chunks % l->r.stall_each == 0)
		c->due_ms += l->r.stall_ms;
	if (c->due_ms < f->last_due_ms)
		c->due_ms = f->last_due_ms;
	f->last_due_ms = c->due_ms;
	f->count++;
}

static void
write_flow(struct link *l, int direction)
{
	struct flow *f = &l->flow[direction];
	int64_t now = now_ms();

	while (f->count > 0 && f->queue[f->head].due_ms <= now) {
		struct chunk *c = &f->queue[f->head];
		ssize_t n = write(f->out, c->p + c->at, c->n - c->at);

		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1)
			n = (ssize_t)(c->n - c->at); /* it reads no more */
		c->at += (size_t)n;
		if (c->at < c->n)
			return;
		f->head = (f->head + 1) % f->size;
		f->count--;
	}
	if (f->ended && f->count == 0 && !f->told) {
		f->told = true;
		if (shutdown(f->out, SHUT_WR) == -1)
			close(f->out);
	}
}

static bool
is_cut(const struct link *l)
{
	for (int i = 0; i < 2; i++)
		if (l->r.cut[i] >= 0 && l->flow[i].count == 0 &&
		    l->flow[i].bytes >= (uint64_t)l->r.cut[i])
			return true;
	return false;
}

static void
wait_flows(struct link *l)
{
	struct pollfd p[4];
	int64_t ms = 1000, now = now_ms();

	for (int i = 0; i < 2; i++) {
		struct flow *f = &l->flow[i];
		bool due = f->count > 0 && f->queue[f->head].due_ms <= now;

		p[2 * i] = (struct pollfd){
			f->ended || f->count == f->size ? -1 : f->in, POLLIN, 0
		};
		p[2 * i + 1] = (struct pollfd){ due ? f->out : -1, POLLOUT, 0 };
		if (f->count > 0 && !due && f->queue[f->head].due_ms - now < ms)
			ms = f->queue[f->head].due_ms - now;
	}
	(void)poll(p, 4, (int)ms);
	for (int i = 0; i < 2; i++)
		if (p[2 * i].revents != 0)
			read_flow(l, i);
}

/* near and far: read and write descriptors. */
static void
run(const char *file, const struct rules *r, const int near[2],
    const int far[2])
{
	struct link *l = mem_alloc(sizeof(*l));

	l->file = file;
	l->r = *r;
	l->last = UP;
	l->moved_ms = now_ms();
	l->flow[UP] = (struct flow){ .in = near[0], .out = far[1] };
	l->flow[DOWN] = (struct flow){ .in = far[0], .out = near[1] };
	for (int i = 0; i < 2; i++) {
		l->flow[i].size = l->r.delay_ms > 0 ? QUEUE_DELAY : QUEUE;
		l->flow[i].queue =
		    mem_array(l->flow[i].size, sizeof(struct chunk));
		(void)fcntl(l->flow[i].in, F_SETFL, O_NONBLOCK);
		(void)fcntl(l->flow[i].out, F_SETFL, O_NONBLOCK);
	}
	while (!(l->flow[UP].told && l->flow[DOWN].told)) {
		if (is_cut(l))
			cut(l);
		wait_flows(l);
		write_flow(l, UP);
		write_flow(l, DOWN);
	}
	write_log(l, "");
}

/* Until the command has ended; its status is ours. */
static int
run_command(const char *file, char **argv)
{
	const int near[2] = { STDIN_FILENO, STDOUT_FILENO };
	int in[2], out[2], far[2], status = 0;
	const struct rules r = read_rules(file);
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		return 71;
	pid = fork();
	if (pid == 0) {
		(void)dup2(in[0], STDIN_FILENO);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	far[0] = out[0];
	far[1] = in[1];
	run(file, &r, near, far);
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 75;
}

static int
dial(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd != -1 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1) {
		close(fd);
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int
run_listener(const char *file, uint16_t port, uint16_t target)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, fd;

	(void)signal(SIGCHLD, SIG_IGN);
	(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&at, sizeof(at)) == -1 ||
	    listen(s, 16) == -1) {
		perror("cut_proxy");
		return 71;
	}
	while ((fd = accept4(s, NULL, NULL, SOCK_CLOEXEC)) != -1) {
		const struct rules r = read_rules(file);

		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof(one));
		if (fork() == 0) {
			int far = dial(target);
			const int near_fds[2] = { fd, fd };
			const int far_fds[2] = { far, far };

			close(s);
			if (far != -1)
				run(file, &r, near_fds, far_fds);
			_exit(0);
		}
		close(fd);
	}
	return 71;
}

static uint16_t
port_of(const char *word)
{
	uint64_t n = 0;

	(void)slice_u64(slice_str(word), UINT16_MAX, &n);
	return (uint16_t)n;
}

int
main(int argc, char *argv[])
{
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc == 5 && strcmp(argv[2], "-l") == 0)
		return run_listener(argv[1], port_of(argv[3]),
		    port_of(argv[4]));
	if (argc < 3)
		return 64;
	return run_command(argv[1], argv + 2);
}
