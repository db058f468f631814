/*
 * Known hosts; see ssh_known_hosts.h.
 */
#include "config.h"

#include <stdlib.h>

#include "transport/ssh/libssh2.h"
#include "transport/ssh/ssh_key.h"
#include "transport/ssh/ssh_known_hosts.h"

enum marker {
	MARKER_NONE,
	MARKER_REVOKED,
	MARKER_AUTHORITY, /* certificates, which we do not use */
};

struct entry {
	enum marker marker;
	struct slice hosts;
	struct ssh_public_key key;
	int line;
};

struct reader {
	struct slice rest;
	int line;
};

/* --- Lines ------------------------------------------------------------------- */

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Cut a word and the blanks behind it off. */
static bool
cut_word(struct slice *s, struct slice *word)
{
	size_t n = 0;

	while (n < s->n && s->p[n] != ' ' && s->p[n] != '\t')
		n++;
	*word = (struct slice){ s->p, n };
	*s = trim((struct slice){ s->p + n, s->n - n });
	return n > 0;
}

/* "|1|SALT|HASH", both 20 bytes in base64; false: it is not. */
static bool
parse_hash(struct slice s, struct slice *salt, struct slice *hash)
{
	struct slice empty, one;
	struct buf bytes = { 0 };
	bool ok = slice_cut(&s, '|', &empty) && empty.n == 0 &&
	    slice_cut(&s, '|', &one) && slice_eq_str(one, "1") &&
	    slice_cut(&s, '|', salt);

	*hash = s;
	ok = ok && base64_decode(*salt, &bytes) && bytes.n == 20;
	buf_reset(&bytes);
	ok = ok && base64_decode(*hash, &bytes) && bytes.n == 20;
	buf_clear(&bytes);
	return ok;
}

static const char *
parse_entry(struct slice line, struct entry *out)
{
	struct slice word, salt, hash;

	out->marker = MARKER_NONE;
	if (line.p[0] == '@') {
		cut_word(&line, &word);
		if (slice_eq_str(word, "@revoked"))
			out->marker = MARKER_REVOKED;
		else if (slice_eq_str(word, "@cert-authority"))
			out->marker = MARKER_AUTHORITY;
		else
			return "an unknown marker";
	}
	if (!cut_word(&line, &out->hosts))
		return "no host";
	if (out->hosts.p[0] == '|' && !parse_hash(out->hosts, &salt, &hash))
		return "a damaged hash of a host";
	if (!cut_word(&line, &out->key.name) ||
	    !cut_word(&line, &out->key.base64))
		return "no key: a line is HOST KIND KEY";
	return NULL;
}

/* 1 and an entry, 0 at the end, -1 with the line that is not understood. */
static int
next_entry(struct reader *r, struct entry *out, struct err *e)
{
	const char *wrong;
	struct slice line;

	do {
		if (r->rest.n == 0)
			return 0;
		if (!slice_cut(&r->rest, '\n', &line)) {
			line = r->rest;
			r->rest.n = 0;
		}
		r->line++;
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--; /* it was edited elsewhere: ssh takes it, too */
		line = trim(line);
	} while (line.n == 0 || line.p[0] == '#');
	out->line = r->line;
	wrong = parse_entry(line, out);
	if (wrong == NULL && !ssh_key_is_valid(&out->key))
		wrong = "a damaged key";
	if (wrong != NULL)
		return err_set(e, ERR_CONFIG, "line %d: %s", r->line, wrong);
	return 1;
}

/* --- Names ------------------------------------------------------------------- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A pattern with * and ?; a star is tried at one place after the other, with
 * no more memory than the last one. */
static bool
glob(struct slice pattern, struct slice name)
{
	size_t p = 0, n = 0, star = pattern.n, from = 0;

	while (n < name.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			from = n;
		} else if (p < pattern.n &&
		    (pattern.p[p] == '?' ||
			lower(pattern.p[p]) == lower(name.p[n]))) {
			p++;
			n++;
		} else if (star < pattern.n) {
			p = star + 1;
			n = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* libssh2 has the HMAC-SHA1 that hashed names need; nothing else of its known
 * hosts is used. */
static bool
hash_matches(struct slice hosts, const char *name)
{
	struct err ignored; /* no library, no match */
	LIBSSH2_SESSION *session = libssh2_load(&ignored) == -1
	    ? NULL
	    : ssh2.session_init_ex(NULL, NULL, NULL, NULL);
	LIBSSH2_KNOWNHOSTS *known =
	    session == NULL ? NULL : ssh2.knownhost_init(session);
	struct slice salt = { NULL, 0 }, hash = { NULL, 0 };
	char *salt_text, *hash_text;
	int found = LIBSSH2_KNOWNHOST_CHECK_FAILURE;

	parse_hash(hosts, &salt, &hash);
	salt_text = slice_dup(salt);
	hash_text = slice_dup(hash);
	if (known != NULL &&
	    ssh2.knownhost_add(known, hash_text, salt_text, "AA==", 4,
		LIBSSH2_KNOWNHOST_TYPE_SHA1 | LIBSSH2_KNOWNHOST_KEYENC_BASE64 |
		    LIBSSH2_KNOWNHOST_KEY_ED25519,
		NULL) == 0)
		found = ssh2.knownhost_check(known, name, "AA==", 4,
		    LIBSSH2_KNOWNHOST_TYPE_PLAIN |
			LIBSSH2_KNOWNHOST_KEYENC_BASE64,
		    NULL);
	free(salt_text);
	free(hash_text);
	if (known != NULL)
		ssh2.knownhost_free(known);
	if (session != NULL)
		ssh2.session_free(session);
	return found == LIBSSH2_KNOWNHOST_CHECK_MATCH;
}

/* A list of patterns; one with "!" in front takes the name out. */
static bool
names_host(struct slice hosts, const char *name)
{
	struct slice pattern;
	bool found = false, more = true;

	if (hosts.p[0] == '|')
		return hash_matches(hosts, name);
	while (more) {
		more = slice_cut(&hosts, ',', &pattern);
		if (!more)
			pattern = hosts;
		if (pattern.n > 0 && pattern.p[0] == '!') {
			pattern.p++;
			pattern.n--;
			if (glob(pattern, slice_str(name)))
				return false;
		} else if (glob(pattern, slice_str(name))) {
			found = true;
		}
	}
	return found;
}

void
ssh_host_name(const char *host, unsigned port, struct buf *out)
{
	if (port != 22)
		buf_put_char(out, '[');
	for (; *host != '\0'; host++)
		buf_put_char(out, lower(*host));
	if (port != 22)
		buf_printf(out, "]:%u", port);
}

/* --- Answers ----------------------------------------------------------------- */

int
ssh_known_hosts_read(struct slice file, const char *name, struct ssh_known *out,
    struct err *e)
{
	struct reader r = { file, 0 };
	struct ssh_known known = { 0 };
	struct entry entry = { .line = 0 };
	int rc;

	while ((rc = next_entry(&r, &entry, e)) == 1) {
		if (entry.marker != MARKER_NONE ||
		    !names_host(entry.hosts, name))
			continue;
		if (ssh_key_kind(entry.key.name) == SSH_KEY_ED25519)
			known.ed25519 = true;
		else if (slice_eq_str(entry.key.name, "ecdsa-sha2-nistp256"))
			known.ecdsa256 = true;
	}
	if (rc == 0)
		*out = known;
	return rc;
}

/* Whether the blob is the key of a line. */
static bool
is_key(const struct ssh_public_key *k, struct slice blob)
{
	struct buf own;
	bool same;

	buf_init(&own, SSH_KEY_BLOB_MAX);
	same =
	    base64_decode(k->base64, &own) && slice_eq(buf_slice(&own), blob);
	buf_clear(&own);
	return same;
}

/* What a line that names the host says, when `before` was said already: a
 * revocation is for ever, a match is not undone by the host's other keys. */
static enum ssh_verdict
judge(const struct entry *entry, bool same, enum ssh_verdict before)
{
	if (before == SSH_HOST_REVOKED)
		return before;
	switch (entry->marker) {
	case MARKER_AUTHORITY:
		return before;
	case MARKER_REVOKED:
		return same ? SSH_HOST_REVOKED : before;
	case MARKER_NONE:
		break;
	}
	if (same || before == SSH_HOST_MATCH)
		return SSH_HOST_MATCH;
	return SSH_HOST_CHANGED;
}

int
ssh_known_hosts_check(struct slice file, const char *name, struct slice key,
    enum ssh_verdict *out, int *line, struct err *e)
{
	enum ssh_verdict verdict = SSH_HOST_UNKNOWN, next;
	struct reader r = { file, 0 };
	struct entry entry = { .line = 0 };
	int rc, decided = 0;

	while ((rc = next_entry(&r, &entry, e)) == 1) {
		if (!names_host(entry.hosts, name))
			continue;
		next = judge(&entry, is_key(&entry.key, key), verdict);
		if (next != verdict)
			decided = entry.line;
		verdict = next;
	}
	if (rc == 0) {
		*out = verdict;
		*line = decided;
	}
	return rc;
}
