/*
 * What rsync(1) has in staging/ while it brings files there: one that is being
 * written, and those that wait to get their names all together.  They are
 * nobody's trouble while it works; what is left of one that was killed is removed.
 * Whoever brings them is not trusted: more than rsync has is not of that kind.
 */
#ifndef TRANSPORT_CARRIED_UNDERWAY_H
#define TRANSPORT_CARRIED_UNDERWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"

/* Directories: of a put's --delay-updates, and where a get keeps what came of a
 * file that was cut off, to go on with it. */
#define UNDERWAY_DELAYED ".~tmp~"
#define UNDERWAY_PARTIAL ".partial"

enum {
	UNDERWAY_STILL_S = 600,    /* nothing of it changed: nobody works */
	UNDERWAY_WRITTEN = 16,     /* rsync writes one after the other */
	UNDERWAY_WAITING = 100000, /* as many as a spool has */
};

/* Of one look.  Zero-initialised but for `own`. */
struct underway {
	bool own;       /* our own rsync brings, which bounds and sweeps it */
	bool works;     /* something of it is new */
	bool delayed;   /* the directory is there */
	size_t written; /* files that are, or were, being written */
};

/* ".NAME.XXXXXX", of a NAME that is carried. */
bool underway_is_written(const char *name);
/* False: this name in a staging directory is none of that kind. */
bool underway_note(struct underway *u, int staging, const char *name,
    struct wall now);
/* After all names were noted: remove them if nobody works.  How many of them
 * are strange nevertheless: they cannot be removed, or rsync has none such, or not
 * so many. */
uint64_t underway_end(const struct underway *u, int staging);

#endif
