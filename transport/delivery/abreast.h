/*
 * Work on several associations side by side, each in a child of its own
 * (delivery_child.h): no far end that is slow or silent holds up another's.
 */
#ifndef TRANSPORT_DELIVERY_ABREAST_H
#define TRANSPORT_DELIVERY_ABREAST_H

#include "transport/delivery/delivery_child.h"

struct abreast {
	size_t n;
	/* Places, 1 up.  Work that has run for 3 s gives its place to the next:
	 * it is past the login, at which sessions of one sshd hinder each other,
	 * or its far end is silent. */
	size_t at_once;
	size_t most;     /* that run at a time, with or without a place */
	void *const *of; /* n of them, each for work, in their order */
	delivery_work *work;
	/* Here, when of[i]'s is over, in any order.  rc -1: it could not be
	 * begun, failed, or died; r->stopped: when it had been asked to end. */
	void (*over)(void *arg, size_t i, int rc,
	    const struct delivery_result *r, const struct err *e);
	void *arg;
};
/* Until all are over.  When a SIGTERM or SIGINT comes no more are begun, and over
 * is not called for those; the ones that run are asked to end in order.  Returns
 * that signal, the caller's to act upon, or 0. */
int abreast_run(const struct abreast *a);

#endif
