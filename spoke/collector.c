/*
 * The registry of collectors: a new one is a file and a line here.
 */
#include "config.h"

#include <string.h>

#include "spoke/collector.h"
#include "spoke/collectors/collectors.h"

static const struct collector_ops *const registry[] = {
	&collector_exec,
	&collector_host,
};

const struct collector_ops *
collector_find(const char *type)
{
	for (size_t i = 0; i < sizeof(registry) / sizeof(*registry); i++)
		if (strcmp(registry[i]->type, type) == 0)
			return registry[i];
	return NULL;
}
