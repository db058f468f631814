#!/bin/sh
# A session that was killed had acknowledged what lies in its open segment, and
# there may be no next one to seal it: hubd does.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/hub-lib.sh"

{
	echo 'hub { settle = 0 settle-max = 0 }'
	store
} | nodes pull # whose spoke seals what it writes
sed -i 's/mode = pull/mode = push/' hub.conf
archive=hub/spool/alps/archive
ingested() {
	inbox_is_empty && test "$(ls $archive | wc -l)" -eq "$1"
}
# left_open MINUTE: DATA, as such a session leaves it.
left_open() {
	data "$1" "T1:$1" | spoke -c spoke.conf write || return
	set -- "$(ls spoke/spool/alps/outbox/*.msgs | tail -n 1)"
	hub_segment=${1##*/}
	cp "$1" "hub/spool/alps/inbox/${hub_segment%%-*}.open"
}

start_hubd
config /load | deliver
ok "a whole segment is ingested" wait_for 10 ingested 1
left_open 1
ok "and one that was left open" wait_for 20 ingested 2
soon_has "which is told" hubd.err 'session that died .* association=alps'
stop "$pid"
left_open 2
start_hubd
ok "also by a hubd that begins" wait_for 20 ingested 3

# A session that runs seals its own.
left_open 3
mkfifo hold
(exec hubctl -c hub.conf receive alps <hold >held 2>&1) &
exec 3>hold
printf 'AXLETREE 1\n' >&3
ok "a session begins" wait_for 10 grep -q 'AXLETREE' held
left_open 4
segment=hub/spool/alps/inbox/*.open
wait_for 5 false # a look's time
ok "what is open while one runs stays" test -e $segment
exec 3>&-
ok "until it ends" wait_for 20 ingested 5
stop "$pid"
lacks "nobody was asked to end" hubd.err 'signal'
done_testing
