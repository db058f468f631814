/*
 * The configuration file and what it means: one node, its associations,
 * collectors, stores.  Read once, immutable; a reload reads another.  Every
 * complaint carries file and line.  doc/axletree.conf.5 states all defaults.
 */
#ifndef COMMON_CONFIG_CONFIG_H
#define COMMON_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

enum config_transport {
	CONFIG_SSH,
	CONFIG_EXEC,
	CONFIG_HTTP,
	CONFIG_RSYNC,
	CONFIG_DIR,
};
enum config_mode {
	CONFIG_PUSH,
	CONFIG_PULL,
};
enum config_full {
	CONFIG_REFUSE,
	CONFIG_DROP_OLDEST,
};
enum config_role {
	CONFIG_HUB,   /* this node is the association's hub */
	CONFIG_SPOKE, /* this node is its spoke */
};

/* NULL-terminated lists of strings; never NULL themselves.  In a command the
 * first is absolute, or a bare word to be looked for in PATH. */
typedef const char *const *config_list;

struct config_node {
	const char *id;
	const char *state, *spool, *run; /* absolute */
	const char *user;                /* NULL: the owner of state */
	int sessions; /* that others may have open with us at once */
	const char *file;
	int line;
};

struct config_operator {
	config_list mail;     /* addresses; empty: nobody is mailed */
	config_list sendmail; /* argv */
	int64_t gather_s, repeat_s;
	const char *file; /* where mail stands; NULL: nowhere */
	int line;
};

struct config_translate {
	const char *from; /* path prefix at the spoke, whole components */
	const char *to;   /* below the association's subtree; "": itself */
};

struct config_ssh {
	const char *host;
	unsigned port;
	const char *user;
	const char *identity; /* private key file; NULL: the agent */
	const char *known_hosts;
};

struct association {
	const char *name;
	enum config_role role;
	const char *hub, *spoke; /* node ids */
	enum config_transport transport;
	enum config_mode mode;
	bool bare;
	const char *compression;
	int level; /* -1: the method's default */
	const char *hub_tree, *spoke_tree;
	const char *hub_subtree; /* "": the whole tree */
	const struct config_translate *translate;
	size_t n_translate;
	int64_t config_interval_s, retain_s;
	int64_t archive_retain_s; /* 0: for ever */
	uint64_t archive_size;    /* 0: no limit */
	uint64_t spool_size;
	enum config_full spool_full;
	uint64_t rate;   /* bytes a second; 0: no limit */
	uint64_t budget; /* bytes a month; 0: no limit */
	int64_t budget_interval_s;
	enum config_full budget_full; /* CONFIG_REFUSE: slow down */
	bool keep;
	int64_t pull_interval_s, silent_after_s;
	const char *sign_key, *verify_key; /* or NULL */
	struct config_ssh ssh;
	config_list exec_command, exec_env;
	const char *http_url, *http_token, *http_ca, *http_certificate,
	    *http_key;
	const char *rsync_put, *rsync_get, *rsync_password_file;
	config_list rsync_rsh;
	const char *dir_path;
	const char *file;
	int line;
};

struct config_collector {
	const char *name;
	const char *type; /* "host", "exec" */
	const char *tree;
	const char *subtree; /* "": the whole tree */
	int64_t period_s, offset_s;
	config_list command;          /* exec */
	const char *kind;             /* exec: an rrd-create-dstype */
	config_list include, exclude; /* host: globs on device names */
	const char *file;
	int line;
};

struct config_store {
	const char *name;
	const char *type;      /* "rrd" */
	const char *directory; /* absolute */
	config_list rra;       /* "AVERAGE:1x:2d", ... */
	const char *file;
	int line;
};

struct config_hub {
	int64_t settle_s, settle_max_s;
};

struct config_web {
	const char *listen, *spoke_listen; /* or NULL: see config_listens */
	const char *certificate, *key, *client_ca; /* or NULL */
};

struct config {
	const char *file; /* absolute */
	struct config_node node;
	struct config_operator oper;
	struct config_hub hub;
	struct config_web web;
	struct association *association;
	size_t n_association;
	struct config_collector *collector;
	size_t n_collector;
	struct config_store *store;
	size_t n_store;
};

#define CONFIG_DEFAULT AXLETREE_SYSCONFDIR "/axletree.conf"

/* Read, check all of it, or fail with "file:line: what; what to do": ERR_CONFIG,
 * or ERR_MISSING when there is no such file.  Opens nothing that it names but
 * the files that it includes.  path NULL: CONFIG_DEFAULT.
 * Not for two threads at once.  Owned: config_free. */
int config_read(const char *path, struct config **out, struct err *e);
/* The same for who makes signing keys: they may not be named yet. */
int config_read_keyless(const char *path, struct config **out, struct err *e);
void config_free(struct config *c);
const struct association *config_association(const struct config *c,
    const char *name); /* NULL: none */
const struct config_store *config_store_for(
    const struct config *c); /* the first; NULL: none */
/* This node opens the connection: spoke in push, hub in pull. */
bool config_dials(const struct association *a);
/* Where this node is called in that role: hubd and spoke daemon are two programs.
 * NULL: nowhere. */
const char *config_listens(const struct config_web *w, enum config_role role);
/* This end goes for what is there by itself: it dials, or is the hub of a carried
 * directory, to which both ends go. */
bool config_visits(const struct association *a);
/* Its spool is carried as files, by rsync or in a directory: nothing is a session. */
bool config_is_carried(const struct association *a);
/* And this node carries them, by running rsync. */
bool config_brings(const struct association *a);
/* A connection that a daemon opens stays open.  Never where files are carried,
 * whatever keep says. */
bool config_stays(const struct association *a);
const char *config_transport_name(enum config_transport t);
const char *config_mode_name(enum config_mode m);
const char *config_role_name(enum config_role r);
/* Effective values, in the file's own syntax. */
int config_print(const struct config *c, int fd, struct err *e);

#endif
