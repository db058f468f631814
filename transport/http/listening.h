/*
 * A daemon's listener (http_listener.h) in its loop: what it hears becomes a
 * session of links.h.  When its process dies, or cannot begin, another one is
 * tried after a while, and the operator is told; nothing else of the daemon
 * waits for it.
 */
#ifndef TRANSPORT_HTTP_LISTENING_H
#define TRANSPORT_HTTP_LISTENING_H

#include "transport/links/links.h"

struct listening;

struct listening_opts {
	uv_loop_t *loop;
	struct links *links;
	enum config_role role; /* that we have in what we answer */
};

/* At once.  Borrows config until listening_close or
 * listening_reload_links. */
struct listening *listening_open(const struct listening_opts *o,
    const struct config *config);
/* Go on with another configuration, and the links, too.  -1: neither does;
 * both go on with `present`, and `next` is not needed any more. */
int listening_reload_links(struct listening *l, const struct config *next,
    const struct config *present, struct err *e);
/* When all sessions are over: the listener carries their bytes.  The loop must
 * run once more. */
void listening_close(struct listening *l);

#endif
