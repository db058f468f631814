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

# --- A spool that has no room for the answer -----------------------------------------

fresh
brings="rsync { put = \"$tmp/gw/spool/alps/staging\" get = \"$tmp/gw/spool/alps/outbox\" }"
full='transport = rsync mode = pull compression = none'
{
	side gw
	association alps "$full spool-size = 64K spool-full = drop-oldest"
} >spoke.conf
{
	side noc
	association alps "$full $brings"
	stores
} >hub.conf
# leaves TYPE SECOND: of 300 of them, more than what is kept free for a CONFIG holds.
leaves() {
	printf 'Type:%s\nTimestamp:%s\n\n' "$1" "$2"
	for i in $(seq 300); do
		case $1 in
		CONFIG)
			test "$i" -eq 1 || echo ';'
			printf 'level2-token:T%d\nlevel2-path:/m/v%d\n' "$i" "$i"
			;;
		DATA) echo "T$i:$2$i" ;;
		esac
	done
	echo .
}
dropped() {
	grep -q '	alps	dropped	' gw/state/notices
}
if command -v rsync >/dev/null; then
	leaves CONFIG 1700000000 | sp write
	ok "a hub comes" hub pull alps
	rm -f gw/spool/alps/staging/ack
	for n in $(seq 60); do
		dropped && break
		leaves DATA $((1700000000 + n)) | sp write 2>>err.write
	done
	ok "the oldest are dropped" dropped
	resync
	ok "a hub asks for the configuration" hub pull alps
	rm -f gw/spool/alps/staging/ack gw/state/notices
	ok "it is said again" sp collect
	ok "that more was dropped for it is told at once" dropped
else
	skip "what is dropped for an answer" "rsync is not installed"
fi
done_testing
