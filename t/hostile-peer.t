#!/bin/sh
# Real programs and a peer that does what it must not, at each of the four ends,
# over pipes: each session ends within its time-out, with a status and a line that
# says why; nothing is stored, nothing deleted, and other associations do not
# notice.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hostile-lib.sh"

answers() {
	test "$1" = push && echo "$hubctl -c $tmp/hub.conf receive" ||
	    echo "$spoke -c $tmp/spoke.conf serve"
}
andes() {
	# shellcheck disable=SC2046 # words
	association andes "transport = exec keep = yes exec {
	    command = {$(argv $(answers push) andes)}
	    env = {\"ASAN_OPTIONS=${ASAN_OPTIONS-}\"} }"
}
carried() {
	over_exec "$@"
	andes >>spoke.conf
	andes >>hub.conf
}
calls() {
	calls_mode=$1
	shift
	# shellcheck disable=SC2046 # words
	dials "$@" $(answers "$calls_mode") alps
}

acts_beside andes

# Each thing is counted, and the session that ended for the last of them.
before=$(spoke_has refused)
carried push "$peer" hub push alps strange-ack
dials spoke -c spoke.conf push alps
is "a thousand strange acknowledgements are a thousand, and a session" \
    $(($(spoke_has refused) - before)) 1001
has "the log has one line of them" err 'fit nothing were ignored .*count=1000$'
is "one alone" "$(grep -c 'fit nothing' err)" 1

coded push
coded pull

# A copy of what was damaged is kept.
ok "damage: what was refused is kept" \
    sh -c 'test -n "$(ls noc/spool/alps/quarantine)"'
hub status --json >status
has "damage: and shown" status '"quarantined":[1-9]'

others_end
stayed_small "all of them"
done_testing
