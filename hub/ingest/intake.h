/*
 * One association's way into the hub: its segments in order, each message's
 * effect, what waits, and what is to be done again after an unclean end.  The
 * shell around the sequencer and the settling machine of its tree; private to
 * ingest.
 */
#ifndef HUB_INGEST_INTAKE_H
#define HUB_INGEST_INTAKE_H

#include "common/base/clock.h"
#include "common/operator/notice.h"
#include "hub/ingest/archive.h"
#include "hub/ingest/compile.h"
#include "hub/ingest/configset.h"
#include "hub/ingest/handles.h"
#include "hub/ingest/ingest.h"
#include "hub/ingest/lowwater.h"
#include "hub/ingest/poison.h"
#include "hub/ingest/sequencer.h"
#include "hub/ingest/settling.h"
#include "hub/stores/store.h"

/* What all associations of a hub share. */
struct intake_ground {
	struct ingest_opts opts;
	struct mono mono; /* the clocks of the present call */
	struct wall wall;
};

/* What the tokens of one configuration mean: DATA is read by it. */
struct glossary {
	struct handles *tokens; /* to series; NULL: none */
	uint64_t generation;
	uint64_t config; /* MsgID of the CONFIG's last part */
};

/* A value on its way to the store. */
struct fit {
	struct slice value;
	uint32_t handle;
};

enum intake_trouble {
	INTAKE_WELL,
	INTAKE_RETRY,  /* something failed: tried again at retry_at */
	INTAKE_FORK,   /* two messages with one number: waits for a person */
	INTAKE_STREAM, /* a new stream that cannot be taken by itself */
};

struct intake {
	const struct intake_ground *ground;
	const struct association *a;
	struct settling *settling; /* its tree's; knows us by the number who */
	unsigned who;

	struct archive archive;
	struct sequencer *sequencer;
	struct lowwater low;
	struct poison poison;
	bool touched; /* something happened since the low-water mark was set */

	struct glossary live; /* by the compiled tree */
	struct compiled_head head;
	bool has_head; /* something is compiled, of whatever stream */
	struct configset set;
	struct tree *pending; /* checked, to be compiled, or NULL */
	struct compiled_head pending_head;
	uint64_t wait_from; /* DATA from this MsgID on waits; 0: none does */
	bool flow_due;      /* what waits is to be stored now */
	bool resync_due;
	struct mono resync_at;
	/* while intake_release works: where still implausible DATA goes */
	struct waiting *releasing;
	struct mono clock_at; /* when withheld Timestamps are looked at next */

	struct fit *fit;
	size_t n_fit, fit_cap;

	enum intake_trouble trouble;
	struct mono retry_at;
	int64_t retry_ms;
	struct segment_name offender; /* FORK: the segment of the second one */
	struct segment_name repaired; /* the segment that was repaired last */
	bool accept_stream;
	struct ingest_counts counts;
	uint64_t refused; /* of counts.poison, in this batch */
};

/* --- intake.c: beginning, ending, marks ---------------------------------- */

struct intake_place {
	const struct intake_ground *ground;
	const struct association *a;
	int dir; /* <spool>/<association> */
	struct settling *settling;
	unsigned who; /* to settling */
};

/* Takes the directory. */
int intake_open(const struct intake_place *p, struct intake **out,
    struct err *e);
/* Work off some of what is there.  True: there is more. */
bool intake_step(struct intake *i);
/* Have the live configuration compiled again. */
int intake_recompile(struct intake *i, struct err *e);
/* Of the CONFIG whose last part is m. */
struct compiled_head intake_head(const struct message *m);
/* Takes t, to be compiled in the place of what was to be; NULL: nothing is. */
void intake_set_pending(struct intake *i, struct tree *t,
    struct compiled_head head);
/* The tree was swapped in: use it, and let flow what waited for it. */
void intake_flow(struct intake *i);
/* All that was handed to the store is surely stored: move the mark. */
int intake_mark(struct intake *i, struct err *e);
/* When it wants to step again by itself. */
struct mono intake_wake(const struct intake *i);
void intake_close(struct intake *i);

/* Log that so many messages' values are given up: the archive alone has them. */
void intake_left(const struct intake *i, uint64_t messages);
/* A call failed: tell, and try again later. */
void intake_failed(struct intake *i, const struct err *e);
/* Tell of a state, and the command to run next: hubctl VERB, or with what
 * hubctl VERB ASSOCIATION WHAT. */
void intake_raise(struct intake *i, const char *key, const char *verb,
    const char *what, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void intake_clear(struct intake *i, const char *key);

/* --- intake_accept.c: what a person lets go ------------------------------- */

/* "config", "fork", "stream", or NULL for whatever waits.  1: nothing does;
 * ERR_INPUT: what is there cannot be let go. */
int intake_accept(struct intake *i, const char *what, struct err *e);

/* --- intake_message.c: what one message does ------------------------------ */

void intake_message(struct intake *i, const struct message *m);
/* Hand a DATA message's values to the store, or find why not. */
void intake_store(struct intake *i, const struct glossary *r,
    const struct message *m);
/* Series for every leaf: of a tree or of the live one. */
int intake_read_tree(struct intake *i, const struct tree *t, struct glossary *r,
    struct err *e);
int intake_read_live(struct intake *i, struct err *e);
/* After intake_read_tree of another tree: make the store's series again what the
 * live tree says. */
int intake_declare_live(struct intake *i, struct err *e);
void glossary_clear(struct glossary *r);

/* --- intake_replay.c: what is read again from the archive ----------------- */

/* Bring the store up to the cursor after a start. */
int intake_recover(struct intake *i, struct err *e);
/* Store what waited: DATA marked for the live generation, and DATA from
 * wait_from on, each under its own CONFIG. */
int intake_replay_waiting(struct intake *i, struct err *e);
/* Store what is withheld and whose time has come, also of former streams. */
int intake_release(struct intake *i, struct err *e);
/* Messages that wait for the clock. */
uint64_t intake_withheld(const struct intake *i);
/* The CONFIG whose last part is msgid, as the hub's leaves. */
int intake_load_config(struct intake *i, uint64_t msgid, struct tree **out,
    struct compiled_head *head, struct err *e);

/* --- intake_stream.c: a stream takes the place of another ------------------ */

/* Whether all parts of the CONFIG that it begins with are in the inbox. */
bool intake_has_first_config(struct intake *i);
/* Sequencing goes on at its beginning; what still waits of the one before is
 * stored first. */
int intake_begin_stream(struct intake *i, struct stream_id stream,
    struct err *e);

/* --- intake_recall.c: the configuration that the archive has ------------- */

/* Where nothing of the stream is compiled: the newest CONFIG is held. */
int intake_recall(struct intake *i, struct err *e);

/* --- intake_inbox.c: segments --------------------------------------------- */

/* What was ingested of a stream that is being replaced, but not moved before
 * the end: into the archive, where recovery looks for it. */
int intake_tidy(struct intake *i, struct err *e);
/* Some segments of the inbox, into the archive.  1: there is more, 0: nothing
 * more to do now. */
int intake_inbox(struct intake *i, struct err *e);

#endif
