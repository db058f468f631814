/*
 * CONFIG parts; see configset.h.
 */
#include "config.h"

#include "hub/ingest/configset.h"

#include <assert.h>

#include "xmlconfig/translate.h"

static bool
follows(const struct configset *c, const struct message *m)
{
	return c->part > 0 && m->part == c->part + 1 && m->parts == c->parts &&
	    m->msgid == c->msgid + 1 && m->generation == c->generation &&
	    m->timestamp == c->timestamp;
}

bool
configset_put(struct configset *c, const struct message *m)
{
	if (m->type != MESSAGE_CONFIG || (m->part != 1 && !follows(c, m))) {
		configset_clear(c);
		return false;
	}
	if (m->part == 1) {
		configset_clear(c);
		c->tree = tree_new();
		c->parts = m->parts;
		c->generation = m->generation;
		c->timestamp = m->timestamp;
	}
	c->part = m->part;
	c->msgid = m->msgid;
	if (!c->failed && tree_add_config(c->tree, m->body, &c->why) == -1) {
		if (m->parts > 1)
			err_wrap(&c->why, "part %u", m->part);
		c->failed = true;
	}
	return c->part == c->parts;
}

int
configset_finish(struct configset *c, const struct association *a,
    struct tree **out, struct err *e)
{
	int rc = -1;

	assert(c->tree != NULL && c->part == c->parts);
	if (c->failed)
		*e = c->why;
	else
		rc = translate_tree(a, c->tree, out, e);
	configset_clear(c);
	return rc;
}

void
configset_clear(struct configset *c)
{
	tree_free(c->tree);
	*c = (struct configset){ .tree = NULL };
}
