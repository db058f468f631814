/*
 * The collectors that there are; the registry alone knows this list.
 */
#ifndef SPOKE_COLLECTORS_COLLECTORS_H
#define SPOKE_COLLECTORS_COLLECTORS_H

#include "spoke/collector.h"

extern const struct collector_ops collector_exec;
extern const struct collector_ops collector_host;

#endif
