/*
 * Transport http, one request and its answer, by libcurl.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "transport/http/http.h"

enum {
	CONNECT_MS = 20000, /* TLS included */
	REQUEST_S = 900,    /* 1 MiB at 1,200 bytes a second, and held; more
			     * where it was found to be much quicker */
	SLOW_S = 60,        /* of less than */
	SLOW_RATE = 20,     /* bytes a second: it is held for 25 s */
	HEAD_MAX = 16 << 10,
	TEXT_MAX = 512,
	LITTLE = 8 << 10, /* a body in one piece with its head */
};

#define HEAD_TOO_LARGE "the answer's head is too large"

/* --- What comes -------------------------------------------------------------- */

static size_t
refuse(struct http_exchange *x, const char *why)
{
	err_set(&x->wrong, ERR_PROTOCOL, "%s", why);
	return 0; /* curl ends it */
}

static bool
is_field(struct slice line, const char *name, struct slice *value)
{
	size_t n = strlen(name);

	if (line.n <= n || line.p[n] != ':' ||
	    strncasecmp(line.p, name, n) != 0)
		return false;
	line.p += n + 1;
	line.n -= n + 1;
	while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t')) {
		line.p++;
		line.n--;
	}
	while (line.n > 0 && strchr(" \t\r\n", line.p[line.n - 1]) != NULL)
		line.n--;
	*value = line;
	return true;
}

static size_t
on_head(char *p, size_t size, size_t n, void *arg)
{
	struct http_exchange *x = arg;
	struct slice line = { p, size * n }, value;

	x->head_n += line.n;
	if (x->head_n > HEAD_MAX)
		return refuse(x, HEAD_TOO_LARGE);
	if (is_field(line, "Content-Encoding", &value) &&
	    !slice_eq_str(value, "identity"))
		return refuse(x,
		    "the answer has a Content-Encoding, which was not asked "
		    "for");
	if (is_field(line, HTTP_HEADER, &value)) {
		if (http_answer_parse(value, &x->answer, &x->wrong) == -1 ||
		    http_requester_head(&x->h->requester, x->which, &x->answer,
			&x->wrong) == -1)
			return 0;
		x->has_answer = true;
	}
	return line.n;
}

static long
status_of(const struct http_exchange *x)
{
	long status = 0;

	(void)curl.easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_exchange *x = arg;
	struct slice bytes = { p, size * n };
	size_t had, got = bytes.n;

	if (x->h->in.n >= HTTP_IN_MOST) {
		x->paused = true;
		return CURL_WRITEFUNC_PAUSE; /* curl brings them again */
	}
	x->body_n += got;
	if (x->body_n > HTTP_CHUNKS_MAX)
		return refuse(x, "the answer has no end");
	if (status_of(x) != 200) {
		if (bytes.n > TEXT_MAX - x->text.n)
			bytes.n = TEXT_MAX - x->text.n;
		buf_put(&x->text, bytes);
		return got;
	}
	if (!x->has_answer)
		return refuse(x, "this is no listener of Axletree");
	had = http_requester_heard(&x->h->requester, x->which, bytes.n);
	bytes.p += had;
	bytes.n -= had;
	buf_put(&x->h->in, bytes);
	return got;
}

/* --- What goes, of a body --------------------------------------------------------- */

static size_t
on_read(char *p, size_t size, size_t n, void *arg)
{
	struct http_exchange *x = arg;
	struct http_requester *r = &x->h->requester;
	struct mono now = clock_mono(), wake;
	struct slice bytes;

	n *= size;
	switch (http_requester_more(r, x->which, now, &bytes, &wake)) {
	case HTTP_BYTES:
		if (bytes.n < n)
			n = bytes.n;
		memcpy(p, bytes.p, n);
		http_requester_gone(r, x->which, n, now);
		return n;
	case HTTP_SILENT:
		x->silent = true;
		return CURL_READFUNC_PAUSE;
	case HTTP_ENOUGH:
		break;
	}
	return 0;
}

/* curl found that a connection was dead before it brought anything. */
static int
on_seek(void *arg, curl_off_t at, int from)
{
	struct http_exchange *x = arg;

	return at == 0 && from == SEEK_SET &&
		http_requester_rewind(&x->h->requester, x->which)
	    ? CURL_SEEKFUNC_OK
	    : CURL_SEEKFUNC_FAIL;
}

/* --- What goes ---------------------------------------------------------------- */

static struct curl_blob
blob_of(const struct buf *b)
{
	return (struct curl_blob){ b->p, b->n, CURL_BLOB_NOCOPY };
}

static void
set_tls(struct http_exchange *x)
{
	struct http *h = x->h;
	struct curl_blob ca = blob_of(&h->ca);
	struct curl_blob certificate = blob_of(&h->certificate);
	struct curl_blob key = blob_of(&h->key);
	CURL *c = x->easy;

	curl.easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl.easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl.easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	/* Nobody else vouches. */
	curl.easy_setopt(c, CURLOPT_CAINFO, NULL);
	curl.easy_setopt(c, CURLOPT_CAPATH, NULL);
	if (h->ca.n > 0)
		curl.easy_setopt(c, CURLOPT_CAINFO_BLOB, &ca);
	if (h->certificate.n == 0)
		return;
	curl.easy_setopt(c, CURLOPT_SSLCERTTYPE, "PEM");
	curl.easy_setopt(c, CURLOPT_SSLKEYTYPE, "PEM");
	curl.easy_setopt(c, CURLOPT_SSLCERT_BLOB, &certificate);
	curl.easy_setopt(c, CURLOPT_SSLKEY_BLOB, &key);
	curl.easy_setopt(c, CURLOPT_KEYPASSWD, ""); /* never a prompt */
}

int
http_exchange_open(struct http_exchange *x, struct err *e)
{
	struct http *h = x->h;
	CURL *c = x->easy = curl.easy_init();

	if (c == NULL)
		return err_set(e, ERR_TEMP, "no memory for curl");
	buf_init(&x->text, TEXT_MAX);
	curl.easy_setopt(c, CURLOPT_URL, h->url);
	curl.easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl.easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl.easy_setopt(c, CURLOPT_PROXY, ""); /* the environment has no say */
	curl.easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl.easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl.easy_setopt(c, CURLOPT_RESOLVE, h->resolved);
	curl.easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl.easy_setopt(c, CURLOPT_TIMEOUT, (long)REQUEST_S);
	curl.easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_RATE);
	curl.easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
	curl.easy_setopt(c, CURLOPT_BUFFERSIZE, 64L << 10);
	curl.easy_setopt(c, CURLOPT_HEADERFUNCTION, on_head);
	curl.easy_setopt(c, CURLOPT_HEADERDATA, x);
	curl.easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl.easy_setopt(c, CURLOPT_WRITEDATA, x);
	curl.easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	curl.easy_setopt(c, CURLOPT_READDATA, x);
	curl.easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
	curl.easy_setopt(c, CURLOPT_SEEKDATA, x);
	curl.easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, http_socket_opened);
	curl.easy_setopt(c, CURLOPT_SOCKOPTDATA, h);
	curl.easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, http_socket_close);
	curl.easy_setopt(c, CURLOPT_CLOSESOCKETDATA, h);
	curl.easy_setopt(c, CURLOPT_ERRORBUFFER, x->words);
	curl.easy_setopt(c, CURLOPT_PRIVATE, x);
	curl.easy_setopt(c, CURLOPT_POST, 1L);
	set_tls(x);
	return 0;
}

void
http_exchange_resume(struct http_exchange *x, struct mono *wake)
{
	struct http *h = x->h;
	struct slice bytes;
	struct mono at;
	bool goes = x->paused && h->in.n < HTTP_IN_MOST;

	if (x->silent) {
		x->silent = http_requester_more(&h->requester, x->which,
				clock_mono(), &bytes, &at) == HTTP_SILENT;
		if (x->silent && at.ns < wake->ns)
			*wake = at;
		goes |= !x->silent;
	}
	if (!goes)
		return;
	x->paused = false;
	curl.easy_pause(x->easy, CURLPAUSE_CONT);
}

static bool
add(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl.slist_append(*list, line);

	if (longer != NULL)
		*list = longer;
	return longer != NULL;
}

/* Each piece costs a record of TLS: a little goes in one with its head, and not by
 * on_read; save the first, which only goes once there is a connection. */
static void
set_body(struct http_exchange *x)
{
	struct http_requester *r = &x->h->requester;
	const struct http_post *p = &r->post[x->which];
	struct mono now = clock_mono(), wake;
	struct slice bytes = { 0 };

	curl.easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE,
	    p->chunks ? -1 : (curl_off_t)p->n);
	if (r->answered && !p->chunks && p->n <= LITTLE &&
	    http_requester_more(r, x->which, now, &bytes, &wake) == HTTP_BYTES)
		http_requester_gone(r, x->which, bytes.n, now);
	curl.easy_setopt(x->easy, CURLOPT_COPYPOSTFIELDS, bytes.p);
}

int
http_exchange_begin(struct http_exchange *x, struct err *e)
{
	struct http *h = x->h;
	const struct http_post *p = &h->requester.post[x->which];
	char text[HTTP_HEADER_MAX];
	struct buf b = { 0 };
	bool ok;

	http_request_text(&p->request, text);
	buf_printf(&b, HTTP_HEADER ": %s", text);
	curl.slist_free_all(x->headers);
	x->headers = NULL;
	ok = add(&x->headers, b.p) && add(&x->headers, "Expect:") &&
	    add(&x->headers, "Accept:") && add(&x->headers, "Content-Type:") &&
	    (!p->chunks || add(&x->headers, "Transfer-Encoding: chunked")) &&
	    (h->authorization == NULL || add(&x->headers, h->authorization));
	buf_clear(&b);
	x->has_answer = x->paused = x->silent = false;
	x->head_n = x->body_n = 0;
	buf_reset(&x->text);
	err_clear(&x->wrong);
	x->words[0] = '\0';
	curl.easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
	set_body(x);
	if (!ok || curl.multi_add_handle(h->multi, x->easy) != CURLM_OK)
		return err_set(e, ERR_TEMP, "no memory for curl");
	return 0;
}

/* --- What it was ---------------------------------------------------------------- */

static enum err_kind
kind_of(const struct http_exchange *x, CURLcode code)
{
	long sys = 0;

	(void)curl.easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &sys);
	if (code == CURLE_SSL_CONNECT_ERROR)
		return sys != 0 || strstr(x->words, "SYSCALL") != NULL ||
			strstr(x->words, "reset") != NULL
		    ? ERR_TEMP
		    : ERR_PROTOCOL;
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return ERR_DENIED;
	if (code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM ||
	    code == CURLE_SSL_CIPHER || code == CURLE_URL_MALFORMAT)
		return ERR_CONFIG;
	if (code == CURLE_UNSUPPORTED_PROTOCOL ||
	    code == CURLE_WEIRD_SERVER_REPLY)
		return ERR_PROTOCOL;
	return ERR_TEMP;
}

/* curl refuses a line of more than it takes before we see any of it, and some
 * versions say of that what they say when there is no memory. */
static bool
is_long_head(const struct http_exchange *x, CURLcode code)
{
	enum {
		TOO_LARGE = 100 /* CURLE_TOO_LARGE, from 8.6 on */
	};
	curl_off_t first_us = 0;

	(void)curl.easy_getinfo(x->easy, CURLINFO_STARTTRANSFER_TIME_T,
	    &first_us);
	return ((int)code == TOO_LARGE || code == CURLE_OUT_OF_MEMORY) &&
	    first_us > 0 && x->body_n == 0;
}

static int
broken(struct http_exchange *x, CURLcode code, struct err *e)
{
	char shown[CURL_ERROR_SIZE + 64];
	enum err_kind kind = kind_of(x, code);

	if (x->wrong.kind != ERR_NONE) {
		*e = x->wrong;
		return -1;
	}
	if (is_long_head(x, code))
		return err_set(e, ERR_PROTOCOL, HEAD_TOO_LARGE);
	log_escape(shown, sizeof(shown),
	    slice_str(
		x->words[0] != '\0' ? x->words : curl.easy_strerror(code)));
	switch (kind) {
	case ERR_DENIED:
		return err_set(e, kind,
		    "the far end's certificate is not taken: %s", shown);
	case ERR_CONFIG:
		return err_set(e, kind, "%s: check http { ca certificate key }",
		    shown);
	case ERR_PROTOCOL:
		return err_set(e, kind, "%s: is it an Axletree listener?",
		    shown);
	case ERR_NONE:
	case ERR_SYS:
	case ERR_TEMP:
	case ERR_INPUT:
	case ERR_USAGE:
	case ERR_MISSING:
	case ERR_HOST:
	case ERR_CREATE:
	case ERR_INTERNAL:
		break;
	}
	return err_set(e, ERR_TEMP, "%s", shown);
}

/* Did the answer come with Retry-After? */
static bool
asks_again(const struct http_exchange *x)
{
	curl_off_t s = 0;

	(void)curl.easy_getinfo(x->easy, CURLINFO_RETRY_AFTER, &s);
	return s > 0;
}

int
http_exchange_over(struct http_exchange *x, CURLcode code, bool *again,
    struct err *e)
{
	long status = status_of(x);
	int rc = 0;

	*again = x->paused = x->silent = false;
	curl.multi_remove_handle(x->h->multi, x->easy);
	if (code != CURLE_OK)
		rc = broken(x, code, e);
	else if (status != 200)
		rc = http_refused((unsigned)status, asks_again(x),
		    buf_slice(&x->text), e);
	else if (!x->has_answer)
		rc =
		    err_set(e, ERR_PROTOCOL, "this is no listener of Axletree");
	if (rc == -1)
		*again = (e->kind == ERR_TEMP && status != 410) ||
		    http_requester_other_form(&x->h->requester, x->which,
			(unsigned)status);
	return rc;
}

void
http_exchange_close(struct http_exchange *x)
{
	if (x->easy != NULL) {
		curl.multi_remove_handle(x->h->multi, x->easy);
		curl.easy_cleanup(x->easy);
	}
	curl.slist_free_all(x->headers);
	buf_clear(&x->text);
}
