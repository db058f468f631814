/*
 * systemd's readiness protocol over $NOTIFY_SOCKET (sd_notify(3)), without
 * libsystemd.  Silent where there is no such socket.
 */
#ifndef COMMON_BASE_NOTIFY_H
#define COMMON_BASE_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STATUS=...", "STOPPING=1", "RELOADING=1", "WATCHDOG=1"; several
 * lines are one datagram.  Failures are not worth an error. */
void notify_send(const char *lines);
/* How often to send WATCHDOG=1 (half of WATCHDOG_USEC), 0: not asked for. */
int64_t notify_watchdog_ms(void);

#endif
