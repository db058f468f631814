/*
 * The tables of blocks and keys; see config_keys.h.
 */
#include <config.h> /* not the one beside this file */

#include <assert.h>
#include <string.h>

#include "common/config/config_keys.h"

#define MINUTE INT64_C(60)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define YEAR   (365 * DAY)
#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)
#define TIB    (1024 * GIB)

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* --- node, operator, hub, web -------------------------------------------- */

#define AT(member) .offset = offsetof(struct config_node, member)
static const struct key node_keys[] = {
	{ "state", KEY_DIRECTORY, AT(state), .def = "/var/lib/axletree" },
	{ "spool", KEY_DIRECTORY, AT(spool), .def = "/var/spool/axletree" },
	{ "run", KEY_DIRECTORY, AT(run), .def = "/run/axletree" },
	{ "user", KEY_TEXT, AT(user) },
	{ "sessions", KEY_NUMBER, AT(sessions), .def = "64", .min = 1,
	    .max = 4096 },
	{ .name = NULL },
};
#undef AT

#define AT(member) .offset = offsetof(struct config_operator, member)
static const struct key operator_keys[] = {
	{ "mail", KEY_LIST, AT(mail) },
	{ "sendmail", KEY_COMMAND, AT(sendmail),
	    .defs = WORDS("/usr/sbin/sendmail", "-t", "-oi") },
	{ "gather", KEY_DURATION, AT(gather_s), .def = "5m", .max = DAY },
	{ "repeat", KEY_DURATION, AT(repeat_s), .def = "4h", .min = MINUTE,
	    .max = 30 * DAY },
	{ .name = NULL },
};
#undef AT

#define AT(member) .offset = offsetof(struct config_hub, member)
static const struct key hub_keys[] = {
	{ "settle", KEY_DURATION, AT(settle_s), .def = "30s", .max = HOUR },
	{ "settle-max", KEY_DURATION, AT(settle_max_s), .max = DAY },
	{ .name = NULL },
};
#undef AT

#define AT(member) .offset = offsetof(struct config_web, member)
static const struct key web_keys[] = {
	{ "listen", KEY_TEXT, AT(listen) },
	{ "spoke-listen", KEY_TEXT, AT(spoke_listen) },
	{ "certificate", KEY_FILE, AT(certificate) },
	{ "key", KEY_FILE, AT(key) },
	{ "client-ca", KEY_FILE, AT(client_ca) },
	{ .name = NULL },
};
#undef AT

/* --- association ---------------------------------------------------------- */

#define AT(member) .offset = offsetof(struct association, member)
static const struct key association_keys[] = {
	{ "hub", KEY_NAME, AT(hub), .required = true },
	{ "spoke", KEY_NAME, AT(spoke), .required = true },
	{ "transport", KEY_CHOICE, AT(transport), .def = "ssh",
	    .choices = WORDS("ssh", "exec", "http", "rsync", "dir") },
	{ "mode", KEY_CHOICE, AT(mode), .def = "push",
	    .choices = WORDS("push", "pull") },
	{ "bare", KEY_BOOL, AT(bare), .def = "no" },
	{ "compression", KEY_WORD, AT(compression), .def = "zstd",
	    .choices =
		WORDS("none", "gzip", "bzip2", "zstd", "xz", "columnar") },
	/* each compression has its own: config_check.c */
	{ "level", KEY_NUMBER, AT(level), .max = INT32_MAX },
	{ "hub-tree", KEY_NAME, AT(hub_tree), .def = "main" },
	{ "hub-subtree", KEY_PATH, AT(hub_subtree), .required = true },
	{ "spoke-tree", KEY_NAME, AT(spoke_tree), .def = "local" },
	{ "config-interval", KEY_DURATION, AT(config_interval_s), .def = "1d",
	    .min = MINUTE, .max = YEAR },
	{ "retain", KEY_DURATION, AT(retain_s), .def = "7d", .min = MINUTE,
	    .max = 10 * YEAR },
	{ "archive-retain", KEY_DURATION, AT(archive_retain_s), .def = "0",
	    .min = HOUR, .max = 100 * YEAR, .zero_too = true },
	{ "archive-size", KEY_SIZE, AT(archive_size), .def = "0", .min = MIB,
	    .max = 1024 * TIB, .zero_too = true },
	{ "spool-size", KEY_SIZE, AT(spool_size), .def = "1G", .min = 64 * KIB,
	    .max = TIB },
	{ "spool-full", KEY_CHOICE, AT(spool_full), .def = "refuse",
	    .choices = WORDS("refuse", "drop-oldest") },
	{ "rate", KEY_SIZE, AT(rate), .def = "0", .min = KIB, .max = 10 * GIB,
	    .zero_too = true },
	{ "budget", KEY_SIZE, AT(budget), .def = "0", .min = 64 * KIB,
	    .max = 1024 * TIB, .zero_too = true },
	{ "budget-interval", KEY_DURATION, AT(budget_interval_s), .def = "6h",
	    .min = 1, .max = 30 * DAY },
	{ "budget-full", KEY_CHOICE, AT(budget_full), .def = "slow",
	    .choices = WORDS("slow", "drop-oldest") },
	{ "keep", KEY_BOOL, AT(keep), .def = "no" },
	{ "pull-interval", KEY_DURATION, AT(pull_interval_s), .def = "5m",
	    .min = 1, .max = 30 * DAY },
	{ "silent-after", KEY_DURATION, AT(silent_after_s), .def = "1h",
	    .min = 1, .max = YEAR },
	{ "sign-key", KEY_FILE, AT(sign_key) },
	{ "verify-key", KEY_FILE, AT(verify_key) },
	{ .name = NULL },
};
static const struct key ssh_keys[] = {
	{ "host", KEY_TEXT, AT(ssh.host) },
	{ "port", KEY_NUMBER, AT(ssh.port), .def = "22", .min = 1,
	    .max = 65535 },
	{ "user", KEY_TEXT, AT(ssh.user), .def = "axletree" },
	{ "identity", KEY_FILE, AT(ssh.identity) },
	{ "known-hosts", KEY_FILE, AT(ssh.known_hosts), .def = "known_hosts" },
	{ .name = NULL },
};
static const struct key exec_keys[] = {
	{ "command", KEY_COMMAND, AT(exec_command) },
	{ "env", KEY_LIST, AT(exec_env) },
	{ .name = NULL },
};
static const struct key http_keys[] = {
	{ "url", KEY_TEXT, AT(http_url) },
	{ "token", KEY_FILE, AT(http_token) },
	{ "ca", KEY_FILE, AT(http_ca) },
	{ "certificate", KEY_FILE, AT(http_certificate) },
	{ "key", KEY_FILE, AT(http_key) },
	{ .name = NULL },
};
static const struct key rsync_keys[] = {
	{ "put", KEY_TEXT, AT(rsync_put) },
	{ "get", KEY_TEXT, AT(rsync_get) },
	{ "password-file", KEY_FILE, AT(rsync_password_file) },
	{ "rsh", KEY_COMMAND, AT(rsync_rsh),
	    .defs = WORDS("ssh", "-o", "ConnectTimeout=30") },
	{ .name = NULL },
};
static const struct key dir_keys[] = {
	{ "path", KEY_FILE, AT(dir_path) },
	{ .name = NULL },
};
#undef AT

static const struct key translate_keys[] = {
	{ "to", KEY_PATH, .offset = offsetof(struct config_translate, to),
	    .required = true },
	{ .name = NULL },
};

static const struct block association_blocks[] = {
	{ "translate", true, translate_keys, NULL },
	{ "ssh", false, ssh_keys, NULL },
	{ "exec", false, exec_keys, NULL },
	{ "http", false, http_keys, NULL },
	{ "rsync", false, rsync_keys, NULL },
	{ "dir", false, dir_keys, NULL },
	{ .name = NULL },
};

/* --- collector, store ----------------------------------------------------- */

#define AT(member) .offset = offsetof(struct config_collector, member)
static const struct key collector_keys[] = {
	{ "type", KEY_WORD, AT(type), .required = true,
	    .choices = WORDS("host", "exec") },
	{ "tree", KEY_NAME, AT(tree), .def = "local" },
	{ "subtree", KEY_PATH, AT(subtree), .required = true },
	{ "period", KEY_DURATION, AT(period_s), .def = "5m", .min = 1,
	    .max = DAY },
	{ "offset", KEY_DURATION, AT(offset_s), .def = "0", .max = DAY },
	{ "command", KEY_COMMAND, AT(command) },
	{ "kind", KEY_WORD, AT(kind), .def = "GAUGE",
	    .choices = WORDS("GAUGE", "COUNTER", "DERIVE", "ABSOLUTE",
		"DCOUNTER", "DDERIVE") },
	{ "include", KEY_LIST, AT(include) },
	{ "exclude", KEY_LIST, AT(exclude) },
	{ .name = NULL },
};
#undef AT

#define AT(member) .offset = offsetof(struct config_store, member)
static const struct key store_keys[] = {
	{ "type", KEY_WORD, AT(type), .required = true,
	    .choices = WORDS("rrd") },
	{ "directory", KEY_DIRECTORY, AT(directory), .required = true },
	{ "rra", KEY_LIST, AT(rra),
	    .defs = WORDS("AVERAGE:1x:2d", "AVERAGE:5m:14d", "AVERAGE:1h:90d",
		"AVERAGE:1d:5y", "MAX:1h:90d", "MAX:1d:5y") },
	{ .name = NULL },
};
#undef AT

const struct block config_blocks[] = {
	{ "node", true, node_keys, NULL },
	{ "operator", false, operator_keys, NULL },
	{ "association", true, association_keys, association_blocks },
	{ "collector", true, collector_keys, NULL },
	{ "hub", false, hub_keys, NULL },
	{ "store", true, store_keys, NULL },
	{ "web", false, web_keys, NULL },
	{ .name = NULL },
};

static const struct block *
find(const struct block *b, const char *name)
{
	while (b->name != NULL && strcmp(b->name, name) != 0)
		b++;
	assert(b->name != NULL);
	return b;
}

const struct block *
config_block(const char *name)
{
	return find(config_blocks, name);
}

const struct block *
config_inner(const char *name)
{
	return find(association_blocks, name);
}
