/*
 * Who states the leaves of a CONFIG, and by which names: kept in its header, so
 * that it can be known again when state/tokens is lost or another's.  A digest
 * of sources and aliases, and runs of leaves in the order of the blocks; those of
 * collectors are "?", since their paths tell whose they are.
 *
 *	X-Sources:crc32=0badcafe
 *	X-Sources-1:write/door*2=,?*10,write/lift*3
 *
 * "=": the source calls each by its token.  Runs that do not fit are left out;
 * leaves behind the last are like "?".  Does no I/O.
 */
#ifndef SPOKE_OWNERS_H
#define SPOKE_OWNERS_H

#include "spoke/tokens.h"

/* Begins as { 0 }. */
struct owners {
	const struct source *source; /* of the run; NULL: "?" */
	bool by_token;
	uint64_t n; /* of its leaves */
	bool told;  /* there is a run that is not "?" */
	uint32_t digest;
	struct buf runs;
};

void owners_add(struct owners *o, const struct leaf *l);
/* Its header lines, each with its LF, behind what is there; none where all are
 * "?". */
void owners_print(struct owners *o, struct buf *extra);
/* Whether that header is of the same sources and aliases. */
bool owners_match(const struct owners *o, struct slice extra);
void owners_clear(struct owners *o);

/* Reads them back; begins as { .extra = the X- lines of a message }. */
struct owners_reader {
	struct slice extra, line, source;
	bool by_token;
	uint64_t left; /* leaves of this run */
};

/* The source of the next leaf.  False, and source empty: the header does not tell. */
bool owners_next(struct owners_reader *r, struct slice *source, bool *by_token);

#endif
