/*
 * Fuzz target: what stands in a carried directory.  The first byte says which: a
 * file "ack" as it is, one whose closing line is made right, or a name.  What is
 * accepted is printed as it was.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/sealed.h"
#include "common/spool/carried_name.h"
#include "transport/carried/carried_ack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ack(struct slice text)
{
	struct carried_ack a;
	struct buf again = { 0 };
	struct slice signature;
	struct err e = { 0 };

	if (carried_ack_parse(text, &a, &e) == -1) {
		if (e.kind != ERR_INPUT)
			abort();
		return;
	}
	if (a.acked > a.send.msgid || a.missing.n > CARRIED_RANGES ||
	    a.lost.n > CARRIED_RANGES)
		abort();
	carried_ack_put(&again, &a);
	carried_ack_cut(&text, &signature);
	if (!slice_eq(buf_slice(&again), text))
		abort();
	buf_clear(&again);
	carried_ack_clear(&a);
}

static void
closed_ack(struct slice text)
{
	struct buf b = { 0 };

	buf_put(&b, text);
	sealed_close(&b, SEALED_END);
	ack(buf_slice(&b));
	buf_clear(&b);
}

static void
name(struct slice text)
{
	char *copy = slice_dup(text), again[CARRIED_NAME_SIZE];
	struct carried_name n;

	if (carried_name_parse(copy, &n) &&
	    (strcmp(carried_name_text(&n, again), copy) != 0 ||
		strchr(copy, '/') != NULL))
		abort();
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data + 1, size - 1 };

	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		ack(in);
		break;
	case 1:
		closed_ack(in);
		break;
	default:
		name(in);
		break;
	}
	return 0;
}
