/*
 * Bodies of measurements; see columnar_values.h.  What one value costs is in
 * columnar_value.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/codec/columnar/columnar_number.h"
#include "common/codec/columnar/columnar_value.h"
#include "common/codec/columnar/columnar_values.h"
#include "common/codec/members.h"

enum {
	LOOK = 1024, /* values between looks at the clock */
	LINE_MAX = LIMIT_TOKEN + 1 + LIMIT_VALUE + 1 + NUMBER_SPARE,
};

struct values *
values_new(struct columns *columns, const struct coder_tables *t)
{
	struct values *v = mem_alloc(sizeof(*v));

	v->columns = columns;
	v->tables = t;
	v->before = TOKEN_NONE;
	v->era = 1;
	v->span = predict_span(0, 0);
	for (int i = 0; i < 20; i++)
		for (int k = 0; k < MIXER_MAX; k++)
			v->same_mixer[i / 10][i % 10].weight[k] =
			    MIXER_ONE * 3 / 10;
	return v;
}

void
values_free(struct values *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->used_n; i++)
		free(v->class[v->used[i]]);
	free(v->twin);
	free(v->value);
	free(v->told);
	free(v->run);
	free(v->order);
	free(v->off);
	free(v);
}

struct class *
values_begin_class(struct values *v, uint16_t class)
{
	struct class *l = mem_alloc(sizeof(*l));

	predict_begin_kin(&l->kin);
	v->class[class] = l;
	v->used[v->used_n++] = class;
	return l;
}

/* -- reading ---------------------------------------------------------------- */

static void
make_values(struct values *v, size_t n)
{
	if (v->cap >= n)
		return;
	v->cap = n + n / 2 + 128;
	v->value = mem_resize(v->value, v->cap, sizeof(*v->value));
	v->told = mem_resize(v->told, v->cap, sizeof(*v->told));
	v->run = mem_resize(v->run, v->cap + 1, sizeof(*v->run));
}

static struct slice
name_of(const struct value *x)
{
	if (x->name_n == 0)
		return (struct slice){ 0 };
	return (struct slice){ x->text - x->name_n - 1, x->name_n };
}

/* A line that begins with another token than the one expected. */
static bool
read_name(const struct columns *t, struct slice *body, struct value *x)
{
	struct slice name;

	if (!slice_cut(body, ':', &name) || name.n == 0 ||
	    name.n > LIMIT_TOKEN || memchr(name.p, '\n', name.n) != NULL)
		return false;
	x->name_n = (uint8_t)name.n;
	x->token = columns_find(t, name);
	return true;
}

/* Which quiet ones are as before, while tokens are those expected. */
struct sifting {
	struct row row; /* its `same` is not used */
	uint32_t quiet; /* as before, since one that was not */
};

static inline void
sift(struct values *v, struct sifting *s, const struct column *k,
    struct value *x, size_t at)
{
	bool quiet = is_quiet(k, &s->row), unknown = x->unknown;
	uint64_t number;
	bool same;

	if ((k->flags & COLUMN_UNKNOWN) != 0)
		same = unknown;
	else
		same = !unknown && !x->odd && form_number(k, x, &number) &&
		    number == k->last;
	s->row.lost = unknown && !same;
	x->breaks = quiet && !same;
	if (quiet && same) {
		s->quiet++;
		return;
	}
	v->told[v->told_n++] = (uint32_t)at;
	if (x->breaks) {
		v->run[v->run_n++] = s->quiet + 1;
		s->quiet = 0;
	}
}

bool
values_read(struct values *v, struct slice body)
{
	const struct columns *t = v->columns;
	uint32_t expect = v->first;
	struct sifting s = { 0 };
	size_t news = 0;
	bool follow = true;

	v->n = v->told_n = v->run_n = 0;
	if (body.n == 0)
		return false;
	while (body.n > 0) {
		struct value *x;

		if (v->n == v->cap)
			make_values(v, v->n + 1);
		x = &v->value[v->n];
		x->name_n = 0;
		x->breaks = false;
		if (expect < t->n &&
		    columns_is_next(t, &t->column[expect], body)) {
			x->token = expect;
			body.p += t->column[expect].name_n;
			body.n -= t->column[expect].name_n;
		} else if (!read_name(t, &body, x)) {
			return false;
		}
		if (v->n == COLUMNS_MAX || !number_read(&body, x))
			return false;
		follow &= x->token == expect;
		expect = TOKEN_NONE;
		if (x->token == TOKEN_NONE) {
			news++;
		} else {
			const struct column *k = &t->column[x->token];

			expect = k->next;
			if (follow)
				sift(v, &s, k, x, v->n);
		}
		v->n++;
	}
	v->run[v->run_n] = 0;
	v->follow =
	    follow && v->first < t->n && t->column[v->first].run == v->n;
	return v->n > 0 && news <= COLUMNS_MAX - t->n;
}

/* -- messages --------------------------------------------------------------- */

static void
make_twins(struct values *v)
{
	size_t n = v->columns->cap;

	if (v->twins >= v->columns->n)
		return;
	v->twin = mem_resize(v->twin, n, sizeof(*v->twin));
	memset(v->twin + v->twins, 0, (n - v->twins) * sizeof(*v->twin));
	v->twins = n;
}

/* As many tokens as there are columns; nothing is known of new ones. */
static void
make_orders(struct values *v)
{
	size_t n = v->columns->cap;

	if (v->orders >= v->columns->n)
		return;
	v->order = mem_resize(v->order, n, sizeof(*v->order));
	memset(v->order + v->orders, 0, (n - v->orders) * sizeof(*v->order));
	v->orders = n;
}

/* No token comes twice in the n that are expected; looked at again only where
 * their order may have changed. */
static bool
is_simple(struct values *v)
{
	const struct columns *t = v->columns;
	uint32_t at = v->first;

	if (v->n == 0 || at >= t->n)
		return false;
	make_orders(v);
	if (v->order[at].simple == v->changes + 1)
		return true;
	v->walks++;
	for (size_t i = 0; i < v->n; i++) {
		if (at >= t->n || v->order[at].walk == v->walks)
			return false;
		v->order[at].walk = v->walks;
		at = t->column[at].next;
	}
	v->order[v->first].simple = v->changes + 1;
	return true;
}

static void
begin_message(struct values *v, size_t n)
{
	if (v->off_cap < n + PREDICT_REACH) {
		v->off_cap = n + PREDICT_REACH + n / 2;
		free(v->off);
		v->off = mem_array(v->off_cap, sizeof(*v->off));
	}
	memset(v->off, 0, (PREDICT_REACH + n) * sizeof(*v->off));
	v->turn++;
}

/* When the tokens of this message were last told: with the first of them. */
static uint32_t
last_told(const struct values *v, uint32_t now_s)
{
	const struct order *o = &v->order[v->first];

	return o->era == v->era ? o->seen_s : now_s - v->period_s;
}

/* What comes behind what, as this message has it, whose last token this is. */
static void
end_message(struct values *v, uint32_t last, uint32_t now_s)
{
	struct column *column = v->columns->column;
	uint32_t first = v->follow ? v->first : v->value[0].token;

	make_orders(v);
	v->order[first].seen_s = now_s;
	v->order[first].era = v->era;
	v->changes += !v->follow;
	for (size_t i = v->follow ? v->n : 0; i < v->n; i++) {
		struct column *k = &column[v->value[i].token];

		k->run = (uint32_t)(v->n - i);
		if (v->before != TOKEN_NONE)
			column[v->before].next = v->value[i].token;
		v->before = v->value[i].token;
	}
	if (v->follow)
		v->before = last;
	if (v->before != TOKEN_NONE)
		v->first = column[v->before].next;
}

/* The name of a token, raised by one where it ends in digits. */
static size_t
raise_name(struct slice name, char out[LIMIT_TOKEN + 1])
{
	size_t n = name.n, i = n;

	memcpy(out, name.p, n);
	while (i > 0 && out[i - 1] == '9')
		out[--i] = '0';
	if (i > 0 && out[i - 1] >= '0' && out[i - 1] < '9') {
		out[i - 1]++;
	} else if (i < n && n < LIMIT_TOKEN) { /* T99 */
		memmove(out + i + 1, out + i, n - i);
		out[i] = '1';
		n++;
	}
	return n;
}

/* A token that was never seen. */
CODER_INLINE uint32_t
name_code(struct values *v, struct coder *c, enum coder_mode mode,
    uint32_t before, struct slice name)
{
	struct columns *t = v->columns;
	char text[LIMIT_TOKEN + 1];
	size_t n = 0;
	bool raised = false;

	if (before != TOKEN_NONE) {
		struct slice last = columns_name(t, &t->column[before]);

		last.n--;
		n = raise_name(last, text);
		if (mode != CODER_DECODE)
			raised = slice_eq(name, (struct slice){ text, n });
	}
	if (!coder_slot_bit(c, mode, raised, &v->new_token[1], LIMIT_SLOT)) {
		n = (size_t)coder_raw(c, mode, name.n - 1, 6) + 1;
		for (size_t i = 0; i < n; i++)
			text[i] = (char)(uint8_t)coder_raw(c, mode,
			    mode == CODER_DECODE ? 0 : (uint8_t)name.p[i], 8);
	}
	return columns_add(t, (struct slice){ text, n });
}

/* Which token, where it is not the one that was expected. */
CODER_INLINE uint32_t
token_code(struct values *v, struct coder *c, enum coder_mode mode,
    uint32_t before, const struct value *x)
{
	uint32_t token = TOKEN_NONE;

	if (mode != CODER_DECODE)
		token = x->token != TOKEN_NONE
		    ? x->token
		    : columns_find(v->columns, name_of(x));
	if (coder_slot_bit(c, mode, token == TOKEN_NONE, &v->new_token[0],
		LIMIT_SLOT))
		return name_code(v, c, mode, before, name_of(x));
	token = (uint32_t)coder_raw(c, mode, token,
	    32 - (unsigned)__builtin_clz((uint32_t)v->columns->n | 1));
	return token < v->columns->n ? token : TOKEN_NONE;
}

static int
put_line(struct values *v, const struct column *k, const struct value *x,
    size_t most, struct buf *body)
{
	char *p;

	if (body->cap - body->n <= LINE_MAX)
		p = buf_room(body, LINE_MAX);
	else
		p = body->p + body->n;
	if (p == NULL)
		return -1;
	p = columns_put_name(v->columns, k, p);
	if (x->unknown) {
		*p++ = 'U';
	} else if (x->odd) {
		memcpy(p, x->text, x->text_n);
		p += x->text_n;
	} else {
		p = number_write(p, k);
	}
	*p++ = '\n';
	body->n = (size_t)(p - body->p);
	return body->n <= most ? 0 : -1;
}

struct target { /* of decoding */
	struct buf *body;
	size_t most;
	const struct codec_budget *budget;
};

/* The messages's length in values and whether its tokens are as expected. */
CODER_INLINE void
begin_code(struct values *v, struct coder *c, enum coder_mode mode)
{
	const struct columns *t = v->columns;

	v->follow =
	    coder_slot_bit(c, mode, v->follow, &v->counted, LIMIT_SLOT) != 0;
	if (!v->follow)
		v->n = (size_t)coder_raw(c, mode, v->n, 20);
	else if (mode == CODER_DECODE)
		v->n = v->first < t->n ? t->column[v->first].run : 0;
}

/* How many quiet ones are as before, and 1; 0: all that come. */
CODER_INLINE uint64_t
run_code(struct values *v, struct coder *c, enum coder_mode mode, uint64_t n)
{
	return coder_number(c, mode, n, v->run_size);
}

/* Tokens are as expected: what is quiet is not looked at, save at ends of runs. */
CODER_INLINE void
runs_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct row *row)
{
	const uint32_t *run = v->run;
	size_t next = 0;

	run_code(v, c, mode, *run++);
	for (size_t i = 0; i < v->told_n; i++) {
		size_t at = v->told[i], gap = at - next;
		struct value *x = &v->value[at];

		row->same = gap < 8 ? ~(~row->same << gap) : 0xff;
		next = at + 1;
		value_code(v, c, mode, &v->columns->column[x->token], row, x,
		    at, NULL);
		if (x->breaks)
			run_code(v, c, mode, *run++);
	}
}

static int
runs_decode(struct values *v, struct coder *c, struct row *row,
    const struct target *to, uint32_t *last)
{
	struct column *column = v->columns->column;
	uint64_t run = run_code(v, c, CODER_DECODE, 0), left = run;
	uint32_t token = v->first;

	for (size_t i = 0; i < v->n; i++) {
		struct column *k = &column[token];
		struct value x = { .token = token };
		char text[LIMIT_VALUE];

		if (is_quiet(k, row) && --left != 0) {
			x.unknown = (k->flags & COLUMN_UNKNOWN) != 0;
			row->same = row->same << 1 | 1;
		} else {
			x.breaks = is_quiet(k, row);
			value_code(v, c, CODER_DECODE, k, row, &x, i, text);
			if (x.breaks)
				run = left = run_code(v, c, CODER_DECODE, 0);
		}
		if (put_line(v, k, &x, to->most, to->body) == -1 ||
		    (i % LOOK == LOOK - 1 && codec_budget_over(to->budget)))
			return -1;
		*last = token;
		token = k->next;
	}
	return run == 0 ? 0 : -1; /* not at its end */
}

/* Tokens in any order, each of them told. */
CODER_INLINE int
lines_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct row *row, const struct target *to)
{
	struct columns *t = v->columns;
	uint32_t expect = v->first, before = TOKEN_NONE;

	if (mode == CODER_DECODE)
		make_values(v, v->n);
	for (size_t i = 0; i < v->n; i++) {
		struct value *x = &v->value[i];
		struct column *k;
		char text[LIMIT_VALUE];

		if (mode == CODER_DECODE)
			*x = (struct value){ 0 };
		x->breaks = false;
		if (v->follow ||
		    coder_slot_bit(c, mode,
			mode != CODER_DECODE && x->token == expect &&
			    expect < t->n,
			&v->follows, LIMIT_SLOT))
			x->token = expect;
		else
			x->token = token_code(v, c, mode, before, x);
		if (x->token >= t->n)
			return -1;
		before = x->token;
		make_twins(v);
		k = &t->column[before];
		expect = k->next;
		value_code(v, c, mode, k, row, x, i, text);
		if (mode != CODER_DECODE)
			continue;
		if (put_line(v, k, x, to->most, to->body) == -1 ||
		    (i % LOOK == LOOK - 1 && codec_budget_over(to->budget)))
			return -1;
	}
	return 0;
}

CODER_INLINE int
body_code(struct values *v, struct coder *c, enum coder_mode mode,
    uint32_t now_s, const struct target *to)
{
	struct row row = { .same = 0xff, .now_s = now_s };
	uint32_t last = TOKEN_NONE;
	int rc = 0;

	begin_code(v, c, mode);
	if (v->n > COLUMNS_MAX || (mode == CODER_DECODE && v->n * 4 > to->most))
		return -1;
	begin_message(v, v->n);
	v->runs = v->follow && is_simple(v);
	make_twins(v);
	if (v->runs)
		v->last_s = last_told(v, now_s);
	if (v->runs && mode == CODER_DECODE)
		rc = runs_decode(v, c, &row, to, &last);
	else if (v->runs)
		runs_code(v, c, mode, &row);
	else
		rc = lines_code(v, c, mode, &row, to);
	if (v->n > 0 && (!v->runs || mode != CODER_DECODE))
		last = v->value[v->n - 1].token;
	if (rc == 0 && v->n > 0)
		end_message(v, last, now_s);
	return rc;
}

void
values_learn(struct values *v, uint64_t timestamp)
{
	body_code(v, NULL, CODER_LEARN, (uint32_t)timestamp, NULL);
}

void
values_encode(struct values *v, struct coder *c, uint64_t timestamp)
{
	body_code(v, c, CODER_ENCODE, (uint32_t)timestamp, NULL);
}

int
values_decode(struct values *v, struct coder *c, uint64_t timestamp,
    size_t most, struct buf *body, const struct codec_budget *budget)
{
	struct target to = { body, most, budget };

	return body_code(v, c, CODER_DECODE, (uint32_t)timestamp, &to);
}

void
values_begin(struct values *v)
{
	v->first = 0;
	v->before = TOKEN_NONE;
	v->changes++;
	/* The numbers of tokens are others now.  One by one twins are forgotten
	 * when they are looked at: a CONFIG may be short where there are many. */
	if (++v->era != 0)
		return;
	v->era = 1;
	if (v->twins > 0)
		memset(v->twin, 0, v->twins * sizeof(*v->twin));
	if (v->orders > 0)
		memset(v->order, 0, v->orders * sizeof(*v->order));
}
