/*
 * A copy of a file that others placed, and who signed it.  See staging_impl.h.
 */
#include "config.h"

#include "transport/carried/staging_impl.h"

/* Who signed what lies in *copy, prefix and file?  CARRIED_GONE: not yet
 * known. */
static enum carried_found
check_signature(const struct staging *s, struct slice copy,
    struct slice signature, struct err *e)
{
	if (!s->o.keys->verifies ||
	    signature_is_good(s->o.keys, copy, signature))
		return CARRIED_READ;
	err_set(e, ERR_DENIED,
	    "it is not signed by the key that verify-key names, for this "
	    "association and direction");
	return CARRIED_BAD;
}

static enum carried_found
check_signature_file(const struct staging *s, struct carried_name name,
    struct slice copy, struct err *e)
{
	struct buf text = { 0 };
	enum carried_found found;

	if (!s->o.keys->verifies)
		return CARRIED_READ;
	name.signature = true;
	found = carried_file_read(&s->o.at, name, SIGNATURE_FILE_MAX, &text, e);
	if (found == CARRIED_READ)
		found = check_signature(s, copy, buf_slice(&text), e);
	buf_clear(&text);
	return found;
}

enum carried_found
staging_read(const struct staging *s, struct carried_name name, size_t max,
    struct buf *out, size_t *from, struct err *e)
{
	enum carried_found found;

	buf_reset(out);
	signature_prefix(out, s->o.association->name, s->o.association->role);
	*from = out->n;
	found = carried_file_read(&s->o.at, name, max, out, e);
	if (found == CARRIED_READ && name.codec != NULL)
		return check_signature_file(s, name, buf_slice(out), e);
	if (found == CARRIED_READ) {
		struct slice copy = buf_slice(out), signature;

		carried_ack_cut(&copy, &signature);
		found = check_signature(s, copy, signature, e);
	}
	return found;
}
