/*
 * What a configuration answers: its parts by their names, what an association's
 * keys mean together, the words of its enumerations.  See config.h.
 */
#include <config.h> /* not the one beside this file */

#include <string.h>

#include "common/config/config.h"

const struct association *
config_association(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n_association; i++)
		if (strcmp(c->association[i].name, name) == 0)
			return &c->association[i];
	return NULL;
}

const struct config_store *
config_store_for(const struct config *c)
{
	return c->n_store > 0 ? &c->store[0] : NULL;
}

const char *
config_listens(const struct config_web *w, enum config_role role)
{
	return role == CONFIG_SPOKE && w->spoke_listen != NULL ? w->spoke_listen
							       : w->listen;
}

bool
config_dials(const struct association *a)
{
	return (a->mode == CONFIG_PUSH) == (a->role == CONFIG_SPOKE);
}

bool
config_visits(const struct association *a)
{
	return config_dials(a) ||
	    (a->transport == CONFIG_DIR && a->role == CONFIG_HUB);
}

bool
config_is_carried(const struct association *a)
{
	return a->transport == CONFIG_RSYNC || a->transport == CONFIG_DIR;
}

bool
config_brings(const struct association *a)
{
	return a->transport == CONFIG_RSYNC && config_dials(a);
}

bool
config_stays(const struct association *a)
{
	return a->keep && !config_is_carried(a);
}

const char *
config_transport_name(enum config_transport t)
{
	static const char *const name[] = {
		[CONFIG_SSH] = "ssh",
		[CONFIG_EXEC] = "exec",
		[CONFIG_HTTP] = "http",
		[CONFIG_RSYNC] = "rsync",
		[CONFIG_DIR] = "dir",
	};
	return name[t];
}

const char *
config_mode_name(enum config_mode m)
{
	return m == CONFIG_PUSH ? "push" : "pull";
}

const char *
config_role_name(enum config_role r)
{
	return r == CONFIG_HUB ? "hub" : "spoke";
}
