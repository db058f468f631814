/*
 * What requesters are known by; see http_secrets.h.
 */
#include "config.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "transport/http/http_secrets.h"
#include "transport/key_file.h"

enum {
	PEM_MAX = 256 << 10,
	NAME_MAX_BYTES = 256,
	NAMES_MOST = 100,
};

/* --- Files -------------------------------------------------------------------- */

static int
read_token(struct http_known *k, const struct association *a, struct err *e)
{
	k->name = a->name;
	k->dialed = config_dials(a);
	if (a->http_token == NULL)
		return 0;
	if (key_file_read(a->http_token, KEY_FILE_SECRET, HTTP_TOKEN_MOST + 1,
		&k->file, e) == -1)
		err_wrap(e, "association %s", a->name);
	else if (http_token_of(buf_slice(&k->file), &k->token, e) == -1)
		err_wrap(e, "association %s: %s", a->name, a->http_token);
	else
		return 0;
	if (!k->dialed)
		return -1;
	err_clear(e); /* whoever dials it says what is wrong */
	return 0;
}

/* Several that we dial may have one token, if their other ends do: it tells
 * nothing then. */
static void
drop_twins(struct http_secrets *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct slice token = s->known[i].token;
		bool twin = false;

		for (size_t j = i + 1; j < s->n; j++) {
			if (!http_token_eq(token, s->known[j].token))
				continue;
			twin = true;
			if (s->known[j].dialed)
				s->known[j].token.n = 0;
		}
		if (twin && s->known[i].dialed)
			s->known[i].token.n = 0;
	}
}

static int
check_twins(const struct http_secrets *s, struct err *e)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t j = 0; j < i; j++)
			if (http_token_eq(s->known[i].token, s->known[j].token))
				return err_set(e, ERR_CONFIG,
				    "associations %s and %s have the same "
				    "token: it tells which one connects, so "
				    "each needs its own",
				    s->known[j].name, s->known[i].name);
	return 0;
}

int
http_secrets_read(const struct config *c, const struct association *const *list,
    size_t n, struct http_secrets *out, struct err *e)
{
	const struct config_web *w = &c->web;

	*out = (struct http_secrets){ .n = n };
	out->known = mem_array(n == 0 ? 1 : n, sizeof(*out->known));
	for (size_t i = 0; i < n; i++)
		if (read_token(&out->known[i], list[i], e) == -1)
			return -1;
	if (w->certificate != NULL &&
	    (key_file_read(w->certificate, KEY_FILE_PUBLIC, PEM_MAX,
		 &out->certificate, e) == -1 ||
		key_file_read(w->key, KEY_FILE_SECRET, PEM_MAX, &out->key, e) ==
		    -1))
		return err_wrap(e, "web");
	if (w->client_ca != NULL &&
	    key_file_read(w->client_ca, KEY_FILE_PUBLIC, PEM_MAX,
		&out->client_ca, e) == -1)
		return err_wrap(e, "web");
	drop_twins(out);
	return check_twins(out, e);
}

void
http_secrets_clear(struct http_secrets *s)
{
	for (size_t i = 0; i < s->n && s->known != NULL; i++)
		buf_clear(&s->known[i].file);
	free(s->known);
	buf_clear(&s->certificate);
	buf_clear(&s->key);
	buf_clear(&s->client_ca);
	*s = (struct http_secrets){ .n = 0 };
}

/* --- Tokens ---------------------------------------------------------------------- */

bool
http_secrets_by_token(const struct http_secrets *s, struct slice token,
    size_t *which)
{
	bool found = false;

	for (size_t i = 0; i < s->n; i++)
		if (http_token_eq(token, s->known[i].token)) {
			*which = i;
			found = true;
		}
	return found;
}

/* --- Certificates ------------------------------------------------------------------ */

/* One name of the certificate more; false: it names two of ours. */
static bool
consider(const struct http_secrets *s, struct slice name, bool dialed,
    size_t *which)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->known[i].dialed == dialed &&
		    slice_eq_str(name, s->known[i].name)) {
			if (*which != s->n && *which != i)
				return false;
			*which = i;
		}
	return true;
}

/* Its DNS names; where it has none, its common name. */
static bool
consider_all(const struct http_secrets *s, gnutls_x509_crt_t crt, bool dialed,
    size_t *which)
{
	char name[NAME_MAX_BYTES];
	bool any = false;
	size_t size;
	int rc = 0;

	for (unsigned i = 0; i < NAMES_MOST; i++) {
		size = sizeof(name);
		rc = gnutls.x509_crt_get_subject_alt_name(crt, i, name, &size,
		    NULL);
		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (rc != GNUTLS_SAN_DNSNAME)
			continue;
		any = true;
		if (!consider(s, (struct slice){ name, size }, dialed, which))
			return false;
	}
	size = sizeof(name);
	if (!any &&
	    gnutls.x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
		0, name, &size) == 0)
		return consider(s, (struct slice){ name, size }, dialed, which);
	return true;
}

bool
http_secrets_by_certificate(const struct http_secrets *s, gnutls_session_t tls,
    size_t *which)
{
	unsigned n = 0, status = 0;
	const gnutls_datum_t *chain;
	gnutls_x509_crt_t crt;
	size_t found = s->n;

	if (s->client_ca.n == 0 || tls == NULL)
		return false;
	chain = gnutls.certificate_get_peers(tls, &n);
	if (chain == NULL || n == 0 ||
	    gnutls.certificate_verify_peers3(tls, NULL, &status) != 0 ||
	    status != 0 || gnutls.x509_crt_init(&crt) != 0)
		return false;
	if (gnutls.x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) != 0 ||
	    !consider_all(s, crt, false, &found) ||
	    (found == s->n && !consider_all(s, crt, true, &found)))
		found = s->n;
	gnutls.x509_crt_deinit(crt);
	*which = found;
	return found < s->n;
}
