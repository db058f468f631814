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
carried() {
	carried_mode=$1
	shift
	over_exec "$carried_mode" "$@"
	# shellcheck disable=SC2046 # words
	carried_far=$(argv $(answers "$carried_mode") andes)
	for carried_file in spoke.conf hub.conf; do
		association andes "transport = exec mode = $carried_mode exec {
		    command = {$carried_far}
		    env = {\"ASAN_OPTIONS=${ASAN_OPTIONS-}\"} }" >>$carried_file
	done
}
calls() {
	calls_mode=$1
	shift
	# shellcheck disable=SC2046 # words
	dials "$@" $(answers "$calls_mode") alps
}

fresh
carried push "$peer" hub push alps silence
waiting

# Those that take their time go on beside the others.
# slowly WHAT: to who is pushed to.
slowly() {
	start "$1" timeout 120 "$peer" spoke push alps "$1" \
	    "$peak" "$tmp/peaks" hubctl -c "$tmp/hub.conf" receive alps
}
# ended_slowly PID WHAT SECONDS ERE: it did, by itself.
ended_slowly() {
	wait "$1"
	is "$2: it ends by itself" $? 75
	has "$2: it says why" "$2.err" "$4"
	test $(($(lib_now) - begun)) -le "$3"
	is "$2: in time" $? 0
	ok "$2: nothing is stored or deleted" untouched
}
begun=$(lib_now)
slowly silence
ended_slowly "$pid" silence 75 'the far end was silent for 30 s'
begun=$(lib_now)
slowly drip
ok "meanwhile another association delivers" spoke -c spoke.conf push andes
ended_slowly "$pid" drip 45 'the far end is too slow'

all_acts

# Each thing is counted, and the session that ended for the last of them.
before=$(spoke_has refused)
carried push "$peer" hub push alps strange-ack
dials spoke -c spoke.conf push alps
is "a thousand strange acknowledgements are a thousand, and a session" \
    $(($(spoke_has refused) - before)) 1001
has "the log has one line of them" err 'fit nothing were ignored .*count=1000$'
is "one alone" "$(grep -c 'fit nothing' err)" 1

# A copy of what was damaged is kept.
ok "damage: what was refused is kept" \
    sh -c 'test -n "$(ls noc/spool/alps/quarantine)"'
hub status --json >status
has "damage: and shown" status '"quarantined":[1-9]'

stayed_small "all of them"

# The other association has had nothing of it.
fresh
carried push "$peer" hub push alps silence
data 1
ok "another association goes on" spoke -c spoke.conf push andes
is "with all it has" "$(hub messages andes)" "$(sp messages andes)"
done_testing
