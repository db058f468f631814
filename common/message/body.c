/*
 * Body lines; see body.h.  DATA is the main path: one loop over a table of
 * byte classes, which ends at the LF that no class has.  How long a token is
 * can be foretold, so it is looped over; how long a value is cannot, so that is
 * computed (half as many ns a line as by looping).
 */
#include "config.h"

#include <string.h>

#include "common/base/digits.h"
#include "common/message/body.h"
#include "common/message/names.h"

#define TOKEN_NAME SLICE("level2-token")
#define PATH_NAME  SLICE("level2-path")

void
body_init(struct body *b)
{
	*b = (struct body){ 0 };
	token_set_init(&b->tokens);
}

void
body_begin(struct body *b, enum message_type type)
{
	b->type = type;
	b->lines = 0;
	token_set_reset(&b->tokens);
	b->place = BODY_START;
	b->blocks = 0;
	b->params_n = 0;
}

void
body_clear(struct body *b)
{
	token_set_clear(&b->tokens);
}

size_t
body_line_max(const struct body *b)
{
	if (b->type == MESSAGE_DATA)
		return LIMIT_DATA_LINE;
	return LIMIT_PARAM + 1 + LIMIT_CONFIG_VALUE;
}

static enum body_verdict
wrong(struct err *e, const char *what)
{
	err_set(e, ERR_INPUT, "%s", what);
	return BODY_WRONG;
}

static enum body_verdict
oversize(struct err *e, const char *what)
{
	err_set(e, ERR_INPUT, "%s", what);
	return BODY_OVERSIZE;
}

/* name has been found good: no byte of it needs an escape. */
static enum body_verdict
twice(struct err *e, struct slice name)
{
	err_set(e, ERR_INPUT, "%.*s twice", (int)name.n, name.p);
	return BODY_WRONG;
}

/* Behind the digits at s; sixteen at once and without a branch where there are
 * so many bytes. */
static const char *
skip_digits(const char *s, const char *stop)
{
	while (stop - s >= 16) {
		unsigned low = digits_count(digits_load(s));
		unsigned high = digits_count(digits_load(s + 8));
		unsigned n = low + (low == 8 ? high : 0);

		s += n;
		if (n < 16)
			return s;
	}
	while ((names_class[(uint8_t)*s] & NAMES_DIGIT) != 0)
		s++;
	return s;
}

/* Behind the "U" or plain decimal that value begins with; value itself where
 * it begins with neither. */
static const char *
skip_value(const char *value, const char *stop)
{
	const char *s = value, *first;

	if (*s == 'U')
		return s + 1;
	if (*s == '-')
		s++;
	first = s;
	s = skip_digits(s, stop);
	if (s == first)
		return value;
	if (*s != '.')
		return s;
	first = ++s;
	s = skip_digits(s, stop);
	return s == first ? value : s;
}

/* Why is the DATA line at s refused? */
static enum body_verdict
data_fault(const char *s, const char *end, struct err *e)
{
	const char *lf = memchr(s, '\n', (size_t)(end - s));
	struct slice value = { s, (size_t)(lf - s) }, token;

	if (value.n > LIMIT_DATA_LINE)
		return oversize(e, "a line of more than 4096 bytes");
	if (value.n > 0 && value.p[0] == '.') {
		value.p++;
		value.n--;
		if (value.n == 0 || value.p[0] != '.')
			return wrong(e, "a dot that is not doubled");
	}
	if (!slice_cut(&value, ':', &token))
		return wrong(e, "a line without a colon");
	if (!name_is_token(token))
		return wrong(e, "not a token");
	if (!name_is_value(value))
		return wrong(e, "not a value");
	return twice(e, token);
}

/* A token of DATA that did not come before, and its colon.  How long it is, is
 * guessed from the one before it: who looks for its end waits for it. */
static inline bool
take_token(struct body *b, const char *message, const char **at,
    const char *stop, unsigned *digits)
{
	const char *s = *at, *token;
	size_t n, number;

	if (*digits > 0 && stop - s >= 8 &&
	    (number = token_set_guess(s, *digits)) != 0) {
		*at = s + 2 + *digits;
		return token_set_add_number(&b->tokens, number);
	}
	if (*s == '.' && *++s != '.')
		return false;
	token = s;
	while ((names_class[(uint8_t)*s] & NAMES_TOKEN) != 0)
		s++;
	n = (size_t)(s - token);
	*at = s + 1;
	*digits = n > 1 && n <= 1 + TOKEN_SET_DIGITS ? (unsigned)n - 1 : 0;
	return n > 0 && n <= LIMIT_TOKEN && *s == ':' &&
	    token_set_add(&b->tokens, message, (size_t)(token - message), n);
}

static enum body_verdict
check_data(struct body *b, const char *message, size_t *at, size_t end,
    struct err *e)
{
	const char *s = message + *at, *stop = message + end, *line;
	unsigned digits = 0; /* of the last token */

	for (line = s; s < stop; line = s) {
		const char *value;

		if (b->lines == LIMIT_BODY_LINES ||
		    !take_token(b, message, &s, stop, &digits))
			break;
		value = s;
		s = skip_value(value, stop);
		if (s == value || *s != '\n' || s - value > LIMIT_VALUE)
			break;
		b->lines++;
		s++;
	}
	*at = (size_t)(line - message);
	if (line == stop)
		return BODY_FINE;
	if (line[0] == '.' && line[1] == '\n')
		return BODY_DOT;
	if (b->lines == LIMIT_BODY_LINES)
		return oversize(e, "more than 1,000,000 lines");
	return data_fault(line, stop, e);
}

/* A parameter's name in this block for the first time? */
static bool
is_new_param(const struct body *b, const char *message, struct slice name)
{
	for (size_t i = 0; i < b->params_n; i++)
		if (slice_eq(name,
			(struct slice){ message + b->params[i].at,
			    b->params[i].n }))
			return false;
	return !slice_eq(name, TOKEN_NAME) && !slice_eq(name, PATH_NAME);
}

static enum body_verdict
check_param(struct body *b, const char *message, struct slice name,
    struct slice value, struct err *e)
{
	if (!name_is_param(name))
		return wrong(e, "not a parameter's name");
	if (!name_is_text(value))
		return wrong(e,
		    "a control or invisible character, or not "
		    "UTF-8");
	if (!is_new_param(b, message, name))
		return twice(e, name);
	if (b->params_n == LIMIT_PARAMS)
		return oversize(e, "more than 64 parameters in a block");
	b->params[b->params_n].at = (size_t)(name.p - message);
	b->params[b->params_n].n = name.n;
	b->params_n++;
	return BODY_FINE;
}

/* A line that must be the token or the path that a block begins with. */
static enum body_verdict
check_block_head(struct body *b, const char *message, struct slice name,
    struct slice value, struct err *e)
{
	if (b->place == BODY_AFTER_TOKEN) {
		if (!slice_eq(name, PATH_NAME))
			return wrong(e, "not level2-path");
		if (!name_is_path(value))
			return wrong(e, "not a path");
		b->place = BODY_IN_BLOCK;
		return BODY_FINE;
	}
	if (!slice_eq(name, TOKEN_NAME))
		return wrong(e, "not level2-token");
	if (!name_is_token(value))
		return wrong(e, "not a token");
	if (b->blocks == LIMIT_DATASOURCES)
		return oversize(e, "more than 100,000 datasources");
	if (!token_set_add(&b->tokens, message, (size_t)(value.p - message),
		value.n))
		return twice(e, value);
	b->place = BODY_AFTER_TOKEN;
	b->params_n = 0;
	b->blocks++;
	return BODY_FINE;
}

static enum body_verdict
check_config_line(struct body *b, const char *message, struct slice line,
    struct err *e)
{
	struct slice name;

	if (slice_eq(line, SLICE(";"))) {
		if (b->place != BODY_IN_BLOCK)
			return wrong(e, "a \";\" that is not behind a block");
		b->place = BODY_AFTER_BLOCK;
		return BODY_FINE;
	}
	if (!slice_cut(&line, ':', &name))
		return wrong(e, "a line without a colon");
	if (line.n > LIMIT_CONFIG_VALUE)
		return oversize(e, "a value of more than 16384 bytes");
	if (b->place == BODY_IN_BLOCK)
		return check_param(b, message, name, line, e);
	return check_block_head(b, message, name, line, e);
}

/* STATUS, RESULT, TASK, RESYNC: what the names mean is for the reader. */
static enum body_verdict
check_field_line(struct slice line, struct err *e)
{
	struct slice name;

	if (!slice_cut(&line, ':', &name))
		return wrong(e, "a line without a colon");
	if (line.n > LIMIT_CONFIG_VALUE)
		return oversize(e, "a value of more than 16384 bytes");
	if (!name_is_field(name))
		return wrong(e, "not a name");
	if (!name_is_text(line))
		return wrong(e,
		    "a control or invisible character, or not "
		    "UTF-8");
	return BODY_FINE;
}

static enum body_verdict
check_line(struct body *b, const char *message, struct slice line,
    struct err *e)
{
	if (line.n > body_line_max(b))
		return oversize(e, "a line that is too long");
	if (b->lines == LIMIT_BODY_LINES)
		return oversize(e, "more than 1,000,000 lines");
	if (line.n > 0 && line.p[0] == '.')
		return wrong(e, "a line that begins with a dot");
	if (b->type == MESSAGE_CONFIG)
		return check_config_line(b, message, line, e);
	return check_field_line(line, e);
}

enum body_verdict
body_check(struct body *b, const char *message, size_t *at, size_t end,
    struct err *e)
{
	struct slice rest = { message + *at, end - *at }, line;

	if (b->type == MESSAGE_DATA)
		return check_data(b, message, at, end, e);
	while (slice_cut(&rest, '\n', &line)) {
		enum body_verdict v = BODY_DOT;

		if (!slice_eq(line, SLICE(".")))
			v = check_line(b, message, line, e);
		if (v != BODY_FINE)
			return v;
		b->lines++;
		*at += line.n + 1;
	}
	return BODY_FINE;
}

int
message_check_body(enum message_type t, struct slice body, struct err *e)
{
	enum body_verdict v = BODY_FINE;
	size_t at = 0, whole = body.n;
	struct body b;
	int rc;

	while (whole > 0 && body.p[whole - 1] != '\n')
		whole--;
	body_init(&b);
	body_begin(&b, t);
	if (whole > 0)
		v = body_check(&b, body.p, &at, whole, e);
	if (v == BODY_FINE && whole < body.n)
		v = wrong(e, "the last line has no end");
	if (v == BODY_DOT)
		v = wrong(e, "a lone dot");
	rc = v == BODY_FINE ? body_end(&b, e) : -1;
	if (v != BODY_FINE)
		err_wrap(e, "line %zu", b.lines + 1);
	body_clear(&b);
	return rc;
}

int
body_end(const struct body *b, struct err *e)
{
	if (b->type == MESSAGE_CONFIG && b->place == BODY_AFTER_BLOCK)
		return err_set(e, ERR_INPUT, "a \";\" behind the last block");
	if (b->type == MESSAGE_CONFIG && b->place == BODY_AFTER_TOKEN)
		return err_set(e, ERR_INPUT, "no level2-path");
	return 0;
}
