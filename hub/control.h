/*
 * hubd's control socket <run>/hubd.sock: a request is one line of words, the
 * reply is lines of text and a status.  Only the node's account and root are
 * answered.
 *
 *	-> accept alps config LF
 *	<- - text LF ... (any number)
 *	<- = 0 LF                      (a sysexits.h status; the end)
 */
#ifndef HUB_CONTROL_H
#define HUB_CONTROL_H

#include <uv.h>

#include "common/base/buf.h"
#include "common/base/err.h"

enum {
	CONTROL_WORDS_MAX = 8,
	CONTROL_LINE_MAX = 4096
};

/* Answer: put text into *reply (lines, each with its LF) and return the exit
 * status.  word[n] is NULL. */
typedef int control_answer(void *arg, size_t n, const char *const *word,
    struct buf *reply);

struct control;

/* Listen; a socket that is there is stale, since the caller holds the lock. */
int control_listen(uv_loop_t *loop, const char *run, control_answer *answer,
    void *arg, struct control **out, struct err *e);
/* Closes the socket and its clients; freed by the loop. */
void control_close(struct control *c);

enum {
	CONTROL_LOOK_S = 5,  /* wait for an answer to a mere question */
	CONTROL_WORK_S = 600 /* a compilation may take its time */
};

/* Ask the hubd that runs.  0: *status and *reply are filled; -1 with ERR_TEMP
 * and ENOENT or ECONNREFUSED in e->sys when none does; ERR_TEMP alone when it
 * does not answer within wait_s.  word: NULL-terminated, without blanks. */
int control_ask(const char *run, const char *const *word, int wait_s,
    struct buf *reply, int *status, struct err *e);

#endif
