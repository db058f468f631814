/*
 * The addresses of a far end; see host.h.
 */
#include "config.h"

#include <stddef.h>
#include <sys/socket.h>

#include "transport/host.h"

int
host_look_up(const char *host, const char *port, const char *key,
    struct addrinfo **out, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = port != NULL ? AI_NUMERICSERV : 0 };
	int rc = getaddrinfo(host, port, &hints, out);

	switch (rc) {
	case 0:
		return 0;
	case EAI_SYSTEM:
		return err_sys(e, "look up the host");
	case EAI_AGAIN:
	case EAI_MEMORY:
		return err_set(e, ERR_TEMP, "look up the host: %s",
		    gai_strerror(rc));
	default:
		return err_set(e, ERR_HOST,
		    "there is no such host: %s: check %s and the name service",
		    gai_strerror(rc), key);
	}
}
