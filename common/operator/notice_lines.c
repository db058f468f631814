/*
 * Which changes a line tells; see notice_lines.h.  In the file: "line", state, when
 * it changed, when it was told, returns, words (eight digits each), association, key,
 * separated by TABs.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/crc.h"
#include "common/base/mem.h"
#include "common/operator/notice_lines.h"
#include "common/operator/notice_pace.h"

enum {
	DAY_S = 86400,
	RETURNS_MOST = 1000000, /* counted */
	WORDS_DIGITS = 8,       /* hexadecimal */
	STATE_COUNT = NOTICE_LINE_HUSHED + 1,
};

static const char *const state_word[] = {
	[NOTICE_LINE_OVER] = "over",
	[NOTICE_LINE_TOLD] = "told",
	[NOTICE_LINE_HUSHED] = "hushed",
};

static size_t
find(const struct notice_lines *l, const char *association, const char *key)
{
	size_t i = 0;

	while (i < l->n &&
	    (strcmp(l->line[i].association, association) != 0 ||
		strcmp(l->line[i].key, key) != 0))
		i++;
	return i;
}

static void
remove_line(struct notice_lines *l, size_t i)
{
	free(l->line[i].association);
	free(l->line[i].key);
	l->n--;
	memmove(&l->line[i], &l->line[i + 1], (l->n - i) * sizeof(l->line[0]));
}

static void
add_line(struct notice_lines *l, struct notice_line k)
{
	l->line = mem_resize(l->line, l->n + 1, sizeof(l->line[0]));
	l->line[l->n++] = k;
}

static size_t
digits(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n;
}

uint32_t
notice_lines_words(struct slice text)
{
	uint32_t crc = 0;

	while (text.n > 0) {
		size_t n = digits(text);
		struct slice piece = { text.p, n > 0 ? n : 1 };

		text.p += piece.n;
		text.n -= piece.n;
		if (n == 0 || !slice_starts(text, SLICE(" ms")))
			crc = crc_add(crc, piece);
	}
	return crc;
}

static bool
are_new(const struct notice_line *k, uint32_t words)
{
	for (size_t i = 0; i < NOTICE_WORDS_MOST; i++)
		if (k->words[i] == words)
			return false;
	return words != 0;
}

static void
tell(struct notice_line *k, const struct notice_line_event *x)
{
	k->state = NOTICE_LINE_TOLD;
	k->told_s = x->now_s;
	if (!are_new(k, x->words))
		return;
	memmove(&k->words[1], &k->words[0],
	    (NOTICE_WORDS_MOST - 1) * sizeof(k->words[0]));
	k->words[0] = x->words;
}

bool
notice_lines_began(struct notice_lines *l, const struct notice_line_event *x)
{
	struct notice_line *k;
	size_t i;

	notice_lines_set_clock(l, x->now_s);
	i = find(l, x->association, x->key);
	if (i == l->n)
		add_line(l,
		    (struct notice_line){ .association =
					      mem_strdup(x->association),
			.key = mem_strdup(x->key),
			.told_s = x->now_s });
	else if (l->line[i].returns < RETURNS_MOST)
		l->line[i].returns++;
	k = &l->line[i];
	k->changed_s = x->now_s;
	k->state = NOTICE_LINE_HUSHED;
	if (are_new(k, x->words) ||
	    x->now_s - k->told_s >=
		notice_pace_s(k->returns, x->gather_s, x->repeat_s))
		tell(k, x);
	return k->state == NOTICE_LINE_TOLD;
}

bool
notice_lines_changed(struct notice_lines *l, const struct notice_line_event *x)
{
	size_t i = find(l, x->association, x->key);

	/* an older program saw it begin */
	if (i == l->n)
		return notice_lines_began(l, x);
	if (l->line[i].state != NOTICE_LINE_TOLD &&
	    !are_new(&l->line[i], x->words))
		return false;
	tell(&l->line[i], x);
	return true;
}

bool
notice_lines_ended(struct notice_lines *l, const struct notice_line_event *x)
{
	size_t i = find(l, x->association, x->key);
	enum notice_line_state was;

	if (i == l->n)
		return true;
	was = l->line[i].state;
	l->line[i].state = NOTICE_LINE_OVER;
	l->line[i].changed_s = x->now_s;
	return was == NOTICE_LINE_TOLD;
}

unsigned
notice_lines_returns(const struct notice_lines *l, const char *association,
    const char *key)
{
	size_t i = find(l, association, key);

	return i < l->n ? l->line[i].returns : 0;
}

void
notice_lines_drop(struct notice_lines *l, const char *association,
    const char *key)
{
	size_t i = find(l, association, key);

	if (i < l->n)
		remove_line(l, i);
}

void
notice_lines_set_clock(struct notice_lines *l, int64_t now_s)
{
	for (size_t i = l->n; i-- > 0;) {
		struct notice_line *k = &l->line[i];

		if (k->changed_s > now_s)
			k->changed_s = now_s;
		if (k->told_s > now_s)
			k->told_s = now_s;
		if (k->state == NOTICE_LINE_OVER &&
		    now_s - k->changed_s >= DAY_S)
			remove_line(l, i);
	}
}

static bool
parse_words(struct slice in, uint32_t words[static NOTICE_WORDS_MOST])
{
	uint64_t one;

	if (in.n > WORDS_DIGITS * NOTICE_WORDS_MOST)
		return false;
	for (; in.n >= WORDS_DIGITS;
	     in.p += WORDS_DIGITS, in.n -= WORDS_DIGITS) {
		if (!slice_hex((struct slice){ in.p, WORDS_DIGITS },
			WORDS_DIGITS, &one))
			return false;
		*words++ = (uint32_t)one;
	}
	return in.n == 0;
}

bool
notice_lines_parse(struct notice_lines *l, struct slice in)
{
	struct slice f[6];
	struct notice_line k = { 0 };
	uint64_t changed, told, returns;
	size_t state = 0;

	for (size_t i = 0; i < 6; i++)
		if (!slice_cut(&in, '\t', &f[i]))
			return false;
	while (state < STATE_COUNT && !slice_eq_str(f[0], state_word[state]))
		state++;
	if (state == STATE_COUNT || !slice_u64(f[1], INT64_MAX, &changed) ||
	    !slice_u64(f[2], INT64_MAX, &told) ||
	    !slice_u64(f[3], RETURNS_MOST, &returns) ||
	    !parse_words(f[4], k.words))
		return false;
	k.state = (enum notice_line_state)state;
	k.association = slice_dup(f[5]);
	k.key = slice_dup(in);
	k.changed_s = (int64_t)changed;
	k.told_s = (int64_t)told;
	k.returns = (unsigned)returns;
	add_line(l, k);
	return true;
}

void
notice_lines_print(const struct notice_lines *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct notice_line *k = &l->line[i];

		buf_printf(out, NOTICE_LINES_WORD "\t%s\t%lld\t%lld\t%u\t",
		    state_word[k->state], (long long)k->changed_s,
		    (long long)k->told_s, k->returns);
		for (size_t w = 0; w < NOTICE_WORDS_MOST && k->words[w] != 0;
		     w++)
			buf_printf(out, "%08" PRIx32, k->words[w]);
		buf_printf(out, "\t%s\t%s\n", k->association, k->key);
	}
}

void
notice_lines_clear(struct notice_lines *l)
{
	while (l->n > 0)
		remove_line(l, l->n - 1);
	free(l->line);
	l->line = NULL;
}
