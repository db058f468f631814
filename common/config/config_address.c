/*
 * Addresses; see config_address.h.
 */
#include <config.h> /* not the one beside this file */

#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/config/config_address.h"

static bool
is_host(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') &&
		    (s.p[i] < 'a' || s.p[i] > 'z') &&
		    (s.p[i] < 'A' || s.p[i] > 'Z') && s.p[i] != '.' &&
		    s.p[i] != '-' && s.p[i] != '_')
			return false;
	return s.n < sizeof(((struct config_address *)NULL)->host) &&
	    (s.n == 0 || s.p[0] != '-');
}

static bool
is_ip6(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' ||
		    strchr("0123456789abcdefABCDEF:.", s.p[i]) == NULL)
			return false;
	return s.n > 1 && s.n < 46;
}

/* "host" or "[ip6]" from the front of *in. */
static bool
cut_host(struct slice *in, struct slice *host)
{
	if (in->n > 0 && in->p[0] == '[') {
		in->p++;
		in->n--;
		return slice_cut(in, ']', host) && is_ip6(*host);
	}
	*host = (struct slice){ in->p, 0 };
	while (host->n < in->n && in->p[host->n] != ':')
		host->n++;
	in->p += host->n;
	in->n -= host->n;
	return is_host(*host);
}

static bool
fill(struct slice host, struct slice port, struct config_address *out)
{
	uint64_t n;

	if (!slice_u64(port, 65535, &n) || n == 0)
		return false;
	(void)snprintf(out->host, sizeof(out->host), "%.*s", (int)host.n,
	    host.p);
	(void)snprintf(out->port, sizeof(out->port), "%.*s", (int)port.n,
	    port.p);
	return true;
}

bool
config_address_parse(const char *text, struct config_address *out)
{
	struct slice rest = slice_str(text), host;

	return cut_host(&rest, &host) && slice_skip(&rest, SLICE(":")) &&
	    rest.n > 0 && fill(host, rest, out);
}

bool
config_address_of_url(const char *url, bool *tls, struct config_address *out)
{
	struct slice rest = slice_str(url), host, port;

	*tls = slice_skip(&rest, SLICE("https://"));
	if (!*tls && !slice_skip(&rest, SLICE("http://")))
		return false;
	port = *tls ? SLICE("443") : SLICE("80");
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] <= ' ' || strchr("@?#\\\"", rest.p[i]) != NULL)
			return false;
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] == '/')
			rest.n = i;
	if (!cut_host(&rest, &host) || host.n == 0)
		return false;
	if (slice_skip(&rest, SLICE(":")))
		port = rest;
	else if (rest.n > 0)
		return false;
	return fill(host, port, out);
}

bool
config_address_is_loopback(const struct config_address *a)
{
	return strncmp(a->host, "127.", 4) == 0 ||
	    strcmp(a->host, "::1") == 0 || strcmp(a->host, "localhost") == 0;
}

static bool
is_any(const struct config_address *a)
{
	return a->host[0] == '\0' || strcmp(a->host, "0.0.0.0") == 0 ||
	    strcmp(a->host, "::") == 0;
}

bool
config_addresses_clash(const struct config_address *a,
    const struct config_address *b)
{
	return strcmp(a->port, b->port) == 0 &&
	    (is_any(a) || is_any(b) || strcmp(a->host, b->host) == 0);
}
