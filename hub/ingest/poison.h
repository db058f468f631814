/*
 * Messages that were acknowledged but fail for their content: what they are
 * and why, one record each, told once.  The messages themselves stay in the
 * archive.  <state>/poison/<association>, replaced durably.
 */
#ifndef HUB_INGEST_POISON_H
#define HUB_INGEST_POISON_H

#include "common/message/message.h"

enum {
	POISON_KEPT = 1000, /* records; older ones are only counted */
	POISON_WHY = 200    /* bytes */
};

enum poison_state {
	POISON_IS,       /* fails for what it says */
	POISON_WAITS,    /* a CONFIG that an operator may accept */
	POISON_ACCEPTED, /* and did */
};

struct poison_record {
	struct stream_id stream;
	uint64_t msgid; /* of a CONFIG: its last part */
	enum message_type type;
	uint64_t generation;
	enum poison_state state;
	char why[POISON_WHY];
};

struct poison {
	struct poison_record *record; /* in the order of arrival */
	size_t n;
	uint64_t total; /* all that ever were */
};

/* A missing file is empty; a damaged one is ERR_INPUT and out is empty. */
int poison_read(int state_dir, const char *association, struct poison *out,
    struct err *e);
int poison_write(int state_dir, const char *association, const struct poison *p,
    struct err *e);
/* False: there is a record of this message already. */
bool poison_add(struct poison *p, const struct message *m,
    enum poison_state state, const char *why);
/* NULL: none. */
struct poison_record *poison_find(const struct poison *p,
    struct stream_id stream, uint64_t msgid);
/* The newest record of a CONFIG of this stream, or NULL. */
struct poison_record *poison_config(const struct poison *p,
    struct stream_id stream);
void poison_clear(struct poison *p);

#endif
