/*
 * What TCP knows of a connection; see http_tcp.h.
 */
#include "config.h"

#include "transport/http/http_tcp.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

bool
http_tcp_info(int fd, struct tcp_info *out)
{
	socklen_t size = sizeof(*out);

	*out = (struct tcp_info){ 0 };
	return fd != -1 &&
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, out, &size) == 0 &&
	    size >= offsetof(struct tcp_info, tcpi_bytes_retrans) +
		sizeof(out->tcpi_bytes_retrans);
}

uint64_t
http_tcp_bytes(const struct tcp_info *i)
{
	return i->tcpi_bytes_sent - i->tcpi_bytes_retrans +
	    i->tcpi_bytes_received;
}
