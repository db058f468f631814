/*
 * Tokens and what CONFIG says of them; see columnar_columns.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/mem.h"
#include "common/codec/columnar/columnar_columns.h"

/* The key is for finding alone: nothing that is coded depends on it, and nobody
 * outside can choose tokens that collide.  Without randomness a fixed one. */
void
columns_init(struct columns *t)
{
	*t = (struct columns){ 0 };
	if (getrandom(t->key, sizeof(t->key), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(t->key))
		t->key[0] = UINT64_C(0x243f6a8885a308d3);
	t->key[1] |= 1;
}

void
columns_clear(struct columns *t)
{
	if (t->coming != NULL)
		columns_clear(t->coming);
	free(t->coming);
	free(t->column);
	free(t->index);
	free(t->stem);
	buf_clear(&t->names);
	*t = (struct columns){ 0 };
}

static uint64_t
fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 v = (unsigned __int128)a * b;

	return (uint64_t)v ^ (uint64_t)(v >> 64);
}

static size_t
place_of(const struct columns *t, struct slice name)
{
	uint64_t h = t->key[0] ^ name.n, v;

	for (size_t i = 0; i < name.n; i += 8) {
		v = 0;
		memcpy(&v, name.p + i, name.n - i < 8 ? name.n - i : 8);
		h = fold(h ^ v, t->key[1]) + t->key[0];
	}
	return (size_t)fold(h, t->key[1]) & (t->places - 1);
}

/* The place of a name, or the free one where it belongs. */
static size_t
look_up(const struct columns *t, struct slice name)
{
	size_t at = place_of(t, name);

	for (; t->index[at] != 0; at = (at + 1) & (t->places - 1)) {
		const struct column *k = &t->column[t->index[at] - 1];
		struct slice had = columns_name(t, k);

		had.n--;
		if (slice_eq(had, name))
			break;
	}
	return at;
}

uint32_t
columns_find(const struct columns *t, struct slice name)
{
	uint32_t found;

	if (t->n == 0)
		return TOKEN_NONE;
	found = t->index[look_up(t, name)];
	return found == 0 ? TOKEN_NONE : found - 1;
}

static void
grow(struct columns *t)
{
	t->cap = t->cap == 0 ? 64 : t->cap * 2;
	t->column = mem_resize(t->column, t->cap, sizeof(*t->column));
	t->places = t->cap * 2;
	free(t->index);
	t->index = mem_array(t->places, sizeof(*t->index));
	for (size_t i = 0; i < t->n; i++) {
		struct slice name = columns_name(t, &t->column[i]);

		name.n--;
		t->index[look_up(t, name)] = (uint32_t)i + 1;
	}
}

uint32_t
columns_add(struct columns *t, struct slice name)
{
	struct column *k;
	size_t place;

	if (name.n == 0 || name.n > LIMIT_TOKEN || t->n == COLUMNS_MAX)
		return TOKEN_NONE;
	if (t->n == t->cap)
		grow(t);
	place = look_up(t, name);
	if (t->index[place] != 0)
		return TOKEN_NONE;
	k = &t->column[t->n];
	*k = (struct column){ .name_at = (uint32_t)t->names.n,
		.name_n = (uint8_t)(name.n + 1),
		.next = 0,
		.run = 1 };
	buf_put(&t->names, name);
	buf_put_char(&t->names, ':');
	memset(buf_room(&t->names, 8), 0, 8); /* may be read, is not used */
	t->index[place] = (uint32_t)++t->n;
	return (uint32_t)t->n - 1;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint16_t
class_of_hash(uint32_t h)
{
	return (uint16_t)((h ^ h >> 15) & (CLASSES - 1));
}

/* The last component of a path; and its stem, without digits: where few have just
 * this name, kin have numbers of their own. */
static uint16_t
class_of(struct slice path, uint16_t *stem)
{
	uint32_t all = 2166136261U, some = all;
	size_t at = path.n;
	bool letters = false;

	for (; at > 0 && path.p[at - 1] != '/'; at--)
		letters |= is_letter(path.p[at - 1]);
	for (size_t i = path.n; i > at; i--) {
		uint8_t c = (uint8_t)path.p[i - 1];

		all = (all ^ c) * 16777619U;
		if (!letters || c < '0' || c > '9')
			some = (some ^ c) * 16777619U;
	}
	*stem = class_of_hash(some);
	return class_of_hash(all);
}

/* The class is that of the stem, unless most are told apart by digits alone. */
static void
choose_classes(struct columns *t)
{
	uint32_t named[CLASSES] = { 0 }, stemmed[CLASSES] = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		named[t->column[i].class]++;
		stemmed[t->stem[i]]++;
	}
	for (size_t i = 0; i < t->n; i++)
		if (stemmed[t->stem[i]] < t->n / CLASS_SHARE ||
		    named[t->column[i].class] < CLASS_LEAVES)
			t->column[i].class = t->stem[i];
	free(t->stem);
	t->stem = NULL;
	t->stems = 0;
}

static void
make_stems(struct columns *t)
{
	if (t->stems == t->cap)
		return;
	t->stem = mem_resize(t->stem, t->cap, sizeof(*t->stem));
	memset(t->stem + t->stems, 0, (t->cap - t->stems) * sizeof(*t->stem));
	t->stems = t->cap;
}

/* The leaves of a part, behind those that came. */
static void
read_part(struct columns *t, struct slice body)
{
	static const struct slice token = { "level2-token:", 13 },
				  path = { "level2-path:", 12 },
				  kind = { "rrd-create-dstype:", 18 };
	struct column *k = NULL;
	struct slice line;

	while (slice_cut(&body, '\n', &line)) {
		if (slice_starts(line, token)) {
			uint32_t i;

			line.p += token.n;
			line.n -= token.n;
			i = columns_add(t, line); /* one told twice is none */
			make_stems(t);
			k = i == TOKEN_NONE ? NULL : &t->column[i];
		} else if (k == NULL) {
			continue;
		} else if (slice_starts(line, path)) {
			line.p += path.n;
			line.n -= path.n;
			k->class = class_of(line, &t->stem[k - t->column]);
		} else if (slice_starts(line, kind)) {
			line.p += kind.n;
			line.n -= kind.n;
			if (!slice_eq_str(line, "GAUGE") &&
			    !slice_eq_str(line, "ABSOLUTE"))
				k->rising = COLUMN_RISING_MAX;
		}
	}
}

/* What is known of the tokens that stay. */
static void
keep_columns(struct columns *now, const struct columns *old)
{
	size_t guess = 0; /* mostly the order is the same */

	for (size_t i = 0; i < now->n; i++) {
		struct column *k = &now->column[i];
		struct slice name = columns_name(now, k);
		uint32_t at = TOKEN_NONE;

		if (guess < old->n &&
		    slice_eq(columns_name(old, &old->column[guess]), name)) {
			at = (uint32_t)guess;
		} else {
			name.n--;
			at = columns_find(old, name);
		}
		if (at != TOKEN_NONE) {
			uint32_t name_at = k->name_at;
			uint16_t class = k->class;

			*k = old->column[at];
			k->name_at = name_at;
			k->class = class;
			guess = at + 1;
		}
		k->next = i + 1 < now->n ? (uint32_t)i + 1 : 0;
		k->run = (uint32_t)(now->n - i);
	}
}

void
columns_config(struct columns *t, uint64_t generation, uint32_t part,
    uint32_t parts, struct slice body)
{
	struct columns *now = t->coming;

	if (part == 1) {
		if (now != NULL)
			columns_clear(now);
		else
			now = t->coming = mem_alloc(sizeof(*now));
		columns_init(now);
	} else if (now == NULL || t->part != part - 1 ||
	    t->generation != generation) {
		return; /* not from its beginning */
	}
	t->part = part;
	t->generation = generation;
	read_part(now, body);
	if (part != parts)
		return;
	if (now->n > 0) {
		choose_classes(now);
		keep_columns(now, t);
		t->coming = NULL;
		columns_clear(t);
		*t = *now;
		free(now);
	}
}
