/*
 * spoke write: messages from standard input into the spool, all or none.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/message/names.h"
#include "spoke/carried.h"
#include "spoke/commands/commands.h"
#include "spoke/outgoing.h"
#include "spoke/stated.h"
#include "spoke/told.h"
#include "spoke/unfinished.h"

enum {
	WRITE_INPUT_MAX = 256 << 20, /* bytes */
	WRITE_WAIT_MS = 60000,       /* for the lock */
};

struct input {
	struct buf text;
	struct message *m; /* point into text */
	size_t n;
	const char *name;
	char *source; /* "write/NAME" */
};

static int
read_input(struct input *in, struct err *e)
{
	if (io_read_upto(STDIN_FILENO, WRITE_INPUT_MAX + 1, &in->text, e) == -1)
		return err_wrap(e, "standard input");
	if (in->text.n > WRITE_INPUT_MAX)
		return err_set(e, ERR_INPUT,
		    "standard input has more than %d bytes", WRITE_INPUT_MAX);
	return 0;
}

/* What a parser without knowledge of the spool lets pass. */
static int
check_message(const struct message *m, struct err *e)
{
	if (m->type == MESSAGE_TASK || m->type == MESSAGE_RESYNC)
		return err_set(e, ERR_INPUT, "%s is the hub's to send",
		    message_type_name(m->type));
	return 0;
}

static int
parse_input(struct input *in, struct err *e)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_INPUT, 0);
	struct slice rest = buf_slice(&in->text);
	int rc = 0;

	while (rc == 0 && rest.n > 0) {
		struct message m = { 0 };
		enum message_verdict v = message_parse(p, rest, &m, e);

		if (v == MESSAGE_MORE)
			rc = err_set(e, ERR_INPUT, "it has no end");
		else if (v != MESSAGE_WHOLE)
			rc = -1;
		else
			rc = check_message(&m, e);
		if (rc == -1) {
			err_wrap(e, "message %zu", in->n + 1);
			break;
		}
		in->m = mem_resize(in->m, in->n + 1, sizeof(*in->m));
		in->m[in->n++] = m;
		rest = (struct slice){ rest.p + m.raw.n, rest.n - m.raw.n };
	}
	message_parser_free(p);
	return rc;
}

static void
input_clear(struct input *in)
{
	buf_clear(&in->text);
	free(in->m);
	free(in->source);
}

static bool
is_part(const struct message *m, uint32_t part, uint32_t parts,
    uint64_t timestamp)
{
	return m->type == MESSAGE_CONFIG && m->timestamp == timestamp &&
	    (parts == 1 || (m->part == part && m->parts == parts));
}

/* An input on its way into one outbox. */
struct passage {
	const struct input *in;
	struct outgoing *o;
	struct stated *stated;
};

/* All parts of the CONFIG that begins at in->m[at]; *used of them. */
static int
take_config(const struct input *in, size_t at, struct tree *tree, size_t *used,
    struct err *e)
{
	uint32_t parts = in->m[at].parts > 0 ? in->m[at].parts : 1;

	for (uint32_t i = 0; i < parts; i++) {
		if (at + i >= in->n ||
		    !is_part(&in->m[at + i], i + 1, parts, in->m[at].timestamp))
			return err_set(e, ERR_INPUT,
			    "part %u of %u is not here", i + 1, parts);
		if (tree_add_config(tree, in->m[at + i].body, e) == -1)
			return -1;
	}
	*used = parts;
	return tree_finish(tree, e);
}

static int
check_generation(const struct message *m, struct outgoing *o, struct err *e)
{
	const struct tokens *t = outgoing_tokens(o);

	if (m->generation != 0 && m->generation != t->generation)
		return err_set(e, ERR_INPUT,
		    "Generation is not %" PRIu64 " but %" PRIu64, m->generation,
		    t->generation);
	if (m->has_stream && !stream_eq(m->stream, t->stream))
		return err_set(e, ERR_INPUT, "Stream is another one");
	return 0;
}

/* Before anything is put for it. */
static int
check_prev(const struct message *m, const struct outgoing *o, struct err *e)
{
	if (m->has_prev && m->prev != outgoing_prepared(o).digest)
		return err_set(e, ERR_INPUT,
		    "Prev is not the Digest of the message before");
	return 0;
}

/* Parts are cut anew, so what the further ones say of their place in the
 * stream is right by chance only. */
static int
check_parts(const struct message *m, size_t n, struct outgoing *o,
    struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = check_generation(&m[i], o, e);
		if (rc == 0 && i > 0 && m[i].has_prev)
			rc = err_set(e, ERR_INPUT,
			    "Prev of a further part is the spool's to give");
	}
	return rc;
}

static int
put_config(const struct passage *p, size_t at, size_t *used, struct err *e)
{
	const struct message *m = &p->in->m[at];
	struct tree *tree = tree_new();
	int rc = take_config(p->in, at, tree, used, e);

	if (rc == 0)
		rc = stated_config(p->stated, tree, e);
	if (rc == 0)
		rc = outgoing_put_config(p->o, m->timestamp,
		    (uint64_t)wall_s(clock_wall()), e);
	tree_free(tree);
	return rc == 0 ? check_parts(m, *used, p->o, e) : -1;
}

static int
put_data(const struct passage *p, const struct message *m, struct err *e)
{
	struct values v = { 0 };
	int rc = check_generation(m, p->o, e);

	if (rc == 0)
		rc = stated_values(p->stated, m, &v, e);
	if (rc == 0)
		rc = outgoing_put_values(p->o, &v, m, e);
	values_clear(&v);
	return rc;
}

static int
put_one(const struct passage *p, size_t at, size_t *used, struct err *e)
{
	struct message m = p->in->m[at];

	*used = 1;
	if (check_prev(&m, p->o, e) == -1)
		return -1;
	switch (m.type) {
	case MESSAGE_CONFIG:
		return put_config(p, at, used, e);
	case MESSAGE_DATA:
		return put_data(p, &m, e);
	case MESSAGE_STATUS:
	case MESSAGE_RESULT:
		return check_generation(&m, p->o, e) == 0
		    ? outgoing_put_message(p->o, &m, e)
		    : -1;
	case MESSAGE_TASK:
	case MESSAGE_RESYNC:
		break;
	}
	return err_set(e, ERR_INTERNAL, "%s was let in",
	    message_type_name(m.type));
}

static int
put_all(const struct input *in, struct outgoing *o, struct err *e)
{
	const struct passage p = { in, o,
		stated_new(outgoing_tokens(o), in->source) };
	size_t at = 0, used;
	int rc = 0;

	for (; at < in->n && rc == 0; at += used)
		if (put_one(&p, at, &used, e) == -1)
			rc = err_wrap(e, "message %zu", at + 1);
	stated_free(p.stated);
	return rc;
}

/* Which of the associations get it: that of the operand, or all of the tree. */
struct targets {
	const struct association *only;
	const char *tree;
};

static bool
is_target(const struct targets *t, const struct association *a)
{
	if (a->role != CONFIG_SPOKE)
		return false;
	return t->only != NULL ? t->only == a
			       : strcmp(a->spoke_tree, t->tree) == 0;
}

/* The tree that all associations of ours have, when it is one. */
static const char *
only_tree(const struct config *c, struct err *e)
{
	const char *tree = NULL;

	for (size_t i = 0; i < c->n_association; i++) {
		const struct association *a = &c->association[i];

		if (a->role != CONFIG_SPOKE)
			continue;
		if (tree != NULL && strcmp(tree, a->spoke_tree) != 0) {
			err_set(e, ERR_USAGE,
			    "there are several trees: say --tree TREE");
			return NULL;
		}
		tree = a->spoke_tree;
	}
	if (tree == NULL)
		err_set(e, ERR_CONFIG, "%s: this node is nobody's spoke",
		    c->file);
	return tree;
}

static int
find_targets(const struct ground *g, const char *tree, struct targets *out,
    struct err *e)
{
	*out = (struct targets){ .tree = tree };
	if (g->operands > 0) {
		out->only = ground_operand(g, 1, e);
		if (out->only == NULL)
			return -1;
		if (tree != NULL && strcmp(tree, out->only->spoke_tree) != 0)
			return err_set(e, ERR_USAGE,
			    "association %s is not of tree %s", out->only->name,
			    tree);
		return 0;
	}
	if (tree == NULL)
		out->tree = only_tree(g->config, e);
	if (out->tree == NULL)
		return -1;
	for (size_t i = 0; i < g->config->n_association; i++)
		if (is_target(out, &g->config->association[i]))
			return 0;
	return err_set(e, ERR_CONFIG, "%s: no association of tree %s",
	    g->config->file, tree);
}

/* The associations' outboxes, all open until all is done. */
struct spooling {
	struct ground *g;
	const struct input *in;
	struct outgoing **o;
	const char **name;
	size_t n;
	const char *noted;    /* the tree of the note; NULL: it needs none */
	struct unfinished *u; /* NULL: no outbox is open */
};

/* An earlier write of this input came as far as this association. */
static int
has_it(const struct spooling *s, size_t i, bool *has, struct err *e)
{
	const struct spool_point *noted =
	    s->u != NULL ? unfinished_find(s->u, s->name[i]) : NULL;

	*has = false;
	return noted != NULL ? outgoing_holds(s->o[i], noted, has, e) : 0;
}

static int
prepare(struct spooling *s, const struct association *a, struct err *e)
{
	const struct ground *g = s->g;
	bool has = false;

	s->name[s->n] = a->name;
	if (outgoing_open(&g->node, a, WRITE_WAIT_MS, &s->o[s->n], e) == -1)
		return -1;
	s->n++;
	/* The lock is ours: nobody changes the note any more. */
	if (s->noted != NULL && s->u == NULL &&
	    unfinished_open(g->node.state_dir, s->noted, s->in->name,
		buf_slice(&s->in->text), &s->u, e) == -1)
		return -1;
	if (has_it(s, s->n - 1, &has, e) == -1)
		return err_wrap(e, "association %s", a->name);
	return has ? 0 : put_all(s->in, s->o[s->n - 1], e);
}

static int
commit_one(const struct spooling *s, size_t i, struct err *e)
{
	if (outgoing_commit(s->o[i], e) == -1)
		return -1;
	told_outbox(s->g, config_association(s->g->config, s->name[i]),
	    outgoing_state(s->o[i]));
	return 0;
}

static int
commit(struct spooling *s, struct err *e)
{
	for (size_t i = 0; i < s->n && s->u != NULL; i++) {
		struct spool_point at = outgoing_prepared(s->o[i]);

		if (unfinished_find(s->u, s->name[i]) == NULL ||
		    at.msgid != outgoing_state(s->o[i])->last.msgid)
			unfinished_put(s->u, s->name[i], &at);
	}
	if (s->u != NULL && unfinished_save(s->u, e) == -1)
		return -1;
	for (size_t i = 0; i < s->n; i++)
		if (commit_one(s, i, e) == -1)
			return i == 0 ? -1
				      : err_wrap(e,
					    "%zu of %zu associations have it, "
					    "give it again for the rest",
					    i, s->n);
	if (s->u != NULL)
		unfinished_end(s->u);
	return 0;
}

/* Prepare it for all of them: what one refuses none gets.  Then commit them one
 * after the other.  They are opened in the file's order, as everywhere: nobody
 * waits in a ring. */
static int
spool(struct ground *g, const struct targets *to, const struct input *in,
    struct err *e)
{
	size_t n = g->config->n_association, most = 0;
	struct spooling s = { .g = g,
		.in = in,
		.o = mem_array(n, sizeof(struct outgoing *)),
		.name = mem_array(n, sizeof(const char *)) };
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		most += is_target(to, &g->config->association[i]);
	if (most > 1)
		s.noted = to->tree;
	for (size_t i = 0; i < n && rc == 0; i++)
		if (is_target(to, &g->config->association[i]) &&
		    (rc = prepare(&s, &g->config->association[i], e)) == -1)
			err_wrap(e, "nothing spooled");
	if (rc == 0)
		rc = commit(&s, e);
	for (size_t i = 0; i < s.n; i++)
		outgoing_close(s.o[i]);
	unfinished_free(s.u);
	free(s.o);
	free(s.name);
	return rc;
}

int
command_write(const struct options *opts, int argc, char **argv)
{
	const char *name = "stdin", *tree = NULL;
	const struct options_flag flags[] = {
		{ "source", 0, true, &name },
		{ "tree", 0, true, &tree },
		{ 0 },
	};
	struct input in = { 0 };
	struct targets to;
	struct ground g = ground_make(CONFIG_SPOKE, opts, argc, argv);
	struct err e = { 0 };
	int rc = -1;

	g.flags = flags;
	if (ground_open(&g, GROUND_CHANGING, &e) == -1 ||
	    find_targets(&g, tree, &to, &e) == -1)
		goto out;
	if (!name_is_component(slice_str(name))) {
		err_set(&e, ERR_USAGE, "--source %s: not a plain name", name);
		goto out;
	}
	in.name = name;
	in.source = stated_source(name);
	(void)carried_look_all(&g); /* acknowledgements make room */
	if (read_input(&in, &e) == 0 && parse_input(&in, &e) == 0 &&
	    (in.n == 0 || spool(&g, &to, &in, &e) == 0))
		rc = 0;
	if (rc == 0)
		(void)carried_look_all(&g);
out:
	input_clear(&in);
	ground_close(&g);
	return rc == 0 ? 0 : command_failed(&e);
}
