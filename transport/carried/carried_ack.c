/*
 * The file "ack"; see carried_ack.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/sealed.h"
#include "transport/carried/carried_ack.h"

bool
carried_ranges_add(struct carried_ranges *r, uint64_t first, uint64_t last)
{
	if (r->n > 0 && r->at[r->n - 1].last + 1 == first) {
		r->at[r->n - 1].last = last;
		return true;
	}
	if (r->n >= CARRIED_RANGES)
		return false;
	if ((r->n & (r->n - 1)) == 0) /* full at every power of two */
		r->at = mem_resize(r->at, r->n > 0 ? r->n * 2 : 1,
		    sizeof(r->at[0]));
	r->at[r->n++] = (struct carried_range){ first, last };
	return true;
}

bool
carried_ranges_touch(const struct carried_ranges *r, uint64_t first,
    uint64_t last)
{
	for (size_t i = 0; i < r->n && r->at[i].first <= last; i++)
		if (r->at[i].last >= first)
			return true;
	return false;
}

void
carried_ack_clear(struct carried_ack *a)
{
	free(a->missing.at);
	free(a->lost.at);
	*a = (struct carried_ack){ 0 };
}

/* --- Writing ------------------------------------------------------------------ */

static void
put_point(struct buf *out, const struct spool_point *p)
{
	if (stream_is_zero(p->stream))
		buf_put_str(out, "none");
	else
		spool_point_put(out, p);
	buf_put_char(out, '\n');
}

static void
put_ranges(struct buf *out, const char *word, const struct carried_ranges *r)
{
	for (size_t i = 0; i < r->n; i++)
		buf_printf(out, "%s %" PRIu64 "-%" PRIu64 "\n", word,
		    r->at[i].first, r->at[i].last);
}

void
carried_ack_put(struct buf *out, const struct carried_ack *a)
{
	char stream[STREAM_TEXT_SIZE];
	struct buf text = { 0 };

	put_point(&text, &a->have);
	put_ranges(&text, "missing", &a->missing);
	buf_put_str(&text, "send ");
	put_point(&text, &a->send);
	buf_printf(&text, "acked %" PRIu64 "\n", a->acked);
	put_ranges(&text, "lost", &a->lost);
	if (stream_is_zero(a->heard_stream))
		buf_put_str(&text, "heard none\n");
	else
		buf_printf(&text, "heard %s %" PRIu64 "\n",
		    stream_text(a->heard_stream, stream), a->heard);
	sealed_close(&text, SEALED_END);
	buf_put(out, buf_slice(&text));
	buf_clear(&text);
}

/* --- Reading ------------------------------------------------------------------ */

static bool
parse_point(struct slice line, struct spool_point *p)
{
	if (slice_eq_str(line, "none")) {
		*p = (struct spool_point){ 0 };
		return true;
	}
	return spool_point_parse(line, p) && !stream_is_zero(p->stream) &&
	    (p->msgid > 0 || p->digest == 0);
}

/* All lines of that word; each range lies behind the one before it. */
static bool
parse_ranges(struct slice *in, const char *word, uint64_t after,
    struct carried_ranges *r)
{
	for (;;) {
		struct slice rest = *in, line, first;
		struct carried_range x;

		if (!slice_cut(&rest, '\n', &line) ||
		    !slice_skip(&line, slice_str(word)))
			return true;
		if (!slice_cut(&line, '-', &first) ||
		    !slice_u64(first, LIMIT_MSGID, &x.first) ||
		    !slice_u64(line, LIMIT_MSGID, &x.last) ||
		    x.first <= after || x.last < x.first ||
		    !carried_ranges_add(r, x.first, x.last))
			return false;
		after = x.last;
		*in = rest;
	}
}

static bool
parse_heard(struct slice line, struct carried_ack *a)
{
	struct slice stream;

	if (slice_eq_str(line, "none"))
		return true;
	return slice_cut(&line, ' ', &stream) &&
	    stream_parse(stream, &a->heard_stream) &&
	    !stream_is_zero(a->heard_stream) &&
	    slice_u64(line, LIMIT_MSGID, &a->heard);
}

static bool
parse(struct slice in, struct carried_ack *a)
{
	struct slice line;

	if (!slice_cut(&in, '\n', &line) || !parse_point(line, &a->have) ||
	    !parse_ranges(&in, "missing ", a->have.msgid, &a->missing) ||
	    (stream_is_zero(a->have.stream) && a->missing.n > 0))
		return false;
	if (!slice_cut(&in, '\n', &line) ||
	    !slice_skip(&line, SLICE("send ")) || !parse_point(line, &a->send))
		return false;
	if (!slice_cut(&in, '\n', &line) ||
	    !slice_skip(&line, SLICE("acked ")) ||
	    !slice_u64(line, LIMIT_MSGID, &a->acked) ||
	    a->acked > a->send.msgid ||
	    !parse_ranges(&in, "lost ", 0, &a->lost) ||
	    (stream_is_zero(a->send.stream) && a->lost.n > 0))
		return false;
	return slice_cut(&in, '\n', &line) &&
	    slice_skip(&line, SLICE("heard ")) && parse_heard(line, a) &&
	    in.n == 0;
}

void
carried_ack_cut(struct slice *text, struct slice *signature)
{
	struct slice last;
	size_t at = text->n;

	*signature = (struct slice){ 0 };
	if (at == 0 || text->p[at - 1] != '\n')
		return;
	for (at--; at > 0 && text->p[at - 1] != '\n'; at--)
		continue;
	last = (struct slice){ text->p + at, text->n - at };
	if (!slice_skip(&last, SLICE(CARRIED_ACK_SIGNED)))
		return;
	*signature = last;
	text->n = at;
}

int
carried_ack_parse(struct slice text, struct carried_ack *out, struct err *e)
{
	struct carried_ack a = { 0 };
	struct slice ignored;

	carried_ack_cut(&text, &ignored);
	if (text.n > CARRIED_ACK_MAX || !sealed_open(&text, SEALED_END) ||
	    !parse(text, &a)) {
		carried_ack_clear(&a);
		return err_set(e, ERR_INPUT, "ack is damaged");
	}
	*out = a;
	return 0;
}
