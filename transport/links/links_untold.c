/*
 * Sessions that failed, as the log has them; see links_untold.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "transport/links/links_untold.h"

enum {
	MINUTE_MS = 60000,
};

struct links_untold_of {
	char *association;
	struct mono since; /* of a minute, in which */
	unsigned told;     /* so many were told */
	uint64_t untold;   /* and so many not, or before */
};

static bool
is_over(const struct links_untold_of *x, struct mono now)
{
	return mono_ms_since(now, x->since) >= MINUTE_MS;
}

static struct links_untold_of *
find(const struct links_untold *u, const char *association)
{
	for (size_t i = 0; i < u->n; i++)
		if (strcmp(u->of[i].association, association) == 0)
			return &u->of[i];
	return NULL;
}

bool
links_untold_ask(const struct links_untold *u, const char *association,
    struct mono now, uint64_t *before)
{
	const struct links_untold_of *x = find(u, association);

	*before = x == NULL ? 0 : x->untold;
	return x == NULL || is_over(x, now) || x->told < LINKS_TELL_MOST;
}

void
links_untold_failed(struct links_untold *u, const char *association, bool told,
    struct mono now)
{
	struct links_untold_of *x = find(u, association);

	if (x == NULL) {
		u->of = mem_resize(u->of, u->n + 1, sizeof(*u->of));
		x = &u->of[u->n++];
		*x = (struct links_untold_of){ mem_strdup(association), now, 0,
			0 };
	}
	if (is_over(x, now)) {
		x->since = now;
		x->told = 0;
	}
	x->told += told;
	x->untold = told ? 0 : x->untold + 1;
}

void
links_untold_clear(struct links_untold *u)
{
	for (size_t i = 0; i < u->n; i++)
		free(u->of[i].association);
	free(u->of);
	*u = (struct links_untold){ 0 };
}
