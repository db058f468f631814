/*
 * For tests of transports: dial an association and carry standard input there
 * and what comes back to standard output.  Ends with the status that a program
 * would end with, and on standard error the complaint, the bytes on the wire and
 * the most memory that a child had.
 *
 *	ssh_dial FILE ASSOCIATION SECONDS
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "transport/transport.h"

static void
await(int fd, short events)
{
	struct pollfd f = { .fd = fd, .events = events };

	poll(&f, 1, -1);
}

static void
copy(int from, int to)
{
	static char p[65536];
	ssize_t n, put;
	size_t at;

	for (;;) {
		await(from, POLLIN);
		n = read(from, p, sizeof(p));
		if (n == 0 || (n == -1 && errno != EAGAIN))
			return;
		for (at = 0; n > 0 && at < (size_t)n; at += (size_t)put) {
			await(to, POLLOUT);
			put = write(to, p + at, (size_t)n - at);
			if (put == -1 && errno != EAGAIN)
				return;
			if (put == -1)
				put = 0;
		}
	}
}

/* Each way in a process of its own, so that neither holds up the other. */
static void
carry(const struct channel *ch)
{
	pid_t up = fork();

	if (up == 0) {
		copy(STDIN_FILENO, ch->write_fd);
		shutdown(ch->write_fd, SHUT_WR);
		_exit(0);
	}
	copy(ch->read_fd, STDOUT_FILENO);
	kill(up, SIGKILL);
	waitpid(up, NULL, 0);
}

int
main(int argc, char *argv[])
{
	const struct association *a;
	struct mono deadline = clock_mono();
	struct channel ch;
	struct config *c = NULL;
	struct err e = { .kind = ERR_NONE };
	uint64_t wire = 0, seconds;
	struct rusage children;

	if (argc != 4 || !slice_u64(slice_str(argv[3]), 1000000, &seconds))
		return 64;
	deadline.ns += (int64_t)seconds * INT64_C(1000000000);
	if (config_read(argv[1], &c, &e) == 0 &&
	    (a = config_association(c, argv[2])) != NULL &&
	    transport_dial(transport_find(config_transport_name(a->transport)),
		a, deadline, &ch, &e) == 0) {
		signal(SIGPIPE, SIG_IGN);
		carry(&ch);
		channel_close(&ch, false, &wire, &e);
	}
	config_free(c);
	if (e.kind != ERR_NONE)
		fprintf(stderr, "%s\n", e.msg);
	fprintf(stderr, "wire_bytes=%" PRIu64 "\n", wire);
	if (getrusage(RUSAGE_CHILDREN, &children) == 0)
		fprintf(stderr, "max_rss_kb=%ld\n", children.ru_maxrss);
	return err_exit_code(&e);
}
