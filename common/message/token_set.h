/*
 * Finds a token that stands twice in a message.  Holds places in the message,
 * no copies; its memory is reused from message to message.
 */
#ifndef COMMON_MESSAGE_TOKEN_SET_H
#define COMMON_MESSAGE_TOKEN_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/message/limits.h"

enum {
	TOKEN_SET_WORDS = LIMIT_TOKEN / 4
};

struct token_set {
	struct token_slot *slots;
	size_t size; /* a power of two, or 0 */
	size_t held;
	uint64_t key[TOKEN_SET_WORDS + 1];
};

/* Draws the key, so that nobody outside can choose tokens that collide. */
void token_set_init(struct token_set *t);
void token_set_reset(struct token_set *t); /* empties, keeps the memory */
/* The token at message + at, of n bytes, and the one byte behind it that ends
 * it: the same in all tokens of a message.  False: it is there already. */
bool token_set_add(struct token_set *t, const char *message, size_t at,
    size_t n);
void token_set_clear(struct token_set *t);

#endif
