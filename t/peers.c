/*
 * The two ends of an association; see peers.h.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "t/peers.h"

struct peer spoke, hub;
struct mono now;

static const char *in_use;

static void
begin(void)
{
	now = (struct mono){ 1000000000 };
	peer_init(&spoke, SESSION_SPOKE, true);
	peer_init(&hub, SESSION_HUB, false);
	peer_choose(&spoke, in_use);
	peer_choose(&hub, in_use);
}

int
peers_setup(void **codec)
{
	in_use = *codec != NULL ? *codec : "gzip";
	begin();
	return 0;
}

int
peers_teardown(void **state)
{
	(void)state;
	peer_clear(&spoke);
	peer_clear(&hub);
	return 0;
}

void
peers_renew(void)
{
	(void)peers_teardown(NULL);
	begin();
}

void
peers_open(void)
{
	peer_open(&spoke, now);
	peer_open(&hub, now);
}

void
peers_assert_delivered(void)
{
	assert_string_equal(spoke.why.msg, "");
	assert_string_equal(hub.why.msg, "");
	assert_true(peer_same(&spoke.out, &hub.in));
	assert_true(peer_same(&hub.out, &spoke.in));
}
