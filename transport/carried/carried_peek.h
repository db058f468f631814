/*
 * Whether there is anything to look at in a carried directory, without looking
 * at it: names alone.
 */
#ifndef TRANSPORT_CARRIED_CARRIED_PEEK_H
#define TRANSPORT_CARRIED_CARRIED_PEEK_H

#include "common/config/config.h"

/* Transport dir: something of ours lies there for this end.  False also of a
 * directory that is not there, or cannot be read. */
bool carried_peek(const struct association *a);

#endif
