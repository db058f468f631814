/*
 * Repetitions and letters; see columnar_text.h.
 *
 * Where the last 12 or 5 letters stood before is a guess at what comes, else what
 * follows the guess before: a bit says whether the next letter is the guessed one,
 * and after a hit how long it stays so.  A letter that was not guessed is coded by the chances of its
 * bits behind the three letters before it, and behind the wrong guess or the one
 * letter before it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/codec/columnar/columnar_text.h"
#include "common/codec/members.h"

enum {
	WINDOW_BITS = 23,
	WINDOW = 1 << WINDOW_BITS,
	PLACE_MASK = 2 * WINDOW - 1, /* of a guess; above it is a check */
	GUESS_BITS = 15,
	GUESSES = 2,
	LONG = 12, /* letters that are the same before a guess */
	SHORT = 5,
	ORDER_BITS = 16,
	LETTER_SLOTS = 17 * 16, /* of a letter, each half together */
	LETTER_INPUTS = 2,
	LETTER_LIMIT = 60,
	LENGTH_BITS = 27,
	LOOK = 1 << 14,         /* letters between looks at the clock */
	WAITING_MAX = 16 << 20, /* bytes; then they are learnt at once */
};

struct text {
	const struct coder_tables *tables;
	uint8_t *window;
	uint32_t at;              /* letters so far, modulo 2^32 */
	uint32_t after;           /* where the last guess would go on, or 0 */
	uint32_t *guess[GUESSES]; /* by length, the longer first */
	coder_slot *one, *three;  /* by letters before and bits so far */
	coder_slot *expected;     /* by what was guessed */
	struct mixer mixer[GUESSES + 2];
	coder_slot hit[GUESSES + 2][16];
	coder_slot length_size[LENGTH_BITS + 1];
	coder_slot length[LENGTH_BITS + 1][8];
	unsigned hits; /* of the last guesses */
	uint64_t letters;
	/* What is to be learnt before anything is coded, each piece behind its
	 * size: most sessions never need the text of their CONFIG. */
	struct buf waiting;
};

struct text *
text_new(const struct coder_tables *t)
{
	struct text *x = mem_alloc(sizeof(*x));

	x->tables = t;
	for (int i = 0; i < GUESSES + 2; i++)
		for (int k = 0; k < MIXER_MAX; k++)
			x->mixer[i].weight[k] = MIXER_ONE * 2 / 5;
	return x;
}

/* Most states never see more text than one configuration, and many none. */
static void
make_room(struct text *x)
{
	if (x->window != NULL)
		return;
	x->window = mem_array(WINDOW, 1);
	for (int i = 0; i < GUESSES; i++)
		x->guess[i] =
		    mem_array((size_t)1 << GUESS_BITS, sizeof(uint32_t));
	x->one = mem_array(256 * LETTER_SLOTS, sizeof(coder_slot));
	x->three = mem_array((size_t)1 << ORDER_BITS, sizeof(coder_slot));
	x->expected = mem_array(256 * LETTER_SLOTS, sizeof(coder_slot));
}

void
text_free(struct text *x)
{
	if (x == NULL)
		return;
	free(x->window);
	for (int i = 0; i < GUESSES; i++)
		free(x->guess[i]);
	free(x->one);
	free(x->three);
	free(x->expected);
	buf_clear(&x->waiting);
	free(x);
}

uint64_t
text_letters(const struct text *x)
{
	return x->letters;
}

static inline uint8_t
letter(const struct text *x, uint32_t at)
{
	return x->window[at & (WINDOW - 1)];
}

/* Eight letters, the last one highest. */
static inline uint64_t
eight(const uint8_t *p)
{
	uint64_t v = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&v, p, 8);
#else
	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
#endif
	return v;
}

/* The eight letters before `end`. */
static inline uint64_t
letters8(const struct text *x, uint32_t end)
{
	uint32_t from = (end - 8) & (WINDOW - 1);
	uint64_t v = 0;

	if (from <= WINDOW - 8)
		return eight(x->window + from);
	for (uint32_t i = 0; i < 8; i++)
		v |= (uint64_t)letter(x, end - 8 + i) << 8 * i;
	return v;
}

static inline uint32_t
hash32(uint64_t v)
{
	return (uint32_t)((v * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

/* Hashes of letters by the last eight, and the eight before these. */
static inline void
guess_keys(uint64_t last, uint64_t before, uint32_t key[GUESSES])
{
	key[0] = hash32(last ^ (before >> 32) * UINT64_C(0xd6e8feb86659fd93));
	key[1] = hash32(last >> 24);
}

static inline uint32_t *
guess_at(const struct text *x, int i, uint32_t key)
{
	return &x->guess[i][key >> (32 - GUESS_BITS)];
}

/* What stood behind the same letters, the longest first; GUESSES: what follows
 * the guess before; GUESSES + 1: nothing. */
static inline int
make_guess(const struct text *x, const uint32_t key[GUESSES], uint64_t last,
    uint64_t before, uint32_t *from)
{
	for (int i = 0; i < GUESSES; i++) {
		uint32_t g = *guess_at(x, i, key[i]);
		uint32_t back = (x->at - g) & PLACE_MASK;
		uint64_t other;

		if (((g ^ key[i] << (WINDOW_BITS + 1)) >> (WINDOW_BITS + 1)) !=
			0 ||
		    back == 0 || back >= WINDOW || back >= x->at)
			continue;
		g = x->at - back;
		other = last ^ letters8(x, g);
		if (i == 0)
			other |=
			    (before ^ letters8(x, g - 8)) >> (128 - LONG * 8);
		else
			other >>= 64 - SHORT * 8;
		if (other == 0) {
			*from = g;
			return i;
		}
	}
	*from = x->after;
	return x->after != 0 && x->at - x->after < WINDOW ? GUESSES
							  : GUESSES + 1;
}

/* The letters before the next one stood here. */
static inline void
remember(struct text *x, const uint32_t key[GUESSES])
{
	for (int i = 0; i < GUESSES; i++)
		*guess_at(x, i, key[i]) =
		    (x->at & PLACE_MASK) | key[i] << (WINDOW_BITS + 1);
	x->at++;
}

/* The next n letters stand at their place: append them. */
static inline void
append(struct text *x, uint32_t n)
{
	const uint8_t *p = x->window + (x->at & (WINDOW - 1)), *end = p + n;
	uint32_t key[GUESSES];

	for (; p < end && p < x->window + 16; p++) {
		guess_keys(letters8(x, x->at), letters8(x, x->at - 8), key);
		remember(x, key);
	}
	for (; p < end; p++) {
		guess_keys(eight(p - 8), eight(p - 16), key);
		remember(x, key);
	}
}

/* Append n letters, those that stand at `from`; also at out, unless that is
 * NULL.  They may reach into what is made. */
static void
repeat(struct text *x, uint32_t from, uint32_t n, uint8_t *out)
{
	while (n > 0) {
		uint32_t at = x->at & (WINDOW - 1), of = from & (WINDOW - 1);
		uint32_t part = x->at - from < n ? x->at - from : n;

		part = part < WINDOW - at ? part : WINDOW - at;
		part = part < WINDOW - of ? part : WINDOW - of;
		memmove(x->window + at, x->window + of, part);
		append(x, part);
		if (out != NULL) {
			memcpy(out, x->window + at, part);
			out += part;
		}
		from += part;
		n -= part;
	}
}

/* Four bits of a letter: their slots lie together. */
CODER_INLINE unsigned
half_code(struct text *x, struct coder *c, enum coder_mode mode, unsigned v,
    coder_slot *const place[LETTER_INPUTS], struct mixer *m)
{
	unsigned so_far = 1;

	for (int i = 3; i >= 0; i--) {
		coder_slot *slot[LETTER_INPUTS] = { place[0] + so_far,
			place[1] + so_far };

		so_far = so_far << 1 |
		    coder_mixed_bit(c, mode, v >> i & 1, x->tables, m, slot,
			LETTER_INPUTS, LETTER_LIMIT, 6);
	}
	return so_far & 15;
}

CODER_INLINE uint8_t
letter_code(struct text *x, struct coder *c, enum coder_mode mode, uint8_t v,
    int order, uint8_t guessed)
{
	uint64_t h = letters8(x, x->at);
	uint64_t three = h >> 40;
	unsigned high = 0;

	for (unsigned half = 0; half < 2; half++) {
		uint64_t salt = half == 0 ? 0 : (uint64_t)(high + 1) << 32;
		unsigned at = half == 0 ? 0 : 16 * (high + 1);
		coder_slot *place[LETTER_INPUTS] = {
			order <= GUESSES
			    ? x->expected + (guessed * LETTER_SLOTS + at)
			    : x->one + ((h >> 56) * LETTER_SLOTS + at),
			x->three +
			    (hash32(three ^ salt) >> (36 - ORDER_BITS)) * 16,
		};
		unsigned bits = half_code(x, c, mode,
		    half == 0 ? v >> 4 : v & 15U, place, &x->mixer[order]);

		if (half == 1)
			return (uint8_t)(high << 4 | bits);
		high = bits;
	}
	return 0; /* not reached */
}

/* A length of 1 or more: how many bits it has, then these. */
CODER_INLINE uint32_t
length_code(struct text *x, struct coder *c, enum coder_mode mode, uint32_t n)
{
	unsigned size = 0, top;
	uint32_t v;

	if (mode != CODER_DECODE)
		size = 31 - (unsigned)__builtin_clz(n);
	for (top = 0; top < LENGTH_BITS; top++)
		if (coder_slot_bit(c, mode, size == top, &x->length_size[top],
			LETTER_LIMIT))
			break;
	v = 1;
	for (unsigned i = top; i-- > 0;) {
		unsigned bit = n >> i & 1;

		if (top - i <= 3)
			bit = coder_slot_bit(c, mode, bit,
			    &x->length[top][v & 7], LETTER_LIMIT);
		else
			bit = (unsigned)coder_raw(c, mode, bit, 1);
		v = v << 1 | bit;
	}
	return v;
}

/* Letters that follow the guess; the caller made sure of the first. */
static uint32_t
same_from(const struct text *x, uint32_t from, const uint8_t *p, size_t n)
{
	uint32_t k = 1, far = x->at - from;

	if (n > WINDOW / 2)
		n = WINDOW / 2;
	while (k + 8 <= n && k + 8 <= far &&
	    letters8(x, from + k + 8) == eight(p + k))
		k += 8;
	/* a guess may reach into what it makes */
	while (k < n && p[k] == (k < far ? letter(x, from + k) : p[k - far]))
		k++;
	return k;
}

/* The letters at p, or those that will stand there; `n` of them at most.  The
 * number done. */
CODER_INLINE size_t
step(struct text *x, struct coder *c, enum coder_mode mode, uint8_t *out,
    const uint8_t *in, size_t n)
{
	uint64_t last = letters8(x, x->at), before = letters8(x, x->at - 8);
	uint32_t key[GUESSES], from = 0, run;
	uint8_t guessed = 0;
	int order;

	guess_keys(last, before, key);
	order = make_guess(x, key, last, before, &from);
	if (order <= GUESSES) {
		coder_slot *s = &x->hit[order][x->hits & 15];

		guessed = letter(x, from);
		x->hits = x->hits << 1 |
		    coder_slot_bit(c, mode,
			mode != CODER_DECODE && in[0] == guessed, s,
			LETTER_LIMIT);
		x->after = from + 1;
		if ((x->hits & 1) != 0) {
			run = mode != CODER_DECODE ? same_from(x, from, in, n)
						   : 0;
			run = length_code(x, c, mode, run);
			if (mode == CODER_DECODE && run > n) {
				run = (uint32_t)n;
				c->wrong = true;
			}
			repeat(x, from, run, out);
			x->after = from + run;
			return run;
		}
	}
	x->letters++;
	guessed = letter_code(x, c, mode, mode != CODER_DECODE ? in[0] : 0,
	    order, guessed);
	if (mode == CODER_DECODE)
		out[0] = guessed;
	x->window[x->at & (WINDOW - 1)] = guessed;
	remember(x, key);
	return 1;
}

static void
learn(struct text *x, struct slice in)
{
	const uint8_t *p = (const uint8_t *)in.p;
	size_t done = 0;

	if (in.n > 0)
		make_room(x);
	while (done < in.n)
		done += step(x, NULL, CODER_LEARN, NULL, p + done, in.n - done);
}

/* What waited is no work of who needs it now. */
static void
learn_waiting(struct text *x)
{
	struct slice rest = buf_slice(&x->waiting);
	uint64_t letters = x->letters;

	while (rest.n > 0) {
		struct slice piece;

		memcpy(&piece.n, rest.p, sizeof(piece.n));
		piece.p = rest.p + sizeof(piece.n);
		learn(x, piece);
		rest.n -= sizeof(piece.n) + piece.n;
		rest.p = piece.p + piece.n;
	}
	buf_clear(&x->waiting);
	x->letters = letters;
}

void
text_learn(struct text *x, struct slice in)
{
	if (in.n > WAITING_MAX - sizeof(in.n) - x->waiting.n) {
		learn_waiting(x);
		learn(x, in);
		return;
	}
	buf_put(&x->waiting,
	    (struct slice){ (const char *)&in.n, sizeof(in.n) });
	buf_put(&x->waiting, in);
	if (x->waiting.n > WAITING_MAX - sizeof(in.n))
		learn_waiting(x);
}

void
text_encode(struct text *x, struct coder *c, struct slice in)
{
	const uint8_t *p = (const uint8_t *)in.p;
	size_t done = 0;

	learn_waiting(x);
	if (in.n > 0)
		make_room(x);
	while (done < in.n)
		done += step(x, c, CODER_ENCODE, NULL, p + done, in.n - done);
}

int
text_decode(struct text *x, struct coder *c, size_t n, struct buf *out,
    const struct codec_budget *budget)
{
	uint8_t *p = (uint8_t *)out->p + out->n;
	size_t done = 0, look = LOOK;

	learn_waiting(x);
	if (n > 0)
		make_room(x);
	while (done < n) {
		done += step(x, c, CODER_DECODE, p + done, NULL, n - done);
		if (done >= look) {
			look = done + LOOK;
			if (codec_budget_over(budget))
				return -1;
		}
	}
	out->n += n;
	return 0;
}
