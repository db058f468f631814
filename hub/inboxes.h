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

struct inbox_of {
	bool touched; /* a segment may be left open there */
	bool watched;
};

/* Zero-initialised: of none. */
struct inboxes {
	struct hub *hub; /* borrowed; NULL: not yet */
	uv_loop_t *loop;
	struct watch *watch; /* NULL: there is none to be had */
	inboxes_seen *seen;
	void *arg;
	struct inbox_of *of; /* n associations */
	struct silence silence;
	size_t n;
};

/* Of a hub whose ingest is open. */
void inboxes_watch(struct inboxes *b, uv_loop_t *loop, struct hub *hub,
    inboxes_seen *seen, void *arg);
/* From time to time: look into what cannot be watched, seal what was left open,
 * tell of silence. */
void inboxes_look(struct inboxes *b);
void inboxes_close(struct inboxes *b);

#endif
