/*
 * Composing the operator's mail; see mail.h.
 */
#include "config.h"

#include <time.h>

#include "common/base/log.h"
#include "common/operator/mail.h"

enum {
	MAIL_TAIL = 128
}; /* room kept for "... and N more" */

static const char *
why_text(enum mail_why why)
{
	switch (why) {
	case MAIL_BEGAN:
		return "began";
	case MAIL_LASTS:
		return "lasts";
	case MAIL_CHANGED:
		return "changed";
	case MAIL_OVER:
		return "over";
	}
	return "?";
}

static void
put_escaped(struct buf *out, const char *text)
{
	char line[LOG_LINE_MAX < 800 ? LOG_LINE_MAX : 800];

	buf_put_str(out, log_escape_again(line, sizeof(line), slice_str(text)));
}

static void
put_headers(struct buf *out, const struct notice_mail *to,
    const struct mail_item *item, size_t n)
{
	size_t count[MAIL_OVER + 1] = { 0 };

	for (size_t i = 0; i < n; i++)
		count[item[i].why]++;
	for (const char *const *a = to->to; *a != NULL; a++)
		buf_printf(out, "%s%s", a == to->to ? "To: " : ",\n ", *a);
	buf_printf(out, "\nSubject: [axletree %s] %zu began, ", to->node,
	    count[MAIL_BEGAN]);
	if (count[MAIL_CHANGED] > 0)
		buf_printf(out, "%zu changed, ", count[MAIL_CHANGED]);
	buf_printf(out, "%zu last, %zu over\n", count[MAIL_LASTS],
	    count[MAIL_OVER]);
	buf_put_str(out,
	    "Auto-Submitted: auto-generated\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=us-ascii\n\n");
}

static void
put_item(struct buf *out, const struct mail_item *item)
{
	char since[32] = "?";
	time_t t = (time_t)item->since_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S UTC",
		    &tm);
	buf_printf(out, "%s: ", why_text(item->why));
	if (item->what.association[0] != '\0')
		buf_printf(out, "%s: ", item->what.association);
	put_escaped(out, item->what.text);
	buf_printf(out, "\n  since %s\n", since);
	if (item->why != MAIL_OVER && item->what.next[0] != '\0') {
		buf_put_str(out, "  next: ");
		put_escaped(out, item->what.next);
		buf_put_char(out, '\n');
	}
	buf_put_char(out, '\n');
}

void
mail_compose(struct buf *out, const struct notice_mail *to,
    const struct mail_item *item, size_t n)
{
	size_t i = 0;

	put_headers(out, to, item, n);
	for (; i < n; i++) {
		struct buf one = { 0 };
		bool fits;

		put_item(&one, &item[i]);
		fits = out->n + one.n + MAIL_TAIL <= MAIL_MAX &&
		    buf_put(out, buf_slice(&one));
		buf_clear(&one);
		if (!fits)
			break;
	}
	if (i < n)
		buf_printf(out, "... and %zu more: run the status command\n",
		    n - i);
}
