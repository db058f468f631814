/*
 * Checks of names, letter by letter; see names.h.  The byte classes know only
 * ASCII and no locale.
 */
#include "config.h"

#include <string.h>

#include "common/message/limits.h"
#include "common/message/names.h"

enum {
	P = NAMES_PRINT,
	DIGIT = NAMES_DIGIT | NAMES_TOKEN | NAMES_COMPONENT | NAMES_PARAM | P,
	LOWER = NAMES_TOKEN | NAMES_COMPONENT | NAMES_PARAM | P,
	UPPER = NAMES_TOKEN | NAMES_COMPONENT | P,
	SCORE = NAMES_TOKEN | NAMES_COMPONENT | P, /* "_" and "." */
	MINUS = LOWER,
	COLON = NAMES_COMPONENT | P,
};

/* clang-format off */
#define TIMES_10(x) x, x, x, x, x, x, x, x, x, x
#define TIMES_26(x) TIMES_10(x), TIMES_10(x), x, x, x, x, x, x
const uint8_t names_class[256] = {
	[' '] = P, P, P, P, P, P, P, P, P, P, P, P, P,
	['-'] = MINUS, SCORE, P,
	['0'] = TIMES_10(DIGIT), COLON, P, P, P, P, P, P,
	['A'] = TIMES_26(UPPER), P, P, P, P, SCORE, P,
	['a'] = TIMES_26(LOWER), P, P, P, P,
};
/* clang-format on */

/* All bytes of one class, and a length from 1 to max. */
static bool
consists_of(struct slice s, unsigned class, size_t max)
{
	if (s.n == 0 || s.n > max)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((names_class[(uint8_t)s.p[i]] & class) == 0)
			return false;
	return true;
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Our own words for the two sides, and what the file systems of carried media
 * take for a device. */
static bool
is_reserved(struct slice s)
{
	static const char *const words[] = { "hub", "spoke", "con", "prn",
		"aux", "nul" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_eq_str(s, words[i]))
			return true;
	return s.n == 4 && is_digit(s.p[3]) &&
	    (slice_starts(s, SLICE("com")) || slice_starts(s, SLICE("lpt")));
}

bool
name_is_association(struct slice s)
{
	if (s.n == 0 || s.n > LIMIT_ASSOCIATION || s.p[0] == '-' ||
	    s.p[0] == '_')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_lower(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-' &&
		    s.p[i] != '_')
			return false;
	return !is_reserved(s);
}

bool
name_is_token(struct slice s)
{
	return consists_of(s, NAMES_TOKEN, LIMIT_TOKEN);
}

bool
name_is_component(struct slice s)
{
	if (!consists_of(s, NAMES_COMPONENT, LIMIT_PATH_COMPONENT) ||
	    s.p[0] == '.' || s.p[0] == '-')
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] == '.' && s.p[i - 1] == '.')
			return false;
	return true;
}

bool
name_is_path(struct slice s)
{
	struct slice component;
	size_t depth = 1;

	if (s.n > LIMIT_PATH || !slice_skip(&s, SLICE("/")))
		return false;
	while (slice_cut(&s, '/', &component)) {
		if (!name_is_component(component))
			return false;
		depth++;
	}
	return depth <= LIMIT_PATH_DEPTH && name_is_component(s);
}

/* The number of digits that s begins with. */
static size_t
digits(struct slice s)
{
	size_t n = 0;

	while (n < s.n && is_digit(s.p[n]))
		n++;
	return n;
}

bool
name_is_value(struct slice s)
{
	size_t n;

	if (s.n > LIMIT_VALUE)
		return false;
	if (slice_eq(s, SLICE("U")))
		return true;
	if (s.n > 0 && s.p[0] == '-')
		s = (struct slice){ s.p + 1, s.n - 1 };
	n = digits(s);
	if (n == 0 || n == s.n)
		return n > 0;
	s = (struct slice){ s.p + n + 1, s.n - n - 1 };
	return s.p[-1] == '.' && s.n > 0 && digits(s) == s.n;
}

bool
name_is_param(struct slice s)
{
	return consists_of(s, NAMES_PARAM, LIMIT_PARAM) && is_lower(s.p[0]) &&
	    !slice_starts(s, SLICE("xml"));
}

bool
name_is_field(struct slice s)
{
	return consists_of(s, NAMES_TOKEN, LIMIT_PARAM) &&
	    is_lower((char)(s.p[0] | 0x20));
}

/*
 * The code point at s->p, which is cut off; -1 where the bytes are not the
 * shortest form of one (RFC 3629, 4).
 */
static int32_t
cut_rune(struct slice *s)
{
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *b = (const uint8_t *)s->p;
	size_t n = b[0] < 0x80 ? 1
	    : b[0] < 0xc0      ? 0
	    : b[0] < 0xe0      ? 2
	    : b[0] < 0xf0      ? 3
	    : b[0] < 0xf8      ? 4
			       : 0;
	int32_t rune;

	if (n == 0 || n > s->n)
		return -1;
	rune = n == 1 ? b[0] : b[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return -1;
		rune = rune << 6 | (b[i] & 0x3f);
	}
	s->p += n;
	s->n -= n;
	return rune >= least[n] ? rune : -1;
}

/* What a person would not see, or would see elsewhere than it stands. */
static bool
is_visible(int32_t rune)
{
	static const struct {
		int32_t first, last;
	} refused[] = {
		{ -1, 0x1f },            /* not UTF-8; controls */
		{ 0x7f, 0x9f },          /* DEL, C1 */
		{ 0xad, 0xad },          /* soft hyphen */
		{ 0x61c, 0x61c },        /* bidi */
		{ 0x180e, 0x180e },      /* zero width */
		{ 0x200b, 0x200f },      /* zero width, bidi */
		{ 0x2028, 0x202e },      /* line separators, bidi */
		{ 0x2060, 0x206f },      /* zero width, bidi */
		{ 0xd800, 0xdfff },      /* surrogates */
		{ 0xfdd0, 0xfdef },      /* noncharacters */
		{ 0xfeff, 0xfeff },      /* byte order mark */
		{ 0xfff9, 0xfffb },      /* interlinear marks */
		{ 0xe0000, 0xe007f },    /* tags */
		{ 0x110000, INT32_MAX }, /* beyond Unicode */
	};

	if ((rune & 0xfffe) == 0xfffe)
		return false;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (rune >= refused[i].first && rune <= refused[i].last)
			return false;
	return true;
}

bool
name_is_text(struct slice s)
{
	while (s.n > 0) {
		if ((names_class[(uint8_t)s.p[0]] & NAMES_PRINT) != 0) {
			s.p++;
			s.n--;
		} else if (!is_visible(cut_rune(&s))) {
			return false;
		}
	}
	return true;
}

/* With its length, which mostly tells two names apart. */
#define PARAM(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}
static const struct slice params[] = {
	PARAM("collector-period"),
	PARAM("collector-timeoffset"),
	PARAM("rrd-create-dstype"),
	PARAM("rrd-create-heartbeat"),
	PARAM("rrd-create-min"),
	PARAM("rrd-create-max"),
	PARAM("vertical-label"),
	PARAM("graph-legend"),
	PARAM("graph-title"),
	PARAM("graph-lower-limit"),
	PARAM("graph-upper-limit"),
	PARAM("graph-logarithmic"),
	PARAM("rrd-scaling-base"),
	PARAM("line-style"),
	PARAM("line-color"),
	PARAM("comment"),
	PARAM("legend"),
	PARAM("node-display-name"),
	PARAM("descriptive-nickname"),
	PARAM("precedence"),
	PARAM("hidden"),
};

enum {
	PARAMS = sizeof(params) / sizeof(params[0])
};

int
names_param_rank(struct slice name)
{
	for (int i = 0; i < PARAMS; i++)
		if (slice_eq(name, params[i]))
			return i;
	return -1;
}

const char *
names_param(int rank)
{
	return rank >= 0 && rank < PARAMS ? params[rank].p : NULL;
}
