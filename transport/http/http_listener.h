/*
 * The listener of transport http: a process of its own, confined, that has TLS
 * and the tokens and nothing else.  For each session of an association that
 * proved itself it hands its parent the end of a stream; the parent runs the
 * session (transport/delivery/inbound.h).
 */
#ifndef TRANSPORT_HTTP_HTTP_LISTENER_H
#define TRANSPORT_HTTP_HTTP_LISTENER_H

#include "common/config/config.h"
#include "transport/transport.h"

struct http_listener;

/* Could it begin, and, if asked, will others take its certificate today?  Reads the
 * files that it needs, and opens nothing. */
int http_listener_check(const struct config *c, enum config_role role,
    bool today, struct err *e);
/* For those associations of transport http that this node answers in this role.
 * *out is NULL where there is none.  Sessions of those that it dials come as well,
 * to be refused.  Borrows c until close.  Its process ends with us. */
int http_listener_open(const struct config *c, enum config_role role,
    struct http_listener **out, struct err *e);
/* With another configuration, on the same socket where the address is the same.
 * Sessions over the old one end.  -1: the old one goes on, and its configuration
 * is still needed. */
int http_listener_reopen(struct http_listener **l, const struct config *c,
    enum config_role role, struct err *e);
/* Becomes readable when there is something to hear. */
int http_listener_fd(const struct http_listener *l);
/* 1: a session of *a begins over *fd, a non-blocking stream socket, owned by the
 * caller; *meter is of its association, and ours until close: in processes forked
 * before that it goes on.  0: nothing now.  -1: its process is gone: close it, and open another
 * after a while. */
int http_listener_hear(struct http_listener *l, const struct association **a,
    int *fd, struct channel_meter **meter, struct err *e);
/* Put what was refused of each association into its count (wire.h), for whoever
 * calls now and then: a flood costs a write then, and not each request.  Close
 * does it, too, and with it bytes that no session took. */
void http_listener_count(struct http_listener *l);
void http_listener_close(struct http_listener *l);

#endif
