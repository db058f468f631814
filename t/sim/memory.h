/*
 * A store and a compiler in memory, for the real ingest: what they hold lives
 * as long as the simulated hub's disk does.
 */
#ifndef T_SIM_MEMORY_H
#define T_SIM_MEMORY_H

#include "hub/ingest/compile.h"
#include "hub/stores/store.h"

/* Forget all. */
void memory_reset(void);
/* A process of the hub opens them; each process has its own memory, all see the
 * same "files". */
struct store *memory_store_open(void);
struct compiler *memory_compiler_open(void);
/* The hub's power fails: what no sync covers is gone (its files' heads are put
 * back from the journal, so that they are as they were). */
void memory_power_cut(void);

/* The value that the files have for a leaf at a time; NULL: none. */
const char *memory_value(const char *path, uint64_t time_s);
/* Calls each for everything in the files. */
void memory_each(void (*each)(void *arg, const char *path, uint64_t time_s,
		     const char *value),
    void *arg);

#endif
