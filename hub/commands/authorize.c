/*
 * hubctl authorize: the line of authorized_keys that lets a spoke's key do one
 * thing: deliver to its association (S2).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "hub/commands/commands.h"

enum {
	KEY_FILE_MAX = 16 << 10
};

/* What sshd hands to the account's shell: nothing in it means anything there. */
static bool
is_plain(const char *path)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789/._-+@,:=";

	return path[strspn(path, letters)] == '\0';
}

/* The only line of the file that is neither empty nor a comment. */
static int
one_line(struct slice text, struct slice *out, struct err *e)
{
	struct slice line;

	*out = (struct slice){ 0 };
	while (text.n > 0) {
		if (!slice_cut(&text, '\n', &line)) {
			line = text;
			text.n = 0;
		}
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (out->n > 0)
			return err_set(e, ERR_INPUT, "more than one key");
		*out = line;
	}
	if (out->n == 0)
		return err_set(e, ERR_INPUT, "no key");
	return 0;
}

static bool
is_base64(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '+' || c == '/' ||
			c == '='))
			return false;
	}
	return s.n >= 32;
}

/* How the encoded key of each type begins: the length of its name and the
 * name. */
static const struct key_type {
	const char *name, *begins;
} key_types[] = {
	{ "ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5" },
	{ "ecdsa-sha2-nistp256", "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY" },
	{ "ecdsa-sha2-nistp384", "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQ" },
	{ "ecdsa-sha2-nistp521", "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjE" },
};

/* Type and key of a public key line, without its comment. */
static int
check_key(struct slice line, struct slice *type, struct slice *key,
    struct err *e)
{
	struct slice rest = line;

	if (!slice_cut(&rest, ' ', type))
		return err_set(e, ERR_INPUT, "not a public key");
	if (!slice_cut(&rest, ' ', key))
		*key = rest;
	if (slice_eq_str(*type, "ssh-rsa"))
		return err_set(e, ERR_DENIED,
		    "RSA keys are not used: let the spoke make one with "
		    "spoke keygen");
	for (size_t i = 0; i < sizeof(key_types) / sizeof(key_types[0]); i++)
		if (slice_eq_str(*type, key_types[i].name) && is_base64(*key) &&
		    slice_starts(*key, slice_str(key_types[i].begins)))
			return 0;
	return err_set(e, ERR_INPUT, "not an Ed25519 or ECDSA public key");
}

static int
print_line(const struct ground *g, const struct association *a,
    struct slice line, struct err *e)
{
	char *file = realpath(g->config->file, NULL);
	struct slice type, key;
	int rc = -1;

	if (file == NULL)
		err_sys(e, "%s", g->config->file);
	else if (!is_plain(file) || !is_plain(AXLETREE_BINDIR))
		err_set(e, ERR_CONFIG,
		    "%s: a forced command cannot have such letters", file);
	else if (check_key(line, &type, &key, e) == 0)
		rc = 0;
	if (rc == 0)
		printf("restrict,command=\"%s/hubctl -c %s receive %s\" "
		       "%.*s %.*s axletree-%s\n",
		    AXLETREE_BINDIR, file, a->name, (int)type.n, type.p,
		    (int)key.n, key.p, a->name);
	free(file);
	return rc;
}

int
command_authorize(const struct options *opts, int argc, char **argv)
{
	const struct association *a = NULL;
	struct buf text = { 0 };
	struct slice line;
	struct ground g;
	struct err e = { 0 };
	int fd = -1, rc = -1;

	if (ground_open(&g, opts, NULL, argc, argv, &e) == 0)
		a = ground_operand(&g, argv, 2, &e);
	if (a != NULL && g.operands != 2) {
		err_set(&e, ERR_USAGE, "a file with a public key is needed");
		a = NULL;
	}
	if (a == NULL)
		goto out;
	if (config_dials(a)) {
		err_set(&e, ERR_CONFIG,
		    "association %s is of mode pull: the hub dials", a->name);
		goto out;
	}
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		err_set(&e, ERR_MISSING, "%s: %s", argv[2], strerror(errno));
		goto out;
	}
	if (io_read_upto(fd, KEY_FILE_MAX, &text, &e) == 0 &&
	    one_line(buf_slice(&text), &line, &e) == 0)
		rc = print_line(&g, a, line, &e);
	if (rc == -1)
		err_wrap(&e, "%s", argv[2]);
out:
	if (fd != -1)
		close(fd);
	buf_clear(&text);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
