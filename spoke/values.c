/*
 * Values to be sent; see values.h.
 */
#include "config.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "spoke/values.h"

void
values_add(struct values *l, struct value v)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 256;
		l->v = mem_resize(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->n++] = v;
}

static int
by_time(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	if (x->timestamp_s != y->timestamp_s)
		return x->timestamp_s < y->timestamp_s ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

void
values_sort(struct values *l)
{
	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), by_time);
}

void
values_clear(struct values *l)
{
	free(l->v);
	*l = (struct values){ 0 };
}
