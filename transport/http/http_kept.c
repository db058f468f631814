/*
 * The bytes that an end of transport http keeps; see http_kept.h.
 */
#include "config.h"

#include "transport/http/http_kept.h"

enum {
	QUICK_MS = 8000, /* from bytes to the word that they came */
	SLOW_MS = 60000,
};

void
http_kept_init(struct http_kept *k, size_t first, size_t least)
{
	*k = (struct http_kept){ .most = first, .least = least };
}

void
http_kept_said(struct http_kept *k, uint64_t at, struct mono now)
{
	if (k->timed != 0)
		return;
	k->timed = at + k->most / 4;
	k->timed_from = now;
}

void
http_kept_came(struct http_kept *k, uint64_t n, struct mono now)
{
	int64_t ms = mono_ms_since(now, k->timed_from);

	if (k->timed == 0 || n < k->timed)
		return;
	k->timed = 0;
	if (ms < QUICK_MS && k->most < HTTP_KEPT_MAX)
		k->most *= 2;
	else if (ms > SLOW_MS && k->most > k->least)
		k->most /= 2;
}

void
http_kept_unsaid(struct http_kept *k, uint64_t at)
{
	if (at < k->timed)
		k->timed = 0;
}
