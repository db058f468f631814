/*
 * Transport http, the sockets that curl opened: how many bytes went over them, and
 * whether the line would carry more.
 */
#include "config.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/http/http.h"

enum {
	UNSENT_MOST = 128 << 10, /* beside what is on its way */
	QUEUE_LEAST = 16,        /* that part of the line's own time */
};

static bool
read_info(int fd, struct tcp_info *out)
{
	socklen_t size = sizeof(*out);

	*out = (struct tcp_info){ 0 };
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, out, &size) == 0 &&
	    size >= offsetof(struct tcp_info, tcpi_bytes_retrans) +
		sizeof(out->tcpi_bytes_retrans);
}

/* All that went over it, handshakes too. */
static uint64_t
bytes_of(const struct tcp_info *i)
{
	return i->tcpi_bytes_sent - i->tcpi_bytes_retrans +
	    i->tcpi_bytes_received;
}

/* Bytes wait, though nothing queues on the way, and TCP is past the time in which it
 * finds its speed: it takes losses for a full line. */
static bool
is_held_back(const struct tcp_info *i)
{
	return i->tcpi_snd_cwnd >= i->tcpi_snd_ssthresh &&
	    i->tcpi_rtt - i->tcpi_min_rtt < i->tcpi_min_rtt / QUEUE_LEAST;
}

void
http_look_at_sockets(struct http *h)
{
	uint64_t bytes = h->wire_ended;
	size_t busy = 0, held = 0;
	struct tcp_info info;

	for (size_t i = 0; i < HTTP_SOCKETS; i++) {
		if (h->socket[i] == -1 || !read_info(h->socket[i], &info))
			continue;
		bytes += bytes_of(&info);
		busy += info.tcpi_notsent_bytes > 0;
		held += info.tcpi_notsent_bytes > 0 && is_held_back(&info);
	}
	*h->wire = bytes;
	http_requester_line(&h->requester, busy > 0 && held == busy,
	    clock_mono());
}

static int *
place_of(struct http *h, int fd)
{
	for (size_t i = 0; i < HTTP_SOCKETS; i++)
		if (h->socket[i] == fd)
			return &h->socket[i];
	return NULL;
}

int
http_socket_opened(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	int *place = place_of(arg, -1), unsent = UNSENT_MOST;

	(void)purpose;
	if (place == NULL)
		return CURL_SOCKOPT_ERROR;
	*place = fd;
	/* What is there may yet go by another request, and what was taken to be
	 * sent is on its way.  Without it all goes on, too. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
	    sizeof(unsent));
	return CURL_SOCKOPT_OK;
}

int
http_socket_close(void *arg, curl_socket_t fd)
{
	struct http *h = arg;
	int *place = place_of(h, fd);
	struct tcp_info info;

	if (place != NULL) {
		if (read_info(fd, &info))
			/* what waits goes, though we are over */
			h->wire_ended +=
			    bytes_of(&info) + info.tcpi_notsent_bytes;
		*place = -1;
	}
	return close(fd);
}
