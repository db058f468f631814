#!/bin/sh
# What comes from a hub and cannot be acted upon: it is told once, waits, and is
# acted upon when it can be; in sessions of either mode, and in one that is kept open.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

# breaks, mends: a file lies where the spoke has its tokens, without which it cannot
# say its configuration again.
breaks() {
	mv gw/state/tokens kept
	echo x >gw/state/tokens
}
mends() {
	rm gw/state/tokens
	mv kept gw/state/tokens
}
state_is() {
	test "$(spoke_has state)" = "$1"
}
acted_upon() {
	test -z "$(find gw/spool/alps/inbox -name '*.msgs')"
}
# configs N: so many CONFIGs were spooled.
configs() {
	test "$(written | grep -c '^Type:CONFIG$')" = "$1"
}

# --- A session after the other ----------------------------------------------------

# shellcheck disable=SC2086 # words
over_exec push $hub_side
data 1
sp push
resync
breaks
sp push --always >out 2>err
test $? -ne 0
is "a push with what cannot be acted upon fails" $? 0
has "it is told" err 'trouble association=alps what=inbox: .*tokens'
has "with what to do" err 'next: .* -v push --always alps$'
is "status shows it" "$(spoke_has state)" inbox
is "it is acknowledged: it lies here" "$(hub_has to_spoke_waiting)" 0
sp push --always 2>err
is "and is not told again" "$(cat err)" ""
mends
ok "the next push" sp -v push --always
has "says that it is over" err 'over association=alps what=inbox'
ok "and has acted upon it" acted_upon
ok "once" configs 2

# shellcheck disable=SC2086 # words
over_exec pull $spoke_side
resync
breaks
ok "a hub that pulls has done its part" hub pull alps
is "the spoke's status shows that it has not" "$(spoke_has state)" inbox
mends
ok "the next pull" hub pull alps
state_is inbox && fail "it is over"
ok "and acted upon" acted_upon
ok "once" configs 3

# --- A session that is kept open ----------------------------------------------------

# shellcheck disable=SC2086 # words
keys='keep = yes' over_exec push $hub_side
start daemon spoke -c "$tmp/spoke.conf" daemon
daemon=$pid
delivered() {
	test "$(spoke_has waiting_messages)" = 0
}
sp collect --now
ok "a kept session" wait_for 20 delivered
breaks
resync
ok "what cannot be acted upon is told while it lasts" wait_for 20 \
    grep -q 'trouble association=alps what=inbox: .*tokens' daemon.err
ok "and shown" wait_for 20 state_is inbox
mends
ok "it is over by itself" wait_for 20 \
    grep -q 'over association=alps what=inbox' daemon.err
ok "and acted upon" wait_for 20 acted_upon
ok "once" configs 4
stop "$daemon"
is "the daemon ends well" $? 0

done_testing
