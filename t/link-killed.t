#!/bin/sh
# A push and a pull that are killed while they connect, over a slow line: what carried
# their bytes begins no session after their death, which would take the place of the
# next one.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"
. "$top_srcdir/t/cut-lib.sh"

nothing_is_left() {
	! pgrep -f "$tmp/killed.conf"
}
# killed WHAT LOG RATE: of a session that begins, the far end writes into LOG; at RATE,
# KB a second, connecting takes a second and more.
killed() {
	: >rules
	ok "$1: it is well" deliver
	killed_before=$(grep -c session "$2")
	echo "rate $3" >rules
	case $mode in
	push)
		cp spoke.conf killed.conf
		start dial spoke -c "$tmp/killed.conf" push --always alps
		;;
	pull)
		cp hub.conf killed.conf
		start dial hubctl -c "$tmp/killed.conf" pull alps
		;;
	esac
	ok "$1: it connects" wait_for 20 pgrep -P "$link_pid"
	stop "$pid" KILL
	ok "$1: killed, it goes" wait_for 20 nothing_is_left
	wait_for 20 nobody_connects
	is "$1: and begins no session" "$(grep -c session "$2")" \
	    "$killed_before"
}
nobody_connects() {
	! pgrep -P "$link_pid"
}

mode=pull
link_port=$(free_port)
link "$link_port" "$port"
# shellcheck disable=SC2034 # for http-lib.sh
url=https://localhost:$link_port/
pull_confs
start daemon spoke -c spoke.conf daemon
daemon=$pid
wait_for 20 grep -q 'listening address' daemon.err
killed "http pull" daemon.err 4
stop "$daemon"
stop "$link_pid"

for mode in push pull; do
	fresh
	printf '#!/bin/sh\necho session >>%s/begun\nexec %s\n' "$tmp" \
	    "$(far_side $mode | xargs)" >far
	chmod 700 far
	link_ssh "$tmp/far" || {
		skip "ssh $mode" "no sshd"
		continue
	}
	: >begun
	killed "ssh $mode" begun 1
	is "ssh $mode: the one before did" "$(cat begun)" session
	stop "$sshd_pid"
	stop "$link_pid"
done
done_testing
