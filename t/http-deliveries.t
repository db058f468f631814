#!/bin/sh
# Transport http, whole deliveries: PUSH and PULL, both directions, kept sessions,
# and what is left when either end is killed in the middle.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

# same: what both ends hold is the same, each message once and in order.
same() {
	cat gw/spool/alps/sent/*.msgs gw/spool/alps/outbox/*.msgs \
	    gw/spool/alps/outbox/*.open 2>/dev/null >sent.all
	cat noc/spool/alps/inbox/*.msgs noc/spool/alps/inbox/*.open \
	    2>/dev/null >came.all
	test -s sent.all && cmp sent.all came.all
}
# say N: so many messages more.
say() {
	awk -v n="$1" -v t="$(date +%s)" 'BEGIN { for (i = 0; i < n; i++) {
		printf "Type:DATA\nTimestamp:%d\n\n", t
		printf "T1:%d\n.\n", i } }' | sp write alps
}
describe() {
	printf 'Type:CONFIG\nTimestamp:%s\n\nlevel2-token:T1\nlevel2-path:/v\n.\n' \
	    "$(date +%s)" | sp write alps
}

# --- PULL ----------------------------------------------------------------------

(
	pull_confs
	listen spoke
	ok "a spoke measures" sp collect --now
	ok "the hub pulls" hub pull alps
	is "silently" "$(cat out err)" ""
	ok "the hub asks for the configuration" resync
	ok "and pulls again" hub pull alps
	ok "what came is what was sent" same
	is "the RESYNC came the other way" \
	    "$(cat gw/spool/alps/inbox/*.msgs | grep -c '^Type:RESYNC')" 1
	is "and is acknowledged" "$(ls noc/spool/alps/outbox)" mark
	exits "a push is refused" 78 sp push alps
	has "for the hub opens its sessions" err 'mode pull: the hub opens'
	stop "$listener"
	echo "$lib_count $lib_failed" >subshell
)
read -r lib_count lib_failed <subshell
mv gw gw.pull
mv noc noc.pull
mkdir -m 700 gw noc
hub_conf "$tls"
spoke_conf "$url"

# --- PUSH, and the other way ---------------------------------------------------------

listen hub
ok "a spoke measures" sp collect --now
ok "and pushes" sp push
resync
ok "the hub's RESYNC comes with the next push" sp push --always
is "is acted upon" "$(ls gw/spool/alps/inbox)" ""
ok "the configuration it asked for goes with the next" sp push
is "twice, then" "$(cat noc/spool/alps/inbox/*.msgs |
    grep -c '^Type:CONFIG')" 2
ok "what came is what was sent" same
stop "$listener"

# --- A kept session ----------------------------------------------------------------------

keys='keep = yes'
hub_conf "$tls"
spoke_conf "$url"
listen hub
start kept spoke -c spoke.conf daemon
kept=$pid
acked() {
	test "$(spoke_has waiting_messages)" -eq 0
}
ok "a configuration" describe
ok "and one message" say 1
ok "go over a kept session" wait_for 20 acked ||
    diag "$(cat kept.err answer.err)"
began=$(grep -c 'session association' answer.err)
n=0
while test $n -lt 5; do
	n=$((n + 1))
	say 1
	wait_for 20 acked || fail "message $n of a kept session"
done
ok "and five more" acked
resync
ok "a RESYNC comes by itself" wait_for 20 sh -c \
    'test "$(ls noc/spool/alps/outbox)" = mark'
is "all in one session" "$(grep -c 'session association' answer.err)" "$began"
stop "$kept" TERM 30
keys=
hub_conf "$tls"
spoke_conf "$url"
ok "its answer goes with the next push" sp push
ok "what came is what was sent" same
stop "$listener"

# --- Either end killed --------------------------------------------------------------------

# through PORT: pushes go there.
through() {
	spoke_conf "https://localhost:$1/"
}
# begun: a push, so slow that it is in the middle of it.
begun() {
	say 2000
	keys='rate = 3K'
	through "$port"
	start push spoke -c spoke.conf push
	push=$pid
	wait_for 20 sh -c 'test -s noc/spool/alps/inbox/*.open'
	keys=
	through "$port"
}
listen hub
child=$(ps -e -o pid= -o ppid= | awk -v p="$listener" '$2 == p { print $1; exit }')
begun
kill -KILL "$child"
ok "a listener that is killed is missed" wait_for 10 \
    grep -q "listener's process ended" answer.err
wait "$push"
is "a push over it is tried again later" $? 75
stop "$listener"
listen hub
ok "the next push goes on" sp push
ok "and what came is what was sent" same
begun
# shellcheck disable=SC2046 # a list of numbers
kill -KILL $(lib_tree "$push")
wait "$push"
ok "after a spoke that was killed as well" sp push
ok "nothing is there twice" same

done_testing
