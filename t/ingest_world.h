/*
 * A hub over real directories, with the real spool, trees and XML, a spoke that
 * writes into its inbox, and a store that keeps its values in memory and, at
 * each sync, in a file.
 */
#ifndef T_INGEST_WORLD_H
#define T_INGEST_WORLD_H

#include "common/message/message.h"
#include "hub/ingest/ingest.h"

enum {
	NOW_S = 1700000000 /* where a world's clock begins */
};

struct world {
	char dir[64];
	int dirfd;
	struct config *config;
	struct node node;
	struct notices *notices;
	struct store *store;
	struct compiler *compiler;
	struct ingest *ingest;
	struct mono mono;
	struct wall wall;
	/* The spoke. */
	struct stream_id stream;
	uint64_t msgid;
	uint32_t digest;
	struct buf segment; /* what was written and not delivered */
	uint64_t segment_first;
};

void check(int rc, const struct err *e); /* fails the test for -1 */

struct world *world_new(void);
void world_free(struct world *w);
/* Generation 1 with /a and /b is live; nothing waits. */
struct world *world_with_two(void);
void world_start(struct world *w);
/* Without a word, as if killed: what the store had not synced is gone. */
void world_stop(struct world *w);
void world_restart(struct world *w);

/* The spoke writes a message; number, stream and Prev are filled in. */
void spool(struct world *w, struct message m, const char *body);
void spool_config(struct world *w, uint64_t generation, const char *body);
void spool_data(struct world *w, uint64_t generation, uint64_t timestamp,
    const char *body);
/* It begins a new stream. */
void begin_anew(struct world *w);
/* A session leaves what was spooled in inbox/, as one segment. */
void deliver(struct world *w);

/* The hub works until there is nothing more to do: now, after a delivery, or
 * ms later. */
void settle(struct world *w);
void work(struct world *w);
void pass(struct world *w, int64_t ms);
void sync_now(struct world *w);

/* Lines "path time value", in the order in which the store got them. */
struct slice values(struct world *w);
void assert_values(struct world *w, const char *want);
struct ingest_status status(struct world *w);
bool raised(struct world *w, const char *key);
/* A directory of the association, "" for its own; the files in one. */
int association_dir(struct world *w, const char *name);
unsigned files_in(struct world *w, const char *name);

#define LEAF(token, path) "level2-token:" token "\nlevel2-path:" path "\n"
#define ONE               LEAF("T1", "/a")
#define TWO               LEAF("T1", "/a") ";\n" LEAF("T2", "/b")
#define V(path, time, v)  "/Sites/Alps" path " " time " " v "\n"

#endif
