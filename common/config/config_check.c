/*
 * What no single value of an association shows, and no two; see config_check.h.
 */
#include <config.h> /* not the one beside this file */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/config/config_address.h"
#include "common/config/config_check.h"
#include "common/config/config_value.h"
#include "common/message/names.h"

static int complain(const struct association *a, struct err *e, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

static int
complain(const struct association *a, struct err *e, const char *fmt, ...)
{
	char what[ERR_MSG_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(e, ERR_CONFIG, "%s:%d: association \"%s\": %s", a->file,
	    a->line, a->name, what);
}

/* --- One association ----------------------------------------------------- */

static int
check_ends(const struct association *a, const char *id, struct err *e)
{
	bool hub = strcmp(a->hub, id) == 0, spoke = strcmp(a->spoke, id) == 0;

	if (!name_is_association(slice_str(a->name)))
		return complain(a, e,
		    "a name is 1 to 32 of a-z 0-9 _ -, "
		    "begins with a letter or digit, and is "
		    "not a reserved word");
	if (hub && spoke)
		return complain(a, e, "hub and spoke are both this node, %s",
		    id);
	if (!hub && !spoke)
		return complain(a, e,
		    "this node, %s, is neither its hub nor its spoke", id);
	return 0;
}

static int
check_level(const struct association *a, struct err *e)
{
	static const struct {
		const char *method;
		int min, max;
	} range[] = {
		{ "none", 0, 0 },
		{ "gzip", 1, 9 },
		{ "bzip2", 1, 9 },
		{ "zstd", 1, 19 },
		{ "xz", 0, 9 },
		{ "columnar", 1, 9 },
	};
	size_t i = 0;

	while (strcmp(range[i].method, a->compression) != 0)
		i++;
	if (a->level != -1 &&
	    (a->level < range[i].min || a->level > range[i].max))
		return complain(a, e, "level = %d: must be %d to %d for %s",
		    a->level, range[i].min, range[i].max, a->compression);
	return 0;
}

/* A host, or a user there, is handed to others as a word of its own. */
static bool
is_plain_word(const char *s)
{
	return s[0] != '-' && strpbrk(s, " \t@\"'/\\") == NULL;
}

static int
check_ssh(const struct association *a, struct err *e)
{
	if (a->ssh.host == NULL)
		return complain(a, e,
		    "transport = ssh: this node connects, so it needs "
		    "ssh { host = \"...\" }");
	if (!is_plain_word(a->ssh.host) || !is_plain_word(a->ssh.user))
		return complain(a, e,
		    "ssh: host and user are plain names, without blanks, "
		    "quotes, @ or /");
	return 0;
}

static int
check_dir(const struct association *a, struct err *e)
{
	if (a->dir_path == NULL)
		return complain(a, e,
		    "transport = dir: needs dir { path = \"...\" }");
	return 0;
}

/* A password over a wire that others may read is none. */
static int
check_url(const struct association *a, bool *tls, struct err *e)
{
	struct config_address where;

	if (a->http_url == NULL)
		return complain(a, e,
		    "transport = http: needs http { url = \"...\" }");
	if (!config_address_of_url(a->http_url, tls, &where))
		return complain(a, e,
		    "http: url is https://HOST[:PORT][/PATH], without user, ? "
		    "and #");
	if (!*tls && !config_address_is_loopback(&where))
		return complain(a, e,
		    "http: url begins with https:// (http:// only to this "
		    "machine itself)");
	return 0;
}

static int
check_http(const struct association *a, struct err *e)
{
	bool tls = false;

	if (check_url(a, &tls, e) == -1)
		return -1;
	if ((a->http_certificate == NULL) != (a->http_key == NULL))
		return complain(a, e,
		    "http: certificate and key need each other");
	if (tls && a->http_ca == NULL)
		return complain(a, e,
		    "http: needs ca = \"...\": who vouches for the other end "
		    "(/etc/ssl/certs/ca-certificates.crt: whom this machine "
		    "trusts)");
	if (a->http_token == NULL && (a->http_certificate == NULL || !tls))
		return complain(a, e,
		    "http: needs token = \"...\", or certificate and key over "
		    "https: they tell the other end which association this is");
	return 0;
}

/* Who is called over http knows the association by the token, too. */
static int
check_answering(const struct association *a, const struct config_web *w,
    struct err *e)
{
	if (a->transport != CONFIG_HTTP)
		return 0;
	if (config_listens(w, a->role) == NULL)
		return complain(a, e,
		    "transport = http: the other end connects, so this needs "
		    "web { listen = \"...\" }");
	if (a->http_token == NULL && w->client_ca == NULL)
		return complain(a, e,
		    "transport = http: needs http { token = \"...\" } or "
		    "web { client-ca = \"...\" }: they tell which association "
		    "connects");
	return 0;
}

#ifdef HAVE_LIBSODIUM
#define CAN_SIGN true
#else
#define CAN_SIGN false
#endif

static int
check_keys(const struct association *a, struct err *e)
{
	if (CAN_SIGN || (a->sign_key == NULL && a->verify_key == NULL))
		return 0;
	return complain(a, e,
	    "sign-key, verify-key: this program was built without libsodium, "
	    "it can neither sign nor verify");
}

/* The end that connects needs the transport's block. */
static int
check_transport(const struct association *a, const struct config_web *w,
    struct err *e)
{
	if (check_keys(a, e) == -1)
		return -1;
	if (a->transport == CONFIG_DIR)
		return check_dir(a, e);
	if (!config_dials(a))
		return check_answering(a, w, e);
	switch (a->transport) {
	case CONFIG_SSH:
		return check_ssh(a, e);
	case CONFIG_EXEC:
		if (a->exec_command[0] == NULL)
			return complain(a, e,
			    "transport = exec: needs "
			    "exec { command = {...} }");
		break;
	case CONFIG_HTTP:
		return check_http(a, e);
	case CONFIG_RSYNC:
		if (a->rsync_put == NULL || a->rsync_get == NULL)
			return complain(a, e,
			    "transport = rsync: needs "
			    "rsync { put = \"...\" get = "
			    "\"...\" }");
		break;
	case CONFIG_DIR:
		break;
	}
	return 0;
}

static int
check_translate(const struct association *a, struct err *e)
{
	size_t i, j;

	for (i = 0; i < a->n_translate; i++)
		for (j = 0; j < i; j++)
			if (strcmp(a->translate[i].from,
				a->translate[j].from) == 0)
				return complain(a, e,
				    "translate \"%s\" is given twice",
				    a->translate[i].from);
	return 0;
}

static int
check_env(const struct association *a, struct err *e)
{
	size_t i;

	for (i = 0; a->exec_env[i] != NULL; i++)
		if (strchr(a->exec_env[i], '=') == NULL ||
		    a->exec_env[i][0] == '=')
			return complain(a, e,
			    "exec: env = %s: must be NAME=value",
			    a->exec_env[i]);
	return 0;
}

/* --- Two associations ---------------------------------------------------- */

static bool
same_file(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static int
check_two(const struct association *a, const struct association *b,
    struct err *e)
{
	if (a->role == CONFIG_HUB && b->role == CONFIG_HUB &&
	    strcmp(a->hub_tree, b->hub_tree) == 0 &&
	    config_overlap(a->hub_subtree, b->hub_subtree))
		return complain(a, e,
		    "hub-subtree %s overlaps %s of association \"%s\"",
		    a->hub_subtree[0] == '\0' ? "/" : a->hub_subtree,
		    b->hub_subtree[0] == '\0' ? "/" : b->hub_subtree, b->name);
	if (same_file(a->ssh.identity, b->ssh.identity) ||
	    same_file(a->verify_key, b->verify_key) ||
	    same_file(a->http_token, b->http_token))
		return complain(a, e,
		    "has a key of association \"%s\": the key tells the far "
		    "end which one is meant, so each needs its own",
		    b->name);
	return 0;
}

static int
check_association(struct config *c, size_t i, struct err *e)
{
	struct association *a = &c->association[i];
	size_t j;

	if (check_ends(a, c->node.id, e) == -1)
		return -1;
	a->role = strcmp(a->hub, c->node.id) == 0 ? CONFIG_HUB : CONFIG_SPOKE;
	/* both would be <name>.xml of one directory */
	if (a->role == CONFIG_HUB && strcmp(a->name, a->hub_tree) == 0)
		return complain(a, e,
		    "hub-tree has the same name: its file would be the "
		    "association's");
	if (check_level(a, e) == -1 || check_transport(a, &c->web, e) == -1 ||
	    check_translate(a, e) == -1 || check_env(a, e) == -1)
		return -1;
	for (j = 0; j < i; j++)
		if (check_two(a, &c->association[j], e) == -1)
			return -1;
	return 0;
}

/* Both programs of a node may be called. */
static int
check_listeners(const struct config *c, struct err *e)
{
	const struct association *called[2] = { NULL, NULL };
	struct config_address hub, spoke;

	for (size_t i = 0; i < c->n_association; i++) {
		const struct association *a = &c->association[i];

		if (a->transport == CONFIG_HTTP && !config_dials(a))
			called[a->role == CONFIG_SPOKE] = a;
	}
	if (called[0] == NULL || called[1] == NULL ||
	    !config_address_parse(config_listens(&c->web, CONFIG_HUB), &hub) ||
	    !config_address_parse(config_listens(&c->web, CONFIG_SPOKE),
		&spoke) ||
	    !config_addresses_clash(&hub, &spoke))
		return 0;
	return complain(called[1], e,
	    "spoke daemon would listen where hubd does for association "
	    "\"%s\": needs web { spoke-listen = \"...\" }, another address",
	    called[0]->name);
}

int
config_check(struct config *c, struct err *e)
{
	if (config_check_own(c, e) == -1)
		return -1;
	for (size_t i = 0; i < c->n_association; i++)
		if (check_association(c, i, e) == -1)
			return -1;
	return check_listeners(c, e) == -1 ? -1 : config_check_parts(c, e);
}

int
config_check_keys(const struct config *c, struct err *e)
{
	for (size_t i = 0; i < c->n_association; i++) {
		const struct association *a = &c->association[i];

		if (a->transport == CONFIG_DIR &&
		    (a->sign_key == NULL || a->verify_key == NULL))
			return complain(a, e,
			    "transport = dir: what is carried is signed, so "
			    "sign-key and verify-key are needed: keygen --sign "
			    "makes them");
	}
	return 0;
}
