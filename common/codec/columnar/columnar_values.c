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
	LINE_MAX = LIMIT_TOKEN + 1 + LIMIT_VALUE + 1,
};

struct values *
values_new(struct columns *columns, const struct coder_tables *t)
{
	struct values *v = mem_alloc(sizeof(*v));

	v->columns = columns;
	v->tables = t;
	v->before = TOKEN_NONE;
	v->kin = mem_array(CLASSES, sizeof(*v->kin));
	v->by_class = mem_array((size_t)CLASSES * SCALES, sizeof(*v->by_class));
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
	free(v->kin);
	free(v->by_class);
	free(v->twin);
	free(v->value);
	free(v->off);
	free(v);
}

/* -- reading ---------------------------------------------------------------- */

static void
make_values(struct values *v)
{
	if (v->cap < v->n) {
		v->cap = v->n + v->n / 2;
		free(v->value);
		v->value = mem_array(v->cap, sizeof(*v->value));
	}
}

static struct value *
next_value(struct values *v)
{
	if (v->n == v->cap) {
		v->cap = v->cap == 0 ? 128 : v->cap * 2;
		v->value = mem_resize(v->value, v->cap, sizeof(*v->value));
	}
	return &v->value[v->n++];
}

bool
values_read(struct values *v, struct slice body)
{
	const struct columns *t = v->columns;
	uint32_t expect = v->first;
	size_t news = 0;
	bool follow = true;

	v->n = 0;
	while (body.n > 0) {
		struct value *k = next_value(v);

		if (expect < t->n &&
		    columns_is_next(t, &t->column[expect], body)) {
			k->token = expect;
			body.p += t->column[expect].name_n;
			body.n -= t->column[expect].name_n;
		} else {
			if (!slice_cut(&body, ':', &k->name) ||
			    k->name.n == 0 || k->name.n > LIMIT_TOKEN ||
			    memchr(k->name.p, '\n', k->name.n) != NULL)
				return false;
			k->token = columns_find(t, k->name);
		}
		if (v->n > LIMIT_BODY_LINES || !number_read(&body, k))
			return false;
		news += k->token == TOKEN_NONE;
		follow &= k->token == expect;
		expect = k->token == TOKEN_NONE ? TOKEN_NONE
						: t->column[k->token].next;
	}
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

static void
begin_message(struct values *v, size_t n)
{
	if (v->off_cap < n + PREDICT_REACH) {
		v->off_cap = n + PREDICT_REACH + n / 2;
		free(v->off);
		v->off = mem_array(v->off_cap, sizeof(*v->off));
	}
	memset(v->off, 0, PREDICT_REACH * sizeof(*v->off));
	v->turn++;
}

/* What comes behind what, as this message has it. */
static void
end_message(struct values *v, uint32_t now_s)
{
	struct column *column = v->columns->column;

	for (size_t i = v->follow ? v->n : 0; i < v->n; i++) {
		struct column *k = &column[v->value[i].token];

		k->run = (uint32_t)(v->n - i);
		if (v->before != TOKEN_NONE)
			column[v->before].next = v->value[i].token;
		v->before = v->value[i].token;
	}
	if (v->n > 0)
		v->before = v->value[v->n - 1].token;
	if (v->n > 0)
		v->first = column[v->before].next;
	if (v->period_s == 0 && v->turn > 1)
		v->period_s = now_s - v->last_s;
	v->last_s = now_s;
	if (v->turn > 16 && v->turn % 4 != 0)
		return;
	for (size_t i = 0; i < v->used_n; i++) {
		predict_tune_kin(&v->kin[v->used[i]]);
	}
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
		    : columns_find(v->columns, x->name);
	if (coder_slot_bit(c, mode, token == TOKEN_NONE, &v->new_token[0],
		LIMIT_SLOT))
		return name_code(v, c, mode, before, x->name);
	token = (uint32_t)coder_raw(c, mode, token, 20);
	return token < v->columns->n ? token : TOKEN_NONE;
}

static int
put_line(struct values *v, const struct column *k, const struct value *x,
    size_t most, struct buf *body)
{
	struct slice name = columns_name(v->columns, k);
	char *p;

	if (body->cap - body->n <= LINE_MAX)
		p = buf_room(body, LINE_MAX);
	else
		p = body->p + body->n;
	if (p == NULL)
		return -1;
	memcpy(p, name.p, name.n);
	p += name.n;
	if (x->unknown) {
		*p++ = 'U';
	} else if (x->odd) {
		memcpy(p, x->text.p, x->text.n);
		p += x->text.n;
	} else {
		p += number_write(p, k);
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

CODER_INLINE int
body_code(struct values *v, struct coder *c, enum coder_mode mode,
    uint32_t now_s, const struct target *to)
{
	struct columns *t = v->columns;
	struct row row = { .same = 0xff, .now_s = now_s };
	uint32_t expect = v->first, before = TOKEN_NONE;

	begin_code(v, c, mode);
	if (v->n > LIMIT_BODY_LINES ||
	    (mode == CODER_DECODE && v->n * 4 > to->most))
		return -1;
	if (mode == CODER_DECODE)
		make_values(v);
	begin_message(v, v->n);
	for (size_t i = 0; i < v->n; i++) {
		struct value *x = &v->value[i];
		struct column *k;
		char text[LIMIT_VALUE];

		if (mode == CODER_DECODE)
			x->unknown = x->odd = false;
		if (!v->follow &&
		    !coder_slot_bit(c, mode,
			mode != CODER_DECODE && x->token == expect &&
			    expect < t->n,
			&v->follows, LIMIT_SLOT))
			x->token = token_code(v, c, mode, before, x);
		else if (mode == CODER_DECODE)
			x->token = expect;
		if (x->token >= t->n)
			return -1;
		before = x->token;
		make_twins(v);
		k = &t->column[before];
		expect = k->next;
		value_code(v, c, mode, k, &row, x, i, text);
		if (mode != CODER_DECODE)
			continue;
		if (put_line(v, k, x, to->most, to->body) == -1 ||
		    (i % LOOK == LOOK - 1 && codec_budget_over(to->budget)))
			return -1;
	}
	end_message(v, now_s);
	return 0;
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
	/* The numbers of tokens are others now.  One by one twins are forgotten
	 * when they are looked at: a CONFIG may be short where there are many. */
	if (++v->era == 0 && v->twins > 0)
		memset(v->twin, 0, v->twins * sizeof(*v->twin));
}
