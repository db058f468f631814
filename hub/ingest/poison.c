/*
 * Poison records; see poison.h.  A line is "<state> <stream> <MsgID> <type>
 * <generation> <why, escaped>"; the first line is "total <n>".
 */
#include "config.h"

#include "hub/ingest/poison.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/sealed.h"

enum {
	POISON_FILE_MAX = 1 << 20
};

static const char *const state_words[] = {
	[POISON_IS] = "poison",
	[POISON_WAITS] = "waits",
	[POISON_ACCEPTED] = "accepted",
};

static void
put_record(struct poison *p, const struct poison_record *r)
{
	if (p->record == NULL)
		p->record = mem_array(POISON_KEPT, sizeof(*p->record));
	if (p->n == POISON_KEPT)
		memmove(p->record, p->record + 1, --p->n * sizeof(*p->record));
	p->record[p->n++] = *r;
}

bool
poison_add(struct poison *p, const struct message *m, enum poison_state state,
    const char *why)
{
	struct poison_record r = {
		.stream = m->stream,
		.msgid = m->msgid,
		.type = m->type,
		.generation = m->generation,
		.state = state,
	};

	if (poison_find(p, m->stream, m->msgid) != NULL)
		return false;
	log_escape(r.why, sizeof(r.why), slice_str(why));
	put_record(p, &r);
	p->total++;
	return true;
}

struct poison_record *
poison_find(const struct poison *p, struct stream_id stream, uint64_t msgid)
{
	for (size_t i = p->n; i-- > 0;)
		if (p->record[i].msgid == msgid &&
		    stream_eq(p->record[i].stream, stream))
			return p->record + i;
	return NULL;
}

struct poison_record *
poison_config(const struct poison *p, struct stream_id stream)
{
	for (size_t i = p->n; i-- > 0;)
		if (p->record[i].type == MESSAGE_CONFIG &&
		    stream_eq(p->record[i].stream, stream))
			return p->record + i;
	return NULL;
}

static bool
parse_state(struct slice word, enum poison_state *out)
{
	for (size_t i = 0; i <= POISON_ACCEPTED; i++) {
		if (slice_eq_str(word, state_words[i])) {
			*out = (enum poison_state)i;
			return true;
		}
	}
	return false;
}

static bool
parse_type(struct slice word, enum message_type *out)
{
	for (int i = 0; i <= (int)MESSAGE_RESYNC; i++) {
		if (slice_eq_str(word,
			message_type_name((enum message_type)i))) {
			*out = (enum message_type)i;
			return true;
		}
	}
	return false;
}

static bool
parse_line(void *arg, struct slice line)
{
	struct poison *out = arg;
	struct poison_record r = { .msgid = 0 };
	struct slice state, stream, msgid, type, generation;

	if (slice_skip(&line, SLICE("total ")))
		return slice_u64(line, UINT64_MAX, &out->total);
	if (!slice_cut(&line, ' ', &state) || !parse_state(state, &r.state) ||
	    !slice_cut(&line, ' ', &stream) ||
	    !stream_parse(stream, &r.stream) ||
	    !slice_cut(&line, ' ', &msgid) ||
	    !slice_u64(msgid, LIMIT_MSGID, &r.msgid) ||
	    !slice_cut(&line, ' ', &type) || !parse_type(type, &r.type) ||
	    !slice_cut(&line, ' ', &generation) ||
	    !slice_u64(generation, LIMIT_MSGID, &r.generation) ||
	    line.n >= sizeof(r.why))
		return false;
	memcpy(r.why, line.p, line.n);
	put_record(out, &r);
	return true;
}

static struct sealed_place
place(int state_dir, const char *association)
{
	return (struct sealed_place){ .dirfd = state_dir,
		.folder = "poison",
		.name = association,
		.limit = POISON_FILE_MAX };
}

int
poison_read(int state_dir, const char *association, struct poison *out,
    struct err *e)
{
	const struct sealed_place at = place(state_dir, association);
	int rc;

	*out = (struct poison){ .n = 0 };
	rc = sealed_each(&at, parse_line, out, e);
	if (rc == -1)
		poison_clear(out);
	return rc;
}

int
poison_write(int state_dir, const char *association, const struct poison *p,
    struct err *e)
{
	const struct sealed_place at = place(state_dir, association);
	char stream[STREAM_TEXT_SIZE];
	struct buf text = { 0 };
	int rc;

	(void)buf_printf(&text, "total %llu\n", (unsigned long long)p->total);
	for (size_t i = 0; i < p->n; i++) {
		const struct poison_record *r = p->record + i;

		(void)buf_printf(&text, "%s %s %llu %s %llu %s\n",
		    state_words[r->state], stream_text(r->stream, stream),
		    (unsigned long long)r->msgid, message_type_name(r->type),
		    (unsigned long long)r->generation, r->why);
	}
	rc = sealed_write(&at, &text, e);
	buf_clear(&text);
	return rc;
}

void
poison_clear(struct poison *p)
{
	free(p->record);
	*p = (struct poison){ .n = 0 };
}
