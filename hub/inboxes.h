/*
 * hubd's eye on its inboxes: wakes the ingest when something came, seals what a
 * session that died left open, tells of associations of which nothing comes.
 */
#ifndef HUB_INBOXES_H
#define HUB_INBOXES_H

#include <uv.h>

#include "common/base/watch.h"
#include "hub/hub.h"
#include "hub/silence.h"

/* Something came; the ingest was told (ingest_look). */
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

/* Begin to watch; hub's ingest is open.  inboxes_close ends it. */
void inboxes_watch(struct inboxes *b, uv_loop_t *loop, struct hub *hub,
    inboxes_seen *seen, void *arg);
/* To be called every few seconds: looks into what cannot be watched, seals what was
 * left open, tells of silence. */
void inboxes_look(struct inboxes *b);
void inboxes_close(struct inboxes *b);

#endif
