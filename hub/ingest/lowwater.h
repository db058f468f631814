/*
 * The low-water mark of one association: up to where everything is surely
 * stored, except for ranges of DATA that wait for something.  What lies behind
 * the mark is applied again from the archive after an unclean end, so the
 * ranges are written only together with the mark: <state>/lowwater/<name>.
 */
#ifndef HUB_INGEST_LOWWATER_H
#define HUB_INGEST_LOWWATER_H

#include "common/spool/cursor.h"

enum {
	/* of each kind; then ranges grow together */
	LOWWATER_RANGES_MAX = 10000,
};

struct waiting_range {
	uint64_t first, last; /* MsgIDs */
	uint64_t tag;    /* marked: generation; withheld: first Timestamp */
	int64_t since_s; /* epoch seconds of its first message's arrival */
	uint64_t config; /* withheld: MsgID of the CONFIG's last part */
	struct stream_id stream; /* replaced: whose numbers these are */
};

struct waiting {
	struct waiting_range *range; /* in the order of arrival */
	size_t n, cap;
};

struct lowwater {
	struct spool_point at;
	struct waiting marked;   /* for the CONFIG of their generation */
	struct waiting withheld; /* for the clock */
	struct waiting replaced; /* for the clock, of former streams */
};

/* Add one DATA message; extends the last range where it can. */
void waiting_mark(struct waiting *w, uint64_t msgid, uint64_t generation,
    int64_t now_s);
void waiting_withhold(struct waiting *w, uint64_t msgid, uint64_t timestamp,
    uint64_t config, int64_t now_s);
/* As it is, or as part of the last one when there are too many.  False: that is
 * of another stream, and the range is not there. */
bool waiting_add(struct waiting *w, const struct waiting_range *r);
void waiting_drop(struct waiting *w, size_t i);
uint64_t waiting_messages(const struct waiting *w);
void waiting_clear(struct waiting *w);

/* Another stream begins: what is withheld is of a former one from now on.
 * Returns how many messages are not waited for any more: those that were
 * marked, those of the time before 2000, and what is too much. */
uint64_t lowwater_replace(struct lowwater *l, struct spool_point at);

/* A missing file is a mark at 0; a damaged one is ERR_INPUT, and out is at 0:
 * applying the archive from its beginning derives it anew. */
int lowwater_read(int state_dir, const char *association, struct lowwater *out,
    struct err *e);
int lowwater_write(int state_dir, const char *association,
    const struct lowwater *l, struct err *e);
void lowwater_clear(struct lowwater *l);

#endif
