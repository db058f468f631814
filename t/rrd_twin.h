/*
 * The store of RRD files beside a twin: a file that librrd alone made of the
 * same values.  Every function ends the test when something is not as it says.
 * Files are named below scratch_path.
 */
#ifndef T_RRD_TWIN_H
#define T_RRD_TWIN_H

#include <time.h>

#include "hub/stores/store.h"
#include "t/scratch.h"

/* Stores of a test, each in a directory of its own: AVERAGE of every step for
 * a day and of five minutes for a week, MAX of an hour for 30 days. */
struct store *twin_open(const char *name);
void twin_close(struct store *s);
/* A leaf of tree "main", at a step of 60 s. */
uint32_t twin_leaf(struct store *s, const char *path, const char *dstype);
void twin_put(struct store *s, uint32_t handle, uint64_t time_s,
    const char *value);
void twin_flush(struct store *s); /* all, and nothing waits any more */
void twin_sync(struct store *s);

/* The twin, with the same archives: "time:value" texts. */
void twin_make(const char *file, const char *dstype, time_t start,
    const char *const *text, int n);

struct twin_rows {
	time_t start, end;
	unsigned long step;
	double *data; /* freed by the caller */
	size_t n;
};
struct twin_rows twin_fetch(const char *file, const char *cf,
    unsigned long step, time_t from, time_t to);
/* Every archive says the same in both; at least `known` numbers in the first. */
void twin_same(const char *a, const char *b, time_t from, time_t to,
    size_t known);

bool twin_exists(const char *name);
/* Write over a file's bytes, and give it another length unless that is -1. */
void twin_overwrite(const char *name, off_t at, const char *text, off_t length);

#endif
