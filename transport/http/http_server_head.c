/*
 * The head of a request, as libmicrohttpd understood it: what another program on
 * the way may have understood otherwise is refused (RFC 9112, 11.2); see
 * http_server_impl.h.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "transport/http/http_server_impl.h"

/* Fields of which one more is another request. */
enum {
	TOKEN,
	SESSION,
	LENGTH,
	CODING,
	HOST,
	SINGLE,
};

static const char *const single[SINGLE] = {
	[TOKEN] = MHD_HTTP_HEADER_AUTHORIZATION,
	[SESSION] = HTTP_HEADER,
	[LENGTH] = MHD_HTTP_HEADER_CONTENT_LENGTH,
	[CODING] = MHD_HTTP_HEADER_TRANSFER_ENCODING,
	[HOST] = MHD_HTTP_HEADER_HOST,
};

struct head {
	unsigned n[SINGLE];
	bool encoded, strange;
};

static enum MHD_Result
on_field(void *cls, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	struct head *h = cls;

	(void)kind;
	for (size_t i = 0; i < SINGLE; i++)
		if (strcasecmp(name, single[i]) == 0)
			h->n[i]++;
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_ENCODING) == 0)
		h->encoded = true;
	if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0 &&
	    (value == NULL || strcasecmp(value, "chunked") != 0))
		h->strange = true;
	return MHD_YES;
}

/* libmicrohttpd ends the words of the request line in place, each with a NUL, so
 * behind the path the version follows at once; more between them was a NUL in the
 * path, which it shows in front of that only, an escape or a query.  Where it keeps
 * them elsewhere, nothing is known. */
static bool
path_is_whole(const char *path, const char *version)
{
	uintptr_t at = (uintptr_t)path, next = (uintptr_t)version;

	return next <= at || next - at > CONNECTION_MEMORY ||
	    next - at == strlen(path) + 1;
}

unsigned
http_server_head(struct MHD_Connection *c, const char *path,
    const char *version, bool *nobody)
{
	struct head h = { .strange = !path_is_whole(path, version) };

	(void)mhd.get_connection_values(c, MHD_HEADER_KIND, on_field, &h);
	for (size_t i = 0; i < SINGLE; i++)
		h.strange = h.strange || h.n[i] > 1;
	*nobody = h.n[TOKEN] > 1;
	if (h.strange || (h.n[LENGTH] > 0 && h.n[CODING] > 0))
		return MHD_HTTP_BAD_REQUEST;
	return h.encoded ? MHD_HTTP_UNSUPPORTED_MEDIA_TYPE : 0;
}
