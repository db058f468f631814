/*
 * Lines of authorized_keys; see authorize.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "transport/ssh/authorize.h"
#include "transport/ssh/ssh_key.h"

/* sshd hands the command to the account's shell, so nothing in it may mean
 * something to one. */
static bool
is_plain_path(const char *path)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789_./+@:-";

	return path[strspn(path, letters)] == '\0';
}

/* A comment is for people: printable ASCII, or none. */
static bool
is_plain_comment(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return s.n > 0;
}

/* NULL: it is not there, or nobody is to be let in for it. */
static const struct association *
find_association(const struct config *c, const char *name, struct err *e)
{
	const struct association *a = config_association(c, name);

	if (a == NULL)
		err_set(e, ERR_CONFIG, "%s: there is no association \"%s\"",
		    c->file, name);
	else if (config_dials(a))
		err_set(e, ERR_CONFIG,
		    "%s:%d: association \"%s\" is mode = %s, so this node "
		    "connects: authorize its key on %s",
		    a->file, a->line, name, config_mode_name(a->mode),
		    a->role == CONFIG_HUB ? a->spoke : a->hub);
	else if (!is_plain_path(c->file) || !is_plain_path(AXLETREE_BINDIR))
		err_set(e, ERR_CONFIG,
		    "%s: a shell would read more than a name in it: use "
		    "another path",
		    c->file);
	else
		return a;
	return NULL;
}

int
authorize_line(const struct config *c, const char *association,
    struct slice key, struct buf *out, struct err *e)
{
	const struct association *a = find_association(c, association, e);
	struct ssh_public_key k;

	if (a == NULL || ssh_key_check_public(key, &k, e) == -1)
		return -1;
	buf_printf(out, "restrict,command=\"%s/%s -c %s %s %s\" ",
	    AXLETREE_BINDIR, a->role == CONFIG_HUB ? "hubctl" : "spoke",
	    c->file, a->role == CONFIG_HUB ? "receive" : "serve", a->name);
	buf_put(out, k.name);
	buf_put_char(out, ' ');
	buf_put(out, k.base64);
	if (is_plain_comment(k.comment)) {
		buf_put_char(out, ' ');
		buf_put(out, k.comment);
	}
	buf_put_char(out, '\n');
	return 0;
}

int
authorize_file(const struct config *c, const char *association,
    const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct buf text;
	int rc = -1;

	buf_init(&text, SSH_KEY_FILE_MAX);
	if (fd == -1) {
		err_sys(e, "%s", path);
		if (e->sys == ENOENT)
			e->kind = ERR_MISSING;
	} else if (io_read_upto(fd, SSH_KEY_FILE_MAX, &text, e) == -1) {
		err_wrap(e, "%s", path);
	} else {
		rc = authorize_line(c, association, buf_slice(&text), out, e);
		if (rc == -1 && e->kind != ERR_CONFIG)
			err_wrap(e, "%s", path);
	}
	if (fd != -1)
		close(fd);
	buf_clear(&text);
	return rc;
}
