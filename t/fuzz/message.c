/*
 * The parser: any chunking gives the same verdict; what is accepted is written
 * again as it was, and each name and value in it passes the slow checks of
 * names.h.  An input is a letter for the form (B, I, else full; a small letter
 * for a small limit) and a message, whose "Length:@" and "Digest:@" are filled
 * in.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/message/names.h"
#include "t/message_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	SMALL = 'a' - 'A'
};

static void
must(bool what, const char *name)
{
	if (what)
		return;
	fprintf(stderr, "message: not so: %s\n", name);
	abort();
}

static enum message_form
form_of(uint8_t letter)
{
	switch (letter & ~SMALL) {
	case 'B':
		return MESSAGE_FORM_BARE;
	case 'I':
		return MESSAGE_FORM_INPUT;
	}
	return MESSAGE_FORM_FULL;
}

static void
check_written(struct message m)
{
	struct slice raw = m.raw;
	struct buf again = { 0 };
	struct err e = { 0 };

	must(message_write(&again, &m, &e) == 0, "accepted is written");
	must(slice_eq(raw, buf_slice(&again)), "print(parse(x)) == x");
	buf_clear(&again);
}

static void
check_data(struct slice body)
{
	struct slice token, value;

	while (body.n > 0) {
		must(message_next_value(&body, &token, &value), "line");
		must(name_is_token(token), "token");
		must(name_is_value(value), "value");
	}
}

static void
check_config(struct slice body)
{
	struct slice name, value;
	size_t at = 0; /* lines of the block before this one */
	bool block_end;

	while (message_next_param(&body, &name, &value, &block_end)) {
		if (block_end)
			must(at >= 2, "block");
		else if (at == 0)
			must(name_is_token(value), "level2-token");
		else if (at == 1)
			must(name_is_path(value), "level2-path");
		else
			must(name_is_param(name) && name_is_text(value),
			    "parameter");
		at = block_end ? 0 : at + 1;
	}
	must(at == 0, "last block ends");
}

static void
check_fields(struct slice body)
{
	struct slice name, value;

	while (body.n > 0) {
		must(message_next_field(&body, &name, &value), "line");
		must(name_is_field(name) && name_is_text(value), "field");
	}
}

static void
check_accepted(const struct message *m, enum message_form form)
{
	if (form != MESSAGE_FORM_INPUT)
		check_written(*m);
	if (m->type == MESSAGE_DATA)
		check_data(m->body);
	else if (m->type == MESSAGE_CONFIG)
		check_config(m->body);
	else
		check_fields(m->body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t letter = size > 0 ? data[0] : 0;
	enum message_form form = form_of(letter);
	size_t max = (letter & SMALL) != 0 ? 200 : 1 << 16;
	struct message_parser *p = message_parser_new(form, max);
	struct message m = { 0 }, chunked = { 0 };
	enum message_verdict v;
	struct buf bytes = { 0 };
	struct err e = { 0 };
	uint32_t seed = (uint32_t)size;

	if (size > 1)
		text_message(&bytes,
		    (struct slice){ (const char *)data + 1, size - 1 });
	v = text_parse(p, buf_slice(&bytes), text_at_once, NULL, &m, &e);
	message_parser_reset(p);
	must(text_parse(p, buf_slice(&bytes), text_by_chance, &seed, &chunked,
		 &e) == v,
	    "same verdict in chunks");
	must(m.raw.n == chunked.raw.n && m.digest == chunked.digest,
	    "same end in chunks");
	if (v == MESSAGE_WHOLE)
		check_accepted(&m, form);
	buf_clear(&bytes);
	message_parser_free(p);
	return 0;
}
