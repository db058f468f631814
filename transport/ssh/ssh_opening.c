/*
 * What a server does before it has let us in; see ssh_opening.h.
 */
#include "config.h"

#include <string.h>

#include "transport/ssh/ssh_opening.h"

struct slice
ssh_opening_version(const struct ssh_opening *o)
{
	struct slice rest = { o->line, o->line_n }, version;

	if (!slice_skip(&rest, SLICE("SSH-")))
		return (struct slice){ 0 };
	return slice_cut(&rest, '-', &version) ? version : rest;
}

/* RFC 4253, 4.2 and 5.1: other lines may come before the one that begins so; 1.99
 * is a 2.0 that knows the old protocol as well. */
static void
judge(struct ssh_opening *o)
{
	struct slice version = ssh_opening_version(o);

	o->told = version.p != NULL;
	o->other = o->told && !slice_starts(version, SLICE("2.")) &&
	    !slice_eq_str(version, "1.99");
}

void
ssh_opening_heard(struct ssh_opening *o, struct slice bytes)
{
	for (; !o->told && bytes.n > 0; bytes.p++, bytes.n--, o->received++) {
		char c = *bytes.p;

		if (o->received < sizeof(o->first))
			o->first[o->received] = c;
		if (c == '\n') {
			judge(o);
			o->line_n = o->told ? o->line_n : 0;
		} else if (o->line_n < sizeof(o->line) && c != '\r') {
			o->line[o->line_n++] = c;
		}
	}
	o->received += bytes.n;
	for (; o->told && o->length_n < SSH_LENGTH_BYTES && bytes.n > 0;
	     bytes.p++, bytes.n--, o->length_n++)
		o->length = o->length << 8 | (unsigned char)*bytes.p;
}

/* RFC 4253, 6 and 6.1. */
bool
ssh_opening_is_too_long(const struct ssh_opening *o)
{
	return o->length_n == SSH_LENGTH_BYTES && o->length > SSH_PACKET_MOST;
}

bool
ssh_opening_is_turned_away(const struct ssh_opening *o)
{
	static const char words[] = "Exceeded MaxStartups";

	return memcmp(o->first, words, sizeof(words) - 1) == 0;
}

enum ssh_pace
ssh_patience_ask(struct ssh_patience *p, uint64_t received, struct mono now)
{
	uint64_t came = received - p->received;

	p->received = received;
	if (came == 0)
		return SSH_SILENT;
	if (came < SSH_PROGRESS_MIN)
		return SSH_SLOW;
	return mono_ms_since(now, p->begun) < SSH_LOGIN_MS ? SSH_GOES_ON
							   : SSH_LATE;
}
