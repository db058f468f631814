/*
 * The mark of an outbox; see mark.h and doc/spool.5.
 */
#include "config.h"

#include <inttypes.h>

#include "common/spool/mark.h"

/* The value of the next line, which must have this name. */
static bool
cut_field(struct slice *in, const char *name, struct slice *value)
{
	struct slice word;

	return slice_cut(in, '\n', value) && slice_cut(value, ' ', &word) &&
	    slice_eq_str(word, name);
}

bool
mark_get(const struct slots *s, struct mark *out)
{
	struct slice in, acked, next, generation, replaces;
	struct mark m;

	if (!slots_get(s, &in) || !cut_field(&in, "acked", &acked) ||
	    !cut_field(&in, "next", &next) ||
	    !cut_field(&in, "generation", &generation) ||
	    !cut_field(&in, "replaces", &replaces) || in.n > 0)
		return false;
	if (!spool_point_parse(acked, &m.acked) ||
	    !slice_u64(next, LIMIT_MSGID + 1, &m.next) ||
	    !slice_u64(generation, UINT64_MAX, &m.generation) ||
	    !stream_parse(replaces, &m.replaces))
		return false;
	*out = m;
	return true;
}

int
mark_put(struct slots *s, const struct mark *m, struct err *e)
{
	char replaces[STREAM_TEXT_SIZE];
	struct buf text = { 0 };
	int rc;

	buf_put_str(&text, "acked ");
	spool_point_put(&text, &m->acked);
	buf_printf(&text,
	    "\nnext %" PRIu64 "\ngeneration %" PRIu64 "\nreplaces %s\n",
	    m->next, m->generation, stream_text(m->replaces, replaces));
	rc = slots_put(s, buf_slice(&text), e);
	buf_clear(&text);
	return rc == 0 ? 0 : err_wrap(e, "mark");
}
