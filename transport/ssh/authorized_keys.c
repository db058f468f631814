/*
 * authorized_keys as sshd(8) reads it; see authorized_keys.h.  The first line
 * with a key decides what it may do.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "transport/ssh/authorized_keys.h"
#include "transport/ssh/ssh_key.h"

enum {
	FILE_MAX = 1 << 20,
	SHOWN = 160, /* bytes of somebody's text */
};

/* A line: options (perhaps none), then a key. */
struct entry {
	struct slice options;
	struct ssh_public_key key;
};

/* Up to c, or to the end, outside of double quotes; takes c as well. */
static struct slice
cut_outside_quotes(struct slice *in, char c)
{
	struct slice part = { in->p, 0 };
	bool quoted = false;

	while (part.n < in->n && (quoted || in->p[part.n] != c)) {
		if (quoted && in->p[part.n] == '\\' && part.n + 1 < in->n)
			part.n++;
		else if (in->p[part.n] == '"')
			quoted = !quoted;
		part.n++;
	}
	in->p += part.n;
	in->n -= part.n;
	if (in->n > 0) {
		in->p++;
		in->n--;
	}
	return part;
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && (*s.p == ' ' || *s.p == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 &&
	    (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' ||
		s.p[s.n - 1] == '\r'))
		s.n--;
	return s;
}

static bool
parse_key(struct slice in, struct ssh_public_key *k)
{
	in = trim(in);
	k->name = cut_outside_quotes(&in, ' ');
	in = trim(in);
	k->base64 = cut_outside_quotes(&in, ' ');
	k->comment = trim(in);
	return ssh_key_is_valid(k);
}

/* False: no key that we know is in this line. */
static bool
parse_entry(struct slice line, struct entry *out)
{
	line = trim(line);
	if (line.n == 0 || *line.p == '#')
		return false;
	out->options = (struct slice){ line.p, 0 };
	if (parse_key(line, &out->key))
		return true;
	out->options = cut_outside_quotes(&line, ' ');
	return parse_key(line, &out->key);
}

static const char *
shown(struct slice s, char out[SHOWN])
{
	log_escape(out, SHOWN, s);
	return out;
}

/* The value of command="...", or nothing. */
static struct slice
command_of(struct slice options)
{
	const struct slice head = SLICE("command=\"");

	while (options.n > 0) {
		struct slice o = cut_outside_quotes(&options, ',');

		if (slice_starts(o, head) && o.n > head.n)
			return (struct slice){ o.p + head.n, o.n - head.n - 1 };
	}
	return (struct slice){ options.p, 0 };
}

static bool
allows_less(struct slice option)
{
	return slice_starts(option, SLICE("from=")) ||
	    slice_starts(option, SLICE("expiry-time="));
}

static void
check_options(size_t n, struct slice options, struct slice wanted,
    struct buf *problems)
{
	struct slice command = command_of(options), rest = options;
	char text[SHOWN];
	bool restricted = false;

	while (rest.n > 0) {
		struct slice o = cut_outside_quotes(&rest, ',');

		if (slice_eq_str(o, "restrict"))
			restricted = true;
		else if (!slice_starts(o, SLICE("command=")) && !allows_less(o))
			buf_printf(problems,
			    "line %zu: the option %s is not ours: take it "
			    "away\n",
			    n, shown(o, text));
	}
	if (!restricted)
		buf_printf(problems,
		    "line %zu: without \"restrict\" the key may forward ports "
		    "and more\n",
		    n);
	if (command.n == 0)
		buf_printf(problems,
		    "line %zu: without \"command\" the key may run anything\n",
		    n);
	else if (!slice_eq(command, command_of(wanted)))
		buf_printf(problems, "line %zu: the command is another: %s\n",
		    n, shown(command, text));
}

void
authorized_keys_check(struct slice text, struct slice line,
    struct buf *problems)
{
	struct entry wanted = { 0 }, got;
	struct slice in = text, row;
	size_t n = 0, found = 0;

	if (line.n > 0 && line.p[line.n - 1] == '\n')
		line.n--;
	(void)parse_entry(line, &wanted); /* it is ours */
	while (in.n > 0) {
		if (!slice_cut(&in, '\n', &row)) {
			row = in;
			in.n = 0;
		}
		n++;
		if (!parse_entry(row, &got) ||
		    !slice_eq(got.key.base64, wanted.key.base64))
			continue;
		if (found > 0) {
			buf_printf(problems,
			    "line %zu: the key stands in line %zu already, "
			    "which is the one that counts\n",
			    n, found);
			continue;
		}
		found = n;
		check_options(n, got.options, wanted.options, problems);
	}
	if (found == 0)
		buf_put_str(problems, "the key is not in it\n");
}

/* sshd wants (StrictModes) that nobody but root and the account can change the
 * file or put another in its place; we want that only root can. */
static void
check_directories(const char *path, const struct node_account *who,
    struct buf *problems)
{
	char *dir = mem_strdup(path), *slash;
	struct stat st;

	while ((slash = strrchr(dir, '/')) != NULL) {
		const char *name = slash == dir ? "/" : dir;

		*slash = '\0';
		if (slash == dir)
			name = "/";
		if (stat(name, &st) == -1)
			buf_printf(problems, "%s: %s\n", name, strerror(errno));
		else if (st.st_uid != 0 && st.st_uid != who->uid)
			buf_printf(problems,
			    "%s: belongs to uid %u, so sshd refuses what is "
			    "in it\n",
			    name, (unsigned)st.st_uid);
		else if ((st.st_mode & 022) != 0)
			buf_printf(problems,
			    "%s: can be written by others, so sshd refuses "
			    "what is in it: chmod go-w\n",
			    name);
	}
	free(dir);
}

static void
check_file(int fd, const struct node_account *who, struct buf *problems,
    bool *regular)
{
	struct stat st;

	*regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (!*regular) {
		buf_put_str(problems, "it is not a regular file\n");
		return;
	}
	if (st.st_uid != 0)
		buf_printf(problems,
		    "it belongs to uid %u, who could let in anybody: chown "
		    "root\n",
		    (unsigned)st.st_uid);
	if ((st.st_mode & 022) != 0)
		buf_put_str(problems,
		    "it can be written by others: chmod go-w\n");
	if (st.st_uid != who->uid && (st.st_mode & 04) == 0)
		buf_put_str(problems,
		    "sshd reads it as the node's account, which cannot: chmod "
		    "a+r\n");
}

int
authorized_keys_check_file(const char *path, const struct node_account *who,
    struct slice line, struct buf *problems, struct err *e)
{
	char *real = realpath(path, NULL);
	int fd = -1, rc = -1;
	struct buf text;
	bool regular;

	buf_init(&text, FILE_MAX + 1);
	if (real != NULL)
		fd = open(real, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1) {
		err_sys(e, "%s", path);
		if (e->sys == ENOENT)
			e->kind = ERR_MISSING;
		goto out;
	}
	check_directories(real, who, problems);
	check_file(fd, who, problems, &regular);
	if (regular && io_read_upto(fd, FILE_MAX + 1, &text, e) == -1) {
		err_wrap(e, "%s", path);
		goto out;
	}
	if (text.n > FILE_MAX)
		buf_put_str(problems, "it is larger than 1 MiB\n");
	else if (regular)
		authorized_keys_check(buf_slice(&text), line, problems);
	rc = 0;
out:
	if (fd != -1)
		close(fd);
	free(real);
	buf_clear(&text);
	return rc;
}

void
authorized_keys_check_shell(const struct node_account *who,
    struct buf *problems)
{
	const struct passwd *pw = getpwuid(who->uid);
	const char *shell = pw != NULL ? pw->pw_shell : "", *base;

	if (pw == NULL) {
		buf_printf(problems,
		    "uid %u has no account: sshd lets nobody "
		    "in as it\n",
		    (unsigned)who->uid);
		return;
	}
	if (*shell == '\0')
		shell = "/bin/sh";
	base = strrchr(shell, '/') != NULL ? strrchr(shell, '/') + 1 : shell;
	if (strcmp(base, "nologin") == 0 || strcmp(base, "false") == 0)
		buf_printf(problems,
		    "the shell of %s is %s, which runs no command: usermod -s "
		    "/bin/sh %s\n",
		    pw->pw_name, shell, pw->pw_name);
	else if (access(shell, X_OK) == -1)
		buf_printf(problems, "the shell of %s, %s: %s\n", pw->pw_name,
		    shell, strerror(errno));
}
