/*
 * Measurements; see columnar_values.h.
 *
 * A value is coded in up to four steps: is it the same as before; if not, is it
 * something else than a number in the form that its token's numbers have; how
 * far is it from the prediction, in steps of a quarter of what predictions are
 * usually off; and where in the step, of which nothing can be known.
 *
 * The prediction of a gauge is its level, of a counter its growth, both means
 * over the last values, plus a weighed sum of innovations, which are distances
 * from such means in units of what is usual: its own last two, and those of the
 * two values before it in this message that tell most of it, as octets tell of
 * packets.  Weights and neighbours are learnt for all leaves of one name.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/codec/columnar_number.h"
#include "common/codec/columnar_values.h"
#include "common/codec/members.h"

enum {
	REACH = 12, /* how far before a value its neighbours may be */
	NEIGHBOURS = 2,
	INPUTS = 2 + NEIGHBOURS,
	SCALES = 16,
	FAR = 0, /* the symbol of distances that have none */
	MIDDLE = CODER_SYMBOLS / 2,
	NEAR = MIDDLE - 1,
	LIMIT_SAME = 250,
	LIMIT_SLOT = 120,
	LOOK = 1024, /* values between looks at the clock */
	DECIMALS_MAX = 18,
	LINE_MAX = LIMIT_TOKEN + 1 + LIMIT_VALUE + 1,
};

/* What leaves of one name share. */
struct class
{
	int32_t weight[INPUTS]; /* in 1/65536 */
	int32_t power[INPUTS];  /* of the inputs */
	int32_t common[REACH];  /* of the innovation with those before it */
	int32_t before[REACH];  /* power of those before it */
	int32_t gain[INPUTS];   /* of weights by misses */
	uint32_t seen;
	uint8_t pace;                  /* means move by 1/2^pace */
	uint8_t neighbour[NEIGHBOURS]; /* how far before; 0: none */
	bool listed;
};

struct values {
	struct columns *columns;
	const struct coder_tables *tables;
	struct class *class;
	uint16_t used[CLASSES];
	size_t used_n;
	struct coder_model *by_class; /* [CLASSES][SCALES] */
	struct coder_model by_size[2][SCALES][4];
	coder_slot far_sign, far[128];
	coder_slot same_class[CLASSES][16];
	coder_slot same_row[2][256][16];
	coder_slot same_history[2][256];
	coder_slot same_mixed[CLASSES][32];
	struct mixer same_mixer[2][10];
	coder_slot exception[2][4], kind[2][4];
	coder_slot begin[2][128], second[2][128];
	coder_slot follows, new_token[2], counted;
	/* the message at hand */
	struct value *value;
	size_t n, cap;
	bool follow;  /* its tokens are those expected, and as many */
	int16_t *off; /* innovations, REACH zeros before the first */
	size_t off_cap;
	uint32_t first;  /* token that should come first */
	uint32_t before; /* the last one of the last message, or none */
	uint32_t turn;   /* counts messages */
	uint32_t period_s;
	uint32_t last_s; /* Timestamp of the last message */
};

struct values *
values_new(struct columns *columns, const struct coder_tables *t)
{
	struct values *v = mem_alloc(sizeof(*v));

	v->columns = columns;
	v->tables = t;
	v->before = TOKEN_NONE;
	v->class = mem_array(CLASSES, sizeof(*v->class));
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
	free(v->class);
	free(v->by_class);
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

/* -- forms ------------------------------------------------------------------ */

static inline int64_t
clip(int64_t v, int64_t most)
{
	return v > most ? most : v < -most ? -most : v;
}

static const uint64_t ten_to[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };

enum {
	TENS_MAX = sizeof(ten_to) / sizeof(ten_to[0]) - 1,
	TWOS_MAX = 15,
	EVIDENCE = 24, /* bits that were zero, before a unit is believed */
};

/* Of whole numbers without a sign: in the column's units, if it is whole so. */
static inline bool
in_units(const struct column *k, uint64_t *number)
{
	uint64_t n = *number, ten = ten_to[k->tens];

	if ((n & ((UINT64_C(1) << k->twos) - 1)) != 0)
		return false;
	n >>= k->twos;
	*number = n / ten;
	return n % ten == 0;
}

/* What was learnt, by 2^twos 10^tens less. */
static void
set_units(struct column *k, unsigned twos, unsigned tens)
{
	int64_t unit = (int64_t)(ten_to[tens] << twos);

	k->last /= (uint64_t)unit;
	k->base /= unit;
	k->scale /= (uint64_t)unit;
	k->twos = (uint8_t)(k->twos + twos);
	k->tens = (uint8_t)(k->tens + tens);
}

/* A number came: were all since then of a unit, it is believed. */
static inline void
learn_units(struct column *k)
{
	uint64_t n = k->last;
	unsigned twos, tens = 0;

	if ((k->flags & (COLUMN_SIGNED | COLUMN_TRIMMED | COLUMN_ODD)) != 0 ||
	    k->decimals != 0 || n == 0 || k->alike == UINT8_MAX)
		return;
	if (k->alike == 0)
		k->common_twos = k->common_tens = UINT8_MAX;
	k->alike++;
	twos = (unsigned)__builtin_ctzll(n);
	if (twos < k->common_twos)
		k->common_twos = (uint8_t)twos;
	while (tens < k->common_tens && tens < TENS_MAX && n % 10 == 0) {
		n /= 10;
		tens++;
	}
	k->common_tens = (uint8_t)tens;
	if (k->common_twos < 2 && tens == 0)
		k->alike = UINT8_MAX; /* most are of none: be done with it */
	if (k->alike < 6 || k->alike == UINT8_MAX)
		return;
	if (k->alike * 3 * tens >= EVIDENCE && tens > 0)
		set_units(k, 0, tens);
	else if (k->alike * k->common_twos >= EVIDENCE && k->common_twos > 1)
		set_units(k,
		    k->common_twos < TWOS_MAX ? k->common_twos : TWOS_MAX, 0);
	else
		return;
	k->alike = UINT8_MAX;
}

/* The number of a value in the column's form; false: it has another. */
static inline bool
in_form(const struct column *k, const struct value *x, uint64_t *number)
{
	uint64_t n = x->number;

	*number = n;
	if (x->decimals == k->decimals && !x->negative &&
	    (k->flags & (COLUMN_TRIMMED | COLUMN_SIGNED)) == 0)
		return (k->twos | k->tens) == 0 || in_units(k, number);
	if (x->decimals != k->decimals) {
		if ((k->flags & COLUMN_TRIMMED) == 0 ||
		    x->decimals > k->decimals ||
		    !number_scale(&n, (unsigned)(k->decimals - x->decimals)))
			return false;
	}
	if ((k->flags & COLUMN_TRIMMED) != 0 && x->decimals > 0 &&
	    x->number % 10 == 0)
		return false;
	if ((k->flags & COLUMN_SIGNED) != 0) {
		if (n > INT64_MAX)
			return false;
		*number = x->negative ? -n : n;
		return true;
	}
	*number = n;
	return !x->negative;
}

struct form {
	uint8_t decimals, flags;
};

/* A form that the value has; the column's as far as it goes. */
static struct form
form_of(const struct column *k, const struct value *x)
{
	struct form f = { x->decimals, k->flags & COLUMN_SIGNED };
	bool zeros = x->decimals > 0 && x->number % 10 == 0;
	uint64_t n = x->number;

	if (x->negative)
		f.flags = COLUMN_SIGNED;
	else if (n > INT64_MAX)
		f.flags = 0;
	if (!zeros && (k->changes > 0 || (k->flags & COLUMN_TRIMMED) != 0)) {
		unsigned more = k->decimals > x->decimals
		    ? (unsigned)(k->decimals - x->decimals)
		    : 0;

		if (number_scale(&n, more) &&
		    ((f.flags & COLUMN_SIGNED) == 0 || n <= INT64_MAX)) {
			f.flags |= COLUMN_TRIMMED;
			f.decimals = (uint8_t)(x->decimals + more);
		}
	}
	return f;
}

/* What was learnt is in the old unit. */
static void
set_form(struct column *k, struct form f)
{
	int shift = f.decimals - k->decimals;

	if ((k->twos | k->tens) != 0) {
		uint64_t unit = ten_to[k->tens] << k->twos;

		k->last *= unit;
		k->base = clip(k->base, INT64_C(1) << 40) * (int64_t)unit;
		k->scale =
		    k->scale > UINT64_C(1) << 20 ? k->scale : k->scale * unit;
		k->twos = k->tens = 0;
		k->flags |= COLUMN_ODD;
	}
	k->alike = 0;
	for (; shift > 0; shift--) {
		k->last *= 10;
		k->base = k->base > INT64_MAX / 16 || k->base < INT64_MIN / 16
		    ? 0
		    : k->base * 10;
		k->scale =
		    k->scale > UINT64_C(1) << 48 ? k->scale : k->scale * 10;
	}
	for (; shift < 0; shift++) {
		k->last = (k->flags & COLUMN_SIGNED) != 0
		    ? (uint64_t)((int64_t)k->last / 10)
		    : k->last / 10;
		k->base /= 10;
		k->scale /= 10;
	}
	k->decimals = f.decimals;
	k->flags =
	    (uint8_t)((k->flags & (COLUMN_UNKNOWN | COLUMN_ODD)) | f.flags);
}

CODER_INLINE void
form_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct column *k, const struct value *x)
{
	struct form f = { 0, 0 };
	uint64_t bits = 0;

	(void)v;
	if (mode != CODER_DECODE) {
		f = form_of(k, x);
		bits = (uint64_t)f.decimals << 2 | f.flags >> 1;
	}
	bits = coder_raw(c, mode, bits, 7);
	f.decimals = (uint8_t)(bits >> 2);
	if (f.decimals > DECIMALS_MAX)
		f.decimals = DECIMALS_MAX;
	f.flags = (uint8_t)((bits & 3) << 1);
	set_form(k, f);
}

/* -- numbers ---------------------------------------------------------------- */

/* v times f / 65536 without overflow for |v| < 2^53, |f| < 2^24. */
static inline int64_t
times(int64_t v, int64_t f)
{
	return (v >> 16) * f + ((v & 0xffff) * f >> 16);
}

static inline bool
is_counter(const struct column *k)
{
	return k->rising >= COLUMN_COUNTER;
}

/* A gauge so large that its level would not fit. */
static inline bool
is_huge(const struct column *k)
{
	int64_t last = (int64_t)k->last;

	return last > INT64_C(1) << 44 || last < -(INT64_C(1) << 44);
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

struct prediction {
	int64_t base;   /* growth expected by the mean, in 1/256 */
	int64_t unit;   /* of innovations */
	int64_t sum;    /* of weighed innovations, in 1/65536 of unit */
	int64_t growth; /* all in all, in whole numbers */
	int32_t off[INPUTS];
	int64_t time; /* since the last value, in 1/65536 of a period */
};

static inline void
predict(const struct values *v, const struct column *k, const int16_t *off,
    uint32_t elapsed_s, struct prediction *p)
{
	const struct class *l = &v->class[k->class];
	int64_t sum = 0;

	p->time = 65536;
	if (elapsed_s != v->period_s && v->period_s != 0) {
		p->time = ((int64_t)elapsed_s << 16) / v->period_s;
		p->time = p->time < 1024 ? 1024
		    : p->time > 64 << 16 ? 64 << 16
					 : p->time;
	}
	if (is_counter(k)) {
		p->base = k->base;
		p->unit = (k->base < 0 ? -k->base : k->base) +
		    (int64_t)(k->scale << 4) + 64;
	} else {
		p->base = is_huge(k) ? 0 : k->base - (int64_t)k->last * 256;
		p->unit = (int64_t)(k->scale << 4) + 64;
	}
	p->base = clip(p->base, INT64_C(1) << 52);
	p->unit = clip(p->unit, INT64_C(1) << 48);
	p->off[0] = k->off[0];
	p->off[1] = k->off[1];
	for (int i = 0; i < NEIGHBOURS; i++)
		p->off[2 + i] =
		    l->neighbour[i] == 0 ? 0 : off[-l->neighbour[i]];
	for (int i = 0; i < INPUTS; i++)
		sum += (int64_t)p->off[i] * l->weight[i];
	p->sum = clip(sum >> 10, 4 << 16);
	p->growth = p->base + times(p->unit, p->sum);
	if (is_counter(k)) {
		if (p->time != 65536)
			p->growth =
			    times(clip(p->growth, INT64_C(1) << 52), p->time);
		if (p->growth < 0)
			p->growth = 0;
	}
	p->growth = (p->growth + 128) >> 8;
}

/* The weights of a class follow what would have been right. */
static inline void
learn_weights(struct class *l, const struct prediction *p, int64_t off)
{
	int32_t miss = (int32_t)clip(off - (p->sum >> 6), 2 * COLUMN_OFF);

	for (int i = 0; i < INPUTS; i++) {
		int32_t x = p->off[i];
		int64_t by = (int64_t)(miss * x) * l->gain[i] >> 20;

		l->power[i] += (x * x - l->power[i]) >> l->pace;
		l->weight[i] = (int32_t)((uint32_t)l->weight[i] + (uint32_t)by);
	}
	l->seen += l->seen < UINT32_MAX;
}

/* In each message anew: what a weight moves for a miss. */
static void
set_gains(struct class *l)
{
	unsigned pace = 4;

	while (pace < 9 && l->seen >> pace != 0)
		pace++;
	l->pace = (uint8_t)pace;
	for (int i = 0; i < INPUTS; i++) {
		l->weight[i] = (int32_t)clip(l->weight[i], 3 << 16);
		l->gain[i] = (int32_t)((INT64_C(1) << (37 - pace)) /
		    ((int64_t)l->power[i] * INPUTS + 4096));
	}
}

static inline void
learn_neighbours(struct class *l, const int16_t *off)
{
	unsigned pace = l->pace < 6 ? l->pace : 6;
	int32_t here = off[0];

	for (int i = 0; i < REACH; i++) {
		int32_t x = off[-1 - i];

		l->common[i] += (here * x / 16 - l->common[i]) >> pace;
		l->before[i] += (x * x / 16 - l->before[i]) >> pace;
	}
}

static void
use_class(struct values *v, uint16_t class)
{
	struct class *l = &v->class[class];

	if (l->listed)
		return;
	l->listed = true;
	l->weight[0] = MIXER_ONE / 2; /* where it was, and where it is mean */
	set_gains(l);
	v->used[v->used_n++] = class;
}

/* The growth is known: what the column learns of it. */
static void
learn_number(struct values *v, struct column *k, const struct prediction *p,
    int64_t growth, int16_t *off, size_t at)
{
	struct class *l = &v->class[k->class];
	uint64_t missed =
	    coder_fold((int64_t)((uint64_t)growth - (uint64_t)p->growth)) >> 1;
	unsigned pace = k->changes < 3 ? 1 : k->changes < 6 ? 2 : 3;
	int64_t sample = clip(growth, INT64_C(1) << 44) * 256;
	int64_t miss, here;
	bool counter = is_counter(k);

	if (counter && p->time != 65536)
		sample = sample / p->time * 65536 +
		    sample % p->time * 65536 / p->time;
	miss = clip(sample - p->base, p->unit << 4);
	here = clip(miss * COLUMN_OFF / p->unit, 3 * COLUMN_OFF);
	*off = (int16_t)here;
	learn_weights(l, p, here);
	if (l->seen < 200 || (at * 5 + v->turn) % 8 == 0)
		learn_neighbours(l, off);
	k->off[1] = k->off[0];
	k->off[0] = (int16_t)here;
	if (!counter)
		k->base = is_huge(k)
		    ? 0
		    : (int64_t)k->last * 256 + p->base + (miss >> pace);
	else if (growth >= 0)
		k->base = clip(k->base + (miss >> pace), INT64_C(1) << 52);
	k->surprise = missed * 32 < k->scale ? 0
	    : missed * 11 < k->scale         ? 1
	    : missed * 4 < k->scale          ? 2
					     : 3;
	if (missed > UINT64_C(1) << 48)
		missed = UINT64_C(1) << 48;
	missed <<= 4;
	if (missed > k->scale * 8 + 64)
		missed = k->scale * 8 + 64;
	pace = k->changes < 4 ? 2 : 3;
	k->scale += (uint64_t)((int64_t)(missed - k->scale) >> pace);
}

static inline void
learn_direction(struct column *k, int64_t growth)
{
	bool counter = is_counter(k);

	if (growth > 0 && k->rising < COLUMN_RISING_MAX)
		k->rising++;
	else if (growth < 0)
		k->rising = k->rising > 6 ? k->rising - 6 : 0;
	if (counter == is_counter(k))
		return;
	k->base = is_counter(k) ? clip(growth, INT64_C(1) << 44) * 256
	    : is_huge(k)        ? 0
				: (int64_t)k->last * 256;
	k->off[0] = k->off[1] = 0;
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
 * is the distance at which the value would be as before; it is not. */
CODER_INLINE int64_t
distance_code(struct values *v, struct coder *c, enum coder_mode mode,
    const struct column *k, int64_t same, bool may_be_same, int64_t d)
{
	unsigned shift, scale = scale_step(k->scale, &shift);
	struct coder_model *a = &v->by_class[k->class * SCALES + scale];
	struct coder_model *b = &v->by_size[is_counter(k)][scale][k->surprise];
	uint64_t half = shift > 0 ? UINT64_C(1) << (shift - 1) : 0, low;
	int symbol = FAR, never = -1;
	int64_t q = 0;

	if (shift == 0 && !may_be_same && same >= -NEAR && same <= NEAR)
		never = (int)same + MIDDLE;
	if (mode != CODER_DECODE) {
		q = (int64_t)((uint64_t)d + half) >> shift;
		if (q >= -NEAR && q <= NEAR)
			symbol = (int)q + MIDDLE;
	}
	symbol = coder_symbol(c, mode, symbol, never, a, b);
	q = symbol == FAR ? far_code(v, c, mode, q) : symbol - MIDDLE;
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
	    second ? v->second[is_counter(k)] : v->begin[is_counter(k)]);
	if (!second && (k->flags & COLUMN_SIGNED) == 0)
		return z;
	growth = coder_unfold(z);
	number = k->last + (uint64_t)growth;
	if (!second)
		return number;
	learn_direction(k, growth);
	k->last = number;
	k->scale = coder_fold(growth) >> 1;
	if (k->scale > UINT64_C(1) << 44)
		k->scale = UINT64_C(1) << 44;
	if (is_counter(k))
		k->base = clip(growth, INT64_C(1) << 44) * 256;
	else
		k->base = is_huge(k) ? 0 : (int64_t)number * 256;
	k->scale = is_counter(k) ? k->scale * 4 : k->scale * 16;
	return number;
}

CODER_INLINE void
number_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct column *k, uint64_t number, bool may_be_same, uint32_t now_s,
    size_t at)
{
	struct prediction p;
	int64_t growth;

	if (k->changes < 2) {
		k->last = young_code(v, c, mode, k, number);
		k->changes++;
		return;
	}
	use_class(v, k->class);
	predict(v, k, v->off + REACH + at, now_s - k->seen_s, &p);
	growth = (int64_t)(number - k->last - (uint64_t)p.growth);
	growth = (int64_t)((uint64_t)p.growth +
	    (uint64_t)distance_code(v, c, mode, k, -p.growth, may_be_same,
		growth));
	learn_number(v, k, &p, growth, &v->off[REACH + at], at);
	k->last += (uint64_t)growth;
	learn_direction(k, growth);
	learn_units(k);
	if (k->changes < COLUMN_CHANGES)
		k->changes++;
}

/* -- values ----------------------------------------------------------------- */

/* The values before this one in the message, the last lowest. */
struct row {
	unsigned same; /* bits: it was as before */
	bool lost;     /* the last one became unknown */
	bool formed;   /* this one has a new form */
	uint32_t now_s;
};

/* Always as before, or never: then two slots are as good as the mixer. */
static inline bool
is_sure(const struct column *k, const struct row *row)
{
	uint32_t p = slot_p22(k->same);

	if (row->lost)
		return false;
	return k->history == 0xff ? p > (1U << 22) - (1U << 16)
	    : k->history == 0     ? p < 1U << 16
				  : false;
}

CODER_INLINE bool
same_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct column *k, const struct row *row, bool same)
{
	unsigned unknown = (k->flags & COLUMN_UNKNOWN) != 0, h = k->history;
	unsigned weighs = h == 0xff ? 6
	    : h == 0                ? 0
		     : 1 + (h & 1) + (h >> 1 & 1) + (h >> 2 & 1) + (h >> 3 & 1);

	if (is_sure(k, row))
		return coder_slot_bit(c, mode, same, &k->same, LIMIT_SAME) != 0;

	coder_slot *slot[5] = { &k->same, &v->same_history[unknown][h],
		&v->same_class[k->class][h & 15],
		&v->same_row[unknown][row->same & 255]
			    [(h & 7) | (unsigned)row->lost << 3],
		&v->same_mixed[k->class][(h & 3) << 3 | (row->same & 7)] };

	return coder_mixed_bit(c, mode, same, v->tables,
	    &v->same_mixer[unknown | row->lost][weighs], slot, 5, LIMIT_SAME,
	    2);
}

CODER_INLINE void
text_code(struct coder *c, enum coder_mode mode, struct value *x, char *text)
{
	static const char letters[16] = "0123456789.-";
	unsigned n = (unsigned)coder_raw(c, mode, x->text.n, 6);

	if (n > LIMIT_VALUE)
		n = LIMIT_VALUE;
	for (unsigned i = 0; i < n; i++) {
		unsigned at = 0;

		if (mode != CODER_DECODE)
			while (letters[at] != x->text.p[i])
				at++;
		at = (unsigned)coder_raw(c, mode, at, 4);
		if (mode == CODER_DECODE)
			text[i] = at < 12 ? letters[at] : '0';
	}
	if (mode == CODER_DECODE)
		x->text = (struct slice){ text, n };
}

/* Another thing than a number in the column's form; true: a number follows. */
CODER_INLINE bool
exception_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct column *k, struct row *row, struct value *x, bool other, char *text)
{
	unsigned unknown = (k->flags & COLUMN_UNKNOWN) != 0;
	coder_slot *kind = v->kind[unknown];

	if (!coder_slot_bit(c, mode, other,
		&v->exception[unknown][row->lost + 2U * (k->changes == 0)],
		LIMIT_SAME)) {
		k->flags &= (uint8_t)~COLUMN_UNKNOWN;
		row->lost = false;
		return true;
	}
	row->lost = false;
	if (coder_slot_bit(c, mode, x->unknown, &kind[0], LIMIT_SLOT)) {
		k->flags |= COLUMN_UNKNOWN;
		x->unknown = row->lost = true;
		return false;
	}
	k->flags &= (uint8_t)~COLUMN_UNKNOWN;
	if (!coder_slot_bit(c, mode, x->odd, &kind[1], LIMIT_SLOT)) {
		form_code(v, c, mode, k, x);
		row->formed = true;
		return true;
	}
	x->odd = true;
	text_code(c, mode, x, text);
	return false;
}

/* x is what stands there, or will; text has room for an odd one. */
CODER_INLINE void
value_code(struct values *v, struct coder *c, enum coder_mode mode,
    struct column *k, struct row *row, struct value *x, size_t at, char *text)
{
	bool unknown = (k->flags & COLUMN_UNKNOWN) != 0;
	bool same = false, other = false;
	uint64_t number = 0;

	if (mode != CODER_DECODE) {
		other = x->unknown || x->odd || !in_form(k, x, &number);
		same = unknown ? x->unknown : !other && number == k->last;
	}
	v->off[REACH + at] = 0;
	same = same_code(v, c, mode, k, row, same);
	row->same = row->same << 1 | same;
	row->formed = false;
	k->history = (uint8_t)(k->history << 1 | same);
	if (same) {
		x->unknown = unknown;
		row->lost = false;
		if (!unknown)
			k->seen_s = row->now_s;
		return;
	}
	if (!exception_code(v, c, mode, k, row, x, other, text))
		return;
	if (mode != CODER_DECODE && !in_form(k, x, &number))
		number = 0; /* cannot be: form_of() gave a form of its own */
	number_code(v, c, mode, k, number, unknown || row->formed, row->now_s,
	    at);
	k->seen_s = row->now_s;
}

/* -- messages --------------------------------------------------------------- */

/* At the end of a message classes choose their neighbours anew. */
static void
choose_neighbours(struct class *l)
{
	int64_t best[NEIGHBOURS] = { 0 };
	uint8_t which[NEIGHBOURS] = { 0 };

	for (int i = 0; i < REACH; i++) {
		int64_t common = l->common[i], gain;
		uint8_t at = (uint8_t)(i + 1);

		gain = common * common / (l->before[i] + 64);
		if (at == l->neighbour[0] || at == l->neighbour[1])
			gain += gain / 4 + 16;
		if (gain > best[0]) {
			best[1] = best[0];
			which[1] = which[0];
			best[0] = gain;
			which[0] = at;
		} else if (gain > best[1]) {
			best[1] = gain;
			which[1] = at;
		}
	}
	/* those that stay keep their place, and so their weight */
	if (which[0] == l->neighbour[1] || which[1] == l->neighbour[0]) {
		uint8_t other = which[0];

		which[0] = which[1];
		which[1] = other;
	}
	for (int i = 0; i < NEIGHBOURS; i++)
		if (which[i] != l->neighbour[i]) {
			l->neighbour[i] = which[i];
			l->weight[2 + i] = 0;
		}
}

static void
begin_message(struct values *v, size_t n)
{
	if (v->off_cap < n + REACH) {
		v->off_cap = n + REACH + n / 2;
		free(v->off);
		v->off = mem_array(v->off_cap, sizeof(*v->off));
	}
	memset(v->off, 0, REACH * sizeof(*v->off));
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
		choose_neighbours(&v->class[v->used[i]]);
		set_gains(&v->class[v->used[i]]);
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
	char *p = body->p + body->n;

	if (body->cap - body->n <= LINE_MAX)
		p = buf_room(body, LINE_MAX);
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
			*x = (struct value){ .token = TOKEN_NONE };
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
}
