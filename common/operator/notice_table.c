/*
 * States that a person must know of, as a table; see notice_table.h.  A line is:
 * state since next-mail interval association key text next, and where there are
 * several causes, or it came back, the present one and all of them, and where it
 * came back when it was mailed last and how often it came, separated by TABs, text
 * escaped.  Of one that is past: "past", until when that is known, mailed, returns,
 * association key.  Before them are "seen", the latest time of a change, and for
 * each of the last mails "sent" and when, behind them what notice_lines.c keeps.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/operator/notice_pace.h"
#include "common/operator/notice_table.h"

enum {
	STATE_COUNT = NOTICE_CHANGED + 1, /* of what is not past */
	CAUSE_LEAST = 64,                 /* of <sysexits.h> */
	CAUSE_MOST = 127,
	HOUR_S = 3600,
	RETURNS_MOST = 40, /* counted */
};

static const char *const state_word[] = {
	[NOTICE_NEW] = "new",
	[NOTICE_ON] = "on",
	[NOTICE_OVER] = "over",
	[NOTICE_BRIEF] = "brief",
	[NOTICE_CHANGED] = "changed",
	[NOTICE_PAST] = "past",
};

void
notice_entry_clear(struct notice_entry *x)
{
	free(x->association);
	free(x->key);
	free(x->text);
	free(x->next);
	*x = (struct notice_entry){ 0 };
}

static struct notice_entry
entry_copy(const struct notice_entry *x)
{
	struct notice_entry c = *x;

	c.association = mem_strdup(x->association);
	c.key = mem_strdup(x->key);
	c.text = mem_strdup(x->text);
	c.next = mem_strdup(x->next);
	return c;
}

static size_t
find(const struct notice_table *t, const char *association, const char *key)
{
	size_t i = 0;

	while (i < t->n &&
	    (strcmp(t->entry[i].association, association) != 0 ||
		strcmp(t->entry[i].key, key) != 0))
		i++;
	return i;
}

static void
remove_entry(struct notice_table *t, size_t i)
{
	notice_entry_clear(&t->entry[i]);
	t->n--;
	memmove(&t->entry[i], &t->entry[i + 1],
	    (t->n - i) * sizeof(t->entry[0]));
}

static void
add_entry(struct notice_table *t, struct notice_entry x)
{
	t->entry = mem_resize(t->entry, t->n + 1, sizeof(t->entry[0]));
	t->entry[t->n++] = x;
}

bool
notice_state_is_over(enum notice_state s)
{
	return s == NOTICE_OVER || s == NOTICE_BRIEF || s == NOTICE_PAST;
}

/* A link that was down and is up again before anybody was told is no news; a
 * message that was refused is, whatever came after it. */
static bool
is_outage(const char *key)
{
	return strcmp(key, "delivery") == 0 || strcmp(key, "silent") == 0;
}

static uint64_t
bit_of(unsigned cause)
{
	return cause < CAUSE_LEAST || cause > CAUSE_MOST
	    ? 0
	    : UINT64_C(1) << (cause - CAUSE_LEAST);
}

/* Its words are those of its present cause. */
static void
put_cause(struct notice_entry *to, const struct notice_entry *x)
{
	free(to->text);
	free(to->next);
	to->text = mem_strdup(x->text);
	to->next = mem_strdup(x->next);
	to->cause = x->cause;
	to->causes |= bit_of(x->cause);
}

/* It is raised already. */
static enum notice_change
change_cause(struct notice_entry *to, const struct notice_entry *x)
{
	/* one without a cause is an older program's */
	bool told = to->cause == 0 || (to->causes & bit_of(x->cause)) != 0;

	if (x->cause == to->cause || bit_of(x->cause) == 0)
		return NOTICE_SAME;
	put_cause(to, x);
	if (told)
		return NOTICE_OTHER;
	if (to->state == NOTICE_ON) {
		to->state = NOTICE_CHANGED;
		if (x->due_s < to->due_s)
			to->due_s = x->due_s;
	}
	return NOTICE_TELL;
}

static void
see(struct notice_table *t, int64_t s)
{
	if (s > t->seen_s)
		t->seen_s = s;
}

/* A calm has lasted. */
static void
forget_past(struct notice_table *t, int64_t now_s)
{
	for (size_t i = t->n; i-- > 0;)
		if (t->entry[i].state == NOTICE_PAST &&
		    t->entry[i].due_s <= now_s)
			remove_entry(t, i);
}

/* What gathers before it is mailed. */
static int64_t
gather_s(const struct notice_entry *x)
{
	return x->due_s - x->since_s;
}

static void
become_past(struct notice_entry *to, int64_t now_s, int64_t interval_s)
{
	to->state = NOTICE_PAST;
	to->due_s = now_s + interval_s / 4;
}

/* It was over. */
static void
come_back(struct notice_entry *was, const struct notice_entry *x)
{
	int64_t again_s;

	if (was->returns < RETURNS_MOST)
		was->returns++;
	again_s = was->mailed_s +
	    notice_pace_s(was->returns, gather_s(x), x->interval_s);
	if (was->state == NOTICE_OVER) { /* not told: it never ended */
		was->state = NOTICE_ON;
		was->due_s = x->since_s + was->interval_s;
		(void)change_cause(was, x);
		put_cause(was, x); /* its words now */
	} else if (was->state == NOTICE_BRIEF) {
		was->state = NOTICE_NEW;
		put_cause(was, x);
	} else {
		was->state = NOTICE_NEW;
		was->since_s = x->since_s;
		was->interval_s = x->interval_s;
		was->due_s = x->due_s > again_s ? x->due_s : again_s;
		was->causes = 0;
		put_cause(was, x);
	}
}

static struct notice_line_event
line_event(const struct notice_entry *x)
{
	return (struct notice_line_event){ .association = x->association,
		.key = x->key,
		.now_s = x->since_s,
		.gather_s = gather_s(x),
		.repeat_s = x->interval_s,
		.words = x->text == NULL
		    ? 0
		    : notice_lines_words(slice_str(x->text)) };
}

static enum notice_change
told_if(bool told)
{
	return told ? NOTICE_TELL : NOTICE_HUSH;
}

enum notice_change
notice_table_raise(struct notice_table *t, const struct notice_entry *x)
{
	const struct notice_line_event line = line_event(x);
	enum notice_change change;
	size_t i;

	forget_past(t, x->since_s);
	i = find(t, x->association, x->key);
	see(t, x->since_s);
	if (i == t->n) {
		add_entry(t, entry_copy(x));
		t->entry[i].causes = bit_of(x->cause);
		t->entry[i].mailed_s = x->since_s;
	} else if (notice_state_is_over(t->entry[i].state)) {
		come_back(&t->entry[i], x);
	} else {
		change = change_cause(&t->entry[i], x);
		return change != NOTICE_TELL
		    ? change
		    : told_if(notice_lines_changed(&t->lines, &line));
	}
	return told_if(notice_lines_began(&t->lines, &line));
}

enum notice_change
notice_table_clear(struct notice_table *t, const struct notice_entry *x)
{
	size_t i = find(t, x->association, x->key);
	struct notice_entry *was = &t->entry[i];
	const struct notice_line_event line = line_event(x);

	see(t, x->since_s);
	if (i == t->n || notice_state_is_over(was->state))
		return NOTICE_SAME;
	if (!t->mailing) {
		remove_entry(t, i);
	} else if (was->state == NOTICE_NEW && is_outage(x->key)) {
		if (was->returns == 0) /* it was not mailed at all */
			remove_entry(t, i);
		else
			become_past(was, x->since_s, x->interval_s);
	} else if (was->state == NOTICE_NEW) {
		was->state = NOTICE_BRIEF;
	} else {
		was->state = NOTICE_OVER;
		was->due_s = /* at once, if it does not come and go */
		    was->returns > NOTICE_RETURNS ? x->due_s : x->since_s;
	}
	return told_if(notice_lines_ended(&t->lines, &line));
}

void
notice_table_drop(struct notice_table *t, const char *association,
    const char *key)
{
	size_t i = find(t, association, key);

	if (i < t->n)
		remove_entry(t, i);
	notice_lines_drop(&t->lines, association, key);
}

/* "until mailed returns association key". */
static bool
parse_past(struct slice line, struct notice_entry *x)
{
	struct slice f[5];
	uint64_t due, mailed, returns;

	for (size_t i = 0; i < 4; i++)
		if (!slice_cut(&line, '\t', &f[i]))
			return false;
	f[4] = line;
	if (!slice_u64(f[0], INT64_MAX, &due) ||
	    !slice_u64(f[1], INT64_MAX, &mailed) ||
	    !slice_u64(f[2], RETURNS_MOST, &returns))
		return false;
	*x = (struct notice_entry){ .state = NOTICE_PAST,
		.since_s = (int64_t)mailed,
		.due_s = (int64_t)due,
		.mailed_s = (int64_t)mailed,
		.returns = (unsigned)returns,
		.association = slice_dup(f[3]),
		.key = slice_dup(f[4]),
		.text = mem_strdup(""),
		.next = mem_strdup("") };
	return true;
}

/* "cause causes" or "cause causes mailed returns". */
static bool
parse_more(struct slice line, struct notice_entry *x)
{
	struct slice f[4];
	size_t n = 0;
	uint64_t cause, mailed = (uint64_t)x->since_s, returns = 0;

	while (n < 3 && slice_cut(&line, '\t', &f[n]))
		n++;
	f[n++] = line;
	if ((n != 2 && n != 4) ||
	    (n == 4 &&
		(!slice_u64(f[2], INT64_MAX, &mailed) ||
		    !slice_u64(f[3], RETURNS_MOST, &returns))))
		return false;
	x->mailed_s = (int64_t)mailed;
	x->returns = (unsigned)returns;
	if (!slice_u64(f[0], CAUSE_MOST, &cause) ||
	    !slice_u64(f[1], UINT64_MAX, &x->causes))
		return false;
	x->cause = (unsigned)cause;
	return true;
}

static bool
parse_entry(struct slice line, struct notice_entry *x)
{
	struct slice f[7], next, more = { NULL, 0 };
	uint64_t since, due, interval;
	size_t state = 0;

	for (size_t i = 0; i < 7; i++)
		if (!slice_cut(&line, '\t', &f[i]))
			return false;
	if (slice_cut(&line, '\t', &next))
		more = line;
	else
		next = line;
	while (state < STATE_COUNT && !slice_eq_str(f[0], state_word[state]))
		state++;
	if (state >= STATE_COUNT || !slice_u64(f[1], INT64_MAX, &since) ||
	    !slice_u64(f[2], INT64_MAX, &due) ||
	    !slice_u64(f[3], INT64_MAX, &interval))
		return false;
	*x = (struct notice_entry){ .state = (enum notice_state)state,
		.since_s = (int64_t)since,
		.due_s = (int64_t)due,
		.interval_s = (int64_t)interval,
		.mailed_s = (int64_t)since };
	if (more.p != NULL && !parse_more(more, x))
		return false;
	x->association = slice_dup(f[4]);
	x->key = slice_dup(f[5]);
	x->text = slice_dup(f[6]);
	x->next = slice_dup(next);
	return true;
}

static void
put_sent(struct notice_table *t, int64_t s)
{
	if (t->n_sent == NOTICE_MAILS_AN_HOUR)
		memmove(&t->sent_s[0], &t->sent_s[1],
		    --t->n_sent * sizeof(t->sent_s[0]));
	t->sent_s[t->n_sent++] = s;
}

static void
parse_time(struct notice_table *t, struct slice line)
{
	struct slice word;
	uint64_t s;

	if (!slice_cut(&line, '\t', &word) || !slice_u64(line, INT64_MAX, &s))
		return;
	if (slice_eq_str(word, "seen"))
		see(t, (int64_t)s);
	else if (slice_eq_str(word, "sent"))
		put_sent(t, (int64_t)s);
}

void
notice_table_parse(struct notice_table *t, struct slice in)
{
	struct slice line;
	struct notice_entry x;

	while (slice_cut(&in, '\n', &line)) {
		struct slice past = line, told = line;

		if (slice_skip(&told, SLICE(NOTICE_LINES_WORD "\t"))) {
			(void)notice_lines_parse(&t->lines, told);
		} else if (slice_skip(&past, SLICE("past\t"))
			? parse_past(past, &x)
			: parse_entry(line, &x)) {
			see(t, x.since_s);
			add_entry(t, x);
		} else {
			parse_time(t, line);
		}
	}
}

void
notice_table_forget(struct notice_table *t)
{
	while (t->n > 0)
		notice_entry_clear(&t->entry[--t->n]);
	notice_lines_clear(&t->lines);
	t->seen_s = 0;
	t->n_sent = 0;
}

bool
notice_table_went_back(const struct notice_table *t, int64_t now_s)
{
	return t->seen_s > now_s;
}

/* What it was, or where that is to come, as far from now as it was then. */
static int64_t
brought_back(int64_t s, int64_t by_s, int64_t least_s, int64_t now_s)
{
	if (s <= now_s)
		return s;
	return s - by_s > least_s ? s - by_s : least_s;
}

void
notice_table_set_clock(struct notice_table *t, int64_t now_s)
{
	int64_t by_s = t->seen_s - now_s;

	t->seen_s = now_s;
	notice_lines_set_clock(&t->lines, now_s);
	if (by_s <= 0) {
		forget_past(t, now_s);
		return;
	}
	for (size_t i = 0; i < t->n; i++) {
		struct notice_entry *x = &t->entry[i];

		x->due_s = brought_back(x->due_s, by_s, now_s, now_s);
		if (x->since_s > now_s)
			x->since_s = now_s;
		if (x->mailed_s > now_s)
			x->mailed_s = now_s;
	}
	for (size_t i = 0; i < t->n_sent; i++)
		t->sent_s[i] = brought_back(t->sent_s[i], by_s, 0, now_s);
}

bool
notice_table_is_due(const struct notice_table *t, int64_t now_s)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->entry[i].state != NOTICE_PAST &&
		    t->entry[i].due_s <= now_s)
			return true;
	return false;
}

bool
notice_table_may_mail(const struct notice_table *t, int64_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_sent; i++)
		n += t->sent_s[i] > now_s - HOUR_S;
	return n < NOTICE_MAILS_AN_HOUR;
}

void
notice_table_told(struct notice_table *t, int64_t now_s)
{
	put_sent(t, now_s);
	for (size_t i = t->n; i-- > 0;) {
		struct notice_entry *x = &t->entry[i];

		if (x->state == NOTICE_PAST)
			continue;
		x->mailed_s = now_s;
		if (notice_state_is_over(x->state)) {
			become_past(x, now_s, x->interval_s);
			continue;
		}
		x->due_s = now_s + x->interval_s;
		if (x->state == NOTICE_CHANGED) {
			x->state = NOTICE_ON;
			continue;
		}
		x->state = NOTICE_ON;
		if (x->interval_s <= INT64_MAX / 4)
			x->interval_s *= 2;
	}
}

static void
print_past(const struct notice_entry *x, struct buf *out)
{
	buf_printf(out, "%s\t%lld\t%lld\t%u\t%s\t%s\n", state_word[x->state],
	    (long long)x->due_s, (long long)x->mailed_s, x->returns,
	    x->association, x->key);
}

static void
print_entry(const struct notice_entry *x, struct buf *out)
{
	buf_printf(out, "%s\t%lld\t%lld\t%lld\t%s\t%s\t%s\t%s",
	    state_word[x->state], (long long)x->since_s, (long long)x->due_s,
	    (long long)x->interval_s, x->association, x->key, x->text, x->next);
	if (x->cause != 0 || x->returns > 0)
		buf_printf(out, "\t%u\t%llu", x->cause,
		    (unsigned long long)x->causes);
	if (x->returns > 0)
		buf_printf(out, "\t%lld\t%u", (long long)x->mailed_s,
		    x->returns);
	buf_put_char(out, '\n');
}

void
notice_table_print(const struct notice_table *t, struct buf *out)
{
	buf_printf(out, "seen\t%lld\n", (long long)t->seen_s);
	for (size_t i = 0; i < t->n_sent; i++)
		buf_printf(out, "sent\t%lld\n", (long long)t->sent_s[i]);
	for (size_t i = 0; i < t->n; i++) {
		if (t->entry[i].state == NOTICE_PAST)
			print_past(&t->entry[i], out);
		else
			print_entry(&t->entry[i], out);
	}
	notice_lines_print(&t->lines, out);
}

bool
notice_table_is_raised(const struct notice_table *t, const char *association,
    const char *key)
{
	return notice_table_text(t, association, key) != NULL;
}

const char *
notice_table_text(const struct notice_table *t, const char *association,
    const char *key)
{
	size_t i = find(t, association, key);

	return i < t->n && !notice_state_is_over(t->entry[i].state)
	    ? t->entry[i].text
	    : NULL;
}

int64_t
notice_table_since_s(const struct notice_table *t, const char *association,
    const char *key)
{
	size_t i = find(t, association, key);

	return i < t->n && !notice_state_is_over(t->entry[i].state)
	    ? t->entry[i].since_s
	    : 0;
}

void
notice_table_put_off(struct notice_table *t, int64_t now_s, int64_t wait_s)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->entry[i].state != NOTICE_PAST &&
		    t->entry[i].due_s <= now_s)
			t->entry[i].due_s = now_s + wait_s;
}
