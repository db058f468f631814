/*
 * Bytes on the wire; see wire.h.  The file has two slots: "LAST MONTH BYTES".
 */
#include "config.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/slots.h"
#include "transport/wire.h"

int
wire_month(struct wall now)
{
	time_t s = (time_t)wall_s(now);
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL)
		return 0;
	return (tm.tm_year + 1900) * 100 + tm.tm_mon + 1;
}

static void
parse(const struct slots *s, struct wire *out)
{
	struct slice text, last, month;
	uint64_t l, m, b;

	*out = (struct wire){ 0 };
	if (!slots_get(s, &text) || !slice_cut(&text, ' ', &last) ||
	    !slice_cut(&text, ' ', &month) || !slice_u64(last, INT64_MAX, &l) ||
	    !slice_u64(month, 999912, &m) || !slice_u64(text, UINT64_MAX, &b))
		return;
	*out = (struct wire){ (int64_t)l, (int)m, b };
}

static int
open_slots(int state_dir, const char *association, struct slots **out, int *dir,
    struct err *e)
{
	*dir = durable_make_dir(state_dir, "wire", e);
	if (*dir == -1)
		return -1;
	if (slots_open(*dir, association, out, e) == 0)
		return 0;
	close(*dir);
	return err_wrap(e, "wire/%s", association);
}

int
wire_read(int state_dir, const char *association, struct wire *out,
    struct err *e)
{
	struct slots *s;
	int dir;

	if (open_slots(state_dir, association, &s, &dir, e) == -1)
		return -1;
	parse(s, out);
	slots_close(s);
	close(dir);
	return 0;
}

uint64_t
wire_of_month(const struct wire *w, struct wall now)
{
	return w->month == wire_month(now) ? w->bytes : 0;
}

int
wire_add(int state_dir, const char *association,
    const struct wire_session *session, struct err *e)
{
	struct buf b = { 0 };
	struct slots *s;
	struct wire w;
	int dir, rc;

	if (open_slots(state_dir, association, &s, &dir, e) == -1)
		return -1;
	parse(s, &w);
	if (wire_month(session->ended) > w.month) {
		w.month = wire_month(session->ended);
		w.bytes = 0;
	}
	w.bytes += session->bytes;
	if (session->delivered)
		w.last_s = wall_s(session->ended);
	buf_printf(&b, "%" PRId64 " %d %" PRIu64, w.last_s, w.month, w.bytes);
	rc = slots_put(s, buf_slice(&b), e);
	buf_clear(&b);
	slots_close(s);
	close(dir);
	return rc;
}
