/*
 * Names of carried files; see carried_name.h.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/spool/carried_name.h"

bool
carried_name_parse(const char *name, struct carried_name *out)
{
	struct slice in = slice_str(name);
	struct carried_name n = { 0 };
	char segment[SEGMENT_NAME_SIZE];

	if (in.n >= CARRIED_NAME_SIZE)
		return false;
	if (slice_eq_str(in, CARRIED_ACK)) {
		*out = n;
		return true;
	}
	n.signature = slice_skip_end(&in, SLICE(".sig"));
	n.codec = codec_by_suffix(in);
	if (n.codec == NULL ||
	    !slice_skip_end(&in, slice_str(n.codec->suffix)) ||
	    in.n >= sizeof(segment))
		return false;
	memcpy(segment, in.p, in.n);
	segment[in.n] = '\0';
	if (!segment_name_parse(segment, &n.segment) || n.segment.last == 0)
		return false;
	*out = n;
	return true;
}

const char *
carried_name_text(const struct carried_name *n, char out[CARRIED_NAME_SIZE])
{
	char segment[SEGMENT_NAME_SIZE];
	const char *sig = n->signature ? ".sig" : "";

	if (n->codec == NULL)
		(void)snprintf(out, CARRIED_NAME_SIZE, CARRIED_ACK);
	else
		(void)snprintf(out, CARRIED_NAME_SIZE, "%s%s%s",
		    segment_name_text(n->segment, segment), n->codec->suffix,
		    sig);
	return out;
}
