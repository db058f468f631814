/*
 * Header lines; see header.h and doc/message-format.5.  One table has what is
 * known of each field.
 */
#include "config.h"

#include <string.h>

#include "common/message/header.h"
#include "common/message/names.h"

typedef bool header_read(struct header *h, struct slice value);

static bool
read_msgid(struct header *h, struct slice v)
{
	return slice_u64(v, LIMIT_MSGID, &h->m.msgid) && h->m.msgid > 0;
}

static bool
read_type(struct header *h, struct slice v)
{
	for (int t = MESSAGE_CONFIG; t <= MESSAGE_RESYNC; t++) {
		h->m.type = (enum message_type)t;
		if (slice_eq_str(v, message_type_name(h->m.type)))
			return true;
	}
	h->m.type = MESSAGE_CONFIG;
	return false;
}

static bool
read_timestamp(struct header *h, struct slice v)
{
	return slice_u64(v, LIMIT_TIMESTAMP, &h->m.timestamp);
}

static bool
read_stream(struct header *h, struct slice v)
{
	h->m.has_stream = true;
	return stream_parse(v, &h->m.stream);
}

static bool
read_prev(struct header *h, struct slice v)
{
	h->m.has_prev = true;
	return slice_crc32(v, &h->m.prev);
}

static bool
read_generation(struct header *h, struct slice v)
{
	return slice_u64(v, LIMIT_MSGID, &h->m.generation) &&
	    h->m.generation > 0;
}

/* 1/1 is written by leaving the field out. */
static bool
read_part(struct header *h, struct slice v)
{
	uint64_t part, parts;
	struct slice first;

	if (!slice_cut(&v, '/', &first) || !slice_u64(v, LIMIT_PARTS, &parts) ||
	    parts < 2 || !slice_u64(first, parts, &part) || part < 1)
		return false;
	h->m.part = (uint32_t)part;
	h->m.parts = (uint32_t)parts;
	return true;
}

/* The span of the value is kept by header_line. */
static bool
read_text(struct header *h, struct slice v)
{
	(void)h;
	return v.n > 0;
}

static bool
read_length(struct header *h, struct slice v)
{
	return slice_u64(v, LIMIT_MSGID, &h->length);
}

static bool
read_digest(struct header *h, struct slice v)
{
	return slice_crc32(v, &h->digest);
}

#define ALL_TYPES ((1u << (MESSAGE_RESYNC + 1)) - 1)
#define ON(type)  (1u << (type))

static const struct {
	const char *name;
	header_read *read;
	unsigned types; /* on which it may stand */
	bool optional;  /* in the full form */
} fields[HEADER_FIELDS] = {
	[HEADER_MSGID] = { "MsgID", read_msgid, ALL_TYPES, false },
	[HEADER_TYPE] = { "Type", read_type, ALL_TYPES, false },
	[HEADER_TIMESTAMP] = { "Timestamp", read_timestamp, ALL_TYPES, false },
	[HEADER_STREAM] = { "Stream", read_stream, ALL_TYPES, false },
	[HEADER_PREV] = { "Prev", read_prev, ALL_TYPES, false },
	[HEADER_GENERATION] = { "Generation", read_generation,
	    ON(MESSAGE_CONFIG) | ON(MESSAGE_DATA), false },
	[HEADER_PART] = { "Part", read_part, ON(MESSAGE_CONFIG), true },
	[HEADER_COLLECTOR] = { "Collector", read_text,
	    ON(MESSAGE_DATA) | ON(MESSAGE_RESULT), true },
	[HEADER_CORRELATION] = { "Correlation", read_text,
	    ON(MESSAGE_DATA) | ON(MESSAGE_RESULT), true },
	[HEADER_EXTRA] = { "X-", read_text, ALL_TYPES, true },
	[HEADER_LENGTH] = { "Length", read_length, ALL_TYPES, false },
	[HEADER_DIGEST] = { "Digest", read_digest, ALL_TYPES, false },
};

const char *
header_field_name(enum header_field f)
{
	return fields[f].name;
}

bool
header_has(const struct header *h, enum header_field f)
{
	return (h->seen & 1u << f) != 0;
}

/* "X-" and then at least one letter, digit or minus. */
static bool
is_extra_name(struct slice name)
{
	if (!slice_starts(name, SLICE("X-")) || name.n == 2 ||
	    name.n > LIMIT_HEADER_NAME)
		return false;
	for (size_t i = 2; i < name.n; i++)
		if (name.p[i] == '.' || name.p[i] == '_' ||
		    (names_class[(uint8_t)name.p[i]] & NAMES_TOKEN) == 0)
			return false;
	return true;
}

static bool
find_field(struct slice name, enum header_field *out)
{
	for (int f = 0; f < HEADER_FIELDS; f++) {
		*out = (enum header_field)f;
		if (f == HEADER_EXTRA ? is_extra_name(name)
				      : slice_eq_str(name, fields[f].name))
			return true;
	}
	return false;
}

static bool
has_blank(struct slice v)
{
	return v.n > 0 && memchr(v.p, ' ', v.n) != NULL;
}

/* Is there an X-...: line of this name already? */
static bool
extra_is_there(const struct header *h, struct slice message, struct slice name)
{
	struct slice rest = { message.p + h->extra.at, h->extra.n };
	struct slice line, other;

	while (slice_cut(&rest, '\n', &line))
		if (slice_cut(&line, ':', &other) && slice_eq(other, name))
			return true;
	return false;
}

/* f comes after all that came before it, and not twice. */
static int
check_order(const struct header *h, enum header_field f, struct slice message,
    struct slice name, struct err *e)
{
	if (f == HEADER_EXTRA ? extra_is_there(h, message, name)
			      : header_has(h, f))
		return err_set(e, ERR_INPUT, "%.*s twice", (int)name.n, name.p);
	if (h->seen != 0 && f < h->last)
		return err_set(e, ERR_INPUT, "%s after %s", fields[f].name,
		    fields[h->last].name);
	return 0;
}

static void
keep_span(struct header *h, enum header_field f, struct header_span line,
    struct header_span value)
{
	if (f == HEADER_COLLECTOR)
		h->collector = value;
	else if (f == HEADER_CORRELATION)
		h->correlation = value;
	else if (f == HEADER_EXTRA && !header_has(h, HEADER_EXTRA))
		h->extra = (struct header_span){ line.at, line.n + 1 };
	else if (f == HEADER_EXTRA)
		h->extra.n = line.at + line.n + 1 - h->extra.at;
}

int
header_line(struct header *h, struct slice message, struct header_span line,
    struct err *e)
{
	struct slice value = { message.p + line.at, line.n }, name;
	enum header_field f;
	int rc;

	h->lines++;
	if (!slice_cut(&value, ':', &name))
		return err_set(e, ERR_INPUT, "a header line without a colon");
	if (!find_field(name, &f))
		return err_set(e, ERR_INPUT, "not a field of the header");
	rc = check_order(h, f, message, name, e);
	if (header_has(h, f) && f != HEADER_EXTRA)
		return rc; /* the first one counts */
	if (has_blank(value) || !name_is_text(value) ||
	    !fields[f].read(h, value))
		return err_set(e, ERR_INPUT, "not a %s%s", fields[f].name,
		    f == HEADER_EXTRA ? "...: field" : "");
	keep_span(h, f, line,
	    (struct header_span){ (size_t)(value.p - message.p), value.n });
	h->seen |= 1u << f;
	if (f > h->last)
		h->last = f;
	return rc;
}

static bool
must_be_there(enum header_field f, enum message_form form)
{
	switch (form) {
	case MESSAGE_FORM_FULL:
		return !fields[f].optional;
	case MESSAGE_FORM_BARE:
		return f <= HEADER_TIMESTAMP;
	case MESSAGE_FORM_INPUT:
		return f == HEADER_TYPE || f == HEADER_TIMESTAMP;
	}
	return false;
}

static bool
may_be_there(enum header_field f, enum message_form form)
{
	switch (form) {
	case MESSAGE_FORM_FULL:
		return true;
	case MESSAGE_FORM_BARE:
		return f <= HEADER_TIMESTAMP;
	case MESSAGE_FORM_INPUT:
		return f != HEADER_MSGID;
	}
	return false;
}

int
header_end(const struct header *h, enum message_form form, struct err *e)
{
	for (int i = 0; i < HEADER_FIELDS; i++) {
		enum header_field f = (enum header_field)i;
		bool of_type = (fields[f].types & ON(h->m.type)) != 0;

		if (header_has(h, f) && !may_be_there(f, form))
			return err_set(e, ERR_INPUT, "%s is not for here",
			    fields[f].name);
		if (header_has(h, f) && !of_type)
			return err_set(e, ERR_INPUT, "%s on a %s",
			    fields[f].name, message_type_name(h->m.type));
		if (!header_has(h, f) && of_type && must_be_there(f, form))
			return err_set(e, ERR_INPUT, "no %s", fields[f].name);
	}
	return 0;
}

static struct slice
cut_span(struct slice message, struct header_span s)
{
	return (struct slice){ s.n > 0 ? message.p + s.at : NULL, s.n };
}

void
header_slices(struct header *h, struct slice message)
{
	h->m.collector = cut_span(message, h->collector);
	h->m.correlation = cut_span(message, h->correlation);
	h->m.extra = cut_span(message, h->extra);
}
