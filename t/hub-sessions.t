#!/bin/sh
# How many sessions a hub takes at once: one of an association, so many in all;
# who comes too many is told to come again, and is served when there is room.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/path-lib.sh"

configure
sed -i "s|^node \"noc\" {|& sessions = 2|" hub.conf
for a in bern chur davos; do
	cat <<-EOT
	association "$a" { hub = "noc" spoke = "$a-gw" transport = ssh
	hub-subtree = "/Sites/$a" }
	EOT
done >>hub.conf

# receiver NAME: a session of that association, whose far end says nothing.
# hang_up NAME ends it.
receiver() {
	mkfifo "$1.fifo"
	(
		exec hubctl -c hub.conf receive "$1" <"$1.fifo" >"$1.said" \
		    2>"$1.told"
	) &
	lib_pids="$lib_pids $!"
	eval "$1_pid=$!"
	start "$1" sh -c "exec sleep 1000 >$1.fifo"
	eval "$1_far=$pid"
	wait_for 20 test -s "$1.said"
}
hang_up() {
	eval "stop \$$1_far KILL 2>/dev/null"
	eval "wait \$$1_pid"
}

receiver bern
receiver chur
lacks "a session begins" bern.said busy
lacks "so does another" chur.said busy
exits "a third is refused" 75 hub receive davos </dev/null
has "its peer is told" out 'Kbusy: 2 sessions are running'
has "and the log" err 'busy: 2 sessions are running'
is "nothing of it is left" "$(ls noc/spool/davos/inbox)" ""

sp collect
# Time enough for a busy machine to hear it once; then nobody answers any more.
authorize "mkdir $tmp/heard && ASAN_OPTIONS=${ASAN_OPTIONS-} exec $hub_side; \
exec sleep 1000"
exits "a push finds no room" 75 sp push --deadline 20s
has "and says why" err 'busy: 2 sessions'
authorize
is "what it has stays" "$(spoke_has waiting_messages)" 2
start push spoke -c spoke.conf push --deadline 60s
push=$pid
tried() {
	test "$(connections)" -ge "$1"
}
ok "it comes again" wait_for 30 tried "$(($(connections) + 2))"
hang_up bern
wait "$push"
is "until there is room" "$?" 0
is "and all is delivered" "$(spoke_has waiting_messages)" 0

# The second of one association takes the place of the first.
receiver davos
mv chur.fifo old.fifo
far=$chur_far old=$chur_pid
receiver chur
wait "$old"
is "a newer session ends the older" "$?" 75
lacks "and has its place" chur.said busy
stop "$far" KILL 2>/dev/null
kill -KILL "$davos_pid"
wait "$davos_pid" 2>/dev/null
gone() {
	hubctl -c hub.conf receive bern </dev/null >out 2>err
}
ok "a slot is free when its process is gone" wait_for 10 gone
hang_up chur

sed -i "s| sessions = 2||" hub.conf
hub check-config -v >effective
has "there are 64 where nothing is said" effective 'sessions = 64'
for n in 0 4097 x; do
	sed "s|^node \"noc\" {|& sessions = $n|" hub.conf >bad.conf
	chmod 600 bad.conf
	exits "there are not $n" 78 hubctl -c bad.conf check-config
done
done_testing
