/*
 * The effective configuration in the file's own syntax.
 */
#include <config.h> /* not the one beside this file */

#include <string.h>

#include "common/base/durable.h"
#include "common/codec/codec.h"
#include "common/config/config_keys.h"
#include "common/config/config_value.h"

static void
print_indent(int depth, struct buf *out)
{
	while (depth-- > 0)
		buf_put_char(out, '\t');
}

static void
print_keys(const struct key *k, const void *base, int depth, struct buf *out)
{
	for (; k->name != NULL; k++) {
		size_t before;

		print_indent(depth, out);
		before = out->n;
		config_value_print(k, base, out);
		if (out->n > before)
			buf_put_char(out, '\n');
		else
			out->n -= (size_t)depth; /* nothing to say */
	}
}

static void
print_open(const char *block, const char *title, int depth, struct buf *out)
{
	print_indent(depth, out);
	buf_printf(out, "%s ", block);
	if (title != NULL) {
		config_value_quote(title, out);
		buf_put_char(out, ' ');
	}
	buf_put_str(out, "{\n");
}

static void
print_close(int depth, struct buf *out)
{
	print_indent(depth, out);
	buf_put_str(out, "}\n");
}

static void
print_block(const char *name, const char *title, const void *base,
    struct buf *out)
{
	print_open(name, title, 0, out);
	print_keys(config_block(name)->key, base, 1, out);
	print_close(0, out);
}

static void
print_translate(const struct config_translate *t, struct buf *out)
{
	print_open("translate", t->from[0] == '\0' ? "/" : t->from, 1, out);
	print_keys(config_inner("translate")->key, t, 2, out);
	print_close(1, out);
}

/* Of a method that this build lacks it is not known, and not used. */
static int
effective_level(const struct association *a)
{
	const struct codec_ops *codec = codec_find(slice_str(a->compression));

	if (a->level != -1 || codec == NULL || codec == &codec_none)
		return a->level;
	return codec->level_default;
}

static void
print_association(const struct association *a, struct buf *out)
{
	const char *transport = config_transport_name(a->transport);
	struct association effective = *a;
	size_t i;

	effective.level = effective_level(a);
	print_open("association", a->name, 0, out);
	print_keys(config_block("association")->key, &effective, 1, out);
	for (i = 0; i < a->n_translate; i++)
		print_translate(&a->translate[i], out);
	print_open(transport, NULL, 1, out);
	print_keys(config_inner(transport)->key, a, 2, out);
	print_close(1, out);
	print_close(0, out);
}

int
config_print(const struct config *c, int fd, struct err *e)
{
	struct buf out = { 0 };
	size_t i;
	int rc;

	print_block("node", c->node.id, &c->node, &out);
	print_block("operator", NULL, &c->oper, &out);
	for (i = 0; i < c->n_association; i++)
		print_association(&c->association[i], &out);
	for (i = 0; i < c->n_collector; i++)
		print_block("collector", c->collector[i].name, &c->collector[i],
		    &out);
	print_block("hub", NULL, &c->hub, &out);
	for (i = 0; i < c->n_store; i++)
		print_block("store", c->store[i].name, &c->store[i], &out);
	print_block("web", NULL, &c->web, &out);
	rc = io_write_full(fd, buf_slice(&out), e);
	buf_clear(&out);
	return rc;
}
