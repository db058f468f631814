/*
 * A CONFIG of one or more parts, from its messages to the hub's leaves: what
 * may be wrong with it is found here, before anything is changed.  Does no
 * I/O.
 */
#ifndef HUB_INGEST_CONFIGSET_H
#define HUB_INGEST_CONFIGSET_H

#include "common/config/config.h"
#include "xmlconfig/tree.h"

/* Zero-initialised: no part has come. */
struct configset {
	struct tree *tree; /* the spoke's, so far */
	uint64_t generation, timestamp;
	uint64_t msgid;       /* of the part that came last */
	uint32_t part, parts; /* which that was; 0: none */
	bool failed;
	struct err why;
};

/* The next message of the stream.  True: this CONFIG is complete now. */
bool configset_put(struct configset *c, const struct message *m);
/* The complete one's leaves as the hub has them; the set is empty then.
 * ERR_INPUT: its content is poison. */
int configset_finish(struct configset *c, const struct association *a,
    struct tree **out, struct err *e);
void configset_clear(struct configset *c);

#endif
