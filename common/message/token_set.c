/*
 * Two sets in one; see token_set.h.  Tokens as we draw them, "T" and digits,
 * are bits in a map by their number: any order of them is quick.  Others, and
 * longer ones, are places in the message in a table with open addressing.  Its
 * hash is multilinear over 32-bit words under a random key (Lemire and Kaser,
 * "Strongly universal string hashing is fast", 2014).
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/mem.h"
#include "common/message/token_set.h"

enum {
	SLOTS_FIRST = 1024,
	WORDS_FIRST = 256, /* T0001 to T6383 */
};

struct token_slot {
	uint32_t at; /* place in the message; 0 (where no token is): free */
	uint32_t hash;
};

void
token_set_init(struct token_set *t)
{
	*t = (struct token_set){ .first = SIZE_MAX };
	/* At worst (before the system's pool is ready) it stays zero, and the
	 * set is as right, if easier to slow down. */
	if (getrandom(t->key, sizeof(t->key), GRND_NONBLOCK) == -1)
		t->key[0] = (uint64_t)(uintptr_t)t;
}

void
token_set_reset(struct token_set *t)
{
	if (t->end > 0)
		memset(t->numbers + t->first, 0,
		    (t->end - t->first) * sizeof(t->numbers[0]));
	t->first = SIZE_MAX;
	t->end = 0;
	if (t->held > 0)
		memset(t->slots, 0, t->size * sizeof(t->slots[0]));
	t->held = 0;
}

void
token_set_clear(struct token_set *t)
{
	free(t->numbers);
	free(t->slots);
	*t = (struct token_set){ 0 };
}

void
token_set_widen(struct token_set *t, size_t word)
{
	size_t words = t->words > 0 ? t->words : WORDS_FIRST;

	while (words <= word)
		words *= 2;
	t->numbers = mem_resize(t->numbers, words, sizeof(t->numbers[0]));
	memset(t->numbers + t->words, 0,
	    (words - t->words) * sizeof(t->numbers[0]));
	t->words = words;
}

static uint32_t
hash(const struct token_set *t, const char *p, size_t n)
{
	const uint64_t *key = t->key;
	uint64_t sum = *key++;
	uint32_t word;

	for (; n >= sizeof(word); n -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum += *key++ * word;
	}
	word = 0;
	while (n > 0)
		word = word << 8 | (uint8_t)p[--n];
	sum += *key * word;
	return (uint32_t)(sum >> 32);
}

/* At most half of the slots are ever in use, so there is an end. */
static struct token_slot *
free_slot(const struct token_set *t, uint32_t h)
{
	size_t i = h & (t->size - 1);

	while (t->slots[i].at != 0)
		i = (i + 1) & (t->size - 1);
	return &t->slots[i];
}

static void
grow(struct token_set *t)
{
	struct token_slot *old = t->slots;
	size_t old_size = t->size;

	t->size = old_size > 0 ? old_size * 2 : SLOTS_FIRST;
	t->slots = mem_array(t->size, sizeof(t->slots[0]));
	for (size_t i = 0; i < old_size; i++)
		if (old[i].at != 0)
			*free_slot(t, old[i].hash) = old[i];
	free(old);
}

bool
token_set_add_place(struct token_set *t, const char *message, size_t at,
    size_t n)
{
	uint32_t h = hash(t, message + at, n);
	size_t i;

	assert(at > 0 && at <= UINT32_MAX && n <= LIMIT_TOKEN);
	if (t->held >= t->size / 2)
		grow(t);
	i = h & (t->size - 1);
	for (; t->slots[i].at != 0; i = (i + 1) & (t->size - 1))
		if (t->slots[i].hash == h &&
		    memcmp(message + t->slots[i].at, message + at, n + 1) == 0)
			return false;
	t->slots[i] = (struct token_slot){ (uint32_t)at, h };
	t->held++;
	return true;
}
