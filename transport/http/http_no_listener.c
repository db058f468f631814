/*
 * The listener of transport http, in a build without libmicrohttpd.
 */
#include "config.h"

#include "transport/http/http_listener.h"

int
http_listener_check(const struct config *c, enum config_role role, bool today,
    struct err *e)
{
	(void)today;
	for (size_t i = 0; i < c->n_association; i++) {
		const struct association *a = &c->association[i];

		if (a->transport == CONFIG_HTTP && a->role == role &&
		    !config_dials(a))
			return err_set(e, ERR_CONFIG,
			    "%s:%d: association %s: this build has no listener "
			    "for transport http: libmicrohttpd or GnuTLS was "
			    "missing",
			    a->file, a->line, a->name);
	}
	return 0;
}

int
http_listener_open(const struct config *c, enum config_role role,
    struct http_listener **out, struct err *e)
{
	err_clear(e);
	*out = NULL;
	return http_listener_check(c, role, false, e);
}

int
http_listener_reopen(struct http_listener **l, const struct config *c,
    enum config_role role, struct err *e)
{
	return http_listener_open(c, role, l, e);
}

int
http_listener_fd(const struct http_listener *l)
{
	(void)l;
	return -1;
}

int
http_listener_hear(struct http_listener *l, const struct association **a,
    int *fd, struct channel_meter **meter, struct err *e)
{
	(void)l;
	(void)a;
	(void)fd;
	(void)meter;
	return err_set(e, ERR_INTERNAL, "there is no listener");
}

void
http_listener_count(struct http_listener *l)
{
	(void)l;
}

void
http_listener_close(struct http_listener *l)
{
	(void)l;
}
