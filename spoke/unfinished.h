/*
 * A write to several associations: one sync each, so a cut may leave it in some
 * of them.  What each will have is noted before the first commit, so that the
 * same input of the same source, given again, goes to those alone that lack it:
 * <state>/write/<tree>+<source>.
 */
#ifndef SPOKE_UNFINISHED_H
#define SPOKE_UNFINISHED_H

#include "common/spool/cursor.h"

struct unfinished;

/* The note of this tree and source, which are plain names; empty where there is
 * none, where it is of another input, or damaged.  Owned; borrows state_dir until
 * freed.  Whoever has locked the first outbox of the tree has the note. */
int unfinished_open(int state_dir, const char *tree, const char *source,
    struct slice input, struct unfinished **out, struct err *e);
/* The newest message of that association's part; NULL: not noted. */
const struct spool_point *unfinished_find(const struct unfinished *u,
    const char *association);
void unfinished_put(struct unfinished *u, const char *association,
    const struct spool_point *at);
int unfinished_save(struct unfinished *u, struct err *e);
/* All associations have it: remove the note.  A failure is only logged, since all
 * is written. */
void unfinished_end(struct unfinished *u);
void unfinished_free(struct unfinished *u);

#endif
