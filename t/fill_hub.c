/*
 * A hub's state, spool and store as ingest would leave them, for
 * t/hub-values.t:
 *
 *	fill_hub CONFIGURATION ASSOCIATION
 *	    { config FILE | part GENERATION K N FILE | data TIME FILE }...
 *
 * Each of them is a message of one stream, its body in FILE: a CONFIG is
 * compiled, the values of DATA go into the store, all go into the inbox.  Part K
 * of N goes there alone, and what follows is of its generation.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/durable.h"
#include "common/config/node.h"
#include "common/spool/inbox.h"
#include "hub/stores/store.h"
#include "xmlconfig/compiled.h"
#include "xmlconfig/index.h"
#include "xmlconfig/translate.h"

struct fill {
	struct config *config;
	const struct association *a;
	struct node node;
	struct inbox *inbox;
	struct store *store;
	struct message_parser *parser;
	struct tree *tree; /* the hub's */
	uint64_t msgid, generation;
	uint32_t prev;
};

static const struct stream_id stream = { { 1, 2, 3 } };

static int
spool(struct fill *f, struct message *m, struct err *e)
{
	struct buf text = { .limit = 0 };
	struct message parsed;
	int rc = -1;

	m->msgid = ++f->msgid;
	m->stream = stream;
	m->prev = f->prev;
	m->generation = f->generation;
	if (m->parts == 0)
		m->part = m->parts = 1;
	if (message_write(&text, m, e) == 0 &&
	    message_parse(f->parser, buf_slice(&text), &parsed, e) ==
		MESSAGE_WHOLE &&
	    inbox_put(f->inbox, &parsed, e) == INBOX_TAKEN)
		rc = 0;
	f->prev = m->digest;
	buf_clear(&text);
	return rc;
}

static int
compile(struct fill *f, struct slice body, struct err *e)
{
	const struct compiled_head head = { .stream = stream,
		.generation = f->generation,
		.msgid = f->msgid };
	const struct index_entry entry = { f->a->name, "part.sqlite",
		f->a->hub_subtree };
	struct tree *spoke = tree_new();
	int trees = -1, dir = -1, rc = -1;

	tree_free(f->tree);
	f->tree = NULL;
	if (tree_add_config(spoke, body, e) == 0 &&
	    translate_tree(f->a, spoke, &f->tree, e) == 0 &&
	    (trees = durable_make_dir(f->node.state_dir, "trees", e)) != -1 &&
	    (dir = durable_make_dir(trees, f->a->hub_tree, e)) != -1 &&
	    compiled_write(dir, entry.file, f->tree, &head, e) == 0)
		rc = index_write(dir, "index", &entry, 1, e);
	if (trees != -1)
		close(trees);
	if (dir != -1)
		close(dir);
	tree_free(spoke);
	return rc;
}

static int
take_config(struct fill *f, struct slice body, struct err *e)
{
	struct message m = { .type = MESSAGE_CONFIG,
		.timestamp = 1,
		.body = body };

	f->generation++;
	if (spool(f, &m, e) == -1)
		return -1;
	return compile(f, body, e);
}

static int
store_value(struct fill *f, uint64_t time_s, struct slice token,
    struct slice value, struct err *e)
{
	for (size_t i = 0; i < tree_size(f->tree); i++) {
		struct tree_leaf l = tree_leaf(f->tree, i);
		struct slice kind =
		    tree_param(&l, SLICE("rrd-create-dstype"), SLICE("GAUGE"));
		char *dstype;
		struct store_series s = { .tree = f->a->hub_tree,
			.path = l.path,
			.period_s = 60,
			.heartbeat_s = 150,
			.min = SLICE("U"),
			.max = SLICE("U") };
		uint32_t handle;
		int rc;

		if (!slice_eq(l.token, token))
			continue;
		s.dstype = dstype = slice_dup(kind);
		rc = f->store->ops->series(f->store, &s, &handle, e);
		free(dstype);
		if (rc == 0)
			f->store->ops->put(f->store, handle, time_s, value);
		return rc;
	}
	return 0;
}

static int
take_data(struct fill *f, const char *time, struct slice body, struct err *e)
{
	struct message m = { .type = MESSAGE_DATA, .body = body };
	struct slice token, value;

	if (!slice_u64(slice_str(time), LIMIT_TIMESTAMP, &m.timestamp))
		return err_set(e, ERR_USAGE, "%s is no time", time);
	if (spool(f, &m, e) == -1)
		return -1;
	while (message_next_value(&body, &token, &value))
		if (store_value(f, m.timestamp, token, value, e) == -1)
			return -1;
	return 0;
}

static int
take_part(struct fill *f, char **word, struct slice body, struct err *e)
{
	struct message m = { .type = MESSAGE_CONFIG,
		.timestamp = 1,
		.body = body };
	uint64_t part, parts;

	if (!slice_u64(slice_str(word[1]), LIMIT_MSGID, &f->generation) ||
	    !slice_u64(slice_str(word[2]), 100, &part) ||
	    !slice_u64(slice_str(word[3]), 100, &parts))
		return err_set(e, ERR_USAGE, "part GENERATION K N FILE");
	m.part = (uint32_t)part;
	m.parts = (uint32_t)parts;
	return spool(f, &m, e);
}

static int
take_all(struct fill *f, char **word, struct err *e)
{
	for (size_t n; word[0] != NULL; word += n) {
		const char kind = word[0][0];
		const char *file;
		struct buf body = { .limit = 0 };
		int rc;

		n = kind == 'c' ? 2 : kind == 'p' ? 5 : 3;
		file = word[n - 1];
		rc = durable_read_file(AT_FDCWD, file, LIMIT_MESSAGE, &body, e);
		if (rc == 0)
			rc = kind == 'c' ? take_config(f, buf_slice(&body), e)
			    : kind == 'p'
			    ? take_part(f, word, buf_slice(&body), e)
			    : take_data(f, word[1], buf_slice(&body), e);
		buf_clear(&body);
		if (rc == -1)
			return err_wrap(e, "%s", file);
	}
	if (inbox_commit(f->inbox, e) == -1 || inbox_seal(f->inbox, e) == -1 ||
	    f->store->ops->flush(f->store, UINT32_MAX, e) == -1)
		return -1;
	return f->store->ops->sync(f->store, e);
}

static int
open_all(struct fill *f, const char *config, const char *association,
    struct err *e)
{
	const struct inbox_opts opts = { .message_max = 0 };
	const struct config_store *cs;
	int dir;

	if (config_read(config, &f->config, e) == -1)
		return -1;
	f->a = config_association(f->config, association);
	cs = config_store_for(f->config);
	if (f->a == NULL || cs == NULL)
		return err_set(e, ERR_USAGE, "no such association, or store");
	if (node_enter(f->config, e) == -1 ||
	    node_open(f->config, &f->node, e) == -1 ||
	    (dir = node_open_association(&f->node, f->a, e)) == -1)
		return -1;
	f->parser = message_parser_new(MESSAGE_FORM_FULL, 0);
	if (inbox_open(dir, &opts, &f->inbox, e) == -1 ||
	    inbox_begin_stream(f->inbox, stream, e) == -1)
		return -1;
	return store_find(cs->type)->open(cs, &f->store, e);
}

int
main(int argc, char **argv)
{
	struct fill f = { .msgid = 0 };
	struct err e = { .kind = ERR_NONE };
	int rc;

	if (argc < 3)
		return 64;
	rc = open_all(&f, argv[1], argv[2], &e);
	if (rc == 0)
		rc = take_all(&f, argv + 3, &e);
	if (rc == -1)
		fprintf(stderr, "fill_hub: %s\n", e.msg);
	if (f.store != NULL)
		f.store->ops->close(f.store);
	inbox_close(f.inbox);
	message_parser_free(f.parser);
	tree_free(f.tree);
	node_close(&f.node);
	config_free(f.config);
	return rc == -1 ? 1 : 0;
}
