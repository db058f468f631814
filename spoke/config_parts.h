/*
 * A configuration as it is spooled: one CONFIG, of one part or more, that says
 * what the tokens mean, whose they are and which of them were given out before.
 */
#ifndef SPOKE_CONFIG_PARTS_H
#define SPOKE_CONFIG_PARTS_H

#include "common/spool/outbox.h"
#include "spoke/tokens.h"

/* Begins as { 0 }. */
struct config_parts {
	struct config_part {
		struct buf extra, body;
	} * part;
	size_t n;
	uint64_t generation, timestamp;
};

/* Of what the tokens are now, in bodies of at most part_max bytes (or one
 * block); p is empty. */
void config_parts_present(struct config_parts *p, const struct tokens *t,
    size_t part_max);
/* Prepare its messages. */
int config_parts_put(const struct config_parts *p, struct outbox *o,
    struct err *e);
/* The newest whole CONFIG of that generation in the sealed segments of outbox/
 * and sent/ of an association's directory; *out stays as it is where there is
 * none. */
int config_parts_find(int dir, uint64_t generation, struct config_parts *out,
    struct err *e);
/* Make the tokens what it says. */
void config_parts_adopt(const struct config_parts *p, struct tokens *t);
void config_parts_clear(struct config_parts *p);

#endif
