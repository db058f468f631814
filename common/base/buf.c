/*
 * Slices and the one growing buffer; see buf.h.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"

enum {
	BUF_FIRST = 256
};

struct slice
slice_str(const char *s)
{
	return (struct slice){ s, strlen(s) };
}

bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
slice_eq_str(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n &&
	    (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool
slice_skip(struct slice *in, struct slice prefix)
{
	if (!slice_starts(*in, prefix))
		return false;
	in->p += prefix.n;
	in->n -= prefix.n;
	return true;
}

bool
slice_skip_end(struct slice *in, struct slice suffix)
{
	if (in->n < suffix.n ||
	    !slice_starts((struct slice){ in->p + in->n - suffix.n, suffix.n },
		suffix))
		return false;
	in->n -= suffix.n;
	return true;
}

int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (c != 0)
		return c;
	return (a.n > b.n) - (a.n < b.n);
}

bool
slice_cut(struct slice *in, char at, struct slice *head)
{
	const char *hit = in->n > 0 ? memchr(in->p, at, in->n) : NULL;

	if (hit == NULL)
		return false;
	*head = (struct slice){ in->p, (size_t)(hit - in->p) };
	in->n -= head->n + 1;
	in->p = hit + 1;
	return true;
}

bool
slice_u64(struct slice s, uint64_t max, uint64_t *v)
{
	uint64_t sum = 0;

	if (s.n == 0 || s.n > 20 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';

		if (d > 9 || d > max || sum > (max - d) / 10)
			return false;
		sum = sum * 10 + d;
	}
	*v = sum;
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool
slice_hex(struct slice s, size_t digits, uint64_t *v)
{
	uint64_t sum = 0;

	if (s.n != digits || digits == 0 || digits > 16)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int d = hex_digit(s.p[i]);

		if (d == -1)
			return false;
		sum = sum << 4 | (uint64_t)d;
	}
	*v = sum;
	return true;
}

bool
slice_crc32(struct slice s, uint32_t *v)
{
	uint64_t sum;

	if (!slice_skip(&s, SLICE("crc32=")) || !slice_hex(s, 8, &sum))
		return false;
	*v = (uint32_t)sum;
	return true;
}

char *
slice_dup(struct slice s)
{
	return mem_strndup(s.p, s.n);
}

void
buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){ .limit = limit };
}

void
buf_clear(struct buf *b)
{
	free(b->p);
	buf_init(b, b->limit);
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	if (b->p != NULL)
		b->p[0] = '\0';
}

char *
buf_room(struct buf *b, size_t n)
{
	size_t cap = b->cap > 0 ? b->cap : BUF_FIRST;

	if (n > SIZE_MAX / 4 - b->n)
		return NULL;
	if (b->limit != 0 && n > b->limit - b->n)
		return NULL;
	while (cap <= b->n + n)
		cap *= 2;
	if (cap != b->cap) {
		b->p = mem_resize(b->p, cap, 1);
		b->cap = cap;
		b->p[b->n] = '\0';
	}
	return b->p + b->n;
}

bool
buf_put(struct buf *b, struct slice s)
{
	char *at = buf_room(b, s.n);

	if (at == NULL)
		return false;
	if (s.n > 0)
		memcpy(at, s.p, s.n);
	b->n += s.n;
	b->p[b->n] = '\0';
	return true;
}

bool
buf_put_str(struct buf *b, const char *s)
{
	return buf_put(b, slice_str(s));
}

bool
buf_put_char(struct buf *b, char c)
{
	return buf_put(b, (struct slice){ &c, 1 });
}

bool
buf_put_u64(struct buf *b, uint64_t v)
{
	char text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	return buf_put(b, (struct slice){ text + at, sizeof(text) - at });
}

bool
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *at;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (at = buf_room(b, (size_t)n)) == NULL)
		return false;
	va_start(ap, fmt);
	(void)vsnprintf(at, (size_t)n + 1, fmt,
	    ap); /* room keeps one for the NUL */
	va_end(ap);
	b->n += (size_t)n;
	return true;
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = '\0';
}

struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){ b->p, b->n };
}

char *
buf_steal(struct buf *b)
{
	char *p = b->p != NULL ? b->p : mem_strdup("");

	buf_init(b, b->limit);
	return p;
}
