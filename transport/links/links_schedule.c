/*
 * When a link is begun; see links_schedule.h.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "transport/links/links_schedule.h"

enum {
	AT_ONCE = 64,
	SPREAD_MS = 300 * 1000, /* of first begins, at most a period */
	SPREAD_KEPT_MS = 2000,
	RETRY_MS = 30 * 1000, /* the first delay, at most a period */
	RETRY_KEPT_MS = 2000,
	HELD_KEPT_MS = 60 * 1000, /* between questions of a kept one */
	RETRY_MOST_MS = 900 * 1000,
	RETRY_KEPT_MOST_MS = 300 * 1000,
	SLOW_MS = 30 * 1000, /* who takes longer is in trouble */
	GAP_MS = 1000,       /* between begins, whatever is told */
};

struct link {
	uint64_t hash; /* of its name */
	int64_t period_ms;
	bool kept;

	bool running;
	bool limited; /* runs as one in trouble */
	bool told;    /* while it runs */
	bool slow;    /* the last time */
	bool parted;  /* the far end ended the last one */
	unsigned failures;
	struct mono due;   /* of the next begin, when it does not run */
	struct mono grid;  /* its own multiple of the period, the next */
	struct mono begun; /* ns 0: never */
};

struct links_schedule {
	size_t at_once;
	uint64_t random;
	struct link *link;
	size_t n;
	size_t running, limited; /* without kept ones */
};

/* FNV-1a, and then every bit into every other: names differ by their ends. */
static uint64_t
hash_name(const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	h = (h ^ (h >> 31)) * UINT64_C(0x7fb5d329728ea185);
	h = (h ^ (h >> 27)) * UINT64_C(0x81dadef4bc2dd44d);
	return h ^ (h >> 33);
}

/* xorshift64*: spreads sites, guards nothing. */
static uint64_t
next_random(struct links_schedule *s)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * UINT64_C(0x2545f4914f6cdd1d);
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool
is_before(struct mono a, struct mono b)
{
	return a.ns < b.ns;
}

static bool
in_trouble(const struct link *k)
{
	return k->failures > 0 || k->slow;
}

static bool
has_place(const struct links_schedule *s, const struct link *k)
{
	if (k->kept)
		return true;
	if (in_trouble(k) && s->limited >= (s->at_once + 1) / 2)
		return false;
	return s->running < s->at_once;
}

/* Half of it for certain, the rest by chance and by name. */
static int64_t
jittered(struct links_schedule *s, const struct link *k, int64_t ms)
{
	uint64_t half = (uint64_t)ms / 2 + 1;

	return (int64_t)((uint64_t)ms / 2 + (next_random(s) ^ k->hash) % half);
}

static int64_t
retry_ms(struct links_schedule *s, const struct link *k)
{
	int64_t ms = k->kept ? RETRY_KEPT_MS : smaller(RETRY_MS, k->period_ms);
	int64_t most = k->kept ? RETRY_KEPT_MOST_MS : RETRY_MOST_MS;

	for (unsigned i = 1; i < k->failures && ms < most; i++)
		ms *= 2;
	return jittered(s, k, smaller(ms, most));
}

/* The next multiple after now: what was missed is not made up. */
static void
move_grid(struct link *k, struct mono now)
{
	int64_t behind_ms = mono_ms_since(now, k->grid);

	if (behind_ms >= 0)
		k->grid = mono_add_ms(k->grid,
		    (behind_ms / k->period_ms + 1) * k->period_ms);
}

static struct mono
after_gap(const struct link *k, struct mono now)
{
	struct mono at = mono_add_ms(k->begun, GAP_MS);

	return k->begun.ns != 0 && is_before(now, at) ? at : now;
}

/* --- The interface ------------------------------------------------------- */

struct links_schedule *
links_schedule_new(const struct links_schedule_opts *opts)
{
	struct links_schedule *s = mem_alloc(sizeof(*s));

	s->at_once =
	    opts != NULL && opts->at_once != 0 ? opts->at_once : AT_ONCE;
	s->random = opts != NULL && opts->seed != 0 ? opts->seed : 1;
	return s;
}

void
links_schedule_free(struct links_schedule *s)
{
	if (s == NULL)
		return;
	free(s->link);
	free(s);
}

size_t
links_schedule_add(struct links_schedule *s,
    const struct links_schedule_link *link, struct mono now)
{
	struct link k = { .hash = hash_name(link->name),
		.period_ms = link->period_ms,
		.kept = link->kept };
	int64_t spread =
	    k.kept ? SPREAD_KEPT_MS : smaller(SPREAD_MS, k.period_ms);

	assert(k.kept || k.period_ms > 0);
	k.due = k.grid = mono_add_ms(now, (int64_t)(k.hash % (uint64_t)spread));
	s->link = mem_resize(s->link, s->n + 1, sizeof(*s->link));
	s->link[s->n] = k;
	return s->n++;
}

void
links_schedule_inherit(struct links_schedule *s, size_t link,
    const struct links_schedule *old, size_t from)
{
	struct link *k = &s->link[link], was = old->link[from];

	k->running = was.running;
	k->limited = was.limited;
	k->told = was.told;
	k->begun = was.begun;
	if (k->kept == was.kept) {
		k->slow = was.slow;
		k->parted = was.parted;
		k->failures = was.failures;
	}
	if (k->kept == was.kept && k->period_ms == was.period_ms) {
		k->due = was.due;
		k->grid = was.grid;
	}
	if (k->running && !k->kept)
		s->running++;
	if (k->running && !k->kept && k->limited)
		s->limited++;
}

bool
links_schedule_next(struct links_schedule *s, struct mono now, size_t *link)
{
	struct link *best = NULL;

	for (size_t i = 0; i < s->n; i++) {
		struct link *k = &s->link[i];

		if (!k->running && !is_before(now, k->due) && has_place(s, k) &&
		    (best == NULL || is_before(k->due, best->due)))
			best = k;
	}
	if (best == NULL)
		return false;
	best->running = true;
	best->begun = now;
	best->told = false;
	best->limited = in_trouble(best);
	if (!best->kept) {
		s->running++;
		s->limited += best->limited;
	}
	*link = (size_t)(best - s->link);
	return true;
}

static void
count_end(struct link *k, enum links_schedule_end how)
{
	k->parted = how == LINK_PARTED;
	switch (how) {
	case LINK_WELL:
	case LINK_TWIN:
	case LINK_HELD:
	case LINK_PARTED:
		k->failures = 0;
		break;
	case LINK_MOVED:
		k->failures = 1;
		break;
	case LINK_FAILED:
		k->failures++;
		break;
	}
}

void
links_schedule_ended(struct links_schedule *s, size_t link,
    enum links_schedule_end how, struct mono now)
{
	struct link *k = &s->link[link];

	assert(k->running);
	k->running = false;
	if (!k->kept) {
		s->running--;
		s->limited -= k->limited;
		k->slow = mono_ms_since(now, k->begun) > SLOW_MS;
		move_grid(k, now);
	}
	count_end(k, how);
	if (k->kept && how == LINK_HELD)
		k->due = mono_add_ms(now, jittered(s, k, HELD_KEPT_MS));
	else if (k->failures > 0 || k->kept)
		k->due = mono_add_ms(now, retry_ms(s, k));
	else
		k->due = k->grid;
	if (k->told)
		links_schedule_told(s, link, now);
}

void
links_schedule_told(struct links_schedule *s, size_t link, struct mono now)
{
	struct link *k = &s->link[link];
	struct mono at = after_gap(k, now);

	if (k->running)
		k->told = true;
	else if (k->failures == 0 && !k->kept && is_before(at, k->due))
		k->due = at;
}

struct mono
links_schedule_wake(const struct links_schedule *s)
{
	struct mono at = { INT64_MAX };

	for (size_t i = 0; i < s->n; i++) {
		const struct link *k = &s->link[i];

		if (!k->running && has_place(s, k) && is_before(k->due, at))
			at = k->due;
	}
	return at;
}

bool
links_schedule_running(const struct links_schedule *s, size_t link)
{
	return s->link[link].running;
}

unsigned
links_schedule_failures(const struct links_schedule *s, size_t link)
{
	return s->link[link].failures;
}

bool
links_schedule_again(const struct links_schedule *s, size_t link)
{
	return s->link[link].failures > 0 || s->link[link].parted;
}
