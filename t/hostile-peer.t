#!/bin/sh
# Real programs and a peer that does what it must not, at each of the four ends:
# each session ends within its time-out, with a status and a line that says why;
# nothing is stored, nothing deleted, and other associations do not notice.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

peer=$top_builddir/t/hostile_peer

# ends MODE PEER-ARGV...: both configurations, alps dialing that command, andes
# an honest one.
ends() {
	ends_mode=$1
	shift
	test "$ends_mode" = push && ends_far="$hubctl -c $tmp/hub.conf receive" ||
	    ends_far="$spoke -c $tmp/spoke.conf serve"
	over_exec "$ends_mode" "$@"
	for ends_file in spoke.conf hub.conf; do
		{
			# shellcheck disable=SC2086 # words
			association andes "transport = exec mode = $ends_mode
			    exec { command = {$(argv $ends_far andes)}
			    env = {\"ASAN_OPTIONS=${ASAN_OPTIONS-}\"} }"
		} >>$ends_file
	done
}
# What was there before is there, and nothing else.
untouched() {
	test "$(spoke_has acked_msgid)" = null &&
	    test "$(spoke_has waiting_messages)" = 2 &&
	    test -z "$(hub messages alps 2>/dev/null)"
}
# meets WHAT STATUS ERE COMMAND...: and no harm is done.
meets() {
	meets_what=$1 meets_status=$2 meets_ere=$3
	shift 3
	rm -f gw/state/notices noc/state/notices
	exits "$meets_what" "$meets_status" timeout 60 "$@"
	has "$meets_what: it says why" err "$meets_ere"
	ok "$meets_what: nothing is stored or deleted" untouched
}
# the_four WHAT STATUS ERE: who dials the hostile end, and whom that one dials.
the_four() {
	ends push "$peer" hub push alps "$1"
	meets "$1, to spoke push" "$2" "$3" spoke -c spoke.conf push alps
	meets "$1, to hubctl receive" "$2" "$3" \
	    "$peer" spoke push alps "$1" hubctl -c hub.conf receive alps
	ends pull "$peer" spoke pull alps "$1"
	meets "$1, to hubctl pull" "$2" "$3" hubctl -c hub.conf pull alps
	meets "$1, to spoke serve" "$2" "$3" \
	    "$peer" hub pull alps "$1" spoke -c spoke.conf serve alps
}

fresh
ends push "$peer" hub push alps silence
data 1
hub status >/dev/null 2>&1

# Those that take their time go on beside the others.
start silent timeout 90 "$peer" spoke push alps silence \
    hubctl -c "$tmp/hub.conf" receive alps
silent=$pid
begun=$(lib_now)
wait "$silent"
is "silence, to hubctl receive: it ends by itself" $? 75
has "silence: it says so" silent.err 'silent'
test $(($(lib_now) - begun)) -le 75
is "in its 30 s, and those of a busy machine" $? 0
ok "silence: nothing is stored or deleted" untouched

the_four noise 76 'noise before hello: '
the_four banner 76 'noise before hello: Welcome to the machine'
the_four endless-line 76 'noise before hello: x{80}'
the_four http 76 'noise before hello: GET / HTTP/1.1'
the_four version 76 'speaks the versions 7 to 9'
the_four other-association 78 'speaks for association andes'
the_four same-role 78 '(hub|spoke)'
the_four other-mode 78 'both ends say that they'
the_four order 76 'frame|chunk|CHUNK|batch'
the_four early-ack 76 'hello|HELLO|ACK'
the_four length 76 'frame|length|long|bytes'
the_four size 76 'batch|bytes|size|large'
the_four unknown-frame 76 'frame|type'

# What it never sent is acknowledged a thousand times: ignored and counted.
ends push "$peer" hub push alps strange-ack
rm -f gw/state/notices
timeout 60 spoke -c spoke.conf -v push alps >out 2>err
has "strange acknowledgements: told" err 'acknowledgements? .*(ignored|fit nothing)'
ok "strange acknowledgements: nothing is deleted" untouched

# Damage is asked for again, and not for ever; a copy is kept.
ends push "$peer" hub push alps silence
exits "damage, again and again" 65 timeout 60 \
    "$peer" spoke push alps damage hubctl -c hub.conf receive alps
ok "damage: nothing is stored" untouched
ok "damage: what was refused is kept" \
    sh -c 'test -n "$(ls noc/spool/alps/quarantine)"'
hub status --json >status
has "damage: and shown" status '"quarantined":[1-9]'

# The other association has had nothing of it.
fresh
ends push "$peer" hub push alps silence
data 1
ok "another association goes on" spoke -c spoke.conf push andes
is "with all it has" "$(hub messages andes)" "$(sp messages andes)"
done_testing
