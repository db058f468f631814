/*
 * Values of the configuration file, both ways; see config_value.h.
 */
#include <config.h> /* not the one beside this file */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/config/config_value.h"
#include "common/message/names.h"

/* --- Memory --------------------------------------------------------------- */

void *
config_pool_take(struct config_pool *pool, void *p)
{
	if (pool->n == pool->cap) {
		pool->cap = pool->cap == 0 ? 64 : 2 * pool->cap;
		pool->p = mem_resize(pool->p, pool->cap, sizeof(*pool->p));
	}
	pool->p[pool->n++] = p;
	return p;
}

void
config_pool_clear(struct config_pool *pool)
{
	size_t i;

	for (i = 0; i < pool->n; i++)
		free(pool->p[i]);
	free(pool->p);
	*pool = (struct config_pool){ 0 };
}

/* --- Numbers with units --------------------------------------------------- */

struct unit {
	char letter;
	int64_t factor;
};

/* The largest first: printing takes the first that divides. */
static const struct unit durations[] = {
	{ 'd', 86400 },
	{ 'h', 3600 },
	{ 'm', 60 },
	{ 's', 1 },
	{ '\0', 1 },
};
static const struct unit sizes[] = {
	{ 'G', INT64_C(1) << 30 },
	{ 'M', INT64_C(1) << 20 },
	{ 'K', INT64_C(1) << 10 },
	{ '\0', 1 },
};
static const struct unit plain[] = { { '\0', 1 } };

static const struct unit *
units_of(const struct key *k)
{
	if (k->type == KEY_NUMBER)
		return plain;
	return k->type == KEY_DURATION ? durations : sizes;
}

static bool
parse_units(const char *text, const struct unit *u, int64_t *v)
{
	struct slice s = slice_str(text);
	uint64_t number;
	char last = s.n > 0 ? s.p[s.n - 1] : '\0';

	while (u->letter != '\0' && u->letter != last)
		u++;
	if (u->letter != '\0')
		s.n--;
	if (!slice_u64(s, (uint64_t)(INT64_MAX / u->factor), &number))
		return false;
	*v = (int64_t)number * u->factor;
	return true;
}

static void
print_units(int64_t v, const struct unit *u, struct buf *out)
{
	while (u->letter != '\0' && (v == 0 || v % u->factor != 0))
		u++;
	buf_put_u64(out, (uint64_t)(v / u->factor));
	if (u->letter != '\0')
		buf_put_char(out, u->letter);
}

enum {
	YEAR_S = 365 * 86400
};

/* A duration, or a number of years or of `other`, at least 1.  *s: in seconds; of
 * `other`, which has no length of its own, 0. */
static bool
is_span(struct slice in, char other, int64_t *s)
{
	char text[16];
	uint64_t n;

	if (in.n == 0 || in.n >= sizeof(text))
		return false;
	if (in.p[in.n - 1] == 'y' || in.p[in.n - 1] == other) {
		if (!slice_u64((struct slice){ in.p, in.n - 1 }, 1000, &n) ||
		    n == 0)
			return false;
		*s = in.p[in.n - 1] == 'y' ? (int64_t)n * YEAR_S : 0;
		return true;
	}
	memcpy(text, in.p, in.n);
	text[in.n] = '\0';
	return parse_units(text, durations, s) && *s > 0;
}

bool
config_is_rra(const char *text)
{
	static const char *const functions[] = { "AVERAGE", "MIN", "MAX",
		"LAST" };
	struct slice rest = slice_str(text), function, step;
	int64_t step_s, span_s;
	size_t i;

	if (!slice_cut(&rest, ':', &function) ||
	    !slice_cut(&rest, ':', &step) || !is_span(step, 'x', &step_s) ||
	    !is_span(rest, 'y', &span_s) || step_s > span_s)
		return false;
	for (i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (slice_eq_str(function, functions[i]))
			return true;
	return false;
}

/* --- From text ------------------------------------------------------------ */

static int
complain(const struct key *k, const char *text, const char *wanted,
    struct err *e)
{
	return err_set(e, ERR_CONFIG, "%s = %s: %s", k->name, text, wanted);
}

/* The member of a struct that a key belongs to. */
#define MEMBER(type)       ((type *)(void *)((char *)base + k->offset))
#define STORE(type, value) (*MEMBER(type) = (value))
#define LOAD(type) \
	(*(type const *)(const void *)((const char *)base + k->offset))

void
config_value_range(const struct key *k, struct buf *out)
{
	if (k->zero_too)
		buf_put_str(out, "0 or ");
	print_units(k->min, units_of(k), out);
	buf_put_str(out, " to ");
	print_units(k->max, units_of(k), out);
}

static int
complain_range(const struct key *k, const char *text, struct err *e)
{
	struct buf wanted = { 0 };

	buf_put_str(&wanted, "must be ");
	config_value_range(k, &wanted);
	complain(k, text, wanted.p, e);
	buf_clear(&wanted);
	return -1;
}

static bool
in_range(const struct key *k, int64_t v)
{
	return (v == 0 && k->zero_too) || (v >= k->min && v <= k->max);
}

static int
parse_scaled(const struct key *k, const char *text, int64_t *v, struct err *e)
{
	if (!parse_units(text, units_of(k), v))
		return complain(k, text,
		    k->type == KEY_DURATION
			? "a duration is a number with s, m, h or d"
			: "a size is a number of bytes, or one with K, M or G",
		    e);
	if (!in_range(k, *v))
		return complain_range(k, text, e);
	return 0;
}

static int
choice_index(const struct key *k, const char *text, unsigned *index,
    struct err *e)
{
	struct buf wanted = { 0 };
	unsigned i;

	for (i = 0; k->choices[i] != NULL; i++)
		if (strcmp(k->choices[i], text) == 0) {
			*index = i;
			return 0;
		}
	buf_put_str(&wanted, "must be one of");
	for (i = 0; k->choices[i] != NULL; i++)
		buf_printf(&wanted, " %s", k->choices[i]);
	complain(k, text, wanted.p, e);
	buf_clear(&wanted);
	return -1;
}

static bool
has_dot_dot(const char *name)
{
	struct slice rest = slice_str(name), part;

	while (slice_cut(&rest, '/', &part))
		if (slice_eq_str(part, ".."))
			return true;
	return slice_eq_str(rest, "..");
}

/* The text as it will be kept, owned by the pool; NULL: refused. */
static const char *
keep_file(const struct key *k, const struct config_given *g, const char *text,
    struct err *e)
{
	if (has_dot_dot(text)) {
		complain(k, text, "\"..\" is not allowed in a name", e);
		return NULL;
	}
	if (text[0] == '/')
		return config_pool_take(g->pool, mem_strdup(text));
	if (k->type == KEY_DIRECTORY) {
		complain(k, text, "must be absolute: begin it with /", e);
		return NULL;
	}
	return config_pool_take(g->pool,
	    mem_printf("%s/%s", g->directory, text));
}

static const char *
keep_name(const struct key *k, const struct config_given *g, const char *text,
    struct err *e)
{
	struct slice s = slice_str(text);

	if (k->type == KEY_NAME && !name_is_component(s)) {
		complain(k, text, "a name is 1 to 64 of A-Z a-z 0-9 _ . : -",
		    e);
		return NULL;
	}
	if (k->type == KEY_PATH && slice_eq_str(s, "/"))
		s.n = 0;
	else if (k->type == KEY_PATH && !name_is_path(s)) {
		complain(k, text, "a path is like /Routers/RTR1", e);
		return NULL;
	}
	return config_pool_take(g->pool, slice_dup(s));
}

static int
parse_number(const struct key *k, const char *text, int *v, struct err *e)
{
	uint64_t n;

	if (!slice_u64(slice_str(text), (uint64_t)k->max, &n) ||
	    (int64_t)n < k->min)
		return complain_range(k, text, e);
	*v = (int)n;
	return 0;
}

static int
parse_bool(const struct key *k, const char *text, bool *v, struct err *e)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return complain(k, text, "must be yes or no", e);
	*v = text[0] == 'y';
	return 0;
}

/* The first of a command: a bare word, or a file. */
static const char *
keep_program(const struct key *k, const struct config_given *g,
    const char *text, struct err *e)
{
	if (strchr(text, '/') == NULL)
		return config_pool_take(g->pool, mem_strdup(text));
	return keep_file(k, g, text, e);
}

static int
parse_list(const struct key *k, const struct config_given *g, void *base,
    struct err *e)
{
	const char **list =
	    config_pool_take(g->pool, mem_array(g->n + 1, sizeof(*list)));
	size_t i;

	for (i = 0; i < g->n; i++) {
		if (k->type == KEY_COMMAND && i == 0)
			list[i] = keep_program(k, g, g->text[i], e);
		else
			list[i] =
			    config_pool_take(g->pool, mem_strdup(g->text[i]));
		if (list[i] == NULL)
			return -1;
	}
	STORE(config_list, (config_list)list);
	return 0;
}

/* One line of text, and not empty. */
static int
check_texts(const struct key *k, const struct config_given *g, struct err *e)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		if (g->text[i][0] == '\0' && k->type != KEY_COMMAND)
			return err_set(e, ERR_CONFIG, "%s: is empty", k->name);
		if (!name_is_text(slice_str(g->text[i])))
			return err_set(e, ERR_CONFIG,
			    "%s: has a control character or is not UTF-8",
			    k->name);
	}
	if (k->type == KEY_COMMAND && g->n > 0 && g->text[0][0] == '\0')
		return err_set(e, ERR_CONFIG, "%s: names no program", k->name);
	return 0;
}

int
config_value_parse(const struct key *k, const struct config_given *g,
    void *base, struct err *e)
{
	const char *text = g->n > 0 ? g->text[0] : "";
	const char *kept = NULL;
	unsigned index = 0;
	int64_t scaled = 0;
	int number = 0;
	bool yes = false;

	if (check_texts(k, g, e) == -1)
		return -1;
	switch (k->type) {
	case KEY_TEXT:
	case KEY_NAME:
	case KEY_PATH:
		kept = keep_name(k, g, text, e);
		break;
	case KEY_FILE:
	case KEY_DIRECTORY:
		kept = keep_file(k, g, text, e);
		break;
	case KEY_WORD:
		if (choice_index(k, text, &index, e) == -1)
			return -1;
		kept = k->choices[index];
		break;
	case KEY_CHOICE:
		if (choice_index(k, text, &index, e) == -1)
			return -1;
		STORE(unsigned, index);
		return 0;
	case KEY_BOOL:
		if (parse_bool(k, text, &yes, e) == -1)
			return -1;
		STORE(bool, yes);
		return 0;
	case KEY_NUMBER:
		if (parse_number(k, text, &number, e) == -1)
			return -1;
		STORE(int, number);
		return 0;
	case KEY_DURATION:
	case KEY_SIZE:
		if (parse_scaled(k, text, &scaled, e) == -1)
			return -1;
		STORE(int64_t, scaled);
		return 0;
	case KEY_LIST:
	case KEY_COMMAND:
		return parse_list(k, g, base, e);
	}
	if (kept == NULL)
		return -1;
	STORE(const char *, kept);
	return 0;
}

/* --- Into text ------------------------------------------------------------ */

void
config_value_quote(const char *text, struct buf *out)
{
	buf_put_char(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_put_char(out, '\\');
		buf_put_char(out, *text);
	}
	buf_put_char(out, '"');
}

static void
print_list(config_list list, struct buf *out)
{
	size_t i;

	buf_put_char(out, '{');
	for (i = 0; list[i] != NULL; i++) {
		if (i > 0)
			buf_put_str(out, ", ");
		config_value_quote(list[i], out);
	}
	buf_put_char(out, '}');
}

static void
print_value(const struct key *k, const void *base, struct buf *out)
{
	switch (k->type) {
	case KEY_TEXT:
	case KEY_NAME:
	case KEY_FILE:
	case KEY_DIRECTORY:
		config_value_quote(LOAD(const char *), out);
		break;
	case KEY_PATH:
		config_value_quote(
		    *LOAD(const char *) == '\0' ? "/" : LOAD(const char *),
		    out);
		break;
	case KEY_WORD:
		buf_put_str(out, LOAD(const char *));
		break;
	case KEY_CHOICE:
		buf_put_str(out, k->choices[LOAD(unsigned)]);
		break;
	case KEY_BOOL:
		buf_put_str(out, LOAD(bool) ? "yes" : "no");
		break;
	case KEY_NUMBER:
		buf_printf(out, "%d", LOAD(int));
		break;
	case KEY_DURATION:
	case KEY_SIZE:
		print_units(LOAD(int64_t), units_of(k), out);
		break;
	case KEY_LIST:
	case KEY_COMMAND:
		print_list(LOAD(config_list), out);
		break;
	}
}

static bool
has_value(const struct key *k, const void *base)
{
	switch (k->type) {
	case KEY_TEXT:
	case KEY_NAME:
	case KEY_FILE:
	case KEY_DIRECTORY:
	case KEY_PATH:
	case KEY_WORD:
		return LOAD(const char *) != NULL;
	case KEY_COMMAND:
		return k->defs != NULL || LOAD(config_list)[0] != NULL;
	case KEY_NUMBER:
		return LOAD(int) >= 0;
	case KEY_CHOICE:
	case KEY_BOOL:
	case KEY_DURATION:
	case KEY_SIZE:
	case KEY_LIST:
		return true;
	}
	return false;
}

void
config_value_print(const struct key *k, const void *base, struct buf *out)
{
	if (!has_value(k, base))
		return;
	buf_printf(out, "%s = ", k->name);
	print_value(k, base, out);
}
