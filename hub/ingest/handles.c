/*
 * Tokens stand one behind the other in one text; everything else is a number
 * for each.  After a token comes, most likely, the one that came after it last
 * time; where that fails, a binary search, which no choice of tokens slows
 * down.
 */
#include "config.h"

#include "hub/ingest/handles.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

struct handles {
	struct buf text;
	uint32_t *start;  /* n + 1: token i is text[start[i] .. start[i + 1]) */
	uint32_t *handle; /* n */
	uint32_t *sorted; /* n: by text */
	uint32_t *after;  /* n + 1: which came behind it; at n: the first */
	uint32_t n, cap;
	uint32_t at; /* the one found last; n: none */
};

struct handles *
handles_new(void)
{
	return mem_alloc(sizeof(struct handles));
}

void
handles_add(struct handles *t, struct slice token, uint32_t handle)
{
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 64 : t->cap + t->cap / 2;
		t->start =
		    mem_resize(t->start, (size_t)t->cap + 1, sizeof(*t->start));
		t->handle = mem_resize(t->handle, t->cap, sizeof(*t->handle));
	}
	t->start[t->n] = (uint32_t)t->text.n;
	t->handle[t->n] = handle;
	(void)buf_put(&t->text, token); /* it has no limit */
	t->n++;
	t->start[t->n] = (uint32_t)t->text.n;
}

static struct slice
token_at(const struct handles *t, uint32_t i)
{
	return (struct slice){ t->text.p + t->start[i],
		t->start[i + 1] - t->start[i] };
}

static int
compare(const void *a, const void *b, void *tokens)
{
	const struct handles *t = tokens;

	return slice_cmp(token_at(t, *(const uint32_t *)a),
	    token_at(t, *(const uint32_t *)b));
}

bool
handles_finish(struct handles *t)
{
	bool sorted = true, unique = true;

	assert(t->sorted == NULL);
	t->sorted = mem_array((size_t)t->n + 1, sizeof(*t->sorted));
	t->after = mem_array((size_t)t->n + 1, sizeof(*t->after));
	for (uint32_t i = 0; i < t->n; i++) {
		t->sorted[i] = i;
		t->after[i] = i + 1;
		sorted = sorted &&
		    (i == 0 ||
			slice_cmp(token_at(t, i - 1), token_at(t, i)) < 0);
	}
	if (!sorted)
		qsort_r(t->sorted, t->n, sizeof(*t->sorted), compare, t);
	for (uint32_t i = 1; i < t->n && unique; i++)
		unique = !slice_eq(token_at(t, t->sorted[i - 1]),
		    token_at(t, t->sorted[i]));
	t->at = t->n;
	return unique;
}

void
handles_rewind(struct handles *t)
{
	t->at = t->n;
}

static bool
search(const struct handles *t, struct slice token, uint32_t *index)
{
	uint32_t low = 0, high = t->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int c = slice_cmp(token_at(t, t->sorted[mid]), token);

		if (c == 0) {
			*index = t->sorted[mid];
			return true;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

bool
handles_find(struct handles *t, struct slice token, uint32_t *handle)
{
	uint32_t i = t->after[t->at];

	if (i >= t->n || !slice_eq(token_at(t, i), token)) {
		if (!search(t, token, &i))
			return false;
		t->after[t->at] = i;
	}
	t->at = i;
	*handle = t->handle[i];
	return true;
}

size_t
handles_count(const struct handles *t)
{
	return t->n;
}

void
handles_free(struct handles *t)
{
	if (t == NULL)
		return;
	buf_clear(&t->text);
	free(t->start);
	free(t->handle);
	free(t->sorted);
	free(t->after);
	free(t);
}
