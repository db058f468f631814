/*
 * Finds a token that stands twice in a message.  Its memory is reused from
 * message to message.
 */
#ifndef COMMON_MESSAGE_TOKEN_SET_H
#define COMMON_MESSAGE_TOKEN_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/digits.h"
#include "common/message/limits.h"

enum {
	TOKEN_SET_DIGITS = 6,
	TOKEN_SET_WORDS = LIMIT_TOKEN / 4,
};

struct token_set {
	uint64_t *numbers;        /* a bit for each number of a T<digits> */
	size_t words;             /* that it has: at most 250 KB */
	size_t first, end;        /* those in use */
	struct token_slot *slots; /* other tokens */
	size_t size;              /* a power of two, or 0 */
	size_t held;
	uint64_t key[TOKEN_SET_WORDS + 1];
};

/* Draws the key, so that nobody outside can choose tokens that collide. */
void token_set_init(struct token_set *t);
void token_set_reset(struct token_set *t); /* empties, keeps the memory */
void token_set_clear(struct token_set *t);

/* For tokens that are no numbers: see token_set_add. */
bool token_set_add_place(struct token_set *t, const char *message, size_t at,
    size_t n);

/* Makes room for that word: numbers are mostly small, and parsers many. */
void token_set_widen(struct token_set *t, size_t word);

/* The number of a T<digits>, with a 1 put first so that T1 and T01 are two; 0:
 * the token is of another kind. */
static inline size_t
token_set_number(const char *token, size_t n)
{
	size_t sum = 1;

	if (n < 2 || n > 1 + TOKEN_SET_DIGITS || token[0] != 'T')
		return 0;
	for (size_t i = 1; i < n; i++) {
		unsigned digit = (unsigned)(uint8_t)token[i] - '0';

		if (digit > 9)
			return 0;
		sum = sum * 10 + digit;
	}
	return sum;
}

/* False: that number is there already. */
static inline bool
token_set_add_number(struct token_set *t, size_t number)
{
	size_t word = number / 64;
	uint64_t bit = UINT64_C(1) << number % 64;

	if (word >= t->words)
		token_set_widen(t, word);
	if ((t->numbers[word] & bit) != 0)
		return false;
	t->numbers[word] |= bit;
	if (word < t->first)
		t->first = word;
	if (word >= t->end)
		t->end = word + 1;
	return true;
}

/* The number of the T, so many digits and ':' that eight bytes at s begin with; 0:
 * they begin with something else. */
static inline size_t
token_set_guess(const char *s, unsigned digits)
{
	static const uint32_t one[] = { 0, 10, 100, 1000, 10000, 100000,
		1000000 };
	uint64_t v = digits_load(s) >> 8;

	if (*s != 'T' || s[1 + digits] != ':' || digits_count(v) != digits)
		return 0;
	return one[digits] + digits_number(v, digits);
}

/* The token at message + at, of n bytes, and the one byte behind it that ends
 * it: the same in all tokens of a message.  False: it is there already. */
static inline bool
token_set_add(struct token_set *t, const char *message, size_t at, size_t n)
{
	size_t number = token_set_number(message + at, n);

	return number != 0 ? token_set_add_number(t, number)
			   : token_set_add_place(t, message, at, n);
}

#endif
