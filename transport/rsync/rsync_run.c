/*
 * Runs of rsync(1); see rsync_run.h.  The far end is no more trusted than any
 * other carrier: rsync is told to bring plain files of our names alone, and
 * what it brought is staged (W10).  So it need not sync them either; what is
 * taken from them is.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/proc.h"
#include "common/base/sandbox.h"
#include "common/spool/carried_name.h"
#include "transport/carried/staging.h"
#include "transport/carried/underway.h"
#include "transport/rsync/rsync_run.h"
#include "transport/rsync/rsync_watch.h"

enum {
	DIGITS = 20,
	ARGS_MAX = 96,
	RATE_UNIT = 1024,     /* of --bwlimit */
	WORDS_MAX = 64 << 10, /* totals, and a daemon's words of the day */
	ERRORS_MAX = 1 << 20,
	/* rsync's statuses */
	ENDED_FOR_SILENCE = 30,
	SOME_WERE_REMOVED = 24, /* acknowledged meanwhile */
	/* What goes over the wire and is in none of rsync's totals, measured: a
	 * daemon's greeting, password and arguments; a login by ssh, and of what
	 * goes through it one part in so many. */
	DAEMON_BYTES = 480,
	LOGIN_BYTES = 7900,
	PACKETS_PART = 160,
};

#define ONE_DIGIT   "[0-9]"
#define FIVE_DIGITS ONE_DIGIT ONE_DIGIT ONE_DIGIT ONE_DIGIT ONE_DIGIT
#define NUMBER      FIVE_DIGITS FIVE_DIGITS FIVE_DIGITS FIVE_DIGITS
#define SEGMENT     "/" NUMBER "-" NUMBER ".msgs"

/* A command line; the strings are owned. */
struct args {
	char *arg[ARGS_MAX];
	size_t n;
	const char *target; /* borrowed: the far directory */
};

static void
add(struct args *a, char *owned)
{
	if (a->n + 1 < ARGS_MAX)
		a->arg[a->n++] = owned;
	else
		free(owned);
}

static void
args_clear(struct args *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->arg[i]);
}

/* --- The command line ---------------------------------------------------------- */

/* rsync splits it at blanks again, but for what is quoted; a quote in a quote is
 * doubled. */
static char *
remote_shell(const struct association *a)
{
	struct buf out = { 0 };

	buf_put_str(&out, "--rsh=");
	for (size_t i = 0; a->rsync_rsh[i] != NULL; i++) {
		buf_put_str(&out, i > 0 ? " '" : "'");
		for (const char *c = a->rsync_rsh[i]; *c != '\0'; c++) {
			buf_put_char(&out, *c);
			if (*c == '\'')
				buf_put_char(&out, *c);
		}
		buf_put_char(&out, '\'');
	}
	return buf_steal(&out);
}

/* With a shell, a daemon would be looked for behind it. */
static bool
is_daemon(const char *target)
{
	return strncmp(target, "rsync://", 8) == 0 ||
	    strstr(target, "::") != NULL;
}

static void
add_common(struct args *a, const struct association *as, const char *target)
{
	static const char *const fixed[] = { "rsync", "--recursive",
		"--no-links", "--no-devices", "--no-specials", "--no-owner",
		"--no-group", "--chmod=D700,F600", "--max-alloc=64m",
		/* names say which segment it is, times say nothing */
		"--checksum", "--timeout=60", "--stats",
		"--no-human-readable" };

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		add(a, mem_strdup(fixed[i]));
	a->target = target;
	add(a, mem_printf("--max-size=%d", STAGING_FILE_MAX));
	if (!is_daemon(target))
		add(a, remote_shell(as));
	else /* nobody is there: that is no silence of a far end */
		add(a, mem_strdup("--contimeout=30"));
	if (is_daemon(target) && as->rsync_password_file != NULL)
		add(a,
		    mem_printf("--password-file=%s", as->rsync_password_file));
	if (as->rate > 0)
		add(a,
		    mem_printf("--bwlimit=%" PRIu64,
			(as->rate + RATE_UNIT - 1) / RATE_UNIT));
}

/* Names of segments that end at or before last: for each digit, those that have
 * a smaller one there behind the same digits. */
static void
add_had(struct args *a, uint64_t last)
{
	char number[DIGITS + 1];

	(void)snprintf(number, sizeof(number), "%020" PRIu64, last);
	for (int i = 0; i < DIGITS; i++)
		if (number[i] > '0')
			add(a,
			    mem_printf("--exclude=/*-%.*s[0-%c]%.*s.msgs*", i,
				number, number[i] - 1, DIGITS - 1 - i,
				"????????????????????"));
	add(a, mem_printf("--exclude=/*-%s.msgs*", number));
}

static void
add_names(struct args *a, bool plain)
{
	add(a, mem_strdup("--include=/" CARRIED_ACK));
	if (plain)
		add(a, mem_strdup("--include=" SEGMENT));
	add(a, mem_strdup("--include=" SEGMENT ".*"));
	add(a, mem_strdup("--exclude=*"));
	add(a, mem_strdup("--"));
}

static char *
as_directory(const char *path)
{
	size_t n = strlen(path);

	return mem_printf("%s%s", path, n > 0 && path[n - 1] == '/' ? "" : "/");
}

static char *
own_directory(const struct rsync *s, const char *name)
{
	return mem_printf("%s/%s/%s/", s->o->config->node.spool,
	    s->o->association->name, name);
}

bool
rsync_goes_plain(const struct association *a)
{
	return strcmp(a->compression, "none") == 0;
}

/* --- What it says ---------------------------------------------------------------- */

/* "Total bytes sent: 123" */
static uint64_t
read_total(struct slice out, const char *words)
{
	struct slice line, w = slice_str(words);
	uint64_t v = 0;

	while (slice_cut(&out, '\n', &line)) {
		if (!slice_starts(line, w))
			continue;
		line.p += w.n;
		line.n -= w.n;
		if (slice_u64(line, UINT64_MAX / 4, &v))
			return v;
	}
	return 0;
}

static void
count(struct rsync *s, const char *target, struct slice out)
{
	uint64_t total = read_total(out, "Total bytes sent: ") +
	    read_total(out, "Total bytes received: ");

	s->wire_bytes += total;
	if (total == 0 || strchr(target, ':') == NULL)
		return; /* nobody was there; or a path of this machine */
	s->wire_bytes += is_daemon(target) ? DAEMON_BYTES
					   : LOGIN_BYTES + total / PACKETS_PART;
}

/* Of a daemon that has as many guests as its "max connections" allows. */
#define BUSY "max connections"
/* Of ssh, of which rsync may be told by its status or by the end of its pipe; a key
 * that others may read, beside one that goes, is only warned of. */
#define NO_KEY_GOES "Permission denied ("
#define OPEN_KEY    "UNPROTECTED PRIVATE KEY FILE"

/* What is said of a status, and of words on standard error, whichever of the two
 * is nearer to the cause. */
static const struct {
	int status;       /* 0: any */
	const char *word; /* NULL: any */
	enum err_kind kind;
	const char *hint;
} causes[] = {
	{ 0, "auth failed", ERR_DENIED,
	    "the daemon refuses the user or the password: see password-file" },
	{ 0, NO_KEY_GOES, ERR_DENIED, "the far end refuses the key" },
	{ 0, "Host key verification failed", ERR_DENIED,
	    "the far end's host key is unknown or another" },
	{ 0, "Could not resolve hostname", ERR_HOST, "no such host" },
	{ 0, "getaddrinfo", ERR_HOST, "no such host" },
	{ 0, BUSY, ERR_TEMP, "the daemon is busy" },
	{ 0, "Unknown module", ERR_CONFIG,
	    "the daemon has no such module: see put and get" },
	{ 0, "password file", ERR_CONFIG, "see password-file" },
	{ 0, "command not found", ERR_CONFIG, "rsync is missing there" },
	{ 0, "No space left", ERR_TEMP, "the disk is full" },
	{ 0, "Disk quota", ERR_TEMP, "the disk is full" },
	{ 0, "read only", ERR_DENIED, "the far end only lets read" },
	{ 0, "read-only", ERR_DENIED, "the far end only lets read" },
	{ 0, "write only", ERR_DENIED, "the far end only lets write" },
	{ 0, "write-only", ERR_DENIED, "the far end only lets write" },
	{ 0, "Restricted directory does not exist", ERR_CONFIG,
	    "a directory is missing there: see rrsync in authorized_keys" },
	{ 0, "Permission denied", ERR_DENIED, "a right is missing there" },
	{ 0, "Operation not permitted", ERR_DENIED,
	    "a right is missing there" },
	{ 0, "No such file or directory", ERR_CONFIG,
	    "a directory is missing: see put and get" },
	{ 0, "Connection refused", ERR_TEMP, "nobody answers" },
	{ 1, NULL, ERR_CONFIG, "rsync does not know its options: is it old" },
	{ 2, NULL, ERR_PROTOCOL, "another version" },
	{ 4, NULL, ERR_CONFIG, "the far end cannot do this" },
	{ 5, NULL, ERR_CONFIG, "the daemon refuses" },
	{ 12, NULL, ERR_TEMP, "the connection ended" },
	{ ENDED_FOR_SILENCE, NULL, ERR_TEMP, "no answer in time" },
	{ 35, NULL, ERR_TEMP, "nobody answers" },
	{ 126, NULL, ERR_CONFIG, "it cannot be run" },
	{ 127, NULL, ERR_CONFIG, "it is missing there" },
};

static bool
says(struct slice text, const char *word)
{
	return text.n > 0 && memmem(text.p, text.n, word, strlen(word)) != NULL;
}

/* ssh's; a daemon's "@ERROR: ..." is none. */
static bool
is_frame(struct slice line)
{
	return slice_starts(line, SLICE("@@")) ||
	    slice_starts(line, SLICE("@ "));
}

/* The line that tells, not rsync's last, which repeats the status, nor the frame
 * that ssh draws around a warning. */
static struct slice
first_line(struct slice text)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line)) {
		while (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n > 0 && !is_frame(line))
			return line;
	}
	return text;
}

static int
explain(struct rsync *s, const struct proc_result *p, struct slice said,
    struct err *e)
{
	enum err_kind kind = p->overflowed ? ERR_PROTOCOL : ERR_TEMP;
	const char *hint = p->overflowed ? "a flood of words" : "try again";
	char how[64], text[256];

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if ((causes[i].status == 0 ||
			(causes[i].status == p->exit_status &&
			    !p->overflowed)) &&
		    (causes[i].word == NULL || says(said, causes[i].word))) {
			kind = causes[i].kind;
			hint = causes[i].hint;
			break;
		}
	if (says(said, NO_KEY_GOES) && says(said, OPEN_KEY))
		hint = "ssh uses no key that others may read: chmod 600";
	s->cut = s->cut || kind == ERR_PROTOCOL || p->overflowed ||
	    p->exit_status == ENDED_FOR_SILENCE;
	proc_describe(p, how, sizeof(how));
	err_set(e, kind, "rsync: %s: %s: %s", hint, how,
	    log_escape(text, sizeof(text), first_line(said)));
	if (says(said, BUSY))
		e->sys = EAGAIN;
	return -1;
}

/* Owned: the agent, for ssh, and what every child of ours has. */
static void
make_environment(struct args *env)
{
	const char *agent = getenv("SSH_AUTH_SOCK");

	add(env, mem_strdup("PATH=/usr/local/bin:/usr/bin:/bin"));
	add(env, mem_strdup("LC_ALL=C"));
	add(env, mem_strdup("TZ=UTC"));
	if (agent != NULL)
		add(env, mem_printf("SSH_AUTH_SOCK=%s", agent));
}

/* --- Ended by its watch ---------------------------------------------------------- */

static int
no_room(const struct association *a, const struct rsync_watch *w, struct err *e)
{
	return err_set(e, ERR_TEMP,
	    "rsync was ended: staging/ had %" PRIu64 " bytes in %" PRIu64
	    " files, and room for spool-size (%" PRIu64
	    ") and a segment; what came whole is taken and the next run goes "
	    "on: look at what the far end offers, at spool-size and the disk",
	    w->used.bytes, w->used.files, a->spool_size);
}

static int
too_slow(struct err *e)
{
	return err_set(e, ERR_TEMP,
	    "rsync: the far end is too slow: fewer than %d bytes moved in %d s",
	    RSYNC_SLOW_BYTES, RSYNC_SLOW_S);
}

/* --- Running it ------------------------------------------------------------------ */

/* It reads what a far end says, so it writes nothing but into staging/, and for
 * a put nothing but what is put to a path.  The thread is confined, and with it what it starts; this
 * process goes on to take what came. */
struct confined {
	const struct proc_opts *opts;
	int writes; /* a directory, or -1 */
	struct proc_result *result;
	struct buf *out, *errs;
	struct err *e;
	int rc;
};

static void *
run_confined(void *arg)
{
	struct confined *c = arg;

	c->rc = sandbox_writes(c->writes, c->e);
	if (c->rc == 0)
		c->rc = proc_run(c->opts, c->result, c->out, c->errs, c->e);
	return NULL;
}

static int
run_in_thread(struct confined *c)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, run_confined, c);

	if (rc != 0)
		return err_set(c->e, ERR_TEMP, "no thread for rsync: %s",
		    strerror(rc));
	(void)pthread_join(thread, NULL);
	return c->rc;
}

/* It writes below a directory, or -1. */
static int
run(struct rsync *s, const struct args *a, int writes, struct rsync_watch *w,
    struct err *e)
{
	union {
		char *const *ours;
		const char *const *theirs;
	} argv = { .ours = a->arg }, envp;
	struct args env = { .n = 0 };
	struct buf out = { 0 }, errs = { 0 };
	/* it is in a group of its own, and must not outlive us */
	struct proc_opts o = { .argv = argv.theirs,
		.term_ends = true,
		.int_ends = true,
		.output_max = WORDS_MAX,
		.errors_max = ERRORS_MAX,
		.enough = rsync_watch_ends,
		.enough_arg = w };
	struct proc_result p = { .exit_status = -1 };
	struct confined c = { &o, writes, &p, &out, &errs, e, -1 };
	int rc;

	make_environment(&env);
	envp.ours = env.arg;
	o.env = envp.theirs;
	o.deadline_ms = mono_ms_since(s->o->deadline, clock_mono());
	if (o.deadline_ms < 1)
		o.deadline_ms = 1;
	rc = run_in_thread(&c);
	if (rc == 0) {
		count(s, a->target, buf_slice(&out));
		s->stopped = p.stopped;
		s->full = p.enough && w->full;
		s->cut = s->cut || (p.enough && w->slow);
		if (p.stopped != 0)
			rc = err_set(e, ERR_TEMP, "rsync: ended by signal %d",
			    p.stopped);
		else if (p.enough)
			rc = w->slow ? too_slow(e)
				     : no_room(s->o->association, w, e);
		else if (p.overflowed ||
		    (p.exit_status != 0 && p.exit_status != SOME_WERE_REMOVED))
			rc = explain(s, &p, buf_slice(&errs), e);
	}
	buf_clear(&out);
	buf_clear(&errs);
	args_clear(&env);
	return rc;
}

int
rsync_get(struct rsync *s, uint64_t had, bool plain, struct err *e)
{
	const struct association *as = s->o->association;
	struct rsync_watch w = { .staging = s->staging,
		.most = rsync_room_most(as->spool_size) };
	unsigned gone = rsync_room_make(s->staging, &w.most);
	struct args a = { .n = 0 };
	int rc;

	if (gone > 0)
		log_warn("files that waited are removed, and come again, to "
			 "make room association=%s count=%u",
		    as->name, gone);
	add_common(&a, as, as->rsync_get);
	add(&a, mem_strdup("--partial-dir=" UNDERWAY_PARTIAL));
	if (had > 0)
		add_had(&a, had);
	add_names(&a, plain);
	add(&a, as_directory(as->rsync_get));
	add(&a, own_directory(s, "staging"));
	rc = run(s, &a, s->staging, &w, e);
	args_clear(&a);
	s->reached = s->reached || rc == 0 || s->full;
	rsync_room_sweep(s->staging, rc == 0 || s->full);
	return rc == 0 ? 0 : err_wrap(e, "get %s", as->rsync_get);
}

int
rsync_put(struct rsync *s, struct err *e)
{
	const struct association *as = s->o->association;
	struct rsync_watch w = { .staging = -1 };
	struct args a = { .n = 0 };
	int local = -1, rc;

	add_common(&a, as, as->rsync_put);
	add(&a, mem_strdup("--delay-updates"));
	add_names(&a, rsync_goes_plain(as));
	add(&a, own_directory(s, "outbox"));
	add(&a, as_directory(as->rsync_put));
	if (strchr(as->rsync_put, ':') == NULL) /* a path of this machine */
		local = open(as->rsync_put, O_PATH | O_DIRECTORY | O_CLOEXEC);
	rc = run(s, &a, local, &w, e);
	if (local != -1)
		close(local);
	args_clear(&a);
	return rc == 0 ? 0 : err_wrap(e, "put %s", as->rsync_put);
}
