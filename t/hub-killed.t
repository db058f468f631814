#!/bin/sh
# The children of hubd that it cannot start anew by itself, killed again and again:
# each is begun again some times, then no more; that is logged, told and
# mailed, and hubd goes on.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/stream-lib.sh"

echo "cat >>$tmp/mail" >sendmail
over_exec pull "$spoke" -c "$tmp/spoke.conf" serve alps
cat >>hub.conf <<EOF
operator { mail = {"noc@example.net"} gather = 0
	sendmail = {"/bin/sh", "$tmp/sendmail"} }
EOF
sed -i 's/mode = pull/& pull-interval = 1s/' hub.conf
start hubd hubd -c hub.conf
hubd=$pid

# keeper NAME: who begins it.
keeper() {
	ps -o pid= -o comm= --ppid "$hubd" |
	    awk -v name="$1" '$2 == name { print $1; n++ } END { exit n != 1 }'
}
# kill_all NAME: each one that is begun, as long as one is; how many.
kill_all() {
	wait_for 20 keeper "$1" || return
	kill_keeper=$(keeper "$1")
	kill_n=0
	while running "$kill_keeper"; do
		for kill_pid in $(pgrep -P "$kill_keeper"); do
			running "$kill_pid" && kill -KILL "$kill_pid" || continue
			kill_n=$((kill_n + 1))
			wait_for 20 ended "$kill_pid"
		done
		sleep 0.05
	done
	echo "$kill_n"
}
kill_all mailer >mailer.n &
mailer_killer=$!
began=$(lib_now)
kill_all sessions >sessions.n
wait "$mailer_killer"
ok "they are given up soon" test $(($(lib_now) - began)) -le 40
for name in sessions mailer; do
	is "$name: killed five times" "$(cat $name.n)" 5
	is "$name: begun again four times" \
	    "$(grep -c "$name: killed by signal 9, begins again" hubd.err)" 4
	has "$name: that it is no more is logged" hubd.err \
	    "$name: killed by signal 9, does not begin again: 5 in a row"
	ok "$name: it is told" wait_for 20 \
	    grep -q "trouble.*what=$name: .*; next: .*restart hubd" hubd.err
	is "$name: once" "$(grep -c "trouble.*what=$name: " hubd.err)" 1
done
monitor_sees() {
	hub check >seen
	test $? -eq 2 && grep -q "$1: the child that .* ended" seen
}
for name in sessions mailer; do
	ok "$name: a monitor sees it" wait_for 10 monitor_sees $name
done

# What needs neither goes on.
data 1
ok "a session by hand" hub pull alps
ok "and what it brought is taken" \
    wait_for 20 grep -q 'configuration is live association=alps' hubd.err

stop "$hubd" TERM 30
is "hubd ends well" $? 0
start hubd hubd -c hub.conf
hubd=$pid
data 1
all_pulled() {
	test "$(arrived)" = "$(written)"
}
ok "the next one pulls" wait_for 30 all_pulled
ok "and mails what was told" wait_for 30 grep -q 'sessions' mail
for name in sessions mailer; do
	ok "$name: over" wait_for 20 \
	    sh -c "! hubctl -c hub.conf check | grep -q '$name: '"
done
stop "$hubd" TERM 30
is "hubd ends well" $? 0
done_testing
