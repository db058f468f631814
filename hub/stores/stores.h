/*
 * The members of the family of stores; store.c alone looks them up by name.
 */
#ifndef HUB_STORES_STORES_H
#define HUB_STORES_STORES_H

#include "hub/stores/store.h"

extern const struct store_ops store_rrd;

#endif
