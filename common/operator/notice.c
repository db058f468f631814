/*
 * What a person must know of; see notice.h.  Several programs share the file
 * <state>/notices: each change is kept as an operation until notices_flush
 * reads the file anew under its lock, applies the operations and replaces it.
 * What an operation does, notice_table.c knows.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/proc.h"
#include "common/operator/mail.h"
#include "common/operator/notice.h"
#include "common/operator/notice_pace.h"
#include "common/operator/notice_table.h"

#define NOTICES_FILE "notices"
#define NOTICES_LOCK "notices.lock"

enum {
	NOTICES_MAX = 4 << 20, /* bytes of the file */
	NOTICE_TEXT = 800,
	LOCK_WAIT_MS = 5000,
	MAIL_DEADLINE_MS = 60000,
};

enum op_what {
	OP_RAISE,
	OP_CLEAR,
	OP_DROP,
};

struct op {
	enum op_what what;
	struct notice_entry entry;
};

struct notices {
	int state_dir;
	struct notice_mail mail;
	struct notice_table table;
	struct op *op;
	size_t n_op;
};

static struct notice
entry_notice(const struct notice_entry *x)
{
	return (struct notice){ x->association, x->key, x->text, x->next };
}

/* A file that cannot be read is worth a line, never a stop. */
static void
load(struct notices *n)
{
	struct buf file = { 0 };
	struct err e = { 0 };

	notice_table_forget(&n->table);
	if (durable_read_file(n->state_dir, NOTICES_FILE, NOTICES_MAX, &file,
		&e) == 0)
		notice_table_parse(&n->table, buf_slice(&file));
	else if (e.sys != ENOENT)
		log_warn("notices forgotten: %s", e.msg);
	buf_clear(&file);
}

static void
save(const struct notices *n)
{
	struct buf file = { 0 };
	struct err e = { 0 };

	notice_table_print(&n->table, &file);
	if (durable_replace(n->state_dir, NOTICES_FILE, buf_slice(&file), &e) ==
	    -1)
		log_err("notices not kept: %s", e.msg);
	buf_clear(&file);
}

int
notices_open(int state_dir, const struct notice_mail *mail,
    struct notices **out, struct err *e)
{
	struct notices *n = mem_alloc(sizeof(*n));

	n->state_dir = fcntl(state_dir, F_DUPFD_CLOEXEC, 0);
	if (n->state_dir == -1) {
		free(n);
		return err_sys(e, "open notices");
	}
	if (mail != NULL) {
		n->mail = *mail;
		n->table.mailing =
		    mail->to[0] != NULL && mail->sendmail[0] != NULL;
	}
	load(n);
	*out = n;
	return 0;
}

static void
keep_op(struct notices *n, enum op_what what, struct notice_entry x)
{
	n->op = mem_resize(n->op, n->n_op + 1, sizeof(n->op[0]));
	n->op[n->n_op++] = (struct op){ what, x };
}

static char *
escaped(const char *text)
{
	char line[NOTICE_TEXT];

	return mem_strdup(
	    log_escape_again(line, sizeof(line), slice_str(text)));
}

/* As a word of sh(1). */
static void
put_word(struct buf *out, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789/._+-";

	if (word[strspn(word, plain)] == '\0') {
		buf_put_str(out, word);
		return;
	}
	buf_put_char(out, '\'');
	for (; *word != '\0'; word++)
		if (*word == '\'')
			buf_put_str(out, "'\\''");
		else
			buf_put_char(out, *word);
	buf_put_char(out, '\'');
}

char *
notices_command(const struct notices *n, const char *command)
{
	struct slice program = { command, strcspn(command, " ") };
	struct buf out = { 0 };
	char *text;

	if (n->mail.config == NULL ||
	    (!slice_eq_str(program, "spoke") &&
		!slice_eq_str(program, "hubctl")))
		return mem_strdup(command);
	buf_put(&out, program);
	buf_put_str(&out, " -c ");
	put_word(&out, n->mail.config);
	buf_put_str(&out, command + program.n);
	text = slice_dup(buf_slice(&out));
	buf_clear(&out);
	return text;
}

static char *
escaped_command(const struct notices *n, const char *next)
{
	char *command = notices_command(n, next);
	char *line = escaped(command);

	free(command);
	return line;
}

/* Those of the node have none. */
static const char *
of_association(const char *name)
{
	return name[0] == '\0' ? "" : " association=";
}

/* Without its words. */
static struct notice_entry
named(const struct notices *n, const char *association, const char *key,
    struct wall now)
{
	return (struct notice_entry){ .state = NOTICE_NEW,
		.since_s = wall_s(now),
		.due_s = wall_s(now) + n->mail.gather_s,
		.interval_s = n->mail.repeat_s,
		.association = mem_strdup(association),
		.key = mem_strdup(key) };
}

/* A line says so. */
static bool
is_told(const struct notices *n, enum notice_change change)
{
	return change == NOTICE_TELL ||
	    (change == NOTICE_HUSH && !n->mail.hush);
}

/* The next of them will say nothing for a while: what is told says why. */
static void
say_began(const struct notices *n, const struct notice_entry *x)
{
	const unsigned returns =
	    notice_lines_returns(&n->table.lines, x->association, x->key);
	char often[96] = "";

	if (returns >= NOTICE_RETURNS)
		(void)snprintf(often, sizeof(often),
		    " (it comes and goes: %u times by now, told the more rarely)",
		    returns + 1);
	log_err("trouble%s%s what=%s: %s%s; next: %s",
	    of_association(x->association), x->association, x->key, x->text,
	    often, x->next);
}

bool
notice_raise(struct notices *n, const struct notice *what, struct wall now)
{
	return notice_raise_cause(n, what, 0, now);
}

bool
notice_raise_cause(struct notices *n, const struct notice *what, int cause,
    struct wall now)
{
	struct notice_entry x = named(n, what->association, what->key, now);
	enum notice_change change;

	x.text = escaped(what->text);
	x.next = escaped_command(n, what->next);
	x.cause = (unsigned)cause;
	change = notice_table_raise(&n->table, &x);
	if (is_told(n, change))
		say_began(n, &x);
	if (change != NOTICE_SAME)
		keep_op(n, OP_RAISE, x);
	else
		notice_entry_clear(&x);
	return is_told(n, change);
}

bool
notice_clear(struct notices *n, const char *association, const char *key,
    struct wall now)
{
	struct notice_entry x = named(n, association, key, now);
	enum notice_change change = notice_table_clear(&n->table, &x);

	if (is_told(n, change))
		log_warn("over%s%s what=%s", of_association(association),
		    association, key);
	if (change != NOTICE_SAME)
		keep_op(n, OP_CLEAR, x);
	else
		notice_entry_clear(&x);
	return change != NOTICE_SAME;
}

/* Its entry may be freed. */
static void
end_one(struct notices *n, const struct notice_entry *which, struct wall now)
{
	struct notice_entry x = named(n, which->association, which->key, now);

	(void)notice_clear(n, x.association, x.key, now);
	notice_entry_clear(&x);
}

static void
drop(struct notices *n, const struct notice_entry *which, struct wall now)
{
	struct notice_entry x = named(n, which->association, which->key, now);

	if (!notice_state_is_over(which->state))
		log_warn("over%s%s what=%s: what it is of is not in the "
			 "configuration any more",
		    of_association(x.association), x.association, x.key);
	notice_table_drop(&n->table, x.association, x.key);
	keep_op(n, OP_DROP, x);
}

void
notices_fit(struct notices *n, notice_judge *judge, const void *arg,
    struct wall now)
{
	for (size_t i = n->table.n; i-- > 0;) { /* what ends may be removed */
		const struct notice_entry *x = &n->table.entry[i];

		switch (judge(arg, x->association, x->key)) {
		case NOTICE_FITS:
			break;
		case NOTICE_ENDS:
			end_one(n, x, now);
			break;
		case NOTICE_GONE:
			drop(n, x, now);
			break;
		}
	}
}

bool
notice_is_raised(const struct notices *n, const char *association,
    const char *key)
{
	return notice_table_is_raised(&n->table, association, key);
}

const char *
notice_text(const struct notices *n, const char *association, const char *key)
{
	return notice_table_text(&n->table, association, key);
}

int64_t
notice_since_s(const struct notices *n, const char *association,
    const char *key)
{
	return notice_table_since_s(&n->table, association, key);
}

void
notices_each(const struct notices *n,
    void (*each)(void *arg, const struct notice *what, struct wall since),
    void *arg)
{
	for (size_t i = 0; i < n->table.n; i++) {
		struct notice what = entry_notice(&n->table.entry[i]);

		if (!notice_state_is_over(n->table.entry[i].state))
			each(arg, &what,
			    (struct wall){ n->table.entry[i].since_s * 1000 });
	}
}

/* What others wrote, and ours again on top of it. */
void
notices_read_again(struct notices *n)
{
	load(n);
	for (size_t i = 0; i < n->n_op; i++) {
		const struct notice_entry *x = &n->op[i].entry;

		switch (n->op[i].what) {
		case OP_RAISE:
			(void)notice_table_raise(&n->table, x);
			break;
		case OP_CLEAR:
			(void)notice_table_clear(&n->table, x);
			break;
		case OP_DROP:
			notice_table_drop(&n->table, x->association, x->key);
			break;
		}
	}
}

static void
merge(struct notices *n)
{
	notices_read_again(n);
	for (size_t i = 0; i < n->n_op; i++)
		notice_entry_clear(&n->op[i].entry);
	n->n_op = 0;
}

static bool
may_mail(const struct notices *n, int64_t now_s)
{
	return n->table.mailing && !n->mail.elsewhere &&
	    notice_table_is_due(&n->table, now_s) &&
	    notice_table_may_mail(&n->table, now_s);
}

static enum mail_why
why_of(enum notice_state s)
{
	switch (s) {
	case NOTICE_NEW:
		return MAIL_BEGAN;
	case NOTICE_CHANGED:
		return MAIL_CHANGED;
	case NOTICE_ON:
		return MAIL_LASTS;
	case NOTICE_OVER:
	case NOTICE_BRIEF:
	case NOTICE_PAST: /* none is mailed */
		return MAIL_OVER;
	}
	return MAIL_BEGAN;
}

static void
compose(const struct notices *n, struct buf *out)
{
	struct mail_item *item = mem_array(n->table.n, sizeof(*item));
	size_t items = 0;

	for (size_t i = 0; i < n->table.n; i++) {
		const struct notice_entry *x = &n->table.entry[i];

		if (x->state != NOTICE_PAST)
			item[items++] = (struct mail_item){ why_of(x->state),
				entry_notice(x), x->since_s };
	}
	mail_compose(out, &n->mail, item, items);
	free(item);
}

/* A state that no mail can tell of until it is over: status and check show it. */
static void
note_failure(struct notices *n, int64_t now_s, int64_t due_s, const char *why)
{
	char *text = mem_printf("no mail can be sent: %s", why);
	char *next = mem_printf("see why %s fails", n->mail.sendmail[0]);
	struct notice_entry x =
	    named(n, "", NOTICE_MAIL, (struct wall){ now_s * 1000 });

	x.due_s = due_s;
	x.text = escaped(text);
	x.next = escaped(next);
	(void)notice_table_raise(&n->table, &x);
	notice_entry_clear(&x);
	free(text);
	free(next);
}

static void
note_success(struct notices *n, int64_t now_s)
{
	struct notice_entry x =
	    named(n, "", NOTICE_MAIL, (struct wall){ now_s * 1000 });

	if (is_told(n, notice_table_clear(&n->table, &x)))
		log_warn("over what=" NOTICE_MAIL);
	notice_entry_clear(&x);
}

/* A mail that failed is tried again after the gathering time. */
static void
put_off(struct notices *n, int64_t now_s, const char *why)
{
	const int64_t wait_s = n->mail.gather_s > 60 ? n->mail.gather_s : 60;

	log_err("mail to the operator failed: %s", why);
	notice_table_put_off(&n->table, now_s, wait_s);
	note_failure(n, now_s, now_s + wait_s, why);
}

/* There was somebody to mail, and is no more. */
static bool
is_left_over(const struct notices *n)
{
	return !n->table.mailing &&
	    notice_table_is_raised(&n->table, "", NOTICE_MAIL);
}

static int
lock_notices(struct notices *n)
{
	struct err e = { 0 };
	int fd = lock_file(n->state_dir, NOTICES_LOCK, LOCK_WAIT_MS, &e);

	if (fd == -1)
		log_err("notices not kept: %s", e.msg);
	return fd;
}

static struct proc_opts
mail_proc(const struct notices *n, const struct buf *mail)
{
	return (struct proc_opts){ .argv = n->mail.sendmail,
		.input = buf_slice(mail),
		.deadline_ms = MAIL_DEADLINE_MS };
}

static void
settle_mail(struct notices *n, const struct proc_result *r, int64_t now_s)
{
	char how[64];

	if (r->exit_status == 0 && r->signal == 0) {
		notice_table_told(&n->table, now_s);
		note_success(n, now_s);
	} else {
		proc_describe(r, how, sizeof(how));
		put_off(n, now_s, how);
	}
}

/* Bring memory and file together; mail gets what is due, if anything is.
 * Returns the lock, or -1 when there is nothing to do. */
static int
begin_flush(struct notices *n, struct buf *mail, int64_t now_s)
{
	int lock;

	if (n->n_op == 0 && !notice_table_went_back(&n->table, now_s) &&
	    !is_left_over(n) &&
	    (!n->table.mailing || n->mail.elsewhere ||
		!notice_table_is_due(&n->table, now_s)))
		return -1;
	lock = lock_notices(n);
	if (lock == -1)
		return -1;
	merge(n);
	notice_table_set_clock(&n->table, now_s);
	if (is_left_over(n))
		note_success(n, now_s);
	if (may_mail(n, now_s))
		compose(n, mail);
	return lock;
}

static void
end_flush(struct notices *n, struct buf *mail, int lock)
{
	save(n);
	buf_clear(mail);
	close(lock);
}

void
notices_flush(struct notices *n, struct wall now)
{
	struct proc_result r = { .exit_status = -1 };
	struct buf mail = { 0 };
	struct err e = { 0 };
	int lock = begin_flush(n, &mail, wall_s(now));

	if (lock == -1)
		return;
	if (mail.n > 0) {
		struct proc_opts o = mail_proc(n, &mail);

		if (proc_run(&o, &r, NULL, NULL, &e) == 0)
			settle_mail(n, &r, wall_s(now));
		else
			put_off(n, wall_s(now), e.msg);
	}
	end_flush(n, &mail, lock);
}

void
notices_close(struct notices *n)
{
	if (n == NULL)
		return;
	notice_table_forget(&n->table);
	free(n->table.entry);
	for (size_t i = 0; i < n->n_op; i++)
		notice_entry_clear(&n->op[i].entry);
	free(n->op);
	close(n->state_dir);
	free(n);
}
