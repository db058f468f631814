#!/bin/sh
# Transport http, kept sessions: who listens is reloaded, and no end is in trouble for
# it; who lets us in and ends the session again and again is.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/http-lib.sh"

echo 'echo v:1' >values.sh
keys='keep = yes'

# begin push|pull: $dials and $listens are the two daemons, with their logs.
begin() {
	rm -rf gw noc
	mkdir -m 700 gw noc
	if test "$1" = push; then
		hub_conf "$tls"
		spoke_conf "$url"
		# one that never delivers is a warning
		sed -i '/^association "andes"/,/andes.token/d' hub.conf
		hub_listens
		listens=$hubd listens_log=hubd.err
		start daemon spoke -v -c spoke.conf daemon
		dials=$pid dials_log=daemon.err
	else
		pull_confs
		spoke_listens
		listens=$daemon listens_log=daemon.err
		start hubd hubd -v -c hub.conf
		dials=$pid dials_log=hubd.err
	fi
	sp collect --now
	wait_for 30 same
}
# reads N: who listens was reloaded so often.
reads() {
	test "$(grep -c 'listening address' $listens_log)" -gt "$1"
}
# ends N: so many sessions were ended by who listens.
ends() {
	test "$(grep -c 'delivery failed association=alps' $dials_log)" -ge "$1"
}
# troubled: an end is, by its check.
troubled() {
	sp check >check.gw
	hub check >check.noc
	cat check.gw check.noc | grep -E 'CRITICAL|WARNING' >>troubles
}
reload() {
	reload_n=$(grep -c 'listening address' $listens_log)
	kill -HUP "$listens"
	wait_for 20 reads "$reload_n"
}
# watched COMMAND...: it succeeds; both ends are looked at before.
watched() {
	troubled
	"$@" >/dev/null 2>&1
}

for mode in push pull; do
	begin $mode
	is "$mode: what waits is delivered" $? 0
	: >troubles
	reload
	ok "$mode: who listens is reloaded, and the session ends" \
	    wait_for 20 watched ends 1
	sp collect --now
	ok "$mode: it is begun anew, and delivers" wait_for 20 watched same
	is "$mode: no end was in trouble meanwhile" "$(cat troubles)" ""
	lacks "$mode: nor is it told" $dials_log 'trouble'
	is "$mode: by check" "$(head -qn 1 check.gw check.noc |
	    sed 's/ -.*//' | tr '\n' ' ')" "SPOKE OK HUB OK "
	# and again at once: that is one who ends each session
	reload
	ok "$mode: the next end within 75 s is told" \
	    wait_for 20 grep -q 'trouble association=alps what=delivery' \
	    $dials_log
	ok "$mode: until a session is open" \
	    wait_for 30 grep -q 'over association=alps what=delivery' $dials_log
	stop "$dials" TERM 30
	stop "$listens" TERM 30
done
done_testing
