/*
 * Words of transport http; see http_words.h.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "transport/http/http_words.h"

enum {
	TEXT_SHOWN = 120,
};

static const char *const word_names[] = {
	[HTTP_NOW] = "now",
	[HTTP_WAIT] = "wait",
	[HTTP_END] = "end",
};

/* --- The header ------------------------------------------------------------- */

static bool
parse_id(struct slice s, char *out)
{
	if (s.n != HTTP_ID_SIZE - 1)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') &&
		    (s.p[i] < 'a' || s.p[i] > 'f'))
			return false;
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return true;
}

static bool
parse_word(struct slice s, enum http_word *out)
{
	for (size_t i = 0; i < sizeof(word_names) / sizeof(*word_names); i++)
		if (slice_eq_str(s, word_names[i])) {
			*out = (enum http_word)i;
			return true;
		}
	return false;
}

int
http_request_parse(struct slice value, struct http_request *out, struct err *e)
{
	struct slice id, sent, received;
	struct http_request r;

	if (!slice_cut(&value, ' ', &id) || !slice_cut(&value, ' ', &sent) ||
	    !slice_cut(&value, ' ', &received) || !parse_id(id, r.id) ||
	    !slice_u64(sent, INT64_MAX, &r.sent) ||
	    !slice_u64(received, INT64_MAX, &r.received) ||
	    !parse_word(value, &r.word))
		return err_set(e, ERR_PROTOCOL,
		    "a request without a right " HTTP_HEADER);
	*out = r;
	return 0;
}

int
http_answer_parse(struct slice value, struct http_answer *out, struct err *e)
{
	struct slice sent, received;
	struct http_answer a;

	if (!slice_cut(&value, ' ', &sent) ||
	    !slice_cut(&value, ' ', &received) ||
	    !slice_u64(sent, INT64_MAX, &a.sent) ||
	    !slice_u64(received, INT64_MAX, &a.received) ||
	    (!slice_eq_str(value, "more") && !slice_eq_str(value, "end")))
		return err_set(e, ERR_PROTOCOL,
		    "an answer without a right " HTTP_HEADER);
	a.end = slice_eq_str(value, "end");
	*out = a;
	return 0;
}

void
http_request_text(const struct http_request *r, char *out)
{
	(void)snprintf(out, HTTP_HEADER_MAX, "%s %" PRIu64 " %" PRIu64 " %s",
	    r->id, r->sent, r->received, word_names[r->word]);
}

void
http_answer_text(const struct http_answer *a, char *out)
{
	(void)snprintf(out, HTTP_HEADER_MAX, "%" PRIu64 " %" PRIu64 " %s",
	    a->sent, a->received, a->end ? "end" : "more");
}

/* --- Tokens ------------------------------------------------------------------- */

static bool
is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') &&
		    (s.p[i] < 'A' || s.p[i] > 'Z') &&
		    (s.p[i] < 'a' || s.p[i] > 'z') &&
		    (s.p[i] == '\0' || strchr("-._~+/=", s.p[i]) == NULL))
			return false;
	return s.n >= HTTP_TOKEN_LEAST && s.n <= HTTP_TOKEN_MOST;
}

int
http_token_of(struct slice file, struct slice *token, struct err *e)
{
	if (file.n > 0 && file.p[file.n - 1] == '\n')
		file.n--;
	if (!is_token(file))
		return err_set(e, ERR_CONFIG,
		    "a token is one line of %d to %d letters, digits and "
		    "-._~+/=: openssl rand -base64 24 makes one",
		    HTTP_TOKEN_LEAST, HTTP_TOKEN_MOST);
	*token = file;
	return 0;
}

bool
http_bearer(struct slice value, struct slice *token)
{
	static const char scheme[] = "bearer ";
	size_t n = sizeof(scheme) - 1;

	if (value.n < n)
		return false;
	for (size_t i = 0; i < n; i++) { /* of any case: RFC 9110, 11.1 */
		char c = value.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != scheme[i])
			return false;
	}
	value.p += n;
	value.n -= n;
	if (!is_token(value))
		return false;
	*token = value;
	return true;
}

bool
http_token_eq(struct slice a, struct slice b)
{
	unsigned char differ = a.n != b.n;

	if (a.n == 0 || b.n == 0) /* none is like none */
		return false;
	for (size_t i = 0; i < a.n && i < HTTP_TOKEN_MOST; i++)
		differ |= (unsigned char)(a.p[i] ^ b.p[i % b.n]);
	return differ == 0;
}

/* --- Statuses -------------------------------------------------------------------- */

int
http_refused(unsigned status, bool retry, struct slice text, struct err *e)
{
	char shown[4 * TEXT_SHOWN + 8] = " ";
	struct slice line = text;

	slice_cut(&text, '\n', &line);
	if (line.n > TEXT_SHOWN)
		line.n = TEXT_SHOWN;
	log_escape(shown + 1, sizeof(shown) - 1, line);
	if (line.n == 0)
		shown[0] = '\0';
	switch (status) {
	case 401:
	case 403:
		return err_set(e, ERR_DENIED,
		    "the far end does not let us in (%u%s): check the token "
		    "or the certificate on both ends",
		    status, shown);
	case 404:
	case 405:
		return err_set(e, ERR_PROTOCOL,
		    "there is no Axletree at this url (%u)", status);
	case 410:
		return err_set(e, ERR_TEMP, "the far end ended the session");
	case 503:
		if (!retry)
			break;
		err_set(e, ERR_TEMP, "the far end is busy (503%s)", shown);
		e->sys = EAGAIN;
		return -1;
	case 408:
	case 429:
		return err_set(e, ERR_TEMP, "the far end says: not now (%u%s)",
		    status, shown);
	default:
		break;
	}
	if (status >= 300 && status < 400)
		return err_set(e, ERR_PROTOCOL,
		    "the far end redirects (%u), which is not followed: write "
		    "the listener's own address into url",
		    status);
	if (status >= 500)
		return err_set(e, ERR_TEMP, "the far end failed (%u%s)", status,
		    shown);
	return err_set(e, ERR_PROTOCOL, "the far end answers with %u%s", status,
	    shown);
}
