/*
 * Text of others in JSON (RFC 8259, 7).
 */
#include "config.h"

#include "common/command/json.h"

#include <inttypes.h>

void
json_put_text(struct buf *b, struct slice s)
{
	(void)buf_put_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			(void)buf_printf(b, "\\%c", c);
		else if (c < 0x20)
			(void)buf_printf(b, "\\u%04x", c);
		else
			(void)buf_put_char(b, s.p[i]);
	}
	(void)buf_put_char(b, '"');
}

void
json_put_number(struct buf *b, const char *name, bool known, int64_t v)
{
	if (known)
		(void)buf_printf(b, ",\"%s\":%" PRId64, name, v);
	else
		(void)buf_printf(b, ",\"%s\":null", name);
}
