/*
 * What hubd sees of its inboxes: that something came, what a session that died left
 * open, and of whom nothing comes.
 */
#ifndef HUB_INBOXES_H
#define HUB_INBOXES_H

#include <uv.h>

#include "common/base/watch.h"
#include "hub/hub.h"
#include "hub/silence.h"

/* Something came, and the ingest knows. */
typedef void inboxes_seen(void *arg);

/* Zero-initialised: of none. */
struct inboxes {
	struct hub *hub;     /* borrowed */
	struct watch *watch; /* NULL: not yet */
	inboxes_seen *seen;
	void *arg;
	bool *touched; /* n associations: is a segment left open there? */
	struct silence silence;
	size_t n;
};

/* Of a hub whose ingest is open. */
int inboxes_watch(struct inboxes *b, uv_loop_t *loop, struct hub *hub,
    inboxes_seen *seen, void *arg, struct err *e);
/* From time to time: seal what was left open, tell of silence. */
void inboxes_look(struct inboxes *b);
void inboxes_close(struct inboxes *b);

#endif
