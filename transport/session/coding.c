/*
 * The coding state of one direction; see coding.h.
 */
#include "config.h"

#include "transport/session/coding.h"

void
coding_drop(struct coding *c)
{
	if (c->state != NULL)
		c->codec->history->state_free(c->state);
	*c = (struct coding){ 0 };
}

void
coding_begin(struct coding *c, const struct codec_ops *codec, struct slice seed)
{
	coding_drop(c);
	c->codec = codec;
	c->state = codec->history->state_new();
	coding_learn(c, seed);
}

bool
coding_is(const struct coding *c, const struct codec_ops *codec)
{
	return c->state != NULL && c->codec == codec;
}

void
coding_learn(struct coding *c, struct slice messages)
{
	if (c->state != NULL && messages.n > 0)
		c->codec->history->learn(c->state, messages);
}

int
coding_encode(struct coding *c, struct slice in, int level, struct buf *out,
    struct err *e)
{
	int rc = c->codec->history->encode(c->state, in, level, out, e);

	if (rc == -1)
		coding_drop(c);
	return rc;
}

int
coding_decode(struct coding *c, struct slice in, size_t size, struct buf *out,
    struct err *e)
{
	int rc = c->codec->history->decode(c->state, in, size, out, e);

	if (rc == -1)
		coding_drop(c);
	return rc;
}

bool
coding_verify(const struct frame_batch *b, struct slice messages)
{
	uint64_t next = b->first;
	uint32_t before = b->base;
	struct message m;

	while (next <= b->last && message_cut(&messages, &m)) {
		/* what is before the first may be lost */
		bool follows = m.prev == before ||
		    (next == b->first && before == 0 && next > 1);

		if (m.msgid != next || !stream_eq(m.stream, b->stream) ||
		    !follows)
			return false;
		before = m.digest;
		next++;
	}
	return next == b->last + 1 && messages.n == 0 && before == b->digest;
}
