/*
 * One value, and what all values of a state share: columnar's inner loop, and
 * so inline in columnar_values.c.
 *
 * Most tokens are quiet, and were as before for long, or busy, and never are.
 * How many quiet ones stay so is one number for all of them; a busy one is told
 * by how far it is from the prediction alone, in steps of a quarter of what
 * predictions are usually off, and where in the step, of which nothing can be
 * known.  Of the others a bit says whether they are as before.  What is no
 * number in the form that its token's numbers have goes a long way round.
 */
#ifndef COMMON_CODEC_COLUMNAR_COLUMNAR_VALUE_H
#define COMMON_CODEC_COLUMNAR_COLUMNAR_VALUE_H

#include <string.h>

#include "common/codec/columnar/columnar_form.h"
#include "common/codec/columnar/columnar_predict.h"

enum {
	SCALES = 16,
	FAR = 0, /* the symbol of distances that have none */
	MIDDLE = CODER_SYMBOLS / 2,
	NEAR = MIDDLE - 1,
	TWIN_BITS = 10,
	TWIN_LEAST = 16, /* smaller growth is the same by chance */
	TWIN_TRUST = 7,
	LIMIT_SAME = 250,
	LIMIT_SLOT = 120,
};

/* A token that grew by the same as another before it in the message, or fell by
 * as much, probably does so again: the two tell one thing. */
struct twin {
	int64_t growth; /* of the number in message `turn` */
	uint32_t turn;
	uint32_t of; /* the other token */
	uint8_t trust;
	bool opposite;
	uint16_t era; /* of another one than the values': nothing is known */
};

/* What leaves of one name share. */
struct class
{
	struct kin kin;
	coder_slot same_own[16], same_mixed[32];
};

struct values {
	struct columns *columns;
	const struct coder_tables *tables;
	struct class *class[CLASSES]; /* NULL: not used yet */
	uint16_t used[CLASSES];
	size_t used_n;
	struct coder_model model[2][SCALES][4];
	coder_slot far_sign, far[128];
	coder_slot same_row[2][256][16];
	struct mixer same_mixer[2][10];
	coder_slot exception[2][4], kind[2][2], escape;
	coder_slot begin[2][128], second[2][128];
	coder_slot follows, new_token[2], counted;
	struct twin *twin; /* of each column */
	size_t twins;
	uint16_t era;                       /* counts configurations */
	uint32_t by_growth[1 << TWIN_BITS]; /* 1 + token */
	coder_slot twin_slot[TWIN_TRUST + 1];
	coder_slot run_size[128];
	/* the message at hand */
	struct value *value;
	size_t n, cap;
	bool follow;  /* its tokens are those expected, and as many */
	bool runs;    /* and none comes twice: quiet ones are told in runs */
	int16_t *off; /* innovations, PREDICT_REACH zeros before the first */
	size_t off_cap;
	/* encoding and learning, of runs: the places of values that are told,
	 * and how many quiet ones there are up to each that is as before no more,
	 * and 1; then 0 */
	uint32_t *told, *run;
	size_t told_n, run_n;
	uint32_t first;      /* token that should come first */
	uint32_t before;     /* the last one of the last message, or none */
	uint32_t turn;       /* counts messages */
	uint32_t period_s;   /* what the first number took to grow */
	uint32_t last_s;     /* when quiet ones were known, in runs */
	struct span span;    /* the last that was needed */
	struct order *order; /* of each token */
	size_t orders;
	uint32_t changes; /* counts orders that came to be */
	uint32_t walks;   /* counts looks at one */
};

/* Looks at the order of tokens: does one come twice? */
struct order {
	uint32_t simple; /* none does, from here on, of order `changes` */
	uint32_t walk;   /* it was seen in this look */
	uint32_t seen_s; /* Timestamp of the last message that it began */
	uint16_t era;    /* of another one than the values': not known */
};

/* What stood before in the message. */
struct row {
	unsigned same; /* a bit a value, the last lowest: it was as before */
	bool lost;     /* the last one became unknown */
	uint32_t now_s;
};

/* -- numbers ---------------------------------------------------------------- */

CODER_INLINE void
form_code(struct coder *c, enum coder_mode mode, struct column *k,
    const struct value *x)
{
	struct form f = { 0, 0 };
	uint64_t bits = 0;

	if (mode != CODER_DECODE) {
		f = form_of(k, x);
		bits = (uint64_t)f.decimals << 2 | f.flags >> 1;
	}
	/* no raw bits: a text may have several forms, and what was damaged is to
	 * be seen behind it */
	for (int i = 6; i >= 0; i--) {
		unsigned bit = bits >> i & 1;

		bit = coder_bit(c, mode, bit, CODER_ONE / 2);
		bits = (bits & ~(UINT64_C(1) << i)) | (uint64_t)bit << i;
	}
	f.decimals = (uint8_t)(bits >> 2);
	if (mode == CODER_DECODE && f.decimals > FORM_DECIMALS_MAX) {
		f.decimals = FORM_DECIMALS_MAX;
		c->wrong = true;
	}
	f.flags = (uint8_t)((bits & 3) << 1);
	form_set(k, f);
}

/* A quarter of an octave of 1/16 and more; from 2.0 on the same four again, in
 * units of 2^shift. */
static inline unsigned
scale_step(uint64_t scale, unsigned *shift)
{
	unsigned top, step;

	if (scale < 4)
		scale = 4;
	top = 63 - (unsigned)__builtin_clzll(scale);
	step = top * 4 + (unsigned)(scale >> (top - 2) & 3);
	*shift = top > 5 ? top - 5 : 0;
	return step - 8 - *shift * 4;
}

struct class *values_begin_class(struct values *v, uint16_t class);

static inline struct class *
class_of(struct values *v, const struct column *k)
{
	struct class *l = v->class[k->class];

	return l != NULL ? l : values_begin_class(v, k->class);
}

/* A distance in steps, beyond those that have symbols. */
CODER_INLINE int64_t
far_code(struct values *v, struct coder *c, enum coder_mode mode, int64_t q)
{
	unsigned negative =
	    coder_slot_bit(c, mode, q < 0, &v->far_sign, LIMIT_SLOT);
	uint64_t n = 0;

	if (mode != CODER_DECODE)
		n = (q < 0 ? 0 - (uint64_t)q : (uint64_t)q) - NEAR - 1;
	n = coder_number(c, mode, n, v->far) + NEAR + 1;
	return (int64_t)(negative != 0 ? 0 - n : n);
}

/* How far off, in steps of 2^shift; where in the step cannot be known.  `same`
 * is the distance at which the value would be as before, unless it may be.
 * `other`: it is no such number at all; NULL: that was told. */
CODER_INLINE int64_t
distance_code(struct values *v, struct coder *c, enum coder_mode mode,
    const struct column *k, int64_t same, bool may_be_same, int64_t d,
    bool *other)
{
	unsigned shift, scale = scale_step(k->scale, &shift);
	struct coder_model *m =
	    &v->model[predict_is_counter(k)][scale][k->surprise];
	uint64_t half = UINT64_C(1) << shift >> 1, low;
	int symbol = FAR, never = -1;
	int64_t q = 0;

	if (shift == 0 && !may_be_same && same >= -NEAR && same <= NEAR)
		never = (int)same + MIDDLE;
	if (mode != CODER_DECODE && (other == NULL || !*other)) {
		q = (int64_t)((uint64_t)d + half) >> shift;
		if (q >= -NEAR && q <= NEAR)
			symbol = (int)q + MIDDLE;
	}
	symbol = coder_symbol(c, mode, symbol, never, m, v->turn % 4 == 0);
	q = symbol == FAR ? q : symbol - MIDDLE;
	if (symbol == FAR) {
		if (other != NULL) {
			*other = coder_slot_bit(c, mode, *other, &v->escape,
				     LIMIT_SAME) != 0;
			if (*other)
				return 0;
		}
		q = far_code(v, c, mode, q);
	}
	if (shift == 0)
		return q;
	low = ((uint64_t)d + half) & ((UINT64_C(1) << shift) - 1);
	low = coder_raw(c, mode, low, shift);
	return (int64_t)(((uint64_t)q << shift) + low - half);
}

/* The first value of a token, and the first that differs. */
CODER_INLINE uint64_t
young_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct column *k, uint64_t number)
{
	bool second = k->changes == 1;
	uint64_t z = 0;
	int64_t growth;

	if (mode != CODER_DECODE)
		z = second || (k->flags & COLUMN_SIGNED) != 0
		    ? coder_fold((int64_t)(number - k->last))
		    : number;
	z = coder_number(c, mode, z,
	    second ? v->second[predict_is_counter(k)]
		   : v->begin[predict_is_counter(k)]);
	if (!second && (k->flags & COLUMN_SIGNED) == 0)
		return z;
	growth = coder_unfold(z);
	number = k->last + (uint64_t)growth;
	if (!second)
		return number;
	k->last = number;
	predict_begin(k, growth);
	return number;
}

/* What the growth is if the other token's tells it; false: it does not. */
static inline bool
twin_tells(const struct values *v, const struct twin *t, int64_t *growth)
{
	const struct twin *other = &v->twin[t->of];

	if (t->trust == 0 || other->turn != v->turn)
		return false;
	*growth = t->opposite ? (int64_t)(0 - (uint64_t)other->growth)
			      : other->growth;
	return true;
}

static inline struct twin *
twin_of(struct values *v, uint32_t token)
{
	struct twin *t = &v->twin[token];

	if (t->era != v->era)
		*t = (struct twin){ .era = v->era };
	return t;
}

static inline void
learn_twin(struct values *v, uint32_t token, bool told, bool right,
    int64_t growth)
{
	struct twin *t = twin_of(v, token);
	uint64_t size = (growth < 0 ? 0 - (uint64_t)growth : (uint64_t)growth);
	uint32_t *place;

	if (told && right)
		t->trust = (uint8_t)(t->trust + (t->trust < TWIN_TRUST));
	else if (told)
		t->trust /= 2;
	t->growth = growth;
	t->turn = v->turn;
	if (size < TWIN_LEAST || growth == INT64_MIN)
		return;
	place = &v->by_growth[size * UINT64_C(0x9e3779b97f4a7c15) >>
	    (64 - TWIN_BITS)];
	if (t->trust == 0 && *place != 0 && *place - 1 < v->twins &&
	    *place - 1 != token) {
		const struct twin *other = &v->twin[*place - 1];

		if (other->turn == v->turn &&
		    (other->growth == growth || other->growth == -growth)) {
			t->of = *place - 1;
			t->opposite = other->growth != growth;
			t->trust = 1;
		}
	}
	*place = token + 1;
}

/* The growth, of which there is a prediction; other as in distance_code(). */
CODER_INLINE int64_t
growth_code(struct values *v, struct coder *c, enum coder_mode mode,
    const struct column *k, const struct prediction *p, bool may_be_same,
    bool familiar, int64_t growth, bool *other)
{
	uint32_t token = (uint32_t)(k - v->columns->column);
	int64_t tells = 0;
	bool told = !familiar && twin_tells(v, twin_of(v, token), &tells);
	bool right = false;

	if (told)
		right =
		    coder_slot_bit(c, mode,
			growth == tells && (other == NULL || !*other),
			&v->twin_slot[v->twin[token].trust], LIMIT_SLOT) != 0;
	if (right) {
		growth = tells;
		if (other != NULL)
			*other = false;
	} else {
		growth = (int64_t)((uint64_t)p->growth +
		    (uint64_t)distance_code(v, c, mode, k, -p->growth,
			may_be_same,
			(int64_t)((uint64_t)growth - (uint64_t)p->growth),
			other));
	}
	if (!familiar && (other == NULL || !*other))
		learn_twin(v, token, told, right, growth);
	return growth;
}

static inline const struct span *
span_of(struct values *v, const struct column *k, uint32_t now_s)
{
	uint32_t elapsed_s = now_s - k->seen_s;

	if (v->period_s == 0)
		v->period_s = elapsed_s;
	if (elapsed_s != v->span.elapsed_s)
		v->span = predict_span(elapsed_s, v->period_s);
	return &v->span;
}

/* A number in the column's form, behind two others at least; *other as in
 * distance_code(). */
CODER_INLINE void
number_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct column *k, uint64_t number, bool may_be_same, uint32_t now_s,
    size_t at, bool *other)
{
	struct kin *l = &class_of(v, k)->kin;
	int16_t *off = v->off + PREDICT_REACH + at;
	const struct span *t = span_of(v, k, now_s);
	struct prediction p;
	int64_t growth;

	predict_at(l, now_s);
	predict_number(l, k, off, t, &p);
	growth = growth_code(v, c, mode, k, &p, may_be_same,
	    l->seen >= PREDICT_FAMILIAR, (int64_t)(number - k->last), other);
	if (other != NULL && *other)
		return;
	predict_learn(l, k, &p, t, growth, off, v->turn);
	k->last += (uint64_t)growth;
	predict_learn_direction(k, growth);
	form_learn_unit(k);
	if (k->changes < COLUMN_CHANGES)
		k->changes++;
	k->seen_s = now_s;
}

/* -- values ----------------------------------------------------------------- */

/* As before for long, and so to be thought again. */
static inline bool
is_quiet(const struct column *k, const struct row *row)
{
	return k->history == 0xff && !row->lost &&
	    slot_p22(k->same) > (1U << 22) - (1U << 19);
}

/* Numbers that change each time. */
static inline bool
is_busy(const struct column *k, const struct row *row)
{
	return k->history == 0 && !row->lost && k->changes >= 2 &&
	    (k->flags & COLUMN_UNKNOWN) == 0 && slot_p22(k->same) < 1U << 18;
}

CODER_INLINE bool
same_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct column *k, const struct row *row, bool same)
{
	unsigned unknown = (k->flags & COLUMN_UNKNOWN) != 0, h = k->history;
	unsigned weighs = h == 0xff ? 6
	    : h == 0                ? 0
		     : 1 + (h & 1) + (h >> 1 & 1) + (h >> 2 & 1) + (h >> 3 & 1);

	if (is_quiet(k, row))
		return coder_slot_bit(c, mode, same, &k->same, LIMIT_SAME) != 0;

	struct class *l = class_of(v, k);
	coder_slot *slot[4] = { &k->same, &l->same_own[h & 15],
		&v->same_row[unknown][row->same & 255]
			    [(h & 7) | (unsigned)row->lost << 3],
		&l->same_mixed[(h & 3) << 3 | (row->same & 7)] };

	return coder_mixed_bit(c, mode, same, v->tables,
	    &v->same_mixer[unknown | row->lost][weighs], slot, 4, LIMIT_SAME,
	    2);
}

static inline void
text_code(struct coder *c, enum coder_mode mode, struct value *x, char *text)
{
	static const char letters[16] = "0123456789.-";
	unsigned n = (unsigned)coder_raw(c, mode, x->text_n, 6);

	if (mode == CODER_DECODE && n > LIMIT_VALUE) {
		n = LIMIT_VALUE;
		c->wrong = true;
	}
	for (unsigned i = 0; i < n; i++) {
		unsigned at = 0;

		if (mode != CODER_DECODE)
			while (letters[at] != x->text[i])
				at++;
		at = (unsigned)coder_raw(c, mode, at, 4);
		if (mode == CODER_DECODE) {
			text[i] = at < 12 ? letters[at] : '0';
			c->wrong |= at >= 12;
		}
	}
	if (mode == CODER_DECODE) {
		x->text = text;
		x->text_n = (uint8_t)n;
	}
}

/* Not a number in the column's form: unknown, a text, or another form; true: a
 * number of which follows. */
static inline bool
exception_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct column *k, struct row *row, struct value *x, char *text)
{
	coder_slot *kind = v->kind[(k->flags & COLUMN_UNKNOWN) != 0];

	row->lost = false;
	if (coder_slot_bit(c, mode, x->unknown, &kind[0], LIMIT_SLOT)) {
		k->flags |= COLUMN_UNKNOWN;
		x->unknown = row->lost = true;
		return false;
	}
	k->flags &= (uint8_t)~COLUMN_UNKNOWN;
	if (!coder_slot_bit(c, mode, x->odd, &kind[1], LIMIT_SLOT)) {
		form_code(c, mode, k, x);
		return true;
	}
	x->odd = true;
	text_code(c, mode, x, text);
	return false;
}

/* What is rare: the first two numbers, those behind an unknown, and exceptions,
 * of which `other` says that it is one and was told.  text: room for an odd one. */
static __attribute__((noinline)) void
rare_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct column *k, struct row *row, struct value *x, size_t at, bool other,
    char *text)
{
	unsigned unknown = (k->flags & COLUMN_UNKNOWN) != 0;
	bool formed = false;
	uint64_t number = 0;

	if (!other) {
		if (mode != CODER_DECODE)
			other =
			    x->unknown || x->odd || !form_number(k, x, &number);
		other = coder_slot_bit(c, mode, other,
			    &v->exception[unknown]
					 [row->lost + 2U * (k->changes == 0)],
			    LIMIT_SAME) != 0;
	}
	if (other) {
		if (!exception_code(v, c, mode, k, row, x, text))
			return;
		formed = true;
	}
	k->flags &= (uint8_t)~COLUMN_UNKNOWN;
	row->lost = false;
	if (mode != CODER_DECODE && !form_number(k, x, &number))
		number = 0; /* cannot be: form_of() gave a form of its own */
	if (k->changes >= 2) {
		number_code(v, c, mode, k, number, unknown || formed,
		    row->now_s, at, NULL);
		return;
	}
	k->last = young_code(v, c, mode, k, number);
	k->changes++;
	k->seen_s = row->now_s;
}

/* x is what stands there, or will. */
CODER_INLINE void
value_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct column *k, struct row *row, struct value *x, size_t at, char *text)
{
	bool unknown = (k->flags & COLUMN_UNKNOWN) != 0;
	bool busy = is_busy(k, row), lost = row->lost;
	bool same = false, other = false;
	uint64_t number = 0;

	if (mode != CODER_DECODE) {
		other = x->unknown || x->odd || !form_number(k, x, &number);
		same = unknown ? x->unknown : !other && number == k->last;
	}
	if (x->breaks) {
		slot_learn(&k->same, 0, LIMIT_SAME);
		k->seen_s = v->last_s;
	} else if (!busy) {
		same = same_code(v, c, mode, k, row, same);
		if (same) {
			row->same = row->same << 1 | 1;
			row->lost = false;
			k->history = (uint8_t)(k->history << 1 | 1);
			x->unknown = unknown;
			if (!unknown)
				k->seen_s = row->now_s;
			return;
		}
	}
	if (unknown || lost || k->changes < 2) {
		other = false;
		rare_code(v, c, mode, k, row, x, at, false, text);
	} else {
		uint64_t last = k->last;

		number_code(v, c, mode, k, number, busy, row->now_s, at,
		    &other);
		if (other)
			rare_code(v, c, mode, k, row, x, at, true, text);
		same = busy && !other && k->last == last;
	}
	row->same = row->same << 1 | same;
	k->history = (uint8_t)(k->history << 1 | same);
	if (same)
		slot_learn(&k->same, 1, LIMIT_SAME);
}

#endif
