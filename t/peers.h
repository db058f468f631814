/*
 * The two ends of an association, for cmocka tests of sessions: each test begins
 * with empty spools, at the same time.
 */
#ifndef T_PEERS_H
#define T_PEERS_H

#include "t/peer.h"

extern struct peer spoke, hub; /* the spoke opens */
extern struct mono now;

/* *codec: what both send in, by name; NULL: gzip. */
int peers_setup(void **codec);
int peers_teardown(void **state);
/* All anew within a test, in the codec that it has. */
void peers_renew(void);
/* Both begin a session, now. */
void peers_open(void);
/* Nothing failed, and what each holds is at the other, once and in order. */
void peers_assert_delivered(void);

#define PEERS_TEST(name) \
	cmocka_unit_test_setup_teardown(name, peers_setup, peers_teardown)
/* codec: a variable of that name that holds it. */
#define PEERS_TEST_WITH(name, codec)                                      \
	{                                                                 \
#name " with " #codec, name, peers_setup, peers_teardown, \
		    codec                                                 \
	}

#endif
