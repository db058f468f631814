/*
 * Transport http, before the first byte from the network: the files that the
 * configuration names, and the host's addresses.
 */
#include "config.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/mem.h"
#include "transport/host.h"
#include "transport/http/http.h"
#include "transport/key_file.h"

enum {
	CA_MAX = 4 << 20, /* all that a system trusts is 220 KB */
	PEM_MAX = 64 << 10,
};

/* --- Files ---------------------------------------------------------------------- */

static int
read_token(struct http *h, struct err *e)
{
	const char *path = h->a->http_token;
	struct slice token;

	if (path == NULL)
		return 0;
	if (key_file_read(path, KEY_FILE_SECRET, HTTP_TOKEN_MOST + 1, &h->token,
		e) == -1)
		return -1;
	if (http_token_of(buf_slice(&h->token), &token, e) == -1)
		return err_wrap(e, "%s", path);
	h->authorization =
	    mem_printf("Authorization: Bearer %.*s", (int)token.n, token.p);
	return 0;
}

int
http_files(struct http *h, struct err *e)
{
	const struct association *a = h->a;
	size_t n = strlen(a->http_url);

	h->url = mem_printf("%s%s" HTTP_PATH, a->http_url,
	    n > 0 && a->http_url[n - 1] == '/' ? "" : "/");
	if (read_token(h, e) == -1)
		return -1;
	if (a->http_ca != NULL &&
	    key_file_read(a->http_ca, KEY_FILE_PUBLIC, CA_MAX, &h->ca, e) == -1)
		return -1;
	if (a->http_certificate != NULL &&
	    (key_file_read(a->http_certificate, KEY_FILE_PUBLIC, PEM_MAX,
		 &h->certificate, e) == -1 ||
		key_file_read(a->http_key, KEY_FILE_SECRET, PEM_MAX, &h->key,
		    e) == -1))
		return -1;
	return 0;
}

void
http_files_clear(struct http *h)
{
	buf_clear(&h->ca);
	buf_clear(&h->certificate);
	buf_clear(&h->key);
	buf_clear(&h->token);
	free(h->url);
	free(h->authorization);
}

/* --- The host -------------------------------------------------------------------- */

static void
add_addresses(struct buf *out, const struct addrinfo *list)
{
	char host[NI_MAXHOST];

	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, host, sizeof(host),
			NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		buf_printf(out, "%s%s", ai == list ? "" : ",", host);
	}
}

static int
look_up(struct http *h, const char *host, const char *port, struct err *e)
{
	struct addrinfo *list = NULL;
	struct buf line = { 0 };

	if (host_look_up(host, NULL, "http { url }", &list, e) == -1)
		return -1;
	buf_printf(&line, "%s:%s:", host, port);
	add_addresses(&line, list);
	freeaddrinfo(list);
	h->resolved = curl.slist_append(NULL, line.p);
	buf_clear(&line);
	return h->resolved != NULL ? 0
				   : err_set(e, ERR_TEMP, "no memory for curl");
}

int
http_look_up(struct http *h, struct err *e)
{
	CURLU *u = curl.url();
	char *host = NULL, *port = NULL;
	int rc = -1;

	if (u == NULL ||
	    curl.url_set(u, CURLUPART_URL, h->url, 0) != CURLUE_OK ||
	    curl.url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl.url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) !=
		CURLUE_OK)
		err_set(e, ERR_CONFIG, "%s is no url: check http { url }",
		    h->a->http_url);
	else if (host[0] == '[')
		rc = 0; /* as curl takes it */
	else
		rc = look_up(h, host, port, e);
	curl.free(host);
	curl.free(port);
	curl.url_cleanup(u);
	return rc;
}
