/*
 * What a person must know of; see notice.h.  Several programs share the file
 * <state>/notices: each change is kept as an operation until notices_flush
 * reads the file anew under its lock, applies the operations and replaces it.
 *
 * A line is: state since next-mail interval association key text next,
 * separated by TABs, text escaped.
 *
 *	state   raise    clear     mail sent
 *	(none)  NEW      -         -
 *	NEW     -        BRIEF (1) ON
 *	ON      -        OVER      ON (reminder, interval doubled)
 *	OVER    ON       -         (none)
 *	BRIEF   NEW      -         (none)
 *
 *	(1) an outage of the link: (none)
 */
#include "config.h"

#include <errno.h>
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

#define NOTICES_FILE "notices"
#define NOTICES_LOCK "notices.lock"

enum {
	NOTICES_MAX = 4 << 20, /* bytes of the file */
	NOTICE_TEXT = 800,
	LOCK_WAIT_MS = 5000,
	MAIL_DEADLINE_MS = 60000,
	MAILS_AN_HOUR = 20,
	HOUR_S = 3600,
};

enum state {
	STATE_NEW,   /* raised, not mailed yet */
	STATE_ON,    /* raised and mailed */
	STATE_OVER,  /* cleared, its end not mailed yet */
	STATE_BRIEF, /* cleared before it was mailed at all */
};
enum {
	STATE_COUNT = STATE_BRIEF + 1
};

struct entry {
	enum state state;
	int64_t since_s;
	int64_t due_s;      /* when it is to be mailed next */
	int64_t interval_s; /* to the reminder after that */
	char *association, *key, *text, *next;
};

struct op {
	bool raise;
	struct entry entry;
};

struct notices {
	int state_dir;
	struct notice_mail mail;
	bool mailing; /* there is somebody to mail */
	struct entry *entry;
	size_t n;
	struct op *op;
	size_t n_op;
	int64_t hour; /* the hour that mails counts */
	uint64_t mails;
};

static const char *const state_word[] = {
	[STATE_NEW] = "new",
	[STATE_ON] = "on",
	[STATE_OVER] = "over",
	[STATE_BRIEF] = "brief",
};

static void
entry_clear(struct entry *x)
{
	free(x->association);
	free(x->key);
	free(x->text);
	free(x->next);
	*x = (struct entry){ 0 };
}

static struct entry
entry_copy(const struct entry *x)
{
	struct entry c = *x;

	c.association = mem_strdup(x->association);
	c.key = mem_strdup(x->key);
	c.text = mem_strdup(x->text);
	c.next = mem_strdup(x->next);
	return c;
}

static struct notice
entry_notice(const struct entry *x)
{
	return (struct notice){ x->association, x->key, x->text, x->next };
}

static size_t
find(const struct notices *n, const char *association, const char *key)
{
	size_t i = 0;

	while (i < n->n &&
	    (strcmp(n->entry[i].association, association) != 0 ||
		strcmp(n->entry[i].key, key) != 0))
		i++;
	return i;
}

static void
remove_entry(struct notices *n, size_t i)
{
	entry_clear(&n->entry[i]);
	n->n--;
	memmove(&n->entry[i], &n->entry[i + 1],
	    (n->n - i) * sizeof(n->entry[0]));
}

static void
add_entry(struct notices *n, struct entry x)
{
	n->entry = mem_resize(n->entry, n->n + 1, sizeof(n->entry[0]));
	n->entry[n->n++] = x;
}

static bool
is_over(enum state s)
{
	return s == STATE_OVER || s == STATE_BRIEF;
}

/* A link that was down and is up again before anybody was told is no news; a
 * message that was refused is, whatever came after it. */
static bool
is_outage(const char *key)
{
	return strcmp(key, "delivery") == 0;
}

/* Returns true when the state began. */
static bool
apply_raise(struct notices *n, const struct entry *x)
{
	size_t i = find(n, x->association, x->key);

	if (i < n->n && !is_over(n->entry[i].state))
		return false;
	if (i < n->n && n->entry[i].state == STATE_BRIEF) {
		n->entry[i].state = STATE_NEW;
		return true;
	}
	if (i < n->n) { /* its end was not told: it never ended */
		n->entry[i].state = STATE_ON;
		n->entry[i].due_s = x->since_s + n->entry[i].interval_s;
		return true;
	}
	add_entry(n, entry_copy(x));
	return true;
}

static bool
apply_clear(struct notices *n, const struct entry *x)
{
	size_t i = find(n, x->association, x->key);

	if (i == n->n || is_over(n->entry[i].state))
		return false;
	if (!n->mailing ||
	    (n->entry[i].state == STATE_NEW && is_outage(x->key))) {
		remove_entry(n, i); /* nobody was told: nobody is told again */
		return true;
	}
	if (n->entry[i].state == STATE_NEW) {
		n->entry[i].state = STATE_BRIEF;
		return true;
	}
	n->entry[i].state = STATE_OVER;
	n->entry[i].due_s = x->since_s;
	return true;
}

static bool
parse_entry(struct slice line, struct entry *x)
{
	struct slice f[7];
	uint64_t since, due, interval;
	size_t state = 0;

	for (size_t i = 0; i < 7; i++)
		if (!slice_cut(&line, '\t', &f[i]))
			return false;
	while (state < STATE_COUNT && !slice_eq_str(f[0], state_word[state]))
		state++;
	if (state >= STATE_COUNT || !slice_u64(f[1], INT64_MAX, &since) ||
	    !slice_u64(f[2], INT64_MAX, &due) ||
	    !slice_u64(f[3], INT64_MAX, &interval))
		return false;
	*x = (struct entry){ (enum state)state, (int64_t)since, (int64_t)due,
		(int64_t)interval, slice_dup(f[4]), slice_dup(f[5]),
		slice_dup(f[6]), slice_dup(line) };
	return true;
}

static void
parse_file(struct notices *n, struct slice in)
{
	struct slice line, word;
	struct entry x;
	uint64_t hour, mails;

	while (slice_cut(&in, '\n', &line)) {
		if (parse_entry(line, &x))
			add_entry(n, x);
		else if (slice_cut(&line, '\t', &word) &&
		    slice_eq_str(word, "mails") &&
		    slice_cut(&line, '\t', &word) &&
		    slice_u64(word, INT64_MAX, &hour) &&
		    slice_u64(line, INT64_MAX, &mails)) {
			n->hour = (int64_t)hour;
			n->mails = mails;
		}
	}
}

static void
forget(struct notices *n)
{
	while (n->n > 0)
		entry_clear(&n->entry[--n->n]);
}

/* A file that cannot be read is worth a line, never a stop. */
static void
load(struct notices *n)
{
	struct buf file = { 0 };
	struct err e = { 0 };

	forget(n);
	if (durable_read_file(n->state_dir, NOTICES_FILE, NOTICES_MAX, &file,
		&e) == 0)
		parse_file(n, buf_slice(&file));
	else if (e.sys != ENOENT)
		log_warn("notices forgotten: %s", e.msg);
	buf_clear(&file);
}

static void
save(const struct notices *n)
{
	struct buf file = { 0 };
	struct err e = { 0 };

	buf_printf(&file, "mails\t%lld\t%llu\n", (long long)n->hour,
	    (unsigned long long)n->mails);
	for (size_t i = 0; i < n->n; i++) {
		const struct entry *x = &n->entry[i];

		buf_printf(&file, "%s\t%lld\t%lld\t%lld\t%s\t%s\t%s\t%s\n",
		    state_word[x->state], (long long)x->since_s,
		    (long long)x->due_s, (long long)x->interval_s,
		    x->association, x->key, x->text, x->next);
	}
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

	n->state_dir = dup(state_dir);
	if (n->state_dir == -1) {
		free(n);
		return err_sys(e, "open notices");
	}
	if (mail != NULL) {
		n->mail = *mail;
		n->mailing = mail->to[0] != NULL && mail->sendmail[0] != NULL;
	}
	load(n);
	*out = n;
	return 0;
}

static void
keep_op(struct notices *n, bool raise, struct entry x)
{
	n->op = mem_resize(n->op, n->n_op + 1, sizeof(n->op[0]));
	n->op[n->n_op++] = (struct op){ raise, x };
}

static char *
escaped(const char *text)
{
	char line[NOTICE_TEXT];

	return mem_strdup(log_escape(line, sizeof(line), slice_str(text)));
}

bool
notice_raise(struct notices *n, const struct notice *what, struct wall now)
{
	struct entry x = { STATE_NEW, wall_s(now),
		wall_s(now) + n->mail.gather_s, n->mail.repeat_s,
		mem_strdup(what->association), mem_strdup(what->key),
		escaped(what->text), escaped(what->next) };
	bool began = apply_raise(n, &x);

	if (began)
		log_err("trouble association=%s what=%s: %s; next: %s",
		    x.association, x.key, x.text, x.next);
	if (began)
		keep_op(n, true, x);
	else
		entry_clear(&x);
	return began;
}

bool
notice_clear(struct notices *n, const char *association, const char *key,
    struct wall now)
{
	struct entry x = { .since_s = wall_s(now),
		.association = mem_strdup(association),
		.key = mem_strdup(key),
		.text = mem_strdup(""),
		.next = mem_strdup("") };
	bool was = apply_clear(n, &x);

	if (was)
		log_warn("over association=%s what=%s", association, key);
	if (was)
		keep_op(n, false, x);
	else
		entry_clear(&x);
	return was;
}

bool
notice_is_raised(const struct notices *n, const char *association,
    const char *key)
{
	size_t i = find(n, association, key);

	return i < n->n && !is_over(n->entry[i].state);
}

void
notices_each(const struct notices *n,
    void (*each)(void *arg, const struct notice *what, struct wall since),
    void *arg)
{
	for (size_t i = 0; i < n->n; i++) {
		struct notice what = entry_notice(&n->entry[i]);

		if (!is_over(n->entry[i].state))
			each(arg, &what,
			    (struct wall){ n->entry[i].since_s * 1000 });
	}
}

/* Read what others wrote, then do ours again on top of it. */
static void
merge(struct notices *n)
{
	load(n);
	for (size_t i = 0; i < n->n_op; i++) {
		if (n->op[i].raise)
			apply_raise(n, &n->op[i].entry);
		else
			apply_clear(n, &n->op[i].entry);
		entry_clear(&n->op[i].entry);
	}
	n->n_op = 0;
}

/* One mail gathers everything as soon as one thing is due.  A due time that is
 * far off means that the clock went back. */
static bool
anything_due(const struct notices *n, int64_t now_s)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct entry *x = &n->entry[i];

		if (x->due_s <= now_s || x->since_s > now_s)
			return true;
	}
	return false;
}

static bool
may_mail(struct notices *n, int64_t now_s)
{
	if (n->hour != now_s / HOUR_S) {
		n->hour = now_s / HOUR_S;
		n->mails = 0;
	}
	return n->mailing && !n->mail.elsewhere && n->mails < MAILS_AN_HOUR &&
	    anything_due(n, now_s);
}

static enum mail_why
why_of(enum state s)
{
	switch (s) {
	case STATE_NEW:
		return MAIL_BEGAN;
	case STATE_ON:
		return MAIL_LASTS;
	case STATE_OVER:
	case STATE_BRIEF:
		return MAIL_OVER;
	}
	return MAIL_BEGAN;
}

static void
compose(const struct notices *n, struct buf *out)
{
	struct mail_item *item = mem_array(n->n, sizeof(*item));

	for (size_t i = 0; i < n->n; i++)
		item[i] = (struct mail_item){ why_of(n->entry[i].state),
			entry_notice(&n->entry[i]), n->entry[i].since_s };
	mail_compose(out, &n->mail, item, n->n);
	free(item);
}

/* The mail was handed over: nothing in it is told again before its time. */
static void
mark_told(struct notices *n, int64_t now_s)
{
	n->mails++;
	for (size_t i = n->n; i-- > 0;) {
		struct entry *x = &n->entry[i];

		if (is_over(x->state)) {
			remove_entry(n, i);
			continue;
		}
		x->state = STATE_ON;
		x->due_s = now_s + x->interval_s;
		if (x->interval_s <= INT64_MAX / 4)
			x->interval_s *= 2;
	}
}

/* A mail that failed is tried again after the gathering time. */
static void
put_off(struct notices *n, int64_t now_s, const char *why)
{
	log_err("mail to the operator failed: %s", why);
	for (size_t i = 0; i < n->n; i++)
		if (n->entry[i].due_s <= now_s)
			n->entry[i].due_s = now_s +
			    (n->mail.gather_s > 60 ? n->mail.gather_s : 60);
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
		mark_told(n, now_s);
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

	if (n->n_op == 0 &&
	    (!n->mailing || n->mail.elsewhere || !anything_due(n, now_s)))
		return -1;
	lock = lock_notices(n);
	if (lock == -1)
		return -1;
	merge(n);
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
	forget(n);
	free(n->entry);
	for (size_t i = 0; i < n->n_op; i++)
		entry_clear(&n->op[i].entry);
	free(n->op);
	close(n->state_dir);
	free(n);
}
