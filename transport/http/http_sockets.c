/*
 * Transport http, the sockets that curl opened: how many bytes went over them, and
 * whether the line would carry more.
 */
#include "config.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/http/http.h"
#include "transport/http/http_tcp.h"

enum {
	UNSENT_MOST = 128 << 10, /* beside what is on its way */
	QUEUE_LEAST = 16,        /* that part of the line's own time */
};

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
		if (!http_tcp_info(h->socket[i], &info))
			continue;
		bytes += http_tcp_bytes(&info);
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
		if (http_tcp_info(fd, &info))
			/* what waits goes, though we are over */
			h->wire_ended +=
			    http_tcp_bytes(&info) + info.tcpi_notsent_bytes;
		*place = -1;
	}
	return close(fd);
}
