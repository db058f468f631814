/*
 * Bytes: struct slice borrows them, struct buf owns and grows.  Parsers cut a
 * slice into smaller ones and never look outside it.
 */
#ifndef COMMON_BASE_BUF_H
#define COMMON_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* Borrowed bytes; NULs allowed.  {NULL, 0} is empty. */
struct slice {
	const char *p;
	size_t n;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

struct slice slice_str(const char *s); /* without the NUL */
bool slice_eq(struct slice a, struct slice b);
bool slice_eq_str(struct slice a, const char *s);
bool slice_starts(struct slice s, struct slice prefix);
/* Pass over what *in begins, or ends, with.  False, and nothing changed, when
 * it does not. */
bool slice_skip(struct slice *in, struct slice prefix);
bool slice_skip_end(struct slice *in, struct slice suffix);
int slice_cmp(struct slice a, struct slice b); /* as memcmp, shorter first */
/* Cut up to the first `at` into *head (without it) and leave the rest behind
 * it in *in.  False, and nothing changed, when `at` is not there. */
bool slice_cut(struct slice *in, char at, struct slice *head);
/* Canonical decimal: digits only, no leading 0 save "0" itself, <= max. */
bool slice_u64(struct slice s, uint64_t max, uint64_t *v);
/* Exactly `digits` lower-case hex digits, at most 16. */
bool slice_hex(struct slice s, size_t digits, uint64_t *v);
/* "crc32=" and 8 hex digits: how a checksum is written in every text of ours. */
bool slice_crc32(struct slice s, uint32_t *v);
char *slice_dup(struct slice s); /* NUL-terminated, owned */

/* Zero-initialised means empty and without a limit. */
struct buf {
	char *p;      /* p[n] is NUL once anything was put; may be NULL */
	size_t n;     /* bytes held */
	size_t cap;   /* bytes allocated */
	size_t limit; /* most bytes that it may hold; 0: no limit */
};

void buf_init(struct buf *b, size_t limit);
void buf_clear(struct buf *b); /* frees; usable again with the same limit */
void buf_reset(struct buf *b); /* empties, keeps the memory */
/* False, and nothing put, when the limit would be passed. */
bool buf_put(struct buf *b, struct slice s);
bool buf_put_str(struct buf *b, const char *s);
bool buf_put_char(struct buf *b, char c);
bool buf_put_u64(struct buf *b, uint64_t v);
bool buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for n more bytes at p + n, to be filled by the caller, who then adds to
 * b->n; NULL when the limit would be passed. */
char *buf_room(struct buf *b, size_t n);
void buf_drop(struct buf *b, size_t n); /* the first n bytes; n <= b->n */
struct slice buf_slice(const struct buf *b);
/* The text so far, NUL-terminated, owned by the caller; b is empty then. */
char *buf_steal(struct buf *b);

#endif
