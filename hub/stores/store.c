/*
 * The registry of stores; see store.h.
 */
#include "config.h"

#include <string.h>

#include "hub/stores/stores.h"

static const struct store_ops *const member[] = {
#ifdef HAVE_LIBRRD
	&store_rrd,
#endif
	NULL,
};

const struct store_ops *
store_find(const char *type)
{
	for (size_t i = 0; member[i] != NULL; i++)
		if (strcmp(member[i]->type, type) == 0)
			return member[i];
	return NULL;
}
