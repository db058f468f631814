/*
 * What TCP knows of a connection (Linux, TCP_INFO).
 */
#ifndef TRANSPORT_HTTP_HTTP_TCP_H
#define TRANSPORT_HTTP_HTTP_TCP_H

#include <linux/tcp.h>
#include <stdbool.h>
#include <stdint.h>

/* False: no such descriptor (-1), or a kernel that counts no bytes: before 4.19. */
bool http_tcp_info(int fd, struct tcp_info *out);
/* All that went over it in both directions, handshakes of TLS too, each once. */
uint64_t http_tcp_bytes(const struct tcp_info *i);

#endif
