/*
 * What the parts of staging share: staging.c lists and removes, staged_file.c
 * reads one file, staging_take.c takes segments.
 */
#ifndef TRANSPORT_CARRIED_STAGING_IMPL_H
#define TRANSPORT_CARRIED_STAGING_IMPL_H

#include "common/spool/quarantine.h"
#include "transport/carried/staging.h"
#include "transport/carried/underway.h"

struct staged {
	struct carried_name name;
	bool signature_there;
	bool done; /* to be removed */
};

struct staging {
	struct staging_opts o;
	struct quarantine quarantine; /* dir -1: not opened yet */
	struct staged *at;            /* segments, by number */
	size_t n;
	struct carried_name *stray; /* signatures of nothing */
	size_t n_stray;
	bool has_ack;
	bool more; /* than are looked at at once */
	uint64_t foreign_names;
	struct underway underway;
};

/* staged_file.c */
/* A copy of the file, which *out holds behind *from: together they are what its
 * signature covers, and that is by whom it should be. */
enum carried_found staging_read(const struct staging *s,
    struct carried_name name, size_t max, struct buf *out, size_t *from,
    struct err *e);

#endif
