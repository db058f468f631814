/*
 * Messages cut from bytes that hold them whole: for who needs their heads and
 * their bounds, and leaves the grammar to the parser.
 */
#include "config.h"

#include "common/base/crc.h"
#include "common/message/header.h"

/* The header's lines, to behind the empty one; where the Digest line is. */
static bool
read_header(struct slice *rest, struct slice whole, struct header *h,
    struct header_span *digest)
{
	struct slice line;
	struct err ignored; /* what was accepted as poison has strange lines */

	while (slice_cut(rest, '\n', &line)) {
		size_t at = (size_t)(line.p - whole.p);
		bool had = header_has(h, HEADER_DIGEST);

		if (line.n == 0)
			return true;
		if (h->lines == LIMIT_HEADER_LINES ||
		    line.n > LIMIT_HEADER_LINE)
			return false;
		(void)header_line(h, whole, (struct header_span){ at, line.n },
		    &ignored);
		if (!had && header_has(h, HEADER_DIGEST))
			*digest = (struct header_span){ at, line.n + 1 };
	}
	return false;
}

static uint32_t
sum(uint32_t crc, const char *p, size_t n)
{
	return crc_add(crc, (struct slice){ p, n });
}

bool
message_cut(struct slice *in, struct message *m)
{
	struct slice rest = *in;
	struct header h = { 0 };
	struct header_span digest = { 0 };
	uint32_t crc;

	if (!read_header(&rest, *in, &h, &digest) ||
	    !header_has(&h, HEADER_MSGID) || !header_has(&h, HEADER_LENGTH) ||
	    !header_has(&h, HEADER_DIGEST) || rest.n < 2 ||
	    h.length > rest.n - 2 || rest.p[h.length] != '.' ||
	    rest.p[h.length + 1] != '\n')
		return false;
	header_slices(&h, *in);
	h.m.body = (struct slice){ rest.p, (size_t)h.length };
	h.m.raw = (struct slice){ in->p,
		(size_t)(rest.p - in->p) + (size_t)h.length + 2 };
	crc = sum(0, in->p, digest.at);
	crc = sum(crc, in->p + digest.at + digest.n,
	    h.m.raw.n - digest.at - digest.n);
	if (crc != h.digest)
		return false;
	h.m.digest = crc;
	if (h.m.parts == 0)
		h.m.part = h.m.parts = 1;
	*m = h.m;
	in->p += m->raw.n;
	in->n -= m->raw.n;
	return true;
}
