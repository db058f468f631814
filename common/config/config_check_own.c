/*
 * What no single value shows of what is this node's alone: its directories, who is
 * told, collectors, stores; see config_check.h.
 */
#include <config.h> /* not the one beside this file */

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/config/config_address.h"
#include "common/config/config_check.h"
#include "common/config/config_value.h"
#include "common/message/names.h"

bool
config_overlap(const char *a, const char *b)
{
	size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
	const char *longer = strlen(a) < strlen(b) ? b : a;

	return strncmp(a, b, n) == 0 && (longer[n] == '\0' || longer[n] == '/');
}

static bool
is_within(const char *inner, const char *outer)
{
	return strlen(inner) >= strlen(outer) && config_overlap(inner, outer);
}

/* --- Node, operator, web -------------------------------------------------- */

/* hubd's is "hubd.sock" there; see unix(7). */
#define RUN_MAX \
	(sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof("/hubd.sock"))

static int
check_node(const struct config *c, struct err *e)
{
	const struct config_node *n = &c->node;
	char what[ERR_MSG_SIZE] = "";

	if (is_within(n->state, n->spool) || is_within(n->run, n->spool) ||
	    strcmp(n->state, n->run) == 0)
		(void)snprintf(what, sizeof(what),
		    "state, spool and run are three directories, and nothing "
		    "else is in spool");
	else if (c->n_store > 0 && strlen(n->run) > RUN_MAX)
		(void)snprintf(what, sizeof(what),
		    "run = %s: is too long for the socket in it: at most %zu "
		    "bytes",
		    n->run, RUN_MAX);
	if (what[0] == '\0')
		return 0;
	return err_set(e, ERR_CONFIG, "%s:%d: node \"%s\": %s", n->file,
	    n->line, n->id, what);
}

static int
check_operator(const struct config *c, struct err *e)
{
	size_t i;

	for (i = 0; c->oper.mail[i] != NULL; i++)
		if (c->oper.mail[i][0] == '-' ||
		    strpbrk(c->oper.mail[i], " \t,;<>|\"") != NULL)
			return err_set(e, ERR_CONFIG,
			    "%s:%d: operator: mail = %s: must be one plain "
			    "address",
			    c->oper.file, c->oper.line, c->oper.mail[i]);
	return 0;
}

static const char *
check_listen(const char *listen, bool tls)
{
	struct config_address where;

	if (listen == NULL)
		return NULL;
	if (!config_address_parse(listen, &where))
		return "listen is ADDRESS:PORT, [ADDRESS]:PORT or :PORT";
	if (!tls && !config_address_is_loopback(&where))
		return "listen: needs certificate and key, for others than "
		       "this machine itself can connect";
	return NULL;
}

static int
check_web(const struct config *c, struct err *e)
{
	const struct config_web *w = &c->web;
	const bool tls = w->certificate != NULL;
	const char *wrong = NULL;

	if (w->listen == NULL && w->spoke_listen == NULL)
		return 0;
	if ((w->certificate == NULL) != (w->key == NULL))
		wrong = "certificate and key need each other";
	else if (w->client_ca != NULL && w->certificate == NULL)
		wrong = "client-ca needs certificate and key";
	if (wrong == NULL)
		wrong = check_listen(w->listen, tls);
	if (wrong == NULL)
		wrong = check_listen(w->spoke_listen, tls);
	if (wrong != NULL)
		return err_set(e, ERR_CONFIG, "%s: web: %s", c->file, wrong);
	return 0;
}

int
config_check_own(const struct config *c, struct err *e)
{
	return check_operator(c, e) == -1 || check_web(c, e) == -1 ||
		check_node(c, e) == -1
	    ? -1
	    : 0;
}

/* --- Collectors ----------------------------------------------------------- */

/* Where what begins here ends, as fnmatch(3) reads it; NULL: nowhere. */
static const char *
piece_end(const char *s)
{
	if (*s == '\\')
		return s[1] != '\0' ? s + 1 : NULL;
	if (*s != '[')
		return s;
	s += s[1] == '!' || s[1] == '^' ? 2 : 1;
	return *s != '\0' ? strchr(s + 1, ']') : NULL; /* the first is itself */
}

static bool
is_pattern(const char *s)
{
	while (*s != '\0') {
		s = piece_end(s);
		if (s == NULL)
			return false;
		s++;
	}
	return true;
}

static bool
are_patterns(config_list list)
{
	while (*list != NULL && is_pattern(*list))
		list++;
	return *list == NULL;
}

static int
check_collector(const struct config_collector *cc, struct err *e)
{
	const char *wrong = NULL;
	bool exec = strcmp(cc->type, "exec") == 0;

	if (!name_is_component(slice_str(cc->name)))
		wrong = "a name is 1 to 64 of A-Z a-z 0-9 _ . : -";
	else if (cc->offset_s >= cc->period_s)
		wrong = "offset must be less than period";
	else if (exec && cc->command[0] == NULL)
		wrong = "type = exec: needs command = {...}";
	else if (!exec && cc->command[0] != NULL)
		wrong = "command belongs to type = exec";
	else if (exec && (cc->include[0] != NULL || cc->exclude[0] != NULL))
		wrong = "include and exclude belong to type = host";
	else if (!are_patterns(cc->include) || !are_patterns(cc->exclude))
		wrong = "include and exclude are patterns: a [ has its ], and "
			"a backslash something behind it";
	if (wrong != NULL)
		return err_set(e, ERR_CONFIG, "%s:%d: collector \"%s\": %s",
		    cc->file, cc->line, cc->name, wrong);
	return 0;
}

/* A node that sends trees, and not this one: its values would go nowhere. */
static int
check_tree(const struct config *c, const struct config_collector *cc,
    struct err *e)
{
	const char *sent = NULL;

	for (size_t i = 0; i < c->n_association; i++) {
		if (c->association[i].role != CONFIG_SPOKE)
			continue;
		sent = c->association[i].spoke_tree;
		if (strcmp(sent, cc->tree) == 0)
			return 0;
	}
	if (sent == NULL)
		return 0;
	return err_set(e, ERR_CONFIG,
	    "%s:%d: collector \"%s\": tree = %s: no association sends it: "
	    "spoke-tree is %s",
	    cc->file, cc->line, cc->name, cc->tree, sent);
}

/* Whose would a leaf below both be? */
static int
check_collectors(const struct config_collector *a,
    const struct config_collector *b, struct err *e)
{
	if (strcmp(a->tree, b->tree) != 0 ||
	    !config_overlap(a->subtree, b->subtree))
		return 0;
	return err_set(e, ERR_CONFIG,
	    "%s:%d: collector \"%s\": subtree %s overlaps %s of collector "
	    "\"%s\"",
	    a->file, a->line, a->name, a->subtree[0] == '\0' ? "/" : a->subtree,
	    b->subtree[0] == '\0' ? "/" : b->subtree, b->name);
}

/* --- Stores ---------------------------------------------------------------- */

static int
check_store(const struct config_store *cs, struct err *e)
{
	size_t i;

	if (!name_is_component(slice_str(cs->name)))
		return err_set(e, ERR_CONFIG,
		    "%s:%d: store \"%s\": a name is 1 to 64 of A-Z a-z 0-9 "
		    "_ . : -",
		    cs->file, cs->line, cs->name);
	for (i = 0; cs->rra[i] != NULL; i++)
		if (!config_is_rra(cs->rra[i]))
			return err_set(e, ERR_CONFIG,
			    "%s:%d: store \"%s\": rra = %s: must be like "
			    "AVERAGE:5m:14d or MAX:1x:2d",
			    cs->file, cs->line, cs->name, cs->rra[i]);
	if (i == 0)
		return err_set(e, ERR_CONFIG,
		    "%s:%d: store \"%s\": rra is empty", cs->file, cs->line,
		    cs->name);
	return 0;
}

/* Files of two owners in one directory would be swept, or counted, by both. */
static int
check_stores(const struct config_store *a, const struct config_store *b,
    struct err *e)
{
	if (!config_overlap(a->directory, b->directory))
		return 0;
	return err_set(e, ERR_CONFIG,
	    "%s:%d: store \"%s\": directory %s overlaps %s of store \"%s\"",
	    a->file, a->line, a->name, a->directory, b->directory, b->name);
}

/* Below state is a place for it, as the default is. */
static int
check_place(const struct config *c, const struct config_store *cs,
    struct err *e)
{
	const struct {
		const char *name, *path;
	} own[] = { { "spool", c->node.spool }, { "run", c->node.run } };

	if (is_within(c->node.state, cs->directory))
		return err_set(e, ERR_CONFIG,
		    "%s:%d: store \"%s\": directory %s is, or holds, state of "
		    "the node: give it one of its own",
		    cs->file, cs->line, cs->name, cs->directory);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (config_overlap(cs->directory, own[i].path))
			return err_set(e, ERR_CONFIG,
			    "%s:%d: store \"%s\": directory %s overlaps %s of "
			    "the node: give it one of its own",
			    cs->file, cs->line, cs->name, cs->directory,
			    own[i].name);
	return 0;
}

int
config_check_parts(const struct config *c, struct err *e)
{
	size_t i;

	for (i = 0; i < c->n_collector; i++) {
		if (check_collector(&c->collector[i], e) == -1 ||
		    check_tree(c, &c->collector[i], e) == -1)
			return -1;
		for (size_t j = 0; j < i; j++)
			if (check_collectors(&c->collector[i], &c->collector[j],
				e) == -1)
				return -1;
	}
	for (i = 0; i < c->n_store; i++) {
		if (check_store(&c->store[i], e) == -1 ||
		    check_place(c, &c->store[i], e) == -1)
			return -1;
		for (size_t j = 0; j < i; j++)
			if (check_stores(&c->store[i], &c->store[j], e) == -1)
				return -1;
	}
	return 0;
}
